"""Realised measures of blocks of returns, for many series at once.

With r the m returns of a block, in order:

- RV = sum r^2; its halves over falls and rises (Barndorff-Nielsen, Kinnebrock and Shephard, 2010);
- BV = (pi / 2) sum |r_i| |r_{i-1}| (Barndorff-Nielsen and Shephard, 2004);
- TQ = m mu^-3 m / (m - 2) sum (|r_i| |r_{i-1}| |r_{i-2}|)^(4/3), mu = E|Z|^(4/3) (the same, 2006);
- MinRV = pi / (pi - 2) m / (m - 1) sum min(|r_i|, |r_{i-1}|)^2;
- MedRV = pi / (6 - 4 sqrt 3 + pi) m / (m - 2) sum med(|r_i|, |r_{i-1}|, |r_{i-2}|)^2 (Andersen,
  Dobrev and Schaumburg, 2012).

Holes (NaN) are closed up: the returns beside one are neighbours.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Index = NDArray[np.int64]

COUNT, VARIANCE, BIPOWER, TRIPOWER, MED, MIN, FALLS, RISES = range(8)
MEASURES = 8
WORTH_THREADS = 200_000

FOUR_THIRDS = 4.0 / 3.0
MU_FOUR_THIRDS = 2.0 ** (2.0 / 3.0) * math.gamma(7.0 / 6.0) / math.gamma(0.5)
TRIPOWER_SCALE = MU_FOUR_THIRDS**-3.0
MED_SCALE = math.pi / (6.0 - 4.0 * math.sqrt(3.0) + math.pi)
MIN_SCALE = math.pi / (math.pi - 2.0)


@njit(cache=True, nogil=True)
def middle_of(a: float, b: float, c: float) -> float:
    """Median of three."""
    return max(min(a, b), min(max(a, b), c))


@njit(cache=True, nogil=True)
def measure_block(returns: Vector, first: int, last: int, out: Vector) -> None:
    """Write the measures of ``returns[first:last]`` into ``out`` (8,).

    What a block is too short for is NaN: bipower and MinRV need two returns, the others three.
    """
    out[:] = 0.0
    one, two, count = 0.0, 0.0, 0
    for t in range(first, last):
        r = returns[t]
        if np.isnan(r):
            continue
        size = abs(r)
        out[VARIANCE] += r * r
        out[FALLS if r < 0.0 else RISES] += r * r
        if count >= 1:
            out[BIPOWER] += size * one
            out[MIN] += min(size, one) ** 2
        if count >= 2:
            out[TRIPOWER] += (size * one * two) ** FOUR_THIRDS
            out[MED] += middle_of(size, one, two) ** 2
        one, two, count = size, one, count + 1
    m = float(count)
    out[COUNT] = m
    if count < 1:
        out[VARIANCE] = out[FALLS] = out[RISES] = np.nan
    out[BIPOWER] = 0.5 * math.pi * out[BIPOWER] if count > 1 else np.nan
    out[MIN] = MIN_SCALE * m / (m - 1.0) * out[MIN] if count > 1 else np.nan
    out[MED] = MED_SCALE * m / (m - 2.0) * out[MED] if count > 2 else np.nan
    out[TRIPOWER] = m * TRIPOWER_SCALE * m / (m - 2.0) * out[TRIPOWER] if count > 2 else np.nan


@njit(cache=True, nogil=True)
def measure_rows(returns: Matrix, first: Index, last: Index) -> Cube:
    """(N, B, 8) measures of the blocks ``[first, last)`` of N series, one after the other."""
    out = np.empty((returns.shape[0], first.size, MEASURES))
    for i in range(returns.shape[0]):
        for b in range(first.size):
            measure_block(returns[i], first[b], last[b], out[i, b])
    return out


@njit(cache=True, parallel=True)
def measure_rows_side_by_side(returns: Matrix, first: Index, last: Index) -> Cube:
    """:func:`measure_rows`, series side by side."""
    out = np.empty((returns.shape[0], first.size, MEASURES))
    for i in prange(returns.shape[0]):
        for b in range(first.size):
            measure_block(returns[i], first[b], last[b], out[i, b])
    return out


def measure_table(returns: Matrix, first: Index, last: Index) -> Cube:
    """:func:`measure_rows`, in threads where there are several milliseconds of work."""
    if returns.shape[0] > 1 and returns.size > WORTH_THREADS:
        side_by_side: Cube = measure_rows_side_by_side(returns, first, last)
        return side_by_side
    rows: Cube = measure_rows(returns, first, last)
    return rows
