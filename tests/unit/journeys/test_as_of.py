"""The midnight meant by a day, and the days that the data do not reach."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars, PriceKind
from plimsoll.errors import UsageError
from plimsoll.journeys.as_of import Day, as_of_ns, midnight

FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def hours(market: str, first: datetime, days: int) -> Bars:
    start = int(first.timestamp()) * 10**9
    return Bars(
        market=market,
        time_ns=start + HOUR_NS * np.arange(24 * days, dtype=np.int64),
        close=np.ones(24 * days),
        interval_ns=HOUR_NS,
        price_kind=PriceKind.MARK,
    )


BARS = [hours("A", FIRST, 10), hours("B", FIRST, 10), hours("C", FIRST, 4)]


@pytest.mark.parametrize(
    "day",
    [
        "2024-01-05",
        "2024-01-05T00:00Z",
        "2024-01-05T02:00+02:00",
        date(2024, 1, 5),
        datetime(2024, 1, 5),  # noqa: DTZ001
        datetime(2024, 1, 5, 8, tzinfo=timezone(timedelta(hours=8))),
        pd.Timestamp("2024-01-05"),
    ],
)
def test_forms_of_a_day(day: Day) -> None:
    assert midnight(day) == datetime(2024, 1, 5, tzinfo=UTC)
    assert as_of_ns(day, BARS) == int(FIRST.timestamp()) * 10**9 + 4 * DAY_NS


@pytest.mark.parametrize(
    "day", ["someday", "2024-01-05T08:00Z", 20240105, pd.NaT, object(), "0001-01-01T00:00+12:00"]
)
def test_what_is_no_day(day: Day) -> None:
    with pytest.raises(UsageError) as caught:
        midnight(day)
    assert caught.value.field == "as_of"
    assert "such as 2025-06-01" in caught.value.remedy


@pytest.mark.parametrize("day", ["2024-01-02", "2024-01-11", "2024-01-12"])
def test_days_that_the_data_reach(day: str) -> None:
    assert as_of_ns(day, BARS) > 0


@pytest.mark.parametrize("day", ["1999-01-01", "2024-01-01", "2024-01-13", "2099-01-01"])
def test_days_that_they_do_not_reach(day: str) -> None:
    """The last bars close on 2024-01-11 at midnight; the day after them is still allowed."""
    with pytest.raises(UsageError, match="at most one day after") as caught:
        as_of_ns(day, BARS)
    assert caught.value.field == "as_of"
    assert "2024-01-01 00:00 to 2024-01-11 00:00" in caught.value.remedy


def test_by_default_the_last_midnight_within_the_data() -> None:
    assert as_of_ns(None, BARS) == int(FIRST.timestamp()) * 10**9 + 9 * DAY_NS
    assert as_of_ns(None, []) == 0
