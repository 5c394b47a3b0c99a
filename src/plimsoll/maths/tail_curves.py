"""Quantiles of counted tails at many probabilities at once: one pass over the bins of a market."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.tail_counts import BIN_LOG, BINS, EDGES, LOWEST, TailCounts, TailRules

Vector = NDArray[np.float64]
Cube = NDArray[np.float64]


@njit(cache=True, nogil=True)
def _write_quantiles(
    own: Vector, pool: Vector, pool_weight: float, wanted: Vector, out: Vector
) -> None:
    """Write values exceeded by rising ``wanted`` counts, as `tail_counts.mixed_quantile` reads."""
    above, node = 0.0, 0
    for place in range(BINS - 1, -1, -1):
        here = own[place] + pool_weight * pool[place]
        while node < wanted.size and above + here >= wanted[node]:
            share = (wanted[node] - above) / here
            out[node] = float(EDGES[place + 1]) * math.exp(-BIN_LOG * share)
            node += 1
        if node == wanted.size:
            return
        above += here
    out[node:] = LOWEST


@njit(cache=True, nogil=True)
def write_tail_curves(counts: TailCounts, rules: TailRules, tails: Vector, out: Cube) -> None:
    """Write (N, 2, G) quantiles of moves over volatility; NaN where too few moves are known.

    Parameters
    ----------
    counts, rules
        As for `tail_counts.write_tails`, whose quantiles these are, to the bit.
    tails : (G,) float64
        Probabilities beyond, rising.
    """
    out[:] = np.nan
    if counts.pool_total[1] < rules.least_pooled:
        return
    weight = rules.pool_prior / counts.pool_total[1]
    for i in range(out.shape[0]):
        wanted = tails * (counts.own_total[i] + rules.pool_prior)
        for side in range(2):
            own, pool = counts.own_shaped[i, side], counts.pool_shaped[side]
            _write_quantiles(own, pool, weight, wanted, out[i, side])
            out[i, side] *= math.exp(counts.level[i, side])
