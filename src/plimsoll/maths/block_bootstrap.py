"""Block bootstrap of tail quantiles of dependent values.

Circular blocks (Politis and Romano, 1992) of a stated length keep the dependence inside a block;
the length should exceed the reach of the dependence (a day of hourly bars, or the horizon of
overlapping moves, whichever is longer). The values are ordered once: a resample is a set of
weights, and only its upper tail is ever gathered.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.counter_random import random_index
from plimsoll.maths.gpd import (
    MINIMUM_EXCEEDANCES,
    gpd_fit_pwm,
    gpd_tail_quantile,
)

Vector = NDArray[np.float64]
Counts = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _draw_weights(count: int, block: int, seed: int, replicate: int, weights: Counts) -> None:
    """How often each position is drawn: whole circular blocks, the last one cut to size."""
    blocks = (count + block - 1) // block
    weights[:] = 0
    for b in range(blocks):
        length = min(block, count - b * block)
        first = random_index(seed, replicate * blocks + b, count)
        weights[first] += 1
        if first + length <= count:
            weights[first + length] -= 1
        else:
            weights[count] -= 1
            weights[0] += 1
            weights[first + length - count] -= 1
    for i in range(1, count):
        weights[i] += weights[i - 1]


@njit(cache=True, nogil=True)
def _gather_tail(ordered: Vector, order: Counts, weights: Counts, tail: Vector) -> None:
    """The ``tail.size`` largest of the resample, ascending, into ``tail``."""
    empty = tail.size
    position = ordered.size - 1
    while empty > 0:
        for _ in range(weights[order[position]]):
            if empty > 0:
                empty -= 1
                tail[empty] = ordered[position]
        position -= 1


@njit(cache=True, nogil=True)
def tail_quantile_of_sorted_tail(
    tail: Vector, count: int, tail_fraction: float, confidence: float, pareto: bool
) -> float:
    """Quantile of ``count`` values of which ``tail`` holds the largest, ascending.

    ``tail`` reaches down to the order statistic below the threshold. Empirical type 7, or
    generalised Pareto by weighted moments where ``pareto`` and the confidence lie in the tail.
    """
    offset = count - tail.size
    position = (count - 1) * ((1.0 - tail_fraction) if pareto else confidence)
    low = int(position)
    below, above = tail[low - offset], tail[min(low + 1, count - 1) - offset]
    threshold = below + (position - low) * (above - below)
    if not pareto:
        return float(threshold)
    first = np.searchsorted(tail, threshold, side="right")
    exceedances = tail.size - first
    if exceedances < MINIMUM_EXCEEDANCES:
        return np.nan
    xi, beta = gpd_fit_pwm(tail[first:] - threshold)
    return gpd_tail_quantile(threshold, xi, beta, exceedances / count, confidence)


@njit(cache=True, nogil=True)
def block_bootstrap_quantiles(
    values: Vector,
    confidence: float,
    tail_fraction: float,
    pareto: bool,
    block: int,
    replicates: int,
    seed: int,
) -> Vector:
    """Tail quantile of each resample, shape (replicates,); NaN where a resample has no tail.

    ``pareto`` needs ``1 - confidence`` below ``tail_fraction``.
    """
    count = values.size
    order = np.argsort(values)
    ordered = values[order]
    reach = (1.0 - tail_fraction) if pareto else confidence
    tail = np.empty(count - int((count - 1) * reach))
    weights = np.empty(count + 1, dtype=np.int64)
    quantiles = np.empty(replicates)
    for r in range(replicates):
        _draw_weights(count, block, seed, r, weights)
        _gather_tail(ordered, order, weights, tail)
        quantiles[r] = tail_quantile_of_sorted_tail(tail, count, tail_fraction, confidence, pareto)
    return quantiles
