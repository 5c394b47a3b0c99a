"""Kernels on an ordered, weighted sample: its tail walked from the worst loss down.

``ordered`` is ascending, ``mass`` holds the weight of each value in the same order and ``total``
their sum. Integer masses mean repetition, up to rounding.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]

# Sums of up to a million weights carry a relative error well under this, and one observation
# in a million weighs 10,000 times more.
_SLACK = 1e-10


@njit(cache=True, nogil=True)
def tail_boundary(mass: Vector, total: float, confidence: float) -> tuple[int, float]:
    """Index of the value-at-risk and the mass strictly above it.

    The index is the smallest with ``sum(mass[: index + 1]) >= confidence * total``.
    """
    allowed = (1.0 - confidence + _SLACK) * total
    index = mass.size - 1
    above = 0.0
    while index > 0 and above + mass[index] <= allowed:
        above += mass[index]
        index -= 1
    return index, above


@njit(cache=True, nogil=True)
def tail_mean(ordered: Vector, mass: Vector, total: float, confidence: float) -> float:
    """Mean of the worst ``(1 - confidence) * total``, the boundary value counted in part."""
    index, above = tail_boundary(mass, total, confidence)
    tail = (1.0 - confidence) * total
    weighted = max(tail - above, 0.0) * ordered[index]
    for i in range(index + 1, ordered.size):
        weighted += mass[i] * ordered[i]
    return float(weighted / max(tail, above))


@njit(cache=True, nogil=True)
def interpolated_quantile(
    ordered: Vector,
    mass: Vector,
    total: float,
    confidence: float,
    effective: float,
    plotting: float,
) -> float:
    """Interpolated quantile of a weighted sample of ``effective`` observations.

    The mean of the quantile function over a window of width ``1 / effective``; equal masses give
    the interpolation at ``n c + a + (1 - 2 a) c`` with a = ``plotting``: 1 is type 7 (numpy's
    linear), 1/3 type 8, of Hyndman and Fan (The American Statistician 50, 1996). For weights see
    A. Akinshin, Weighted quantile estimators, arXiv 2304.07265.
    """
    place = effective * confidence + plotting + (1.0 - 2.0 * plotting) * confidence - 1.0
    low = min(max(place, 0.0), effective - 1.0) / effective * total
    high = low + total / effective
    reached = 0.0
    weighted = 0.0
    width = 0.0
    for i in range(ordered.size):
        start = max(reached, low)
        reached += mass[i]
        part = min(reached, high) - start
        if part > 0.0:
            weighted += part * ordered[i]
            width += part
        if reached >= high:
            break
    return weighted / width


@njit(cache=True, nogil=True)
def effective_size(mass: Vector) -> float:
    """Kish's effective number of observations, ``(sum w)^2 / sum w^2``."""
    total = 0.0
    squares = 0.0
    for weight in mass:
        total += weight
        squares += weight * weight
    return total * total / squares


@njit(cache=True, nogil=True)
def tail_count(mass: Vector, total: float, confidence: float) -> float:
    """Effective number of observations in the tail; ``n (1 - c)`` for equal masses."""
    index, above = tail_boundary(mass, total, confidence)
    tail = (1.0 - confidence) * total
    squares = max(tail - above, 0.0) * mass[index]
    for i in range(index + 1, mass.size):
        squares += mass[i] * mass[i]
    return tail * tail / squares if squares > 0.0 else math.nan
