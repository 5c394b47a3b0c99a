"""Linear regression by running sums, with standard errors robust to correlation over time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@njit(cache=True, nogil=True)
def add_rows(design: Matrix, target: Vector, weight: Vector, cross: Matrix, product: Vector) -> int:
    """Add rows to the sums ``X'WX`` (k, k) and ``X'Wy`` (k,), in order; the rows taken.

    Rows with a NaN, in the design, the target or the weight, are left out. Sums built row by row
    and at once are the same bits.
    """
    taken = 0
    for t in range(target.size):
        usable = not (np.isnan(target[t]) or np.isnan(weight[t]))
        for j in range(design.shape[1]):
            usable = usable and not np.isnan(design[t, j])
        if not usable:
            continue
        taken += 1
        for i in range(design.shape[1]):
            scaled = weight[t] * design[t, i]
            product[i] += scaled * target[t]
            for j in range(design.shape[1]):
                cross[i, j] += scaled * design[t, j]
    return taken


@njit(cache=True, nogil=True)
def unit_cholesky(cross: Matrix, least_pivot: float) -> tuple[Matrix, Vector, bool]:
    """Cholesky factor of ``cross`` on unit columns, its scales, and whether it is regular.

    A pivot is 1 - R^2 of a column on those before it; one below ``least_pivot`` counts as none.
    """
    k = cross.shape[0]
    factor, scale = np.zeros((k, k)), np.zeros(k)
    for i in range(k):
        if not cross[i, i] > 0.0:
            return factor, scale, False
        scale[i] = 1.0 / np.sqrt(cross[i, i])
        for j in range(i + 1):
            left = cross[i, j] * scale[i] * scale[j]
            for p in range(j):
                left -= factor[i, p] * factor[j, p]
            if i > j:
                factor[i, j] = left / factor[j, j]
            elif left > least_pivot:
                factor[i, i] = np.sqrt(left)
            else:
                return factor, scale, False
    return factor, scale, True


@njit(cache=True, nogil=True)
def solve_sums(cross: Matrix, product: Vector, least_pivot: float) -> tuple[Vector, bool]:
    """Solution of ``cross x = product``; False, and zeros, where it is singular.

    Examples
    --------
    >>> solve_sums(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 2.0]), 1e-8)
    (array([1. , 0.5]), True)
    """
    k = product.size
    x = np.zeros(k)
    factor, scale, regular = unit_cholesky(cross, least_pivot)
    if not regular:
        return x, False
    for i in range(k):
        left = product[i] * scale[i]
        for p in range(i):
            left -= factor[i, p] * x[p]
        x[i] = left / factor[i, i]
    for i in range(k - 1, -1, -1):
        left = x[i]
        for p in range(i + 1, k):
            left -= factor[p, i] * x[p]
        x[i] = left / factor[i, i]
    return x * scale, True


def hac_covariance(design: Matrix, residual: Vector, weight: Vector, lags: int) -> Matrix:
    """Newey-West (1987) covariance (k, k) of the coefficients of a (weighted) regression.

    ``B (g_0 + sum_{l=1}^{L} (1 - l / (L + 1)) (g_l + g_l')) B`` with ``B = (X'WX)^-1`` and ``g_l``
    the sums of ``s_t s_{t-l}'`` of the scores ``s_t = w_t x_t e_t``. No small-sample factor.

    Parameters
    ----------
    design : (n, k) float64
    residual, weight : (n,) float64
    lags : int
        0 gives White's (1980).
    """
    bread = np.linalg.inv(design.T @ (weight[:, None] * design))
    score = design * (weight * residual)[:, None]
    meat = score.T @ score
    for lag in range(1, min(lags, residual.size - 1) + 1):
        shifted = score[lag:].T @ score[:-lag]
        meat += (1.0 - lag / (lags + 1.0)) * (shifted + shifted.T)
    out: Matrix = bread @ meat @ bread
    return out


def newey_west_lags(observations: int, horizon: int) -> int:
    """Lags: ``4 (n / 100)^(2/9)`` (Newey and West, 1994), at least 2 (h - 1) for h-step targets.

    Errors of h-step targets overlap over h - 1 lags; Bartlett's weights halve those at h - 1.

    Examples
    --------
    >>> newey_west_lags(1000, 1), newey_west_lags(1000, 22)
    (6, 42)
    """
    return max(int(4.0 * (observations / 100.0) ** (2.0 / 9.0)), 2 * (horizon - 1))
