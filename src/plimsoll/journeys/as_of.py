"""The midnight as of which something is calibrated or estimated."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np

from plimsoll.domain.market import DAY_NS, Bars
from plimsoll.errors import UsageError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_of_ns(as_of: datetime | None, bars: Iterable[Bars]) -> int:
    """Return the midnight given, else the last within the data (of their median end).

    Raises
    ------
    UsageError
        For an instant that is no midnight (UTC).
    """
    if as_of is None:
        ends = [int(b.time_ns.max()) + b.interval_ns for b in bars if len(b)]
        # The last bar of a download may still be open, so it does not decide the day.
        return (int(np.median(ends)) - 1) // DAY_NS * DAY_NS if ends else 0
    moment = as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of
    at = (moment - _EPOCH) // timedelta(microseconds=1) * 1000
    if at % DAY_NS:
        raise UsageError(
            "must be a midnight (00:00 UTC)",
            found=as_of.isoformat(),
            field="as_of",
            remedy="give a date, such as 2025-06-01",
        )
    return at
