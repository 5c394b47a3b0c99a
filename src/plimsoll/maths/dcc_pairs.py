"""Composite likelihood of a DCC: densities of pairs of columns, summed.

For hundreds of columns the full likelihood needs a factorisation of a large matrix a row, and its
target is nearly singular. The sum of the bivariate likelihoods estimates the same two parameters
without either (Pakel, Shephard, Sheppard and Engle, 2021).

Holes (a column without a residual in a row) are written as NaN: the row has no density for the
pair, and the missing products take what is expected of them under the target, given the other
column of the pair where that one was seen.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.dcc_densities import law_of_form, t_constant

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
IndexMatrix = NDArray[np.int64]

_PARTS = 8


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _slope_of_r(q: Vector, by: Vector) -> float:
    """Slope of ``q_xy / sqrt(q_xx q_yy)``."""
    root = math.sqrt(q[0] * q[1])
    return float(by[2] / root - 0.5 * q[2] / root * (by[0] / q[0] + by[1] / q[1]))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _slope_in_r(x: float, y: float, r: float, weight: float) -> float:
    """Slope of a pair's log density in its correlation; ``weight`` is that of its form."""
    left = 1.0 - r * r
    form = 2.0 * (r * (x * x + y * y) - (1.0 + r * r) * x * y) / (left * left)
    return r / left - 0.5 * weight * form


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _news(x: float, y: float, own: Vector, news: Vector) -> None:
    """Products xx, yy, xy less the target's; expected ones where one is missing."""
    seen_x, seen_y = x == x, y == y
    if seen_x and seen_y:
        news[0], news[1], news[2] = x * x - own[0], y * y - own[1], x * y - own[2]
    elif seen_x:
        slope = own[2] / own[0]
        news[0] = x * x - own[0]
        news[1], news[2] = slope * slope * news[0], slope * news[0]
    elif seen_y:
        slope = own[2] / own[1]
        news[1] = y * y - own[1]
        news[0], news[2] = slope * slope * news[1], slope * news[1]
    else:
        news[:] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _add_pair(
    x: Vector,
    y: Vector,
    own: Vector,
    a: float,
    b: float,
    eta: float,
    law: Vector,
    slopes: bool,
    rows: Matrix,
) -> None:
    """Add the densities of one pair; ``own`` are the target's entries xx, yy, xy."""
    q, by_a, by_b = own.copy(), np.zeros(3), np.zeros(3)
    news = np.empty(3)
    for t in range(x.size):
        r = q[2] / math.sqrt(q[0] * q[1])
        seen = x[t] == x[t] and y[t] == y[t]
        if seen:
            form = (x[t] * x[t] - 2.0 * r * x[t] * y[t] + y[t] * y[t]) / (1.0 - r * r)
            value, weight, by_eta = law_of_form(form, eta, 2, law[0], law[1])
            rows[t, 0] += value - 0.5 * math.log(1.0 - r * r)
        if seen and slopes:
            by_r = _slope_in_r(x[t], y[t], r, weight)
            rows[t, 1] += by_r * _slope_of_r(q, by_a)
            rows[t, 2] += by_r * _slope_of_r(q, by_b)
            rows[t, 3] += by_eta
        _news(x[t], y[t], own, news)
        for c in range(3):
            by_b[c] = b * by_b[c] + (q[c] - own[c])
            by_a[c] = b * by_a[c] + news[c]
            q[c] = own[c] + (a * news[c] + b * (q[c] - own[c]))


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def dcc_pair_densities(
    columns: Matrix,
    target: Matrix,
    pairs: IndexMatrix,
    a: float,
    b: float,
    eta: float,
    slopes: bool,
    rows: Matrix,
) -> bool:
    """Write the rows' summed log densities and slopes in a, b, eta; False where not definite.

    Parameters
    ----------
    columns : ndarray, shape (N, T)
        Standardised residuals, a series a row; NaN where there is none.
    target : ndarray, shape (N, N)
    pairs : ndarray, shape (P, 2)
        Columns of each pair.
    eta : float
        ``1 / nu`` of the pairs' t law, 0 for normal.
    slopes : bool
        Whether the slopes are wanted; their columns are 0 without.
    rows : ndarray, shape (T, 4)
        Result, as of :func:`plimsoll.maths.dcc_densities.dcc_densities`.
    """
    law = np.zeros(2)
    if eta > 0.0:
        law[0], law[1] = t_constant(eta, 2)
    # A fixed number of parts, summed in order: the same bits whatever the number of threads.
    parts = np.zeros((_PARTS, rows.shape[0], 4))
    for part in prange(_PARTS):
        own = np.empty(3)
        for p in range(part, pairs.shape[0], _PARTS):
            i, j = pairs[p, 0], pairs[p, 1]
            own[0], own[1], own[2] = target[i, i], target[j, j], target[i, j]
            _add_pair(columns[i], columns[j], own, a, b, eta, law, slopes, parts[part])
    rows[:, :] = 0.0
    for part in range(_PARTS):
        rows += parts[part]
    return bool(np.all(np.isfinite(rows[:, 0])))
