"""Variance of open hours, of closed ones and of re-openings, each on a clock of its own."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

OPEN, CLOSED, REOPENING = range(3)
LEVEL, BARS = range(2)
COUNT, SUM, SQUARES = range(3)


@njit(cache=True, nogil=True)
def best_stretch(profile: Vector, least: int, most: int) -> tuple[int, int]:
    """Start and length of the stretch of a cycle that a step down explains best.

    Least squares of two levels on ``profile`` (logs of activity): of all stretches of ``least`` to
    ``most`` slots whose mean is below the rest's, the one that leaves the least sum of squares.
    Length 0 where none is below.
    """
    n = profile.size
    total = 0.0
    for s in range(n):
        total += profile[s]
    best, start, length = 0.0, 0, 0
    for a in range(n):
        inside = 0.0
        for size in range(1, most + 1):
            inside += profile[(a + size - 1) % n]
            if size < least:
                continue
            gap = inside / size - (total - inside) / (n - size)
            gain = gap * gap * size * (n - size) / n
            # Strictly more, beyond rounding: the first of equals.
            if gap < 0.0 and gain > best * (1.0 + 1e-12) and gain > 1e-12:
                best, start, length = gain, a, size
    return start, length


@njit(cache=True, nogil=True)
def take_bars(
    returns: Vector,
    kind: Index,
    factor: Vector,
    decay: float,
    warm_up: float,
    level: Vector,
    ratios: Matrix,
) -> None:
    """Take bars in order; NaN returns are left out.

    An open bar moves the level (an EWMA of squares over their factors, a mean at first); a closed
    bar and a re-opening are counted as squares over the level in force, once it is warm.

    Parameters
    ----------
    kind : (n,) int64
        OPEN, CLOSED, or REOPENING and more: a row of ``ratios``.
    factor : (n,) float64
        Seasonal factor of variance of the bar, positive.
    level : (2,) float64
        Variance of an open bar of factor 1, and open bars seen.
    ratios : (k, 3) float64
        Count, sum and sum of squares by kind.
    """
    for t in range(returns.size):
        if math.isnan(returns[t]):
            continue
        square = returns[t] * returns[t]
        if kind[t] == OPEN:
            level[BARS] += 1.0
            gain = max(1.0 - decay, 1.0 / level[BARS])
            level[LEVEL] += gain * (square / factor[t] - level[LEVEL])
        elif level[BARS] >= warm_up and level[LEVEL] > 0.0:
            ratio = square / level[LEVEL]
            ratios[kind[t], COUNT] += 1.0
            ratios[kind[t], SUM] += ratio
            ratios[kind[t], SQUARES] += ratio * ratio
