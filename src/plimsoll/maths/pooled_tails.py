"""Quantiles of scaled moves pooled over all markets, past only, by counting.

The moves of all markets that had ended at a boundary are counted in logarithmic bins, so that
millions of them cost one addition each. A bin is 0.2 % wide: the quantile is interpolated within.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.horizon_moves import NO_MOVE
from plimsoll.maths.rolling_tails import SIDES

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Index = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]

LOWEST, HIGHEST = 0.02, 2000.0
BIN_LOG = 0.002
BINS = int(math.log(HIGHEST / LOWEST) / BIN_LOG) + 2


@njit(cache=True, nogil=True)
def bin_of(value: float) -> int:
    """Bin of a scaled move: 0 for all below the lowest edge, the last for all above the highest."""
    if value < LOWEST:
        return 0
    return min(1 + int(math.log(value / LOWEST) / BIN_LOG), BINS - 1)


@njit(cache=True, nogil=True)
def counted_quantile(counts: Vector, total: float, tail: float) -> float:
    """Value that a share ``tail`` of the counted values exceeds; NaN where it is below all bins."""
    wanted = tail * total
    above = 0.0
    for b in range(BINS - 1, 0, -1):
        if above + counts[b] > wanted:
            share = (wanted - above) / counts[b]
            return LOWEST * math.exp(BIN_LOG * (b - share))
        above += counts[b]
    return np.nan


@njit(cache=True, nogil=True)
def pooled_quantile_path(
    scaled: Matrix,
    end: IndexMatrix,
    bars: Index,
    minimum: int,
    tails: Vector,
    window: int,
) -> Cube:
    """(D, 2, K) quantiles of falls and rises, pooled over markets, at every boundary.

    Parameters
    ----------
    scaled, end : (N, T)
        Signed moves over the volatility in force at their starts, by start, and their end bars.
    bars : (D,) int64
        Bars available; a move counts from the first boundary at which it had ended.
    minimum : int
        Fewest moves there must be.
    tails : (K,) float64
        Probabilities of the tails.
    window : int
        Look-back in bars; 0 for all the past.
    """
    markets = scaled.shape[0]
    counts = np.zeros((SIDES, BINS))
    first, last = np.zeros(markets, dtype=np.int64), np.zeros(markets, dtype=np.int64)
    out = np.full((bars.size, SIDES, tails.size), np.nan)
    total = 0.0
    for d in range(bars.size):
        for i in range(markets):
            while last[i] < scaled.shape[1] and end[i, last[i]] < bars[d]:
                z = scaled[i, last[i]]
                if end[i, last[i]] != NO_MOVE and not np.isnan(z):
                    counts[0, bin_of(-z)] += 1.0
                    counts[1, bin_of(z)] += 1.0
                    total += 1.0
                last[i] += 1
            while window > 0 and first[i] < min(last[i], bars[d] - window):
                z = scaled[i, first[i]]
                if end[i, first[i]] != NO_MOVE and not np.isnan(z):
                    counts[0, bin_of(-z)] -= 1.0
                    counts[1, bin_of(z)] -= 1.0
                    total -= 1.0
                first[i] += 1
        if total < minimum:
            continue
        for side in range(SIDES):
            for k in range(tails.size):
                out[d, side, k] = counted_quantile(counts[side], total, tails[k])
    return out
