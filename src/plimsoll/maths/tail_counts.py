"""Tails of scaled moves, counted in bins that fade: a market's own level, the pool's shape.

Moves are divided by a volatility forecast. What is left differs between markets mostly by its
level, hardly by its shape, and a single market's far tail is too thin to tell its shape from
chance. So a market's own level is the ratio of its quantile at a moderate tail to the pool's,
shrunk in logarithms, and the far tail of moves over that level is counted over all markets, with
as much weight of the market's own as it has moves.

Counts fade by a factor at every step. A bin is 1 % wide; quantiles are interpolated within it.
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
IndexMatrix = NDArray[np.int64]

BINS = 600
LOWEST, HIGHEST = 0.2, 60.0
LOG_LOWEST = math.log(LOWEST)
BIN_LOG = (math.log(HIGHEST) - LOG_LOWEST) / BINS
EDGES = LOWEST * np.exp(BIN_LOG * np.arange(BINS + 1))
FALL, RISE = 0, 1


class TailRules(NamedTuple):
    """How counts fade and are mixed.

    ``own_fade``, ``pool_fade``: what is left of a count after a step. ``level_tail``: the tail
    at which a market's own level is read. ``level_prior``, ``pool_prior``: moves that the pool
    weighs in a market's level, and in its far tail. ``least_pooled``, ``least_own``: fewest moves.
    """

    own_fade: float
    pool_fade: float
    level_tail: float
    level_prior: float
    pool_prior: float
    least_pooled: float
    least_own: float


class TailCounts(NamedTuple):
    """Counts of N markets, sides fall and rise.

    ``own``, ``own_shaped``: (N, 2, BINS) of moves over volatility, and over the level too.
    ``pool``, ``pool_shaped``: (2, BINS). ``own_total``: (N,). ``pool_total``: (2,), of either pool.
    ``level``: (N, 2) logarithms.
    """

    own: Cube
    own_shaped: Cube
    pool: Matrix
    pool_shaped: Matrix
    own_total: Vector
    pool_total: Vector
    level: Matrix


def no_counts(markets: int) -> TailCounts:
    """Counts before any move."""
    return TailCounts(
        np.zeros((markets, 2, BINS)),
        np.zeros((markets, 2, BINS)),
        np.zeros((2, BINS)),
        np.zeros((2, BINS)),
        np.zeros(markets),
        np.zeros(2),
        np.zeros((markets, 2)),
    )


@njit(cache=True, nogil=True)
def fade(counts: TailCounts, rules: TailRules) -> None:
    """Fade all counts by one step."""
    counts.own[:] *= rules.own_fade
    counts.own_shaped[:] *= rules.own_fade
    counts.own_total[:] *= rules.own_fade
    counts.pool[:] *= rules.own_fade
    counts.pool_shaped[:] *= rules.pool_fade
    counts.pool_total[0] *= rules.own_fade
    counts.pool_total[1] *= rules.pool_fade


@njit(cache=True, nogil=True)
def _add(row: Vector, pool: Vector, log_size: float) -> None:
    if log_size > LOG_LOWEST:
        place = min(int((log_size - LOG_LOWEST) / BIN_LOG), BINS - 1)
        row[place] += 1.0
        pool[place] += 1.0


@njit(cache=True, nogil=True)
def count_move(counts: TailCounts, market: int, scaled: float, level: Vector) -> None:
    """Count a move over its volatility, and over the (2,) levels in force when it began."""
    counts.own_total[market] += 1.0
    counts.pool_total[0] += 1.0
    counts.pool_total[1] += 1.0
    if scaled == 0.0:
        return
    side = RISE if scaled > 0.0 else FALL
    size = math.log(abs(scaled))
    _add(counts.own[market, side], counts.pool[side], size)
    _add(counts.own_shaped[market, side], counts.pool_shaped[side], size - level[side])


@njit(cache=True, nogil=True)
def mixed_tail(own: Vector, pool: Vector, pool_weight: float, wanted: float) -> tuple[float, float]:
    """Value exceeded by ``wanted`` of the counts ``own + pool_weight pool``, and the mean beyond.

    Where fewer are counted, the lowest edge: what lies below it is not told apart.
    """
    above = beyond = 0.0
    for place in range(BINS - 1, -1, -1):
        here = own[place] + pool_weight * pool[place]
        if above + here >= wanted:
            share = (wanted - above) / here
            value = EDGES[place + 1] * math.exp(-share * BIN_LOG)
            beyond += (wanted - above) * 0.5 * (value + EDGES[place + 1])
            return value, beyond / wanted
        above += here
        beyond += here * 0.5 * (EDGES[place] + EDGES[place + 1])
    return LOWEST, max(LOWEST, (beyond + (wanted - above) * LOWEST) / wanted)


@njit(cache=True, nogil=True)
def refresh_levels(counts: TailCounts, rules: TailRules) -> None:
    """Read every market's own level from the counts."""
    if counts.pool_total[0] < rules.least_pooled:
        return
    for side in range(2):
        pool = counts.pool[side]
        common, _ = mixed_tail(pool, pool, 0.0, rules.level_tail * counts.pool_total[0])
        for i in range(counts.level.shape[0]):
            total = counts.own_total[i]
            counts.level[i, side] = 0.0
            if total > rules.least_own:
                own, _ = mixed_tail(counts.own[i, side], pool, 0.0, rules.level_tail * total)
                shrunk = total / (total + rules.level_prior)
                counts.level[i, side] = shrunk * math.log(own / common)


@njit(cache=True, nogil=True)
def write_tails(counts: TailCounts, rules: TailRules, tail: float, out: Cube) -> None:
    """Write (N, 2, 2) quantile and mean beyond of moves over volatility; NaN where too few."""
    out[:] = np.nan
    if counts.pool_total[1] < rules.least_pooled:
        return
    weight = rules.pool_prior / counts.pool_total[1]
    for i in range(out.shape[0]):
        wanted = tail * (counts.own_total[i] + rules.pool_prior)
        for side in range(2):
            value, mean = mixed_tail(
                counts.own_shaped[i, side], counts.pool_shaped[side], weight, wanted
            )
            level = math.exp(counts.level[i, side])
            out[i, side, 0] = level * value
            out[i, side, 1] = level * mean


@njit(cache=True, nogil=True)
def tail_step(
    counts: TailCounts,
    rules: TailRules,
    begun: int,
    now: int,
    scaled: Matrix,
    known: IndexMatrix,
    levels: Cube,
) -> None:
    """Fade, count the moves that became known at step ``now``, and read the levels.

    Parameters
    ----------
    begun, now : int
        First step at which a move may have begun that is not counted yet, and this one.
    scaled : (S, N) float64
        Moves over volatility by the step at which they began, NaN where there is none.
    known : (S, N) int64
        Step at which each was known.
    levels : (S, N, 2) float64
        Levels in force at every step; row ``now`` is written.
    """
    fade(counts, rules)
    for s in range(begun, now):
        for i in range(scaled.shape[1]):
            if known[s, i] == now and not np.isnan(scaled[s, i]):
                count_move(counts, i, scaled[s, i], levels[s, i])
    refresh_levels(counts, rules)
    levels[now] = counts.level


@njit(cache=True, nogil=True)
def tail_path(
    counts: TailCounts,
    rules: TailRules,
    scaled: Matrix,
    known: IndexMatrix,
    longest: int,
    tail: float,
    levels: Cube,
    out: Matrix,
) -> None:
    """Write levels and tails of every step; moves the counts on.

    Parameters
    ----------
    scaled, known : (S, N)
        As in `tail_step`; unknown to the end: a step never reached.
    longest : int
        Most steps a move takes to be known.
    levels, out : (S, N, 2), (S, N * 2 * 2)
        Written: own levels in logarithms; quantile and mean beyond of falls and rises.
    """
    steps, markets = scaled.shape
    now_out = np.empty((markets, 2, 2))
    for now in range(steps):
        tail_step(counts, rules, max(0, now - longest), now, scaled, known, levels)
        write_tails(counts, rules, tail, now_out)
        out[now] = now_out.ravel()
