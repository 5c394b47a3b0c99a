"""Moves over a horizon and what they cost, by payoff."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.market import BoolArray, FloatArray, IntArray, MarketHistory
from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HorizonMoves:
    """Log moves over a horizon, and how many there are.

    Parameters
    ----------
    log_move : (T, N) float64
        From the close of bar s to the first usable close at or after s + h, at row s; NaN if there
        is none in time.
    wait_bars : (T, N) int64
        Bars waited beyond the horizon; -1 where there is no move.
    horizon_bars, max_wait_bars : int
    measured, waited, lost : (N,) int64
        Moves there are; those of them that had to wait; and usable closes without a move although
        the history reaches far enough (a longer hole, or the market ended).
    """

    log_move: FloatArray
    wait_bars: IntArray
    horizon_bars: int
    max_wait_bars: int
    measured: IntArray
    waited: IntArray
    lost: IntArray


def horizon_moves(
    history: MarketHistory, horizon_bars: int, max_wait_bars: int = 0
) -> HorizonMoves:
    """Return the moves that a position opened at each close would have seen.

    A close-out cannot end in a hole: it ends with the first usable print at or after the horizon,
    at most ``max_wait_bars`` later, so that the move through an outage is not lost. No move leads
    over a time at which the market was not listed; split markets are markets of their own.

    Parameters
    ----------
    history : MarketHistory
        Pass ``history.before(t)`` for what was known at t.
    horizon_bars : int
        At least 1.
    max_wait_bars : int
        At least 0.

    Raises
    ------
    UsageError
    """
    if horizon_bars < 1:
        raise UsageError("must be at least 1", found=horizon_bars, field="horizon_bars")
    if max_wait_bars < 0:
        raise UsageError("must be at least 0", found=max_wait_bars, field="max_wait_bars")
    usable = history.usable_close()
    usable[~history.active] = np.nan
    target = _next_usable(np.isfinite(usable), horizon_bars, max_wait_bars)
    gone = np.cumsum(~history.active, axis=0)
    found = (target >= 0) & np.isfinite(usable)
    end = np.where(found, target, 0)
    found &= np.take_along_axis(gone, end, axis=0) == gone
    log_close = np.log(usable)
    move = np.take_along_axis(log_close, end, axis=0) - log_close
    due = np.arange(len(history))[:, None] + horizon_bars
    wait = np.where(found, end - due, -1)
    in_reach = due + max_wait_bars < len(history)
    return HorizonMoves(
        log_move=np.where(found, move, np.nan),
        wait_bars=wait,
        horizon_bars=horizon_bars,
        max_wait_bars=max_wait_bars,
        measured=found.sum(axis=0),
        waited=(wait > 0).sum(axis=0),
        lost=(np.isfinite(usable) & ~found & in_reach).sum(axis=0),
    )


def _next_usable(usable: BoolArray, horizon_bars: int, max_wait_bars: int) -> IntArray:
    """(T, N) first usable row at or after s + horizon, -1 if none within the wait."""
    times = usable.shape[0]
    rows = np.arange(times)[:, None]
    own = np.where(usable, rows, times)
    following = np.minimum.accumulate(own[::-1], axis=0)[::-1]
    target = np.full(usable.shape, times, dtype=np.int64)
    target[: max(0, times - horizon_bars)] = following[horizon_bars:]
    target[target > rows + horizon_bars + max_wait_bars] = times
    return np.where(target < times, target, -1)


def one_bar_returns(history: MarketHistory) -> FloatArray:
    """(T, N) log return of each bar from the bar before; NaN at a hole, a mask or a listing."""
    usable = history.usable_close()
    usable[~history.active] = np.nan
    returns = np.full(usable.shape, np.nan)
    returns[1:] = np.diff(np.log(usable), axis=0)
    return returns


def linear_long_loss(log_move: FloatArray) -> FloatArray:
    """Loss of a linear long, as a fraction of the value at entry: ``1 - exp(r)``; losses positive.

    >>> round(float(linear_long_loss(np.log(0.9))), 12)
    0.1
    """
    return -np.expm1(log_move)


def linear_short_loss(log_move: FloatArray) -> FloatArray:
    """Loss of a linear short, as a fraction of the value at entry: ``exp(r) - 1``."""
    return np.expm1(log_move)


def inverse_long_loss(log_move: FloatArray) -> FloatArray:
    """Loss of an inverse long in coin, as a fraction of its coin value at entry: ``exp(-r) - 1``.

    An inverse contract of K dollars is worth K / S coins; a fall by half costs a long once the
    coin value of its position, a rise can never cost a short more than that.

    >>> round(float(inverse_long_loss(np.log(0.5))), 12)
    1.0
    """
    return np.expm1(-log_move)


def inverse_short_loss(log_move: FloatArray) -> FloatArray:
    """Loss of an inverse short in coin, as a fraction of its coin value at entry: ``1 - exp(-r)``.

    >>> round(float(inverse_short_loss(np.log(2.0))), 12)
    0.5
    """
    return -np.expm1(-log_move)
