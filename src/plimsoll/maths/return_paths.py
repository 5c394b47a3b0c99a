"""Filtered historical simulation: resampled shocks run through a variance recursion.

Barone-Adesi, Giannopoulos and Vosper (1999): standardised residuals are drawn with replacement,
scaled by the volatility of the moment, and feed the recursion that makes the next volatility.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.counter_random import random_index
from plimsoll.maths.recursions import gjr_step

Vector = NDArray[np.float64]


@njit(cache=True, nogil=True)
def simulate_horizon_returns(
    shocks: Vector,
    variances: Vector,
    variance_next: float,
    coefficients: Vector,
    horizon: int,
    paths: int,
    seed: int,
    ratio_low: float,
    ratio_high: float,
) -> Vector:
    """Sums of ``horizon`` simulated log returns, one for each path.

    Parameters
    ----------
    shocks, variances : ndarray, shape (n,)
        Past shocks (returns less mean) and their variances.
    variance_next : float
        Variance of the first simulated shock.
    coefficients : ndarray, shape (5,)
        Mean, omega, alpha, gamma, beta. An EWMA is ``(0, 0, 1 - decay, 0, decay)``.
    horizon, paths, seed : int
        Steps, number of paths, seed. Path ``p`` is the same whatever the number of paths.
    ratio_low, ratio_high : float
        Bounds on simulated over historical volatility when a shock is rescaled.
    """
    mean, omega, alpha, gamma, beta = coefficients
    totals = np.empty(paths)
    for p in range(paths):
        variance, total = variance_next, 0.0
        for step in range(horizon):
            i = random_index(seed, p * horizon + step, shocks.size)
            ratio = math.sqrt(variance / variances[i])
            shock = shocks[i] * min(max(ratio, ratio_low), ratio_high)
            total += mean + shock
            variance = gjr_step(variance, shock, omega, alpha, gamma, beta)
        totals[p] = total
    return totals


@njit(cache=True, nogil=True)
def overlapping_sums(values: Vector, length: int) -> Vector:
    """Sums of each ``length`` consecutive values: ``n - length + 1`` of them."""
    count = values.size - length + 1
    sums = np.empty(count)
    for start in range(count):
        total = 0.0
        for k in range(length):
            total += values[start + k]
        sums[start] = total
    return sums
