"""Weighted time: against a walk through the days one by one, and closed forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.maths import variance_clock as clock

WEIGHTS = (1.1, 1.2, 1.15, 1.25, 1.1, 0.6, 0.6)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _ns(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def _walked_years(start: datetime, end: datetime) -> float:
    """Day by day with the standard library's weekdays."""
    total = 0.0
    while start < end:
        midnight = datetime(start.year, start.month, start.day, tzinfo=UTC) + timedelta(days=1)
        stop = min(midnight, end)
        total += WEIGHTS[start.weekday()] * (stop - start).total_seconds()
        start = stop
    return total / (365.0 * 86_400.0)


def test_as_a_walk_through_the_days_counts() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        start = datetime(2025, 12, 1, tzinfo=UTC) + timedelta(seconds=int(rng.integers(0, 10**7)))
        end = start + timedelta(seconds=int(rng.integers(1, 5 * 10**7)))
        found = clock.variance_years(WEIGHTS, _ns(start), _ns(end))
        assert float(found) == pytest.approx(_walked_years(start, end), rel=1e-12)


def test_equal_weights_are_the_calendar_exactly() -> None:
    to_ns = np.array([1, 10**15, 1_767_225_600 * 10**9 + 1])
    found = clock.variance_years([1.0] * 7, 0, to_ns)
    np.testing.assert_array_equal(found, to_ns / clock.YEAR_NS)
    np.testing.assert_array_equal(found, clock.calendar_years(0, to_ns))


def test_whole_weeks_last_as_long_as_on_the_calendar() -> None:
    mean_one = np.array(WEIGHTS) * 7.0 / sum(WEIGHTS)
    for start in (0, 123_456_789_012_345_678):
        found = clock.variance_years(mean_one, start, start + 5 * clock.WEEK_NS)
        assert float(found) == pytest.approx(35.0 / 365.0, rel=1e-14)


def test_weekdays_are_those_of_the_calendar() -> None:
    for day in range(10):
        moment = datetime(2026, 1, 13, tzinfo=UTC) + timedelta(days=day)
        spent = clock.weekday_ns(_ns(moment), _ns(moment) + 3_600 * 10**9)
        assert int(np.argmax(spent)) == moment.weekday()
        assert int(spent.sum()) == 3_600 * 10**9


def test_counts_are_exact_to_the_nanosecond() -> None:
    """2**62 ns ahead a float would be wrong by hundreds of nanoseconds."""
    start, end = 3, 2**62 + 7
    assert int(clock.weekday_ns(start, end).sum()) == end - start


def test_times_before_1970_and_backwards_count_too() -> None:
    forth = clock.variance_years(WEIGHTS, -(10**17), 10**17)
    back = clock.variance_years(WEIGHTS, 10**17, -(10**17))
    assert float(forth) == -float(back)
    halves = clock.variance_years(WEIGHTS, -(10**17), 0) + clock.variance_years(WEIGHTS, 0, 10**17)
    assert float(forth) == pytest.approx(float(halves), rel=1e-14)


def test_expiries_come_as_an_array() -> None:
    to_ns = np.arange(1, 7).reshape(2, 3) * clock.DAY_NS
    found = clock.variance_years(WEIGHTS, 0, to_ns)
    assert found.shape == (2, 3)
    days = np.cumsum([WEIGHTS[(3 + day) % 7] for day in range(6)]).reshape(2, 3)
    np.testing.assert_allclose(found, days / 365.0, rtol=1e-14)


def test_wrong_use_is_refused() -> None:
    with pytest.raises(UsageError, match="seven weights"):
        clock.variance_years([1.0] * 6, 0, 1)
    with pytest.raises(UsageError, match="seven weights"):
        clock.variance_years([-1.0] + [1.0] * 6, 0, 1)
    with pytest.raises(UsageError, match="whole nanoseconds"):
        clock.variance_years([1.0] * 7, 0.5, 1)
