"""Sums over the positions of each unit of what they ask alone, long and short apart.

Of a million units with a dozen positions the columns in between would cost more than the sums.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")
def standalone_sums(
    offsets: Codes, row: Codes, quantity: Vector, long: Matrix, short: Matrix, out: Matrix
) -> None:
    """Fill ``out`` (U, 2) with sums of ``|quantity|`` times the row's number of that side.

    Parameters
    ----------
    offsets : (U + 1,) int64
        Where the positions of each unit begin.
    row, quantity : (P,)
    long, short : (N, 2) float64
        Of one contract; what is held as zero counts as long.
    out : (U, 2) float64
        Summed in the order of the positions.
    """
    for u in range(offsets.size - 1):
        first, second = 0.0, 0.0
        for p in range(offsets[u], offsets[u + 1]):
            held, at = quantity[p], np.uint64(row[p])
            if held >= 0.0:
                first += held * long[at, 0]
                second += held * long[at, 1]
            else:
                first -= held * short[at, 0]
                second -= held * short[at, 1]
        out[u, 0], out[u, 1] = first, second
