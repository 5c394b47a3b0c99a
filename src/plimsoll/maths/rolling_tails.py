"""Quantile and tail mean of scaled moves over a rolling window, for many markets at once.

The loss of a share of notional after a log move x against the position is ``1 - exp(-x)`` for a
long (side 0) and ``exp(x) - 1`` for a short (side 1). A forecast at a boundary scales the past
moves ``z`` (each divided by the volatility that was in force when it began) to today's ``sigma``,
so that its scenarios are the losses of ``sigma z``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.gpd import MINIMUM_EXCEEDANCES, gpd_fit_pwm, gpd_tail_quantile

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Index = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]

SIDES = 2
STRATA = 32
"""Equally likely parts of a fitted tail, whose middles make its mean: so the mean is finite on the
short side too, where the exponential of a Pareto tail has none."""
SHAPE_LIMIT = 0.9


@njit(cache=True, nogil=True)
def share_loss(move: float, side: int) -> float:
    """Loss, as a share of notional, of a log move of this size against the position."""
    return math.expm1(move) if side == 1 else -math.expm1(-move)


@njit(cache=True, nogil=True)
def largest_values(
    values: Vector, start: int, stop: int, needed: int, guess: float, top: Vector
) -> int:
    """Collect all values of ``[start, stop)`` at or above ``guess``, lowered until enough."""
    bound = guess
    while True:
        count = 0
        for i in range(start, stop):
            if values[i] >= bound:  # false for NaN
                top[count] = values[i]
                count += 1
        if count >= needed or bound == -np.inf:
            return count
        bound = 0.8 * bound if bound > 1e-6 else -np.inf


@njit(cache=True, nogil=True)
def top_quantile(top: Vector, known: int, confidence: float) -> float:
    """Type-7 quantile of ``known`` values of which ``top`` are the largest, ascending."""
    place = (known - 1) * confidence - (known - top.size)
    low = math.floor(place)
    high = min(low + 1, top.size - 1)
    return float(top[low] + (place - low) * (top[high] - top[low]))


@njit(cache=True, nogil=True)
def empirical_risk(
    top: Vector, known: int, confidence: float, scale: float, side: int
) -> tuple[float, float]:
    """Loss quantile, and mean loss beyond it, of scenarios ``scale * z``."""
    quantile = top_quantile(top, known, confidence)
    total, beyond = 0.0, 0
    for i in range(top.size - 1, -1, -1):
        if top[i] <= quantile:
            break
        total += share_loss(scale * top[i], side)
        beyond += 1
    at_risk = share_loss(scale * quantile, side)
    return at_risk, total / beyond if beyond else at_risk


@njit(cache=True, nogil=True)
def pareto_risk(
    top: Vector, known: int, fraction: float, confidence: float, scale: float, side: int
) -> tuple[float, float]:
    """Loss quantile and tail mean with a generalised Pareto tail beyond the ``fraction``."""
    threshold = top_quantile(top, known, 1.0 - fraction)
    first = np.searchsorted(top, threshold, side="right")
    excesses = top[first:] - threshold
    if excesses.size < MINIMUM_EXCEEDANCES:
        return np.nan, np.nan
    xi, beta = gpd_fit_pwm(excesses)
    if np.isnan(xi):
        return np.nan, np.nan
    xi = min(xi, SHAPE_LIMIT)
    share = excesses.size / known
    tail = 1.0 - confidence
    total = 0.0
    for k in range(STRATA):
        level = 1.0 - tail * (k + 0.5) / STRATA
        total += share_loss(scale * gpd_tail_quantile(threshold, xi, beta, share, level), side)
    quantile = gpd_tail_quantile(threshold, xi, beta, share, confidence)
    return share_loss(scale * quantile, side), total / STRATA


@njit(cache=True, nogil=True)
def scaled_moves_of_row(move: Vector, bars: Index, volatility: Vector, out: Vector) -> None:
    """Divide each move by the volatility of the last boundary at or before its start."""
    d = -1
    for s in range(move.size):
        while d + 1 < bars.size and bars[d + 1] <= s + 1:
            d += 1
        out[s] = move[s] / volatility[d] if d >= 0 else np.nan


@njit(cache=True, nogil=True)
def risk_of_row(
    scaled: Vector,
    end: Index,
    bars: Index,
    scale: Vector,
    window: int,
    minimum: int,
    confidence: float,
    fraction: float,
    side: int,
    value_at_risk: Vector,
    expected_shortfall: Vector,
) -> None:
    """Write one side of one market; see `rolling_risk_table`."""
    top = np.empty(min(scaled.size, window) + 1)
    known, start, stop, guess = 0, 0, 0, -np.inf
    for d in range(bars.size):
        value_at_risk[d], expected_shortfall[d] = np.nan, np.nan
        while stop < scaled.size and end[stop] < bars[d]:
            known += not np.isnan(scaled[stop])
            stop += 1
        while start < stop and start < bars[d] - window:
            known -= not np.isnan(scaled[start])
            start += 1
        if known < minimum or np.isnan(scale[d]):
            continue
        share = max(fraction, 1.0 - confidence)
        needed = min(known, math.ceil((known - 1) * share) + 2)
        count = largest_values(scaled, start, stop, needed, guess, top)
        ordered = np.sort(top[:count])[count - needed :]
        guess = 0.95 * ordered[0] if ordered[0] > 0.0 else -np.inf
        if fraction > 0.0:
            found = pareto_risk(ordered, known, fraction, confidence, scale[d], side)
        else:
            found = empirical_risk(ordered, known, confidence, scale[d], side)
        value_at_risk[d], expected_shortfall[d] = found


@njit(cache=True, parallel=True)
def rolling_risk_table(
    move: Matrix,
    end: IndexMatrix,
    bars: Index,
    volatility: Matrix,
    window: int,
    minimum: int,
    confidence: float,
    fraction: float,
) -> tuple[Cube, Cube]:
    """Value-at-risk and expected shortfall, (D, N, 2) shares of notional, at every boundary.

    Parameters
    ----------
    move, end : (N, T)
        From `plimsoll.maths.horizon_moves.horizon_move_table`.
    bars : (D,) int64
        Bars available at each boundary; only moves that had ended by then count.
    volatility : (N, D) float64
        In force from each boundary on: moves are divided by it, and the last one scales the tail.
        Ones for plain historical simulation.
    window, minimum : int
        Look-back in bars, and fewest moves in it.
    confidence : float
    fraction : float
        Share of the moves that make a generalised Pareto tail; 0 for the empirical tail.
    """
    shape = (bars.size, move.shape[0], SIDES)
    value_at_risk, expected_shortfall = np.empty(shape), np.empty(shape)
    for i in prange(move.shape[0]):
        scaled = np.empty(move.shape[1])
        at_risk, shortfall = np.empty(bars.size), np.empty(bars.size)
        scaled_moves_of_row(move[i], bars, volatility[i], scaled)
        for side in range(SIDES):
            against = scaled if side == 1 else -scaled
            risk_of_row(
                against,
                end[i],
                bars,
                volatility[i],
                window,
                minimum,
                confidence,
                fraction,
                side,
                at_risk,
                shortfall,
            )
            value_at_risk[:, i, side] = at_risk
            expected_shortfall[:, i, side] = shortfall
    return value_at_risk, expected_shortfall


@njit(cache=True, parallel=True)
def scaled_move_table(move: Matrix, bars: Index, volatility: Matrix) -> Matrix:
    """(N, T) moves over the volatility in force at their starts; NaN where there is none."""
    out = np.empty(move.shape)
    for i in prange(move.shape[0]):
        scaled_moves_of_row(move[i], bars, volatility[i], out[i])
    return out
