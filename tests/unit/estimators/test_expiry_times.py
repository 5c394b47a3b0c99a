"""What an expiry may be given as, and what is said of anything else."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest
from sample_surface import AT, DAY, surface

from plimsoll.errors import UsageError
from plimsoll.estimators.surface.expiry_times import expiry_times
from plimsoll.estimators.surface.query import at_strike, forward_at, standard_error

EIGHT = datetime.datetime(2026, 3, 20, 8, tzinfo=datetime.UTC)
EIGHT_NS = int(EIGHT.timestamp()) * 10**9


@pytest.mark.parametrize("unit", ["h", "m", "s", "ms", "us", "ns"])
def test_times_of_numpy_are_taken_exactly(unit: str) -> None:
    found = expiry_times(surface(), np.datetime64("2026-03-20T08", unit))
    assert found.dtype == np.int64
    assert int(found) == EIGHT_NS


def test_a_nanosecond_is_not_lost() -> None:
    given = np.array([EIGHT_NS + 1, EIGHT_NS + 3])
    np.testing.assert_array_equal(expiry_times(surface(), given.astype("datetime64[ns]")), given)
    np.testing.assert_array_equal(expiry_times(surface(), given.astype(np.uint64)), given)


def test_a_day_is_its_midnight() -> None:
    days = np.array(["2026-03-20", "2026-03-21"], dtype="datetime64[D]")
    midnight = EIGHT_NS - 8 * 3_600 * 10**9
    assert expiry_times(surface(), days).tolist() == [midnight, midnight + DAY]


def test_every_question_takes_them() -> None:
    at, strikes = np.datetime64(EIGHT_NS, "ns"), np.array([90.0, 110.0])
    asked = at_strike(surface(), strikes, at.astype("datetime64[h]"))
    np.testing.assert_array_equal(
        asked.volatility, at_strike(surface(), strikes, EIGHT_NS).volatility
    )
    assert forward_at(surface(), at) == forward_at(surface(), EIGHT_NS)
    known = surface(1e-6 * np.eye(5))
    assert standard_error(known, 0.1, at) == standard_error(known, 0.1, EIGHT_NS)


@pytest.mark.parametrize(
    "given",
    [
        "2026-02-20",
        EIGHT,
        EIGHT.date(),
        1.8e18,
        True,
        None,
        2**70,
        2**64 - 1,
        np.timedelta64(3, "D"),
        [EIGHT_NS, "2026-03-20"],
    ],
)
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match=r"UTC nanoseconds since 1970 \(int\) or numpy.datetime64"):
        at_strike(surface(), 100.0, given)


@pytest.mark.parametrize("given", [30, EIGHT_NS // 10**9, EIGHT_NS // 10**6, [EIGHT_NS, 30]])
def test_small_integers_look_like_another_unit(given: Any) -> None:
    with pytest.raises(UsageError, match=r"nanoseconds since 1970.*looks like days, seconds"):
        at_strike(surface(), 100.0, given)


@pytest.mark.parametrize(
    "given", ["NaT", "2300-01-01", "1500-01-01", "1970-01-02T00:00:00.0000000001"]
)
def test_times_that_are_no_nanoseconds_are_refused(given: str) -> None:
    with pytest.raises(UsageError, match="whole nanoseconds between 1678 and 2262"):
        expiry_times(surface(), np.datetime64(given))


@pytest.mark.parametrize("given", [AT, AT - DAY, [AT + DAY, AT], np.datetime64("1970-01-01"), -5])
def test_times_not_after_the_surface_are_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="expired option"):
        at_strike(surface(), 100.0, given)


def test_no_expiries_no_times() -> None:
    found = expiry_times(surface(), [])
    assert found.shape == (0,)
    assert found.dtype == np.int64
