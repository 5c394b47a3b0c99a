"""Median over a trailing window: a sorted window per path, one value in and one out by search."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@njit(cache=True, nogil=True)
def trailing_median_of_row(path: Vector, rows: int, out: Vector) -> None:
    """Write the median of the last ``rows`` values at each place; NaN are skipped, and stay NaN."""
    window = np.empty(rows)
    size = 0
    for t in range(path.size):
        out[t] = np.nan
        if t >= rows and not np.isnan(path[t - rows]):
            at = np.searchsorted(window[:size], path[t - rows])
            for j in range(at, size - 1):
                window[j] = window[j + 1]
            size -= 1
        if np.isnan(path[t]):
            continue
        at = np.searchsorted(window[:size], path[t])
        for j in range(size, at, -1):
            window[j] = window[j - 1]
        window[at] = path[t]
        size += 1
        middle = size // 2
        odd = size % 2 == 1
        out[t] = window[middle] if odd else 0.5 * (window[middle - 1] + window[middle])


@njit(cache=True, parallel=True)
def trailing_median_table(paths: Matrix, rows: int) -> Matrix:
    """(M, T) trailing medians of the rows of (M, T) paths."""
    out = np.empty(paths.shape)
    for i in prange(paths.shape[0]):
        trailing_median_of_row(paths[i], rows, out[i])
    return out
