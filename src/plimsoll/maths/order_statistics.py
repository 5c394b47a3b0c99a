"""Empirical quantiles and tail means under named conventions, callable from kernels.

``type7`` interpolates linearly at ``(n - 1) * p`` (numpy's default), ``order_stat`` takes the
``ceil(n * p)``-th smallest, ``tail mean`` averages the worst ``n * (1 - c)`` with the fraction of
the boundary observation counted (Acerbi and Tasche; equal to Rockafellar and Uryasev's LP).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_SLACK = 1e-9


@njit(cache=True, nogil=True)
def quantile_type7(ordered: Vector, probability: float) -> float:
    """Linear (type 7) quantile of ``ordered``, ascending and not empty."""
    position = (ordered.size - 1) * probability
    low = math.floor(position)
    high = min(low + 1, ordered.size - 1)
    fraction = position - low
    return float(ordered[low] + fraction * (ordered[high] - ordered[low]))


@njit(cache=True, nogil=True)
def quantile_order_statistic(ordered: Vector, probability: float) -> float:
    """The ``ceil(n * probability)``-th smallest of ``ordered``, ascending and not empty."""
    rank = math.ceil(ordered.size * probability - _SLACK)
    return float(ordered[min(max(rank, 1), ordered.size) - 1])


@njit(cache=True, nogil=True)
def upper_tail_mean(ordered: Vector, confidence: float) -> float:
    """Mean of the largest ``n * (1 - confidence)`` of ``ordered``, boundary fraction counted."""
    n = ordered.size
    weight = n * (1.0 - confidence)
    whole = min(math.floor(weight + _SLACK), n)
    fraction = max(weight - whole, 0.0)
    total = 0.0
    for i in range(whole):
        total += ordered[n - 1 - i]
    if whole < n:
        total += fraction * ordered[n - 1 - whole]
    return total / weight
