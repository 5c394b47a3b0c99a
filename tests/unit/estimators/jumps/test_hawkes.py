"""Hawkes: brute force, slopes, recovery, streams, ties, stationarity, degenerate events."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.jumps import EventTimes, FittedHawkes, Hawkes, large_moves
from plimsoll.maths.hawkes_recursion import hawkes_scores


def process(baseline: list[float], branching: list[list[float]], decay: float) -> FittedHawkes:
    return FittedHawkes(
        events=EventTimes.of([1.0], horizon=2.0), baseline=np.array(baseline),
        branching=np.array(branching), decay=decay, log_likelihood=0.0, alert_above=0.9,
        bounds_reached=(),
    )  # fmt: skip


ONE = process([0.3], [[0.7]], 2.0)
TWO = process([0.3, 0.2], [[0.4, 0.3], [0.1, 0.5]], 2.0)


def brute_force(events: EventTimes, model: FittedHawkes) -> float:
    """Direct double sum, O(n^2)."""
    total = -float(model.baseline.sum()) * events.horizon
    for k, (t, i) in enumerate(zip(events.time, events.mark, strict=True)):
        past = events.time[:k] < t
        age, marks = t - events.time[:k][past], events.mark[:k][past]
        rate = model.excitation[i, marks] @ np.exp(-model.decay * age)
        total += np.log(model.baseline[i] + rate)
        left = 1.0 - np.exp(-model.decay * (events.horizon - t))
        total -= model.branching[:, i].sum() * left
    return float(total)


@pytest.mark.parametrize("model", [ONE, TWO])
def test_likelihood_is_the_double_sum_and_scores_are_slopes(model: FittedHawkes) -> None:
    drawn = model.simulate(120.0, seed=3)
    time = np.round(np.array(drawn.time), 1)  # with ties
    events = EventTimes(
        time=time, mark=drawn.mark, components=drawn.components, horizon=drawn.horizon
    )
    assert events.tied > 0
    d = events.components
    theta = np.concatenate([model.baseline, model.branching.ravel(), [model.decay]])
    scores = np.empty((time.size + 1, theta.size))
    value = hawkes_scores(time, events.mark, events.horizon, theta, d, scores)
    assert value == pytest.approx(brute_force(events, model), rel=1e-11)
    for j in range(theta.size):
        step, spare = np.zeros(theta.size), np.empty_like(scores)
        step[j] = 1e-5
        up = hawkes_scores(time, events.mark, events.horizon, theta + step, d, spare)
        down = hawkes_scores(time, events.mark, events.horizon, theta - step, d, spare)
        # Central differences of step 1e-5: 1e-7 of the value.
        assert scores[:, j].sum() == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("model", [ONE, TWO])
def test_parameters_are_recovered_and_residuals_are_exponential(model: FittedHawkes) -> None:
    """Four standard errors of each."""
    fitted = Hawkes().fit(model.simulate(4000.0, seed=2))
    errors = fitted.standard_errors()
    assert np.all(np.abs(fitted.baseline - model.baseline) < 4.0 * errors.baseline)
    assert np.all(np.abs(fitted.branching - model.branching) < 4.0 * errors.branching)
    assert abs(fitted.decay - model.decay) < 4.0 * errors.decay
    assert abs(fitted.branching_ratio - model.branching_ratio) < 4.0 * errors.branching_ratio
    again = fitted.standard_errors("information")
    assert errors.branching_ratio == pytest.approx(again.branching_ratio, rel=0.4)
    for component in range(model.baseline.size):
        test = fitted.residual_test(component)
        assert test.p_value > 0.01
        peer = stats.kstest(fitted.residuals(component), "expon")
        assert test.statistic == pytest.approx(peer.statistic, rel=1e-12)
        assert test.p_value == pytest.approx(peer.pvalue, rel=1e-9)
    assert not fitted.alert
    assert fitted.bounds_reached == ()


def test_a_poisson_fit_of_clusters_fails_the_residual_test() -> None:
    events = ONE.simulate(2000.0, seed=5)
    flat = process([events.time.size / 2000.0], [[0.0]], 1.0)
    waits = np.diff(events.time, prepend=0.0) * flat.baseline[0]
    assert stats.kstest(waits, "expon").pvalue < 1e-6


def test_mean_intensity_is_that_of_the_simulation() -> None:
    events = TWO.simulate(20_000.0, seed=7)
    np.testing.assert_allclose(events.counts / 20_000.0, TWO.mean_intensity, rtol=0.05)
    again = TWO.simulate(20_000.0, seed=7)
    np.testing.assert_array_equal(events.time, again.time)


def test_stream_gives_the_bits_of_a_batch() -> None:
    events = TWO.simulate(100.0, seed=9)
    time = np.round(np.array(events.time), 1)
    fitted = Hawkes().fit(
        EventTimes(time=time, mark=events.mark, components=2, horizon=events.horizon)
    )
    whole = fitted.intensities()
    head = EventTimes(time=time[:40], mark=events.mark[:40], components=2, horizon=100.0)
    stream = FittedHawkes(
        events=head, baseline=fitted.baseline, branching=fitted.branching, decay=fitted.decay,
        log_likelihood=0.0, alert_above=0.9, bounds_reached=(),
    ).stream()  # fmt: skip
    for k in range(40, time.size):
        looked = stream.intensity_at(time[k])
        stream = stream.update(time[k], int(events.mark[k]))
        np.testing.assert_array_equal(stream.intensity, whole[k])
        np.testing.assert_array_equal(looked, whole[k])
    np.testing.assert_array_equal(stream.state, fitted.stream().state)
    with pytest.raises(DataFormatError):
        stream.update(time[-1] - 1.0)
    with pytest.raises(DataFormatError):
        stream.update(time[-1], 2)


def test_branching_is_kept_stationary_and_raises_the_alert() -> None:
    burst = np.sort(np.concatenate([np.arange(5.0), 1000.0 - np.geomspace(1e-3, 900.0, 300)]))
    fitted = Hawkes().fit(burst, horizon=1000.0)
    assert 0.9 < fitted.branching_ratio < 1.0
    assert fitted.alert
    near = process([0.3, 0.2], [[0.6, 0.35], [0.35, 0.6]], 2.0).simulate(400.0, seed=4)
    kept = Hawkes(largest_branching=0.8).fit(near)
    assert kept.branching_ratio == pytest.approx(0.8, abs=1e-6)
    assert kept.branching_ratio <= 0.8 + 1e-12
    assert "branching ratio" in kept.bounds_reached
    assert kept.log_likelihood < Hawkes().fit(near).log_likelihood


def test_unit_of_time_does_not_matter() -> None:
    time = np.array(ONE.simulate(500.0, seed=6).time)
    hours, seconds = Hawkes().fit(time, horizon=500.0), Hawkes().fit(3600 * time, horizon=1.8e6)
    assert seconds.decay == pytest.approx(hours.decay / 3600.0, rel=1e-6)
    assert seconds.branching_ratio == pytest.approx(hours.branching_ratio, rel=1e-6)
    shift = time.size * np.log(3600.0)
    assert seconds.log_likelihood + shift == pytest.approx(hours.log_likelihood, rel=1e-9)


def test_large_moves_and_their_spread_within_a_bar() -> None:
    returns = np.zeros((2, 50))
    returns[0, [3, 20]], returns[1, 20] = 1.0, -2.0
    events = large_moves(returns)
    assert events.time.tolist() == [4.0, 21.0, 21.0]
    assert events.counts.tolist() == [2, 1]
    assert events.tied == 1
    spread = events.spread_within(1.0, seed=1)
    assert np.all(np.ceil(np.sort(spread.time)) == events.time)
    assert spread.tied == 0
    assert large_moves(np.zeros(9)).time.size == 0


def test_degenerate_events_are_answered_or_refused() -> None:
    for times in ([], [1.0], np.arange(9.0)):
        with pytest.raises(InsufficientDataError):
            Hawkes().fit(np.array(times), horizon=20.0)
    with pytest.raises(EstimationError):
        Hawkes().fit(np.full(30, 5.0), horizon=20.0)
    with pytest.raises(DataFormatError):
        Hawkes().fit(np.arange(30.0), horizon=20.0)
    with pytest.raises(DataFormatError):
        Hawkes().fit(np.r_[np.arange(12.0), np.nan], horizon=20.0)
    with pytest.raises(ParameterError):
        Hawkes(alert_above=1.0)
    even = Hawkes().fit(np.arange(1.0, 60.0), horizon=60.0)
    assert np.isfinite(even.log_likelihood)
    assert even.branching_ratio < 1.0
    if even.branching_ratio == 0.0:
        with pytest.raises(EstimationError):
            even.standard_errors()
