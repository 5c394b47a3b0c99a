"""Regression tests of the shortfall: no unit matters, the domain is kept, the size holds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, stats

from plimsoll.errors import EstimationError, ParameterError, UsageError
from plimsoll.validation import RegressionLaw, RegressionNull, shortfall_regression_test
from plimsoll.validation.shortfall.joint_regression import fit_joint_regression, joint_score
from plimsoll.validation.shortfall.shortfall_regression import shortfall_regression

Vector = NDArray[np.float64]


def _forecasts(seed: int, observations: int = 1_000) -> tuple[Vector, Vector]:
    generator = np.random.default_rng(seed)
    sigma = np.exp(0.4 * generator.normal(size=observations))
    return -sigma * generator.standard_t(6, size=observations), 3.4 * sigma


@pytest.mark.parametrize("scale", [0.1, 0.05, 0.01, 0.001, 1e6])
@pytest.mark.parametrize("seed", [104, 106])
def test_the_unit_does_not_matter(seed: int, scale: float) -> None:
    loss, shortfall = _forecasts(seed)
    null = RegressionNull(resamples=100)
    expected = shortfall_regression_test(loss, shortfall, 0.975, null=null)
    found = shortfall_regression_test(loss * scale, shortfall * scale, 0.975, null=null)
    # Only rounding differs: 1e-16 of the inputs, through sums of 1,000.
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-6)
    assert found.p_value == pytest.approx(expected.p_value, rel=1e-6)
    assert found.statistic >= 0.0


@pytest.mark.parametrize("observations", [250, 1_000])
def test_the_search_ends_where_a_general_search_does(observations: int) -> None:
    # Nelder-Mead from the end finds nothing lower, and from beside it nothing better: 1e-9 of a
    # mean score about 1, within the domain.
    for seed in range(100, 106):
        loss, shortfall = _forecasts(seed, observations)
        fit = shortfall_regression(loss, shortfall, 0.975)
        design = np.column_stack((np.ones(observations), -shortfall))
        at = np.concatenate((fit.quantile, fit.shortfall))

        def score(
            coefficients: Vector, loss: Vector = loss, design: NDArray[np.float64] = design
        ) -> float:
            if not np.all(design @ coefficients[2:] < -0.01):
                return 1e10
            return float(joint_score(coefficients, -loss, design, design, 0.025))

        assert fit.loss == pytest.approx(score(at), abs=1e-12)
        for start in (at, 0.9 * at, at + np.array([0.1, 0.05, -0.1, 0.05])):
            options = {"xatol": 1e-8, "fatol": 1e-12, "maxfev": 5_000}
            found = optimize.minimize(  # type: ignore[call-overload]
                score, start, method="Nelder-Mead", options=options
            )
            assert found.fun >= fit.loss - 1e-9


def test_the_score_has_a_bottom() -> None:
    # A quantile above zero and a shortfall that goes to zero: q / e once fell without end.
    ones = np.column_stack((np.ones(50), np.linspace(-1.0, 1.0, 50)))
    returns = np.linspace(-1.0, 1.0, 50)
    for shortfall in (1e-3, 1e-6, 1e-12, 1e-300):
        line = np.array([0.5, 0.0, -shortfall, 0.0])
        assert joint_score(line, returns, ones, ones, 0.025) > np.log(shortfall)
    assert joint_score(np.array([-1.0, 0.0, 0.0, 0.0]), returns, ones, ones, 0.025) > 1e9


def test_degenerate_returns_are_refused() -> None:
    _, shortfall = _forecasts(1)
    with pytest.raises(EstimationError, match="differ from zero"):
        shortfall_regression_test(np.zeros(1_000), shortfall, 0.975)
    spike = np.zeros(1_000)
    spike[7] = 1.0
    with pytest.raises(EstimationError, match="differ from zero"):
        shortfall_regression_test(spike, shortfall, 0.975)
    # Gains only: no shortfall below zero fits.
    with pytest.raises(EstimationError, match="below zero"):
        shortfall_regression_test(-1.0 - shortfall, shortfall, 0.975)
    one = np.ones((1_000, 1))
    with pytest.raises(UsageError, match=r"\(n, 2\)"):
        fit_joint_regression(spike, one, one, 0.025)


def test_size_of_the_resampled_law() -> None:
    # 60 right years: the chi-square law rejects some forty in a hundred of them. Four standard
    # errors of a nominal 5 % are 11.3 points.
    resampled, chi_square, refused = [], [], 0
    for seed in range(60):
        loss, shortfall = _right_year(seed)
        null = RegressionNull(resamples=100, seed=seed)
        try:
            found = shortfall_regression_test(loss, shortfall, 0.975, null=null)
        except EstimationError:  # the line leaves the domain: no decision
            refused += 1
            continue
        resampled.append(found.rejected)
        asymptotic = RegressionNull(law=RegressionLaw.CHI_SQUARE)
        plain = shortfall_regression_test(loss, shortfall, 0.975, null=asymptotic)
        assert plain.statistic == found.statistic
        chi_square.append(plain.rejected)
    assert refused <= 12
    assert np.mean(resampled) <= 0.05 + 0.113
    assert np.mean(chi_square) > np.mean(resampled) + 0.113


def _right_year(seed: int) -> tuple[Vector, Vector]:
    """365 t(6) losses with their own shortfall."""
    loss, forecast = _forecasts(1_000 + seed, 365)
    quantile = float(stats.t.isf(0.025, 6))
    right = float(stats.t.pdf(quantile, 6)) / 0.025 * (6.0 + quantile**2) / 5.0
    return loss, forecast * right / 3.4


def test_a_shortfall_of_a_third_is_rejected() -> None:
    loss, shortfall = _forecasts(7, 2_000)
    found = shortfall_regression_test(loss, shortfall / 3.0, 0.975)
    assert found.rejected
    assert found.critical_value is not None
    assert found.statistic > found.critical_value
    again = shortfall_regression_test(loss, shortfall / 3.0, 0.975)
    assert (again.p_value, again.critical_value) == (found.p_value, found.critical_value)


def test_power_is_of_as_many_paths_as_asked() -> None:
    loss, shortfall = _forecasts(3, 400)
    found = shortfall_regression_test(loss, shortfall, 0.975, power_paths=120)
    power = found.power
    assert power.method == "120 simulated paths"
    assert 0.0 < power.standard_error <= 0.5 / np.sqrt(120)
    with pytest.raises(ParameterError, match="at least 100"):
        shortfall_regression_test(loss, shortfall, 0.975, power_paths=10)


def test_overlapping_horizons_are_resampled_in_blocks() -> None:
    loss, shortfall = _forecasts(5, 600)
    found = shortfall_regression_test(loss, shortfall, 0.975, lags=7)
    assert 0.0 < found.p_value <= 1.0
    assert "7 lags" in found.convention
