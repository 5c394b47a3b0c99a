"""Starts, breaches and losses beyond a margin, day by day, in one pass."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
IndexMatrix = NDArray[np.int64]


@njit(cache=True, nogil=True)
def daily_excess(loss: Cube, margin: Matrix) -> tuple[IndexMatrix, IndexMatrix, Matrix, Matrix]:
    """Hold (D, K, M) losses of the K starts of each day against (D, M) margins.

    Returns (D, M) starts with a loss and a margin, those that broke it, the sum of what exceeded
    it, and the most that one start exceeded it by.
    """
    days, starts, series = loss.shape
    count = np.zeros((days, series), dtype=np.int64)
    broke = np.zeros((days, series), dtype=np.int64)
    over = np.zeros((days, series))
    worst = np.zeros((days, series))
    for d in range(days):
        for k in range(starts):
            for m in range(series):
                excess = loss[d, k, m] - margin[d, m]
                if np.isnan(excess):
                    continue
                count[d, m] += 1
                if excess > 0.0:
                    broke[d, m] += 1
                    over[d, m] += excess
                    worst[d, m] = max(worst[d, m], excess)
    return count, broke, over, worst
