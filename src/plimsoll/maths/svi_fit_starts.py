"""Where a fit of SVI starts: the best linear fits on a grid of centres of the hyperbola.

For a given centre ``(m, sigma)`` total variance is linear in what is left, ``w = a + d x + b r``
with ``x = y - m``, ``r = sqrt(x**2 + sigma**2)`` and ``|d| <= b``, so that its least squares are a
system of three equations and its faces (the quasi-explicit calibration of De Marco and Martini,
Zeliade Systems, 2009). The cost on the grid shows the valleys of the problem; each of its local
minima is a start.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

GRID_M = (-1.0, -0.5, 0.0, 0.5, 1.0)
GRID_SIGMA = (0.05, 0.2, 0.6, 2.0)
_REORDER = {"reassoc", "contract", "arcp", "nsz"}
_ROWS, _COLUMNS = len(GRID_M), len(GRID_SIGMA)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_REORDER, forceinline=True)
def _moments(y: Vector, variance: Vector, squared_weight: Vector) -> tuple[float, ...]:
    """Weighted sums of ``1, y, y**2, w, w y, w**2``."""
    s0, s1, s2, t0, t1, tt = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(y.size):
        weight = squared_weight[i]
        at, w = weight * y[i], weight * variance[i]
        s0 += weight
        s1 += at
        s2 += at * y[i]
        t0 += w
        t1 += w * y[i]
        tt += w * variance[i]
    return s0, s1, s2, t0, t1, tt


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_REORDER, forceinline=True)
def _root_moments(
    y: Vector, variance: Vector, squared_weight: Vector, m: float, square: float
) -> tuple[float, float, float]:
    """Weighted sums of ``r, r x, r w``."""
    sr, sxr, swr = 0.0, 0.0, 0.0
    for i in range(y.size):
        x = y[i] - m
        r = squared_weight[i] * math.sqrt(x * x + square)
        sr += r
        sxr += r * x
        swr += r * variance[i]
    return sr, sxr, swr


@njit(cache=True, nogil=True, error_model="numpy")
def linear_fit(
    y: Vector,
    variance: Vector,
    squared_weight: Vector,
    moments: tuple[float, ...],
    m: float,
    sigma: float,
    point: Vector,
) -> float:
    """Best total variances for a centre, wings not falling; cost, and ``point`` is written.

    The sums are centred on their means, which removes the level; wings that would fall are flat.
    """
    s0, s1, s2, t0, t1, tt = moments
    square = sigma * sigma
    sr, sxr, swr = _root_moments(y, variance, squared_weight, m, square)
    sx, sxx, swx = s1 - m * s0, s2 - 2.0 * m * s1 + m * m * s0, t1 - m * t0
    inverse = 1.0 / s0
    xx, xr = sxx - sx * sx * inverse, sxr - sx * sr * inverse
    rr = sxx + square * s0 - sr * sr * inverse
    xw, rw = swx - sx * t0 * inverse, swr - sr * t0 * inverse
    best = tt - t0 * t0 * inverse
    right, left = 0.0, 0.0
    determinant = xx * rr - xr * xr
    b = (xx * rw - xr * xw) / determinant
    d = (rr * xw - xr * rw) / determinant
    if determinant > 1e-14 * xx * rr and b >= abs(d):
        best -= b * rw + d * xw
        right, left = b + d, b - d
    else:
        whole = best
        for side in (1.0, -1.0):
            squares, product = 0.25 * (rr + 2.0 * side * xr + xx), 0.5 * (rw + side * xw)
            gain = product * product / squares
            if product > 0.0 and whole - gain < best:
                best = whole - gain
                right = product / squares if side > 0.0 else 0.0
                left = 0.0 if side > 0.0 else product / squares
    bow, along = 0.5 * (right + left), 0.5 * (right - left)
    point[0] = (t0 - bow * sr - along * sx) * inverse - along * m + bow * math.sqrt(m * m + square)
    point[1], point[2], point[3], point[4] = right, left, m, sigma
    return 0.5 * best


@njit(cache=True, nogil=True, error_model="numpy")
def find_starts(y: Vector, variance: Vector, squared_weight: Vector, starts: Matrix) -> int:
    """Write the starts, best first, at most as many as fit; return how many.

    Parameters
    ----------
    y, variance : ndarray, shape (n,)
        Scaled strikes and total variances.
    squared_weight : ndarray, shape (n,)
        Of the total variances.
    starts : ndarray, shape (most, 5)
        level, right, left, m, sigma.
    """
    moments = _moments(y, variance, squared_weight)
    costs = np.full((_ROWS + 2, _COLUMNS + 2), np.inf)
    point = np.empty(5)
    for i in range(_ROWS):
        for j in range(_COLUMNS):
            costs[i + 1, j + 1] = linear_fit(
                y, variance, squared_weight, moments, GRID_M[i], GRID_SIGMA[j], point
            )
    found, last = 0, -np.inf
    while found < starts.shape[0]:
        row, column = _next_minimum(costs, last)
        if row < 0:
            break
        last = costs[row, column]
        linear_fit(
            y,
            variance,
            squared_weight,
            moments,
            GRID_M[row - 1],
            GRID_SIGMA[column - 1],
            starts[found],
        )
        found += 1
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _next_minimum(costs: Matrix, above: float) -> tuple[int, int]:
    """Row and column of the least local minimum greater than ``above``; -1 if there is none."""
    best, row, column = np.inf, -1, -1
    for i in range(1, _ROWS + 1):
        for j in range(1, _COLUMNS + 1):
            cost = costs[i, j]
            if above < cost < best and cost <= np.min(costs[i - 1 : i + 2, j - 1 : j + 2]):
                best, row, column = cost, i, j
    return row, column
