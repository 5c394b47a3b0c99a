"""Moves by hour of the week, each over the mean of its own week, summed as they come."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

HOURS = 168
COUNT, SUM, SQUARES = range(3)


@njit(cache=True, nogil=True)
def close_week(open_week: Vector, least_hours: int, cap: float, sums: Matrix) -> None:
    """Add the hours of a week, over their mean, to the sums; too few hours, or none moved: nothing.

    ``open_week`` (168,) holds the moves, NaN where an hour is missing, and is emptied.
    """
    total, hours = 0.0, 0
    for s in range(HOURS):
        if not np.isnan(open_week[s]):
            total += open_week[s]
            hours += 1
    if hours >= least_hours and total > 0.0:
        mean = total / hours
        for s in range(HOURS):
            if not np.isnan(open_week[s]):
                share = min(open_week[s] / mean, cap)
                sums[COUNT, s] += 1.0
                sums[SUM, s] += share
                sums[SQUARES, s] += share * share
    open_week[:] = np.nan


@njit(cache=True, nogil=True)
def add_hours(
    hour: Index,
    size: Vector,
    least_hours: int,
    cap: float,
    open_week: Vector,
    week: Index,
    sums: Matrix,
) -> None:
    """Take hours in order: ``hour`` counts hours since a Monday 00:00 (UTC).

    Parameters
    ----------
    size : (n,) float64
        Moves of the hours, not negative; NaN is none.
    open_week : (168,) float64
    week : (1,) int64
        Number of the week that is open.
    sums : (3, 168) float64
        Count, sum and sum of squares by hour of the week, of weeks that are closed.
    """
    for t in range(hour.size):
        now = hour[t] // HOURS
        if now != week[0]:
            close_week(open_week, least_hours, cap, sums)
            week[0] = now
        open_week[hour[t] - now * HOURS] = size[t]
