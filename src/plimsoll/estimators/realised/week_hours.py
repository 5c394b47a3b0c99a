"""Hours of the week, Monday 00:00 UTC first."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.errors import DataFormatError

IntArray = NDArray[np.int64]

WEEK_HOURS = 168
WEEK_NS = 7 * DAY_NS
MONDAY_NS = 4 * DAY_NS
"""First Monday after the epoch, 1970-01-05."""


def hours_since_monday(time_ns: ArrayLike) -> IntArray:
    """Whole hours from the first Monday of the epoch to each time (UTC)."""
    time = np.asarray(time_ns, dtype=np.int64)
    out: IntArray = (time - MONDAY_NS) // HOUR_NS
    return out


def hour_of_week(time_ns: ArrayLike) -> IntArray:
    """0 (Monday 00:00-01:00 UTC) to 167 (Sunday 23:00-24:00).

    Examples
    --------
    >>> hour_of_week(np.array(["2026-01-05T00:30", "2026-01-04T23:59"], "datetime64[ns]")).tolist()
    [0, 167]
    """
    out: IntArray = hours_since_monday(time_ns) % WEEK_HOURS
    return out


def checked_hours(time_ns: ArrayLike, after: int | None = None) -> IntArray:
    """(n,) hours since Monday of rising times, each an hour of its own.

    Parameters
    ----------
    after : int, optional
        Hour that the first must come after.

    Raises
    ------
    DataFormatError
    """
    hours = np.atleast_1d(hours_since_monday(time_ns))
    before = hours[0] - 1 if after is None or not hours.size else after
    steps = np.diff(hours, prepend=before)
    if hours.ndim != 1 or not hours.size or bool(np.any(steps <= 0)):
        raise DataFormatError(
            "must rise, one time an hour",
            found=hours.shape if steps.size == 0 else int(np.flatnonzero(steps <= 0)[0]),
            field="time_ns",
            remedy="sum finer bars by hour first: `hourly_variance`",
        )
    return np.ascontiguousarray(hours)
