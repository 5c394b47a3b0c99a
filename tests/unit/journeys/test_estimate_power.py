"""Powers beside the p-values of studies: asymptotic laws, known sizes, and more data."""

from __future__ import annotations

import math

import numpy as np
import pytest

from plimsoll.estimators.jumps.event_times import EventTimes
from plimsoll.estimators.jumps.fitted_hawkes import FittedHawkes
from plimsoll.estimators.regimes.cumulated_squares import cusum_of_squares
from plimsoll.estimators.regimes.mean_shifts import mean_breaks, mean_shift_statistic
from plimsoll.journeys.estimate_power import (
    VARIANCE_RATIO,
    RejectionShares,
    break_power,
    on_bars,
    residual_power,
)


def squares_power(sample: np.ndarray, block: int = 1) -> RejectionShares:
    return break_power(
        sample,
        lambda drawn: cusum_of_squares(drawn, kind="kappa1").p_value < 0.05,
        lambda half: half * math.sqrt(VARIANCE_RATIO),
        block=block,
    )


def bridge_power(rows: int) -> float:
    """Chance that a Brownian bridge with the drift of the broken variance passes 1.358."""
    generator = np.random.default_rng(1)
    steps = generator.standard_normal((4_000, 500)) / math.sqrt(500)
    u = np.arange(1, 501) / 500
    walk = np.cumsum(steps, axis=1)
    bridge = walk - u * walk[:, -1:]
    gap = VARIANCE_RATIO - 1.0
    # Squares of normals: variance 2 and 2 times the ratio squared by halves, and between halves.
    spread = 1.0 + VARIANCE_RATIO**2 + gap * gap / 4.0
    drift = math.sqrt(rows) * gap / 2.0 * np.minimum(u, 1.0 - u) / math.sqrt(spread)
    return float((np.abs(bridge + drift).max(axis=1) > 1.358).mean())


@pytest.mark.parametrize("rows", [250, 500, 1_000])
def test_power_of_a_break_is_that_of_the_brownian_bridge(rows: int) -> None:
    """Independent normals; 5 points of 100 samples, the sample's own kurtosis, finite rows."""
    found = squares_power(np.random.default_rng(rows).standard_normal(rows))
    assert found.power == pytest.approx(bridge_power(rows), abs=0.15)
    assert found.size <= 0.12  # 5 %, and three errors


def test_shares_are_repeatable_and_of_the_whole_block() -> None:
    sample = np.random.default_rng(0).standard_t(4, 400)
    assert squares_power(sample, 20) == squares_power(sample, 20)
    # A block of the whole sample would be the sample itself: it is cut to a tenth.
    assert squares_power(sample, 400) == squares_power(sample, 40)


def test_first_statistic_of_the_mean_test_is_its_own() -> None:
    values = np.random.default_rng(3).standard_normal(200)
    assert mean_shift_statistic(values) == mean_breaks(values, draws=200).statistics[0]


def fitted(ratio: float, horizon: float) -> FittedHawkes:
    empty = EventTimes.of(np.array([horizon]), horizon=horizon)
    return FittedHawkes(
        events=empty, baseline=np.array([0.1 * (1.0 - ratio)]), branching=np.array([[ratio]]),
        decay=0.3, log_likelihood=0.0, alert_above=0.9, bounds_reached=(),
    )  # fmt: skip


def p_value(drawn: FittedHawkes) -> float:
    return drawn.residual_test().p_value


@pytest.mark.parametrize("ratio", [0.0, 0.4, 0.9])
def test_residuals_of_the_right_law_are_rejected_as_often_as_the_level(ratio: float) -> None:
    """Parameters are known: Kolmogorov's law is exact but for the start; 5 % and three errors."""
    found = residual_power(fitted(ratio, 3_000.0), p_value)
    assert found is not None
    assert found.size <= 0.12
    assert found.power >= found.size


def test_more_events_have_more_power() -> None:
    powers = [residual_power(fitted(0.4, hours), p_value) for hours in (500.0, 5_000.0, 20_000.0)]
    assert all(found is not None for found in powers)
    few, more, many = (found.power for found in powers if found is not None)
    assert few < more < many
    assert few < 0.3
    assert many > 0.9


def test_without_events_there_is_no_power() -> None:
    assert residual_power(fitted(0.2, 0.5), p_value) is None


def test_events_on_bars_are_at_their_ends_once() -> None:
    found = on_bars(EventTimes.of([0.2, 0.9, 1.0, 2.5], horizon=3.0))
    np.testing.assert_array_equal(found.time, [1.0, 3.0])
