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
Index = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]

BINS = 600
LOWEST, HIGHEST = 0.2, 60.0
LOG_LOWEST = math.log(LOWEST)
BIN_LOG = (math.log(HIGHEST) - LOG_LOWEST) / BINS
EDGES = LOWEST * np.exp(BIN_LOG * np.arange(BINS + 1))
FALL, RISE = 0, 1
SHARES = np.array([1, 1, 2, 4, 8, 16, 32]) / 64.0
"""Of a tail that its strata hold, the farthest first: losses bend most where moves are largest."""
STRATA = SHARES.size
WIDTH = 2 + STRATA
"""Numbers of one tail: quantile, mean beyond, and the mean of each stratum."""


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


def faded(counts: TailCounts, rules: TailRules) -> TailCounts:
    """Counts after one step in arrays of their own: the bits of `fade` on a copy, in one pass."""
    return TailCounts(
        counts.own * rules.own_fade,
        counts.own_shaped * rules.own_fade,
        counts.pool * rules.own_fade,
        counts.pool_shaped * rules.pool_fade,
        counts.own_total * rules.own_fade,
        counts.pool_total * np.array([rules.own_fade, rules.pool_fade]),
        counts.level.copy(),
    )


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
def mixed_quantile(own: Vector, pool: Vector, pool_weight: float, wanted: float) -> float:
    """Value exceeded by ``wanted`` of the counts ``own + pool_weight pool``.

    Where fewer are counted, the lowest edge: what lies below it is not told apart.
    """
    above = 0.0
    for place in range(BINS - 1, -1, -1):
        here = own[place] + pool_weight * pool[place]
        if above + here >= wanted:
            return float(EDGES[place + 1]) * math.exp(-BIN_LOG * (wanted - above) / here)
        above += here
    return LOWEST


@njit(cache=True, nogil=True)
def write_mixed_tail(
    own: Vector, pool: Vector, pool_weight: float, wanted: float, out: Vector
) -> None:
    """Write the quantile as in `mixed_quantile`, the mean beyond it, and that of each stratum.

    Strata hold the `SHARES` of the tail, the farthest first.
    """
    stratum, filled, size, total = 0, 0.0, wanted * SHARES[0], 0.0
    out[0] = mixed_quantile(own, pool, pool_weight, wanted)
    for place in range(BINS - 1, -2, -1):
        here, middle = math.inf, LOWEST
        if place >= 0:
            here = own[place] + pool_weight * pool[place]
            middle = 0.5 * (EDGES[place] + EDGES[place + 1])
        while here >= size - filled and stratum < STRATA:
            out[2 + stratum] = (total + (size - filled) * middle) / size
            here -= size - filled
            filled, total = 0.0, 0.0
            stratum += 1
            size = wanted * SHARES[min(stratum, STRATA - 1)]
        if stratum == STRATA:
            break
        total += here * middle
        filled += here
    out[1] = 0.0
    for k in range(STRATA):
        out[1] += SHARES[k] * max(out[2 + k], out[0])
        out[2 + k] = max(out[2 + k], out[0])


@njit(cache=True, nogil=True)
def refresh_levels(counts: TailCounts, rules: TailRules) -> None:
    """Read every market's own level from the counts."""
    if counts.pool_total[0] < rules.least_pooled:
        return
    for side in range(2):
        pool = counts.pool[side]
        common = mixed_quantile(pool, pool, 0.0, rules.level_tail * counts.pool_total[0])
        for i in range(counts.level.shape[0]):
            total = counts.own_total[i]
            counts.level[i, side] = 0.0
            if total > rules.least_own:
                own = mixed_quantile(counts.own[i, side], pool, 0.0, rules.level_tail * total)
                shrunk = total / (total + rules.level_prior)
                counts.level[i, side] = shrunk * math.log(own / common)


@njit(cache=True, nogil=True)
def write_tails(counts: TailCounts, rules: TailRules, tail: float, out: Cube) -> None:
    """Write (N, 2, WIDTH) tails of moves over volatility, `write_mixed_tail`; NaN where too few."""
    out[:] = np.nan
    if counts.pool_total[1] < rules.least_pooled:
        return
    weight = rules.pool_prior / counts.pool_total[1]
    for i in range(out.shape[0]):
        wanted = tail * (counts.own_total[i] + rules.pool_prior)
        for side in range(2):
            own, pool = counts.own_shaped[i, side], counts.pool_shaped[side]
            write_mixed_tail(own, pool, weight, wanted, out[i, side])
            out[i, side] *= math.exp(counts.level[i, side])


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
def count_moves(counts: TailCounts, scaled: Matrix, levels: Cube) -> None:
    """Count moves, row by row, the longest open first: in the order of `tail_step`.

    Parameters
    ----------
    scaled : (B, N) float64
        Moves over volatility by the step at which they began; not finite where none ended.
    levels : (B, N, 2) float64
        Levels in force when they began.
    """
    for s in range(scaled.shape[0]):
        for i in range(scaled.shape[1]):
            if np.isfinite(scaled[s, i]):
                count_move(counts, i, scaled[s, i], levels[s, i])


@njit(cache=True, nogil=True)
def tail_path(
    counts: TailCounts,
    rules: TailRules,
    scaled: Matrix,
    known: IndexMatrix,
    longest: int,
    tail: float,
    wanted: Index,
    first: int,
    levels: Cube,
    out: Matrix,
) -> None:
    """Write levels of every step from ``first`` to the last wanted, and tails of the wanted ones.

    Moves the counts on; a path that goes on where another ended gives the bits of one.

    Parameters
    ----------
    scaled, known : (S, N)
        As in `tail_step`; unknown to the end: a step never reached.
    longest : int
        Most steps a move takes to be known.
    wanted : (W,) int64
        Steps, ascending, from ``first`` on.
    first : int
        Step after those that the counts hold.
    levels, out : (S, N, 2), (W, N * 2 * WIDTH)
        Written: own levels in logarithms; tails of falls and rises, as in `write_mixed_tail`.
    """
    now_out = np.empty((scaled.shape[1], 2, WIDTH))
    now = first
    for row in range(wanted.size):
        while now <= wanted[row]:
            tail_step(counts, rules, max(0, now - longest), now, scaled, known, levels)
            now += 1
        write_tails(counts, rules, tail, now_out)
        out[row] = now_out.ravel()
