"""Realised variance by hand and on paths of known variance; the premium paid over it."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import DataFormatError, InsufficientDataError, UsageError
from plimsoll.estimators.implied.realised import (
    PricePath,
    following_variance,
    realised_variance,
    trailing_variance,
)
from plimsoll.estimators.implied.risk_premium import summarise_premium, variance_risk_premium

HOUR = 3_600 * 10**9
DAY = 24 * HOUR


def path(steps: np.ndarray, spacing: int = HOUR) -> PricePath:
    prices = 100.0 * np.exp(np.concatenate(([0.0], np.cumsum(steps))))
    return PricePath(time_ns=np.arange(prices.size, dtype=np.int64) * spacing, price=prices)


def test_a_path_of_even_steps() -> None:
    """1 % every hour, up or down, is 0.01 sqrt(24 * 365) = 93.6 % a year."""
    steps = 0.01 * np.where(np.arange(240) % 2 == 0, 1.0, -1.0)
    found = realised_variance(
        path(steps),
        np.array([0, 24 * HOUR]),
        np.array([240 * HOUR, 48 * HOUR]),
        longest_gap_ns=2 * HOUR,
    )
    np.testing.assert_allclose(found.vol, 0.01 * np.sqrt(24 * 365), rtol=1e-12)
    np.testing.assert_array_equal(found.returns, [240, 24])
    assert bool(found.covered.all())


def test_sampling_does_not_matter_for_a_random_walk() -> None:
    """60 % a year in 5-minute steps, sampled at 5 minutes, an hour and a day: n squares estimate
    the variance with relative error sqrt(2 / n); four of them allowed."""
    rng = np.random.default_rng(1)
    n = 365 * 288
    full = path(0.6 * np.sqrt(1 / n) * rng.standard_normal(n), 5 * 60 * 10**9)
    for every in (1, 12, 288):
        sampled = PricePath(time_ns=full.time_ns[::every], price=full.price[::every])
        found = realised_variance(
            sampled, np.array([0]), np.array([365 * DAY]), longest_gap_ns=2 * DAY
        )
        assert found.variance[0] == pytest.approx(0.36, rel=4 * np.sqrt(2 * every / n))


def test_drift_within_a_window_counts() -> None:
    """About a mean of zero: a steady rise of 1 % a day is variance."""
    steady = path(np.full(30, 0.01), DAY)
    found = realised_variance(steady, np.array([0]), np.array([30 * DAY]), longest_gap_ns=2 * DAY)
    assert found.variance[0] == pytest.approx(0.01**2 * 365)


def test_trailing_and_following_meet_at_the_time() -> None:
    rng = np.random.default_rng(2)
    walk = path(0.01 * rng.standard_normal(100 * 24))
    at = np.array([50 * DAY])
    before = trailing_variance(walk, at, 30.0, longest_gap_ns=2 * HOUR)
    after = following_variance(walk, at, 30.0, longest_gap_ns=2 * HOUR)
    both = realised_variance(walk, at - 30 * DAY, at + 30 * DAY, longest_gap_ns=2 * HOUR)
    assert both.variance[0] == pytest.approx(0.5 * (before.variance[0] + after.variance[0]))


def test_what_is_known_at_a_time_does_not_change_with_the_future() -> None:
    rng = np.random.default_rng(3)
    steps = 0.01 * rng.standard_normal(100 * 24)
    other = steps.copy()
    other[50 * 24 :] = rng.permutation(other[50 * 24 :]) * 5.0
    at = np.array([20 * DAY, 50 * DAY])
    first, second = (
        trailing_variance(path(s), at, 15.0, longest_gap_ns=2 * HOUR).variance
        for s in (steps, other)
    )
    np.testing.assert_array_equal(first, second)


def test_windows_with_holes_have_no_number() -> None:
    whole = path(np.full(240, 0.01))
    kept = (whole.time_ns < 100 * HOUR) | (whole.time_ns > 110 * HOUR)
    holed = PricePath(time_ns=whole.time_ns[kept], price=whole.price[kept])
    starts = np.array([0, 0, 105 * HOUR, 120 * HOUR, 200 * HOUR, -50 * HOUR])
    ends = np.array([90 * HOUR, 130 * HOUR, 130 * HOUR, 200 * HOUR, 260 * HOUR, 20 * HOUR])
    found = realised_variance(holed, starts, ends, longest_gap_ns=2 * HOUR)
    np.testing.assert_array_equal(found.covered, [True, False, False, True, False, False])
    np.testing.assert_array_equal(np.isnan(found.variance), ~found.covered)
    tolerant = realised_variance(holed, starts[1:2], ends[1:2], longest_gap_ns=12 * HOUR)
    assert bool(tolerant.covered[0])


def test_refusals() -> None:
    with pytest.raises(DataFormatError, match="price"):
        PricePath(time_ns=np.array([0]), price=np.array([1.0]))
    with pytest.raises(DataFormatError, match="time_ns"):
        PricePath(time_ns=np.array([0, 0]), price=np.ones(2))
    for bad in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(DataFormatError, match="price"):
            PricePath(time_ns=np.array([0, 1]), price=np.array([1.0, bad]))
    steady = path(np.full(30, 0.01), DAY)
    with pytest.raises(UsageError, match="end_ns"):
        realised_variance(steady, np.array([5]), np.array([5]), longest_gap_ns=DAY)
    with pytest.raises(UsageError, match="longest_gap_ns"):
        realised_variance(steady, np.array([5]), np.array([6]), longest_gap_ns=0)
    with pytest.raises(UsageError, match="implied_vol"):
        variance_risk_premium(np.array([0, 1]), np.ones(3), steady, longest_gap_ns=DAY)


def sold_at(mark_up: float, days: int = 1200) -> tuple[np.ndarray, np.ndarray, PricePath]:
    """Daily quotes of 60 % plus ``mark_up`` on a walk of 60 %."""
    rng = np.random.default_rng(7)
    n = (days + 40) * 24
    walk = path(0.6 * np.sqrt(1 / (365 * 24)) * rng.standard_normal(n))
    return np.arange(days, dtype=np.int64) * DAY, np.full(days, 0.6 + mark_up), walk


def test_premium_of_a_known_mark_up() -> None:
    """Volatility sold 5 points dear on 1,200 days: the gap is 5 points within four standard
    errors, and the error is that of 1,200 / 30 windows rather than of 1,200."""
    at, implied, walk = sold_at(0.05)
    premium = variance_risk_premium(at, implied, walk, longest_gap_ns=2 * HOUR)
    found = summarise_premium(premium, block_length=30, seed=1)
    assert premium.uncovered == 0
    assert found.count == 1200
    assert abs(found.vol_gap - 0.05) < 4 * found.vol_gap_error
    of_squares = 0.6 * np.sqrt(0.5 / (1200 * 24))  # of 28,800 independent hourly squares
    assert found.vol_gap_error == pytest.approx(of_squares, rel=0.4)
    assert found.mean_premium == pytest.approx(float(np.mean(premium.premium)))
    assert found.paid_share > 0.95


def test_what_the_premium_series_knew() -> None:
    """A window of 30 days is known when it has ended."""
    at, implied, walk = sold_at(0.0, days=100)
    premium = variance_risk_premium(at, implied, walk, longest_gap_ns=2 * HOUR)
    assert int(premium.known_at(50 * DAY).sum()) == 21
    np.testing.assert_array_equal(premium.known_ns - premium.at_ns, 30 * DAY)


def test_observations_without_a_window_are_counted() -> None:
    at, implied, walk = sold_at(0.0, days=100)
    implied[3] = np.nan
    late = np.concatenate((at, [130 * DAY]))
    premium = variance_risk_premium(late, np.append(implied, 0.6), walk, longest_gap_ns=2 * HOUR)
    assert premium.uncovered == 2
    assert premium.at_ns.size == 99
    with pytest.raises(InsufficientDataError, match="two blocks"):
        summarise_premium(premium, block_length=60, seed=1)
