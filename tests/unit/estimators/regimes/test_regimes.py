"""Regimes and breaks: peers, brute force, recovery, streams, size and power, degenerate series."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.regimes import (
    SwitchingVolatility,
    cusum_of_squares,
    log_variance_level,
    mean_breaks,
    variance_breaks,
)
from plimsoll.estimators.regimes.break_interval import argmax_distribution
from plimsoll.estimators.regimes.regime_forecast import regime_forecast
from plimsoll.maths.break_dates import best_partition, simulated_bridge_suprema
from plimsoll.maths.regime_filter import regime_scores


def regimes(n: int, seed: int, freedom: float = np.inf) -> np.ndarray:
    rng = np.random.default_rng(seed)
    state, values = 0, np.empty(n)
    for t in range(n):
        state = state if rng.random() < (0.98, 0.95)[state] else 1 - state
        z = rng.standard_normal() if np.isinf(freedom) else rng.standard_t(freedom)
        unit = 1.0 if np.isinf(freedom) else np.sqrt((freedom - 2.0) / freedom)
        values[t] = 0.02 + (0.5, 2.0)[state] * unit * z
    return values


@pytest.mark.parametrize("mean", ["shared", "switching"])
def test_statsmodels_has_the_same_likelihood_and_no_better_optimum(mean: str) -> None:
    values = regimes(800, 1)
    fitted = SwitchingVolatility(mean=mean).fit(values)  # type: ignore[arg-type]
    peer = MarkovRegression(
        values, k_regimes=2, trend="c", switching_trend=mean == "switching", switching_variance=True
    )
    means = [fitted.calm_mean] if mean == "shared" else [fitted.calm_mean, fitted.storm_mean]
    variances = [fitted.calm_volatility**2, fitted.storm_volatility**2]
    stay, leave = fitted.stay_calm, 1.0 - fitted.stay_storm
    params = np.array([stay, leave, *means, *variances])
    assert peer.loglike(params) == pytest.approx(fitted.log_likelihood, rel=1e-11)
    smooth = peer.smooth(params)
    np.testing.assert_allclose(
        smooth.smoothed_marginal_probabilities[:, 1], fitted.storm_smoothed(), atol=1e-10
    )
    np.testing.assert_allclose(
        smooth.filtered_marginal_probabilities[:, 1], fitted.storm_filtered, atol=1e-10
    )
    assert fitted.log_likelihood >= peer.fit(disp=False).llf - 1e-4


@pytest.mark.parametrize("student", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_scores_are_slopes(student: bool, shared: bool) -> None:
    """Central differences of step 1e-5 are good to about 1e-6 of the slope."""
    values = regimes(200, 2)
    theta = np.array([0.1, -0.2, -0.5, 0.6, 2.0, 1.0, 1.0])
    found = np.empty((values.size, 7))
    regime_scores(values, theta, student, shared, found)
    for j in range(7):
        step, spare = np.zeros(7), np.empty_like(found)
        step[j] = 1e-5
        up = regime_scores(values, theta + step, student, shared, spare)
        down = regime_scores(values, theta - step, student, shared, spare)
        assert found[:, j].sum() == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("freedom", [np.inf, 6.0])
def test_parameters_are_recovered(freedom: float) -> None:
    """Four standard errors of each, calm regime first."""
    kind = "normal" if np.isinf(freedom) else "t"
    fitted = SwitchingVolatility(innovations=kind).fit(regimes(3000, 3, freedom))  # type: ignore[arg-type]
    truth = {"mean": 0.02, "calm_volatility": 0.5, "storm_volatility": 2.0, "stay_calm": 0.98,
             "stay_storm": 0.95, "degrees_of_freedom": freedom}  # fmt: skip
    errors = fitted.standard_errors()
    for name, value in fitted.parameters().items():
        assert abs(value - truth[name]) < 4.0 * errors[name], name
    assert fitted.storm_share == pytest.approx(2 / 7, abs=0.1)
    assert fitted.expected_stay[0] == pytest.approx(50.0, rel=0.5)


def test_updates_give_the_bits_of_the_filter() -> None:
    values = regimes(400, 4)
    fitted = SwitchingVolatility(innovations="t").fit(values)
    moved = fitted
    object.__setattr__(moved, "storm_next", float(fitted.storm_before[0]))
    for t, value in enumerate(values[:-1]):
        moved = moved.update(float(value))
        assert moved.storm_next == fitted.storm_before[t + 1]
    with pytest.raises(DataFormatError):
        moved.update(float("nan"))


@pytest.mark.parametrize(("freedom", "steps"), [(None, 1), (None, 4), (5.0, 1), (5.0, 4)])
def test_forecasts_are_those_of_simulated_paths(freedom: float | None, steps: int) -> None:
    """200,000 paths: the 1 % quantile is known to about 1.5 %."""
    arguments = {"means": (0.01, -0.05), "volatilities": (0.5, 2.0), "stays": (0.9, 0.8)}
    law = regime_forecast(storm_next=0.3, degrees_of_freedom=freedom, steps=steps, **arguments)  # type: ignore[arg-type]
    rng = np.random.default_rng(5)
    storm = rng.random(200_000) < 0.3
    total = np.zeros(storm.size)
    for _ in range(steps):
        z = rng.standard_normal(storm.size) if freedom is None else (
            rng.standard_t(freedom, storm.size) * np.sqrt((freedom - 2.0) / freedom))  # fmt: skip
        total += np.where(storm, -0.05 + 2.0 * z, 0.01 + 0.5 * z)
        storm = rng.random(storm.size) < np.where(storm, 0.8, 0.1)
    assert law.deviation == pytest.approx(total.std(), rel=0.02)
    assert law.mean == pytest.approx(total.mean(), abs=0.02)
    quantile = np.quantile(total, 0.01)
    assert law.value_at_risk(0.99) == pytest.approx(-quantile, rel=0.025)
    tail = total[total <= -law.value_at_risk(0.99)]
    assert law.expected_shortfall(0.99) == pytest.approx(-tail.mean(), rel=0.03)
    for x in (-3.0, 0.0, 1.0):
        assert law.cdf(x) == pytest.approx(np.mean(total <= x), abs=0.005)


def test_inversion_is_the_law_of_one_step() -> None:
    """Two steps of which the first has no volatility to speak of are one step."""
    whole = regime_forecast(storm_next=0.0, means=(0.0, 0.0), volatilities=(1.0, 1.0),
                            stays=(0.5, 0.5), degrees_of_freedom=4.0, steps=1)  # fmt: skip
    two = regime_forecast(storm_next=0.0, means=(0.0, 0.0), volatilities=(1e-6, 1.0),
                          stays=(0.0, 0.0), degrees_of_freedom=4.0, steps=2)  # fmt: skip
    assert two.value_at_risk(0.99) == pytest.approx(whole.value_at_risk(0.99), rel=1e-5)
    assert two.expected_shortfall(0.99) == pytest.approx(whole.expected_shortfall(0.99), rel=1e-4)


def test_one_regime_constant_and_short_series_are_answered_or_refused() -> None:
    rng = np.random.default_rng(6)
    with pytest.raises(EstimationError):
        SwitchingVolatility().fit(np.zeros(300))
    with pytest.raises(InsufficientDataError):
        SwitchingVolatility().fit(rng.standard_normal(30))
    with pytest.raises(ParameterError):
        SwitchingVolatility(mean="none")  # type: ignore[arg-type]
    spike = np.zeros(300)
    spike[7] = 1.0
    stale = np.where(rng.random(500) < 0.6, 0.0, rng.standard_normal(500))
    for values in (rng.standard_normal(300), spike, stale):
        try:
            fitted = SwitchingVolatility().fit(values)
        except EstimationError:
            continue
        assert 0.0 < fitted.calm_volatility <= fitted.storm_volatility < np.inf
        assert np.isfinite(fitted.forecast(3).value_at_risk(0.99))


def test_cusum_keeps_its_size_under_fat_tails_and_inclan_tiao_does_not() -> None:
    """200 samples of t5: a 5 % test rejects 10 times, two errors are 6."""
    draws = [np.random.default_rng(s).standard_t(5, 500) for s in range(200)]
    rejected = {
        kind: sum(cusum_of_squares(x, kind=kind).p_value < 0.05 for x in draws)  # type: ignore[arg-type]
        for kind in ("inclan_tiao", "kappa1", "kappa2")
    }
    assert rejected["kappa1"] <= 16
    assert rejected["kappa2"] <= 16
    assert rejected["inclan_tiao"] > 50


def test_cusum_of_normal_returns_has_its_size() -> None:
    found = [
        cusum_of_squares(np.random.default_rng(s).standard_normal(500), kind="inclan_tiao").p_value
        for s in range(300)
    ]
    assert 3 <= sum(p < 0.05 for p in found) <= 26


def test_breaks_are_found_and_dated() -> None:
    """A doubled deviation in the middle: found in nine of ten, inside the interval as often."""
    dated, counted = 0, 0
    for seed in range(60):
        z = np.random.default_rng(seed).standard_normal(600)
        z[300:] *= 2.0
        found = variance_breaks(z)
        counted += len(found.breaks) == 1
        dated += any(b.lower <= 300 <= b.upper for b in found.breaks)
        assert len(found.level) == len(found.breaks) + 1
    assert counted >= 51
    assert dated >= 51


def test_two_breaks_of_a_mean_and_their_dates() -> None:
    rng = np.random.default_rng(8)
    y = rng.standard_normal(300) + np.r_[np.zeros(100), np.full(100, 2.0), np.full(100, -1.0)]
    found = mean_breaks(y)
    assert [abs(b.row - r) <= 5 for b, r in zip(found.breaks, (100, 200), strict=True)] == [
        True
    ] * 2
    assert len(found.statistics) == 3
    assert found.p_values[-1] > 0.05
    assert found.current_from == found.breaks[-1].row


def test_partition_is_the_best_of_all() -> None:
    y = np.random.default_rng(9).standard_normal(30)
    best = min(
        ((y[:a].var() * a + y[a:b].var() * (b - a) + y[b:].var() * (30 - b)), a, b)
        for a in range(4, 23)
        for b in range(a + 4, 27)
    )
    assert best_partition(y, 2, 4).tolist() == [best[1], best[2]]


def test_size_of_the_mean_test() -> None:
    found = [
        mean_breaks(np.random.default_rng(s).standard_normal(150), draws=500).breaks
        for s in range(100)
    ]
    assert sum(bool(b) for b in found) <= 14  # 5 % of 100 is 5, and bandwidths are estimated


def test_simulated_critical_values_are_andrews() -> None:
    """Andrews (1993, corrected 2003), one parameter, trim 0.15: 7.17, 8.85, 12.35.

    1,000 steps see less of the path than a continuum, by about 1 %; Monte Carlo error 2 %.
    """
    law = simulated_bridge_suprema(0.15, 1000, 5000, 1)
    np.testing.assert_allclose(np.quantile(law, [0.9, 0.95, 0.99]), [7.17, 8.85, 12.35], rtol=0.05)


def test_law_of_dates_is_bais() -> None:
    assert argmax_distribution(7.687) == pytest.approx(0.95, abs=2e-4)
    assert argmax_distribution(11.033) == pytest.approx(0.975, abs=2e-4)
    assert argmax_distribution(0.0) == pytest.approx(0.5, abs=1e-12)


def test_breaks_of_degenerate_series() -> None:
    spike = np.zeros(200)
    spike[100] = 1.0
    assert variance_breaks(spike).breaks == ()
    assert variance_breaks(stats.norm.ppf((np.arange(80) + 0.5) / 80)).whole.p_value < 1.0
    for call in (variance_breaks, cusum_of_squares):
        with pytest.raises(EstimationError):
            call(np.zeros(200))
        with pytest.raises(InsufficientDataError):
            call(np.arange(30.0))
    with pytest.raises(DataFormatError):
        log_variance_level(spike)
    with pytest.raises(ParameterError):
        mean_breaks(np.arange(100.0), trim=0.5)
    with pytest.raises(ParameterError):
        variance_breaks(spike, alpha=0.9)
