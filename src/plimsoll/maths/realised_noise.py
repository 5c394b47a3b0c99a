"""Realised variance of returns so fine that quotes bounce: subsampling and a realised kernel.

Returns of a minute and less carry noise of bid and ask: RV of all of them is biased upwards by
2 n omega^2, omega^2 the variance of the noise. Two remedies:

- subsampling (Zhang, Mykland and Ait-Sahalia, 2005): the mean of the RVs of returns over k bars
  begun at each of the k offsets, each scaled to the whole block;
- the Parzen kernel (Barndorff-Nielsen, Hansen, Lunde and Shephard, Econometrics Journal 12, 2009):
  ``g_0 + 2 sum_h k(h / (H + 1)) g_h`` of autocovariance sums g, never negative.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]

PARZEN_CONSTANT = 3.5134
"""c* of the Parzen kernel: H = c* xi^(4/5) n^(3/5)."""


@njit(cache=True, nogil=True)
def parzen_weight(x: float) -> float:
    """Parzen's kernel on [0, 1], 0 beyond."""
    if x <= 0.5:
        return 1.0 - 6.0 * x * x + 6.0 * x * x * x
    return 2.0 * (1.0 - x) ** 3 if x < 1.0 else 0.0


@njit(cache=True, nogil=True)
def parzen_variance(returns: Vector, bandwidth: int) -> float:
    """Realised kernel with H = ``bandwidth``; 0 gives RV.

    Examples
    --------
    >>> float(parzen_variance(np.array([1.0, -2.0, 2.0]), 0))
    9.0
    """
    total = 0.0
    for r in returns:
        total += r * r
    for h in range(1, min(bandwidth, returns.size - 1) + 1):
        covariance = 0.0
        for t in range(h, returns.size):
            covariance += returns[t] * returns[t - h]
        total += 2.0 * parzen_weight(h / (bandwidth + 1.0)) * covariance
    return max(total, 0.0)


@njit(cache=True, nogil=True)
def subsampled_variance_of(returns: Vector, every: int) -> float:
    """Mean over offsets of the RV of returns over ``every`` bars, each scaled to all bars."""
    n, total = returns.size, 0.0
    for offset in range(every):
        pieces = (n - offset) // every
        found = 0.0
        for p in range(pieces):
            step = 0.0
            for t in range(offset + p * every, offset + (p + 1) * every):
                step += returns[t]
            found += step * step
        total += found * n / (pieces * every)
    return total / every


@njit(cache=True, nogil=True)
def parzen_bandwidth(returns: Vector, sparse: int) -> int:
    """H that minimises the asymptotic error: c* (omega^2 / IV)^(2/5) n^(3/5), at most n / 2.

    omega^2 is RV / (2 n) of all returns, an upper bound where there is little noise; IV is the RV
    subsampled over ``sparse`` bars.
    """
    n = returns.size
    integrated = subsampled_variance_of(returns, sparse)
    if not integrated > 0.0:
        return 0
    noise = parzen_variance(returns, 0) / (2.0 * n)
    wanted = PARZEN_CONSTANT * (noise / integrated) ** 0.4 * n**0.6
    return int(min(math.ceil(wanted), n // 2))
