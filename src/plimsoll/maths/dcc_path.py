"""The recursion of DCC, one step and the path made of steps.

    Q[t+1] = Qbar + a (z[t] z[t]' - Qbar) + b (Q[t] - Qbar)

The news of a hole (NaN) are what is expected of it, under the target, given the mean of the columns
that were seen: Q stays positive semi-definite, and a column that is not listed yet stays at its
target on average.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

_NOTHING = 1e-8


@njit(cache=True, nogil=True, error_model="numpy")
def dcc_step(
    q: Matrix, news: Matrix, target: Matrix, a: float, b: float, following: Matrix
) -> None:
    """Write Q of the next row; ``news`` is ``z z'`` of this one. ``following`` may be ``q``."""
    for i in range(q.shape[0]):
        for j in range(i + 1):
            level = target[i, j]
            value = level + (a * (news[i, j] - level) + b * (q[i, j] - level))
            following[i, j] = value
            following[j, i] = value


@njit(cache=True, nogil=True, error_model="numpy")
def correlation_of(q: Matrix, correlation: Matrix) -> None:
    """Scale a positive semi-definite matrix to unit diagonal."""
    n = q.shape[0]
    for i in range(n):
        for j in range(i):
            value = q[i, j] / np.sqrt(q[i, i] * q[j, j])
            value = min(1.0, max(-1.0, value))
            correlation[i, j] = value
            correlation[j, i] = value
        correlation[i, i] = 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def dcc_correlations(
    residuals: Matrix, target: Matrix, a: float, b: float, path: Cube, q: Matrix
) -> None:
    """Correlation before each row and after the last, shape (T + 1, N, N); Q at the end in ``q``.

    Residuals without holes.
    """
    rows, n = residuals.shape
    news = np.empty((n, n))
    q[:, :] = target
    for t in range(rows):
        correlation_of(q, path[t])
        for i in range(n):
            for j in range(i + 1):
                news[i, j] = residuals[t, i] * residuals[t, j]
        dcc_step(q, news, target, a, b, q)
    correlation_of(q, path[rows])


@njit(cache=True, nogil=True, error_model="numpy")
def dcc_end(residuals: Matrix, target: Matrix, a: float, b: float, q: Matrix) -> None:
    """Write Q after the last row, with the bits of the path's; residuals without holes."""
    rows, n = residuals.shape
    news = np.empty((n, n))
    q[:, :] = target
    for t in range(rows):
        for i in range(n):
            for j in range(i + 1):
                news[i, j] = residuals[t, i] * residuals[t, j]
        dcc_step(q, news, target, a, b, q)


def residual_news(row: Vector, target: Matrix) -> Matrix:
    """``z z'`` of a row of residuals, its holes (NaN) by their expectation under the target.

    The expectation is that given the mean of the columns that were seen: given all of them it
    would be a regression on hundreds of columns, which is noise. What the mean does not explain
    keeps its covariance under the target, so the result is semi-definite.
    """
    seen = np.isfinite(row)
    if bool(np.all(seen)):
        return np.outer(row, row)
    known, missing = np.flatnonzero(seen), np.flatnonzero(~seen)
    if known.size == 0:
        return target.copy()
    own = target[np.ix_(missing, missing)]
    variance = float(target[np.ix_(known, known)].mean())
    covariance = target[np.ix_(missing, known)].mean(axis=1)
    slopes = covariance / variance if variance > _NOTHING else np.zeros(missing.size)
    filled = row.copy()
    filled[missing] = slopes * row[known].mean()
    news = np.outer(filled, filled)
    news[np.ix_(missing, missing)] += own - variance * np.outer(slopes, slopes)
    return news
