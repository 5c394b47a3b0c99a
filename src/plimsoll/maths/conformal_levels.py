"""Adaptive conformal inference on the level of a rolling quantile, one-sided (never above target).

After each scored start the level moves by ``gamma * (target - breach)`` and is clipped (Gibbs and
Candes, NeurIPS 2021, equation 2): a breach lowers it at once, calm raises it slowly.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.rolling_tails import (
    SIDES,
    empirical_risk,
    largest_values,
    scaled_moves_of_row,
    share_loss,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Index = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]


@njit(cache=True, nogil=True)
def next_level(level: float, breach: bool, target: float, gamma: float, least: float) -> float:
    """Level after one scored start, clipped to [least, target].

    Examples
    --------
    >>> round(next_level(0.01, True, 0.01, 0.005, 0.002), 6)
    0.00505
    """
    moved = level + gamma * (target - (1.0 if breach else 0.0))
    return min(max(moved, least), target)


@njit(cache=True, nogil=True)
def conformal_risk_of_row(
    move: Vector,
    scaled: Vector,
    end: Index,
    bars: Index,
    scale: Vector,
    window: int,
    minimum: int,
    horizon: int,
    target: float,
    gamma: float,
    least: float,
    side: int,
    value_at_risk: Vector,
    expected_shortfall: Vector,
) -> None:
    """Write one side of one market; see `conformal_risk_table`.

    Starts one horizon apart from the first boundary on are scored against the margin in force.
    """
    top = np.empty(min(scaled.size, window) + 1)
    known, start, stop, guess, level = 0, 0, 0, -np.inf, target
    due, held = bars[0] - 1, 0
    for d in range(bars.size):
        value_at_risk[d], expected_shortfall[d] = np.nan, np.nan
        while stop < scaled.size and end[stop] < bars[d]:
            known += not np.isnan(scaled[stop])
            stop += 1
        while start < stop and start < bars[d] - window:
            known -= not np.isnan(scaled[start])
            start += 1
        while due < stop:
            while held + 1 < d and bars[held + 1] <= due + 1:
                held += 1
            if due >= 0 and not np.isnan(move[due]) and not np.isnan(value_at_risk[held]):
                loss = share_loss(move[due], side)
                level = next_level(level, loss > value_at_risk[held], target, gamma, least)
            due += horizon
        if known < minimum or np.isnan(scale[d]):
            continue
        needed = min(known, math.ceil((known - 1) * target) + 2)
        count = largest_values(scaled, start, stop, needed, guess, top)
        ordered = np.sort(top[:count])[count - needed :]
        guess = 0.95 * ordered[0] if ordered[0] > 0.0 else -np.inf
        found = empirical_risk(ordered, known, 1.0 - level, scale[d], side)
        usual = empirical_risk(ordered, known, 1.0 - target, scale[d], side)
        # The level answers for the quantile; the shortfall keeps its ratio to it.
        value_at_risk[d] = found[0]
        expected_shortfall[d] = found[0] * usual[1] / usual[0] if usual[0] > 0.0 else np.nan


@njit(cache=True, parallel=True)
def conformal_risk_table(
    move: Matrix,
    end: IndexMatrix,
    bars: Index,
    volatility: Matrix,
    window: int,
    minimum: int,
    horizon: int,
    target: float,
    gamma: float,
    least: float,
) -> tuple[Cube, Cube]:
    """Value-at-risk and expected shortfall (D, N, 2) of filtered simulation at adaptive levels.

    Parameters
    ----------
    move, end : (N, T)
        From `plimsoll.maths.horizon_moves.horizon_move_table`; ``move`` is signed.
    bars : (D,) int64
    volatility : (N, D) float64
    window, minimum, horizon : int
        In bars.
    target, gamma, least : float
        Breach rate aimed at, step, and lowest level.
    """
    shape = (bars.size, move.shape[0], SIDES)
    value_at_risk, expected_shortfall = np.empty(shape), np.empty(shape)
    for i in prange(move.shape[0]):
        scaled = np.empty(move.shape[1])
        at_risk, shortfall = np.empty(bars.size), np.empty(bars.size)
        scaled_moves_of_row(move[i], bars, volatility[i], scaled)
        for side in range(SIDES):
            sign = 1.0 if side == 1 else -1.0
            conformal_risk_of_row(
                sign * move[i],
                sign * scaled,
                end[i],
                bars,
                volatility[i],
                window,
                minimum,
                horizon,
                target,
                gamma,
                least,
                side,
                at_risk,
                shortfall,
            )
            value_at_risk[:, i, side] = at_risk
            expected_shortfall[:, i, side] = shortfall
    return value_at_risk, expected_shortfall
