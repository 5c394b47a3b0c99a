"""Moves over a horizon of many markets at once, and their EWMA variance as it was known."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]

NO_MOVE = -1


@njit(cache=True, nogil=True)
def moves_of_row(price: Vector, horizon: int, wait: int, move: Vector, end: Index) -> None:
    """Write the log move begun at each bar, and the bar it ended at, of one market.

    A move ends at the first print at or after the horizon, at most ``wait`` bars later. Ends rise
    with starts, so that those known at a time are the first so many.
    """
    bars = price.size
    following = bars
    next_print = np.empty(bars, dtype=np.int64)
    for t in range(bars - 1, -1, -1):
        if not np.isnan(price[t]):
            following = t
        next_print[t] = following
    for s in range(bars):
        move[s], end[s] = np.nan, NO_MOVE
        due = s + horizon
        if np.isnan(price[s]) or due >= bars:
            continue
        at = next_print[due]
        if at < bars and at <= due + wait:
            move[s], end[s] = price[at] - price[s], at


@njit(cache=True, parallel=True)
def horizon_move_table(price: Matrix, horizon: int, wait: int) -> tuple[Matrix, IndexMatrix]:
    """(N, T) log moves over ``horizon`` bars by start, NaN where none, and the bars of their ends.

    Parameters
    ----------
    price : (N, T) float64
        Log prices, one market a row; NaN without a print.
    horizon, wait : int
        Bars of a move, and the longest wait for a print after it.
    """
    move = np.empty(price.shape)
    end = np.empty(price.shape, dtype=np.int64)
    for i in prange(price.shape[0]):
        moves_of_row(price[i], horizon, wait, move[i], end[i])
    return move, end


@njit(cache=True, nogil=True)
def variance_of_row(
    move: Vector, end: Index, bars: Index, decay: float, warm_up: int, out: Vector
) -> None:
    """Write the EWMA of one market's squared moves at each boundary; see `move_variance_table`."""
    variance, seen, s = 0.0, 0, 0
    for d in range(bars.size):
        while s < move.size and end[s] < bars[d]:
            if end[s] != NO_MOVE:
                seen += 1
                # Gain 1 / n at first: a mean, until the memory is full.
                gain = max(1.0 - decay, 1.0 / seen)
                variance += gain * (move[s] * move[s] - variance)
            s += 1
        out[d] = variance if seen >= warm_up and variance > 0.0 else np.nan


@njit(cache=True, parallel=True)
def move_variance_table(
    move: Matrix, end: IndexMatrix, bars: Index, decay: float, warm_up: int
) -> Matrix:
    """(N, D) exponentially weighted mean of the squared moves that had ended at each boundary.

    Moves begun at every bar overlap; their mean square is unbiased for the variance over the
    horizon, and smoother than that of the moves between boundaries alone.

    Parameters
    ----------
    move, end : (N, T)
        From `horizon_move_table`.
    bars : (D,) int64
        Bars available at each boundary.
    decay : float
        Per move, that is per bar.
    warm_up : int
        Moves before there is a number.
    """
    out = np.empty((move.shape[0], bars.size))
    for i in prange(move.shape[0]):
        variance_of_row(move[i], end[i], bars, decay, warm_up, out[i])
    return out
