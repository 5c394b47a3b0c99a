"""Scores: minimised by the truth; Diebold-Mariano against statsmodels; exceedances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.maths.student_t import student_t_expected_shortfall
from plimsoll.validation.diebold_mariano import diebold_mariano
from plimsoll.validation.scores import exceedance, fz0_score, quantile_score

DAY = 86_400_000_000_000
LAW = stats.t(5)


def _expected_score(score: object, confidence: float, *forecast: float) -> float:
    def integrand(loss: float) -> float:
        return float(score(loss, *forecast, confidence)) * LAW.pdf(loss)  # type: ignore[operator]

    below, _ = integrate.quad(integrand, -np.inf, forecast[0], epsabs=1e-13, limit=200)
    above, _ = integrate.quad(integrand, forecast[0], np.inf, epsabs=1e-13, limit=200)
    return below + above


@pytest.mark.parametrize("confidence", [0.9, 0.975, 0.99])
def test_scores_are_smallest_at_the_true_value_at_risk_and_shortfall(confidence: float) -> None:
    # Expectations under t(5) by quadrature (error 1e-10); a 1 % move changes them by over 1e-7.
    v = float(LAW.ppf(confidence))
    e = float(student_t_expected_shortfall(confidence, 5.0))
    best = _expected_score(quantile_score, confidence, v)
    joint = _expected_score(fz0_score, confidence, v, e)
    for factor in (0.8, 0.95, 0.99, 1.01, 1.05, 1.2):
        assert _expected_score(quantile_score, confidence, v * factor) > best
        assert _expected_score(fz0_score, confidence, v, e * factor) > joint
        if v * factor <= e:
            assert _expected_score(fz0_score, confidence, v * factor, e) > joint


def test_joint_score_at_the_truth_is_the_log_of_the_shortfall() -> None:
    # E[(L - v)+] / (a e) = 1 - v / e, so the expectation is exactly ln e.
    e = float(student_t_expected_shortfall(0.975, 5.0))
    found = _expected_score(fz0_score, 0.975, float(LAW.ppf(0.975)), e)
    assert found == pytest.approx(np.log(e), abs=1e-9)


def test_differences_of_joint_scores_do_not_depend_on_the_unit() -> None:
    loss = LAW.rvs(200, random_state=1)
    gaps = [
        fz0_score(s * loss, s * 2.0, s * 3.0, 0.99) - fz0_score(s * loss, s * 2.5, s * 3.5, 0.99)
        for s in (1.0, 100.0)
    ]
    np.testing.assert_allclose(gaps[0], gaps[1], atol=1e-12)


def test_missing_values_stay_missing() -> None:
    assert np.isnan(quantile_score(np.nan, 1.0, 0.9))
    assert np.isnan(fz0_score([1.0], [np.nan], [2.0], 0.9))[0]


def test_score_refusals() -> None:
    with pytest.raises(ParameterError, match=r"0\.99"):
        quantile_score(1.0, 1.0, 99.0)
    for v, e in ((2.0, 1.0), (-2.0, -1.0), (0.0, 0.0)):
        with pytest.raises(UsageError, match="at least the value-at-risk"):
            fz0_score(1.0, v, e, 0.99)


class TestDieboldMariano:
    def test_statistic_is_that_of_a_regression_with_newey_west_errors(self) -> None:
        import statsmodels.api as sm

        generator = np.random.default_rng(2)
        gap = np.convolve(generator.normal(0.05, 1.0, 505), np.ones(5), mode="valid")[:500]
        base = generator.normal(size=500)
        found = diebold_mariano(base + gap, base, np.arange(500) * DAY, lags=6)
        fit = sm.OLS(gap, np.ones(500)).fit(
            cov_type="HAC", cov_kwds={"maxlags": 6, "use_correction": False}, use_t=True
        )
        assert found.mean_difference == pytest.approx(float(fit.params[0]), rel=1e-10)
        assert found.standard_error == pytest.approx(float(fit.bse[0]), rel=1e-10)
        assert found.statistic == pytest.approx(float(fit.tvalues[0]), rel=1e-10)
        assert found.p_two_sided == pytest.approx(float(fit.pvalues[0]), rel=1e-9)
        assert found.p_first_better == pytest.approx(stats.t(499).cdf(found.statistic), rel=1e-9)

    def test_markets_are_averaged_by_day_over_what_both_scored(self) -> None:
        first = np.array([[1.0, 3.0], [np.nan, 5.0], [2.0, 2.0], [np.nan, 1.0]])
        second = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, np.nan], [1.0, np.nan]])
        times = np.array([0, DAY // 2, DAY, 2 * DAY])
        # Day 1: (1, 2, 3) mean 2; day 2: (0,) mean 0; day 3: no pair. Mean 1.
        found = diebold_mariano(first, second, times, lags=0)
        assert found.mean_difference == pytest.approx(1.0)
        assert (found.days, found.observations) == (2, 4)
        assert found.standard_error == pytest.approx(np.sqrt(2.0) / 2.0)

    def test_swapping_the_models_swaps_the_answer(self) -> None:
        generator = np.random.default_rng(3)
        a, b = generator.normal(size=(2, 300, 4))
        one, other = (diebold_mariano(x, y, np.arange(300) * DAY) for x, y in ((a, b), (b, a)))
        assert one.statistic == pytest.approx(-other.statistic, rel=1e-12)
        assert one.p_first_better == pytest.approx(1.0 - other.p_first_better, rel=1e-12)
        assert one.p_two_sided == pytest.approx(other.p_two_sided, rel=1e-12)

    def test_equal_models_have_no_statistic(self) -> None:
        found = diebold_mariano(np.ones(10), np.ones(10), np.arange(10) * DAY)
        assert found.mean_difference == 0.0
        assert np.isnan(found.statistic)

    def test_size_is_near_five_percent_with_markets_that_move_together(self) -> None:
        # 500 panels, true difference zero, common AR(1) shocks: 5 % with standard error 1 point.
        generator = np.random.default_rng(4)
        rejected = 0
        for _ in range(500):
            common = generator.normal(size=(400, 1))
            common[1:] += 0.4 * common[:-1]
            gap = common + generator.normal(size=(400, 8))
            test = diebold_mariano(gap, np.zeros_like(gap), np.arange(400) * DAY)
            rejected += test.p_two_sided < 0.05
        assert 0.02 <= rejected / 500 <= 0.09

    def test_refusals(self) -> None:
        with pytest.raises(UsageError, match="one shape"):
            diebold_mariano(np.ones(3), np.ones(4), np.arange(3) * DAY)
        with pytest.raises(InsufficientDataError, match="two days"):
            diebold_mariano(np.ones(2), np.ones(2), np.array([0, 1]))


class TestExceedance:
    def test_by_hand(self) -> None:
        found = exceedance([0.1, 0.2, 0.1, 0.1], [0.15, 0.27, 0.1, np.nan])
        assert (found.breaches, found.observations) == (2, 3)
        assert found.worst == pytest.approx(0.07)
        assert found.worst_share == pytest.approx(0.5)
        assert found.mean == pytest.approx(0.06)
        assert found.mean_per_observation == pytest.approx(0.04)

    def test_nothing_broke_and_nothing_scored(self) -> None:
        safe = exceedance([0.1], [0.05])
        assert (safe.worst, safe.worst_share, safe.mean_per_observation) == (0.0, 0.0, 0.0)
        assert np.isnan(safe.mean)
        assert np.isnan(exceedance([np.nan], [0.1]).mean_per_observation)

    def test_a_breach_of_no_margin_is_infinite(self) -> None:
        assert exceedance([0.0], [0.1]).worst_share == np.inf
