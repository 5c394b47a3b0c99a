"""Jump statistics of Lee and Mykland (2008) with a window sum that never subtracts.

The state of a series is one vector: the size of the last return, how many products it has seen,
how many stand in the current block, their running sum, that block, and the suffix sums of the
block before it. A window is a suffix of the old block and a prefix of the new one, so that a huge
product leaves no rounding behind when it drops out, and a stream gives the bits of a batch.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_SIZE, _SEEN, _AT, _PREFIX, _HEAD = 0, 1, 2, 3, 4


@njit(cache=True, nogil=True)
def lee_mykland_state(window: int) -> Vector:
    """State before the first return; ``window`` is K, at least 3."""
    state = np.zeros(_HEAD + 2 * (window - 2))
    state[_SIZE] = -1.0
    return state


@njit(cache=True, nogil=True)
def lee_mykland_step(state: Vector, value: float) -> float:
    """Statistic ``r_t / sigma_t`` of one return; ``state`` moves on.

    ``sigma_t^2`` is the mean of the K - 2 products ``|r_j| |r_(j-1)|``, j = t-K+2 .. t-1, without
    the factor pi / 2. NaN before K returns have been seen and where all products are 0.
    """
    count = (state.size - _HEAD) // 2
    seen = int(state[_SEEN])
    at = int(state[_AT])
    statistic = np.nan
    if seen > count:
        total = state[_PREFIX] + state[_HEAD + count + at]
        if total > 0.0:
            statistic = value / math.sqrt(total / count)
    size = abs(value)
    if state[_SIZE] >= 0.0:
        _push(state, count, at, size * state[_SIZE])
    state[_SIZE] = size
    return statistic


@njit(cache=True, nogil=True)
def _push(state: Vector, count: int, at: int, product: float) -> None:
    """Add one product; a full block becomes suffix sums."""
    state[_HEAD + at] = product
    state[_PREFIX] += product
    state[_SEEN] += 1.0
    state[_AT] = at + 1.0
    if at + 1 < count:
        return
    state[_AT] = 0.0
    suffix = 0.0
    for j in range(count - 1, -1, -1):
        suffix += state[_HEAD + j]
        state[_HEAD + count + j] = suffix
    state[_PREFIX] = 0.0


@njit(cache=True, nogil=True)
def lee_mykland_run(returns: Vector, skip_zeros: bool, state: Vector, out: Vector) -> None:
    """Statistics of a series into ``out``; NaN returns, and zeros on request, are passed over."""
    for t in range(returns.size):
        value = returns[t]
        passed = math.isnan(value) or (skip_zeros and value == 0.0)
        out[t] = np.nan if passed else lee_mykland_step(state, value)


@njit(cache=True, nogil=True, parallel=True)
def lee_mykland_table(returns: Matrix, window: int, skip_zeros: bool) -> Matrix:
    """Statistics of many series, (markets, bars) in and out."""
    out = np.empty_like(returns)
    for market in prange(returns.shape[0]):
        lee_mykland_run(returns[market], skip_zeros, lee_mykland_state(window), out[market])
    return out


@njit(cache=True, nogil=True)
def bipower_sum(returns: Vector) -> float:
    """``(pi / 2) sum |r_i| |r_(i-1)|`` without a finite-sample factor."""
    total = 0.0
    for i in range(1, returns.size):
        total += abs(returns[i]) * abs(returns[i - 1])
    return 0.5 * math.pi * total
