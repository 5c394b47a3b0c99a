"""Means over the last and the next days, each summed afresh so that its bits depend on it alone."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@njit(cache=True, nogil=True)
def trailing_mean(values: Vector, days: int) -> Vector:
    """Mean of ``values[t - days + 1 .. t]``; NaN before there are as many, or with one among them.

    Examples
    --------
    >>> trailing_mean(np.array([1.0, 3.0, 5.0]), 2)
    array([nan,  2.,  4.])
    """
    out = np.full(values.size, np.nan)
    for t in range(days - 1, values.size):
        total = 0.0
        for s in range(t - days + 1, t + 1):
            total += values[s]
        out[t] = total / days
    return out


@njit(cache=True, nogil=True)
def following_mean(values: Vector, days: int) -> Vector:
    """Mean of ``values[t + 1 .. t + days]``: what a forecast made after t is about.

    Examples
    --------
    >>> following_mean(np.array([1.0, 3.0, 5.0]), 1)
    array([ 3.,  5., nan])
    """
    out = np.full(values.size, np.nan)
    for t in range(values.size - days):
        total = 0.0
        for s in range(t + 1, t + days + 1):
            total += values[s]
        out[t] = total / days
    return out
