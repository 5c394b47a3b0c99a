"""The midnight as of which something is calibrated or estimated."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import numpy as np

from plimsoll.domain.market import DAY_NS, Bars
from plimsoll.domain.table import iso_minute
from plimsoll.errors import UsageError

Day = date | datetime | str
"""A day as callers give it: a date, a midnight (UTC), or the ISO 8601 text of either."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REMEDY = "give a date, such as 2025-06-01: its midnight (UTC) is meant"


def midnight(as_of: Day | None) -> datetime | None:
    """Return the midnight (UTC) that a day means; None stays None.

    Raises
    ------
    UsageError
        For what is no day, and for an instant that is no midnight.

    >>> midnight("2025-06-01") == midnight(date(2025, 6, 1)) == datetime(2025, 6, 1, tzinfo=UTC)
    True
    """
    if as_of is None:
        return None
    moment = _moment(as_of)
    if (moment - _EPOCH) % timedelta(days=1):
        raise UsageError(
            "must be a midnight (00:00 UTC)", found=str(as_of), field="as_of", remedy=_REMEDY
        )
    return moment


def as_of_ns(as_of: Day | None, bars: Iterable[Bars]) -> int:
    """Return the midnight given, else the last within the data (of their median end).

    Raises
    ------
    UsageError
        For an instant that is no midnight (UTC), before the data, or more than a day after them.
    """
    held = [b for b in bars if len(b)]
    day = midnight(as_of)
    if day is None:
        ends = [int(b.time_ns.max()) + b.interval_ns for b in held]
        # The last bar of a download may still be open, so it does not decide the day.
        return (int(np.median(ends)) - 1) // DAY_NS * DAY_NS if ends else 0
    at = (day - _EPOCH) // timedelta(microseconds=1) * 1000
    if held:
        _check_inside(at, held)
    return at


def _check_inside(at: int, bars: list[Bars]) -> None:
    """Refuse a day that no market's data reach: nothing is known then, so nothing holds."""
    first = min(int(b.time_ns.min()) for b in bars)
    last = max(int(b.time_ns.max()) + b.interval_ns for b in bars)
    if first < at <= last + DAY_NS:
        return
    raise UsageError(
        "must lie after the first bar and at most one day after the last",
        found=iso_minute(at)[:10],
        field="as_of",
        remedy=f"the data reach from {iso_minute(first)} to {iso_minute(last)} (UTC)",
    )


def _moment(as_of: Day) -> datetime:
    try:
        moment = datetime.fromisoformat(as_of if isinstance(as_of, str) else as_of.isoformat())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, AttributeError, OverflowError):
        found = as_of if isinstance(as_of, str) else type(as_of).__name__
        raise UsageError("must be a date", found=found, field="as_of", remedy=_REMEDY) from None
