"""Time in which variance flows evenly: each day of the week counts with its own weight.

``V(s, t) = integral of weight(day of u) du`` from ``s`` to ``t``, in years of 365 days, days being
UTC days. The time spent on each day of the week is counted in whole nanoseconds, so that nothing
is lost however far the times lie apart; only the weighted sum is rounded. With weights of mean one
a whole number of weeks lasts as long as on the calendar.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError

Nanoseconds = NDArray[np.int64]
Years = NDArray[np.float64]

DAYS_PER_WEEK = 7
DAY_NS = 86_400 * 10**9
WEEK_NS = DAYS_PER_WEEK * DAY_NS
YEAR_NS = 365 * DAY_NS
_EPOCH_WEEKDAY = 3
"""1 January 1970 was a Thursday; Monday is 0."""


def calendar_years(from_ns: ArrayLike, to_ns: ArrayLike) -> Years:
    """Years of 365 days from one time to the other; negative where it lies before.

    Parameters
    ----------
    from_ns, to_ns : array_like of int
        UTC, ns since 1970; they broadcast.
    """
    years: Years = (_integers(to_ns, "to_ns") - _integers(from_ns, "from_ns")) / YEAR_NS
    return years


def weekday_ns(from_ns: ArrayLike, to_ns: ArrayLike) -> Nanoseconds:
    """Nanoseconds spent on each day of the week between two times, exactly.

    Returns
    -------
    ndarray of int64, shape (..., 7)
        Monday to Sunday; negative where ``to_ns`` lies before ``from_ns``.

    Examples
    --------
    >>> (weekday_ns(0, WEEK_NS + 5 * DAY_NS) // DAY_NS).tolist()
    [2, 1, 1, 2, 2, 2, 2]
    """
    return _weekday_ns_since_monday(to_ns, "to_ns") - _weekday_ns_since_monday(from_ns, "from_ns")


def variance_years(day_weights: ArrayLike, from_ns: ArrayLike, to_ns: ArrayLike) -> Years:
    """Variance-years from one time to the other, for day weights Monday to Sunday (UTC).

    Parameters
    ----------
    day_weights : array_like of 7 float
        Not negative; of mean one where a week is to last a week.
    from_ns, to_ns : array_like of int
        UTC, ns since 1970; they broadcast.

    Returns
    -------
    ndarray of float64
        Negative where ``to_ns`` lies before ``from_ns``. Exactly `calendar_years` where all
        weights are one.

    Raises
    ------
    UsageError
        For other than seven finite weights, a negative one, or times that are no integers.

    Examples
    --------
    A week that counts its weekend half; Friday 2 January 1970 is day 1.

    >>> weights = [1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5]
    >>> (365 * variance_years(weights, DAY_NS, [2 * DAY_NS, 4 * DAY_NS, 8 * DAY_NS])).round(12)
    array([1.2, 2.2, 7. ])
    """
    weights = np.asarray(day_weights, dtype=np.float64)
    if weights.shape != (DAYS_PER_WEEK,) or not np.all((weights >= 0.0) & (weights < np.inf)):
        raise UsageError(
            "must be seven weights of at least 0, Monday to Sunday",
            found=weights.tolist(),
            field="day_weights",
        )
    extra: Years = weekday_ns(from_ns, to_ns) @ (weights - 1.0) / YEAR_NS
    return calendar_years(from_ns, to_ns) + extra


def _weekday_ns_since_monday(at_ns: ArrayLike, field: str) -> Nanoseconds:
    """Time spent on each day of the week since the Monday before 1970."""
    since_monday = _integers(at_ns, field)[..., None] + _EPOCH_WEEKDAY * DAY_NS
    weeks, within = np.divmod(since_monday, WEEK_NS)
    begins = np.arange(DAYS_PER_WEEK) * DAY_NS
    spent: Nanoseconds = weeks * DAY_NS + np.clip(within - begins, 0, DAY_NS)
    return spent


def _integers(at_ns: ArrayLike, field: str) -> Nanoseconds:
    times = np.asarray(at_ns)
    if times.dtype.kind not in "iu":
        raise UsageError(
            "must be whole nanoseconds since 1970 (UTC)", found=str(times.dtype), field=field
        )
    return times.astype(np.int64)
