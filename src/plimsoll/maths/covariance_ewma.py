"""Exponentially weighted covariance, one row at a time.

With weight ``w``, mean ``m`` and covariance ``C`` so far and ``l`` the decay,

    recursive    C <- l C + (1 - l) x x',   first C = x x'          (zero mean)
    normalised   C <- (l w C + x x') / (l w + 1)                    (zero mean)
    demeaned     C <- l w / (l w + 1) (C + (x - m)(x - m)' / (l w + 1)),
                 m <- m + (x - m) / (l w + 1)

The second is the weighted mean of the outer products under weights ``l**i``; the third the
weighted covariance about the weighted mean under the same weights, without a correction of bias
(West, 1979).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

RECURSIVE, NORMALISED, DEMEANED = 0, 1, 2


@njit(cache=True, nogil=True, error_model="numpy")
def ewma_covariance_step(
    covariance: Matrix, mean: Vector, weight: float, row: Vector, decay: float, rule: int
) -> float:
    """Move ``covariance`` (N, N) and ``mean`` (N,) by one row, in place; the new weight.

    A weight of 0 means that no row was seen yet.
    """
    old = decay * weight
    new = old + 1.0
    keep, news = old / new, 1.0 / new
    if rule == RECURSIVE:
        keep, news = (decay, 1.0 - decay) if weight > 0.0 else (0.0, 1.0)
    elif rule == DEMEANED:
        news = keep / new
    n = row.size
    for i in range(n):
        left = row[i] - mean[i]
        for j in range(i + 1):
            value = keep * covariance[i, j] + news * (left * (row[j] - mean[j]))
            covariance[i, j] = value
            covariance[j, i] = value
    if rule == DEMEANED:
        for i in range(n):
            mean[i] += (row[i] - mean[i]) / new
    return new


@njit(cache=True, nogil=True, error_model="numpy")
def ewma_covariance_filter(
    rows: Matrix, decay: float, rule: int, covariance: Matrix, mean: Vector
) -> float:
    """Run the steps over ``rows`` (T, N) from zeros in ``covariance`` and ``mean``; the weight."""
    weight = 0.0
    for t in range(rows.shape[0]):
        weight = ewma_covariance_step(covariance, mean, weight, rows[t], decay, rule)
    return weight
