"""Log tail quantiles by day: a market's own level, the far tail of all markets, by counting.

The rule of `plimsoll.maths.tail_counts` made cheap for trying many policies: quantiles alone, read
once a day, and counts that grow instead of fading at every step. Bins are 2 % wide and quantiles
are interpolated within them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Flags = NDArray[np.bool_]
IndexMatrix = NDArray[np.int64]

BINS = 300
LOG_LOWEST = math.log(0.2)
BIN_LOG = (math.log(60.0) - LOG_LOWEST) / BINS
_LARGEST_WEIGHT = 1e60
_LEAST_SIZE = 1e-9
_LEAST_POOLED = 250.0
_LEAST_OWN = 50.0


class PooledTailRules(NamedTuple):
    """How counts fade and are mixed.

    ``own_fade``, ``pool_fade``: what is left of a count after a step. ``level_tail``: tail at which
    a market's own level is read. ``level_prior``, ``pool_prior``: moves that the pool weighs in a
    market's level and in its far tail. ``tail``: of the quantile.
    """

    own_fade: float
    pool_fade: float
    level_tail: float
    level_prior: float
    pool_prior: float
    tail: float


@njit(cache=True, nogil=True)
def log_quantile_of_counts(own: Vector, pool: Vector, pool_weight: float, wanted: float) -> float:
    """Logarithm of the value that ``wanted`` of the counts ``own + pool_weight pool`` exceed."""
    above = 0.0
    for place in range(BINS - 1, -1, -1):
        here = own[place] + pool_weight * pool[place]
        if above + here >= wanted:
            return float(LOG_LOWEST + BIN_LOG * (place + 1.0 - (wanted - above) / here))
        above += here
    return LOG_LOWEST


@njit(cache=True, nogil=True)
def _count(row: Vector, pool: Vector, log_size: float, own_weight: float, weight: float) -> None:
    if log_size > LOG_LOWEST:
        place = min(int((log_size - LOG_LOWEST) / BIN_LOG), BINS - 1)
        row[place] += own_weight
        pool[place] += weight


@njit(cache=True, nogil=True)
def _read_levels(
    own: Matrix,
    pool: Matrix,
    own_total: Vector,
    weight: float,
    rules: PooledTailRules,
    level: Matrix,
) -> None:
    pool_total = own_total.sum()
    if pool_total < _LEAST_POOLED * weight:
        return
    for side in range(2):
        common = log_quantile_of_counts(pool[side], pool[side], 0.0, rules.level_tail * pool_total)
        for i in range(own_total.size):
            level[i, side] = 0.0
            if own_total[i] > _LEAST_OWN * weight:
                wanted = rules.level_tail * own_total[i]
                found = log_quantile_of_counts(own[2 * i + side], pool[side], 0.0, wanted)
                moves = own_total[i] / weight
                level[i, side] = moves / (moves + rules.level_prior) * (found - common)


@njit(cache=True, nogil=True)
def _write_tails(
    shaped: Matrix, pool: Matrix, pool_weight: float, wanted: Vector, level: Matrix, out: Matrix
) -> None:
    for i in range(wanted.size):
        for side in range(2):
            row = shaped[2 * i + side]
            far = log_quantile_of_counts(row, pool[side], pool_weight, wanted[i])
            out[i, side] = level[i, side] + far


@njit(cache=True, nogil=True)
def pooled_level_tails(
    scaled: Matrix, known: IndexMatrix, longest: int, is_day: Flags, rules: PooledTailRules
) -> Cube:
    """(D, N, 2) log quantiles of falls and rises over volatility, from moves known by each day.

    Parameters
    ----------
    scaled : (S, N) float64
        Moves over the volatility of the step at which they began; NaN where there is none.
    known : (S, N) int64
        Step at which each was known; beyond the last: never.
    longest : int
        Most steps a move takes to be known.
    is_day : (S,) bool
        D steps at which quantiles are read.
    rules : PooledTailRules
    """
    steps, markets = scaled.shape
    own, shaped = np.zeros((2 * markets, BINS)), np.zeros((2 * markets, BINS))
    pool, pool_shaped = np.zeros((2, BINS)), np.zeros((2, BINS))
    own_total, pool_total = np.zeros(markets), 0.0
    level, levels = np.zeros((markets, 2)), np.zeros((steps, markets, 2))
    out = np.full((is_day.sum(), markets, 2), np.nan)
    own_weight, weight, day = 1.0, 1.0, 0
    for now in range(steps):
        own_weight, weight = own_weight / rules.own_fade, weight / rules.pool_fade
        if own_weight > _LARGEST_WEIGHT:
            for counts in (own, shaped, pool):
                counts /= own_weight
            own_total /= own_weight
            own_weight = 1.0
        if weight > _LARGEST_WEIGHT:
            pool_shaped /= weight
            pool_total /= weight
            weight = 1.0
        for s in range(max(0, now - longest), now):
            for i in range(markets):
                if known[s, i] != now or np.isnan(scaled[s, i]):
                    continue
                own_total[i] += own_weight
                pool_total += weight
                side = 1 if scaled[s, i] > 0.0 else 0
                size, row = math.log(max(abs(scaled[s, i]), _LEAST_SIZE)), 2 * i + side
                _count(own[row], pool[side], size, own_weight, own_weight)
                size -= levels[s, i, side]
                _count(shaped[row], pool_shaped[side], size, own_weight, weight)
        if is_day[now]:
            _read_levels(own, pool, own_total, own_weight, rules, level)
            if pool_total >= _LEAST_POOLED * weight:
                pool_weight = rules.pool_prior * own_weight / pool_total
                prior = rules.pool_prior * own_weight
                wanted = rules.tail * (own_total + prior)
                _write_tails(shaped, pool_shaped, pool_weight, wanted, level, out[day])
            day += 1
        levels[now] = level
    return out
