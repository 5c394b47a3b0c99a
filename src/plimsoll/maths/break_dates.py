"""Kernels of breaks: cumulated squares, long-run variances, best partitions into levels."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.counter_random import random_unit

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]


@njit(cache=True, nogil=True)
def newey_west_bandwidth(values: Vector) -> float:
    """Bartlett bandwidth of Newey and West (1994) from the data, at most half of them."""
    n = values.size
    lags = min(int(4.0 * (n / 100.0) ** (2.0 / 9.0)), n - 1)
    mean = values.mean()
    total, weighted = 0.0, 0.0
    for lag in range(lags + 1):
        covariance = 0.0
        for t in range(lag, n):
            covariance += (values[t] - mean) * (values[t - lag] - mean)
        share = covariance / n * (1.0 if lag == 0 else 2.0)
        total += share
        weighted += lag * share
    if not total > 0.0:
        return 0.0
    found = 1.1447 * ((weighted / total) ** 2 * n) ** (1.0 / 3.0)
    return float(min(max(found, 0.0), 0.5 * n))


@njit(cache=True, nogil=True)
def bartlett_variance(values: Vector, bandwidth: float) -> float:
    """Long-run variance about the mean, weights ``1 - lag / (bandwidth + 1)``."""
    n = values.size
    mean = values.mean()
    total = 0.0
    for lag in range(min(int(bandwidth), n - 1) + 1):
        covariance = 0.0
        for t in range(lag, n):
            covariance += (values[t] - mean) * (values[t - lag] - mean)
        weight = 1.0 - lag / (int(bandwidth) + 1.0)
        total += weight * covariance / n * (1.0 if lag == 0 else 2.0)
    return total


@njit(cache=True, nogil=True)
def largest_bridge(values: Vector) -> tuple[float, int]:
    """``max_k |S_k - k / n S_n| / sqrt(n)`` of partial sums, and the k (rows before the break)."""
    n = values.size
    total = values.sum()
    running, best, at = 0.0, 0.0, 0
    for k in range(n - 1):
        running += values[k]
        gap = abs(running - (k + 1) / n * total)
        if gap > best:
            best, at = gap, k + 1
    return best / math.sqrt(n), at


@njit(cache=True, nogil=True)
def largest_mean_shift(values: Vector, trim: int) -> tuple[float, int]:
    """Largest fall of the sum of squares by one shift of the mean, and the rows before it.

    Both sides keep at least ``trim`` rows.
    """
    n = values.size
    total = values.sum()
    running, best, at = 0.0, 0.0, 0
    for k in range(1, n):
        running += values[k - 1]
        if k < trim or n - k < trim:
            continue
        gap = running - k / n * total
        gain = gap * gap * n / (k * (n - k))
        if gain > best:
            best, at = gain, k
    return best, at


@njit(cache=True, nogil=True)
def best_partition(values: Vector, breaks: int, trim: int) -> Index:
    """Rows at which new levels begin: least sum of squares by dynamic programming (Bai-Perron).

    Every stretch has at least ``trim`` rows; O(breaks n^2).
    """
    n = values.size
    sums, squares = np.zeros(n + 1), np.zeros(n + 1)
    for t in range(n):
        sums[t + 1] = sums[t] + values[t]
        squares[t + 1] = squares[t] + values[t] * values[t]
    cost = np.full((breaks + 1, n + 1), np.inf)
    origin = np.zeros((breaks + 1, n + 1), dtype=np.int64)
    for end in range(trim, n + 1):
        cost[0, end] = squares[end] - sums[end] ** 2 / end
    for m in range(1, breaks + 1):
        for end in range((m + 1) * trim, n + 1):
            for start in range(m * trim, end - trim + 1):
                gap = sums[end] - sums[start]
                found = cost[m - 1, start] + squares[end] - squares[start]
                found -= gap * gap / (end - start)
                if found < cost[m, end]:
                    cost[m, end] = found
                    origin[m, end] = start
    out = np.empty(breaks, dtype=np.int64)
    end = n
    for m in range(breaks, 0, -1):
        end = origin[m, end]
        out[m - 1] = end
    return out


@njit(cache=True, nogil=True)
def simulated_bridge_suprema(trim: float, steps: int, draws: int, seed: int) -> Vector:
    """Draws of ``sup B(u)^2 / (u (1 - u))`` over ``[trim, 1 - trim]``, B a Brownian bridge."""
    out = np.empty(draws)
    walk = np.empty(steps)
    for d in range(draws):
        running = 0.0
        for k in range(steps):
            first = random_unit(seed, 2 * (d * steps + k))
            second = random_unit(seed, 2 * (d * steps + k) + 1)
            radius = math.sqrt(-2.0 * math.log1p(-first))
            running += radius * math.cos(2.0 * math.pi * second)
            walk[k] = running
        best = 0.0
        for k in range(1, steps):
            u = k / steps
            if trim <= u <= 1.0 - trim:
                gap = walk[k - 1] - u * running
                best = max(best, gap * gap / (steps * u * (1.0 - u)))
        out[d] = best
    return out
