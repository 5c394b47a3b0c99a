"""Hourly closes of the coins of a grid, and their joint moves over the margin period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

HOUR_NS = 3_600 * 10**9
_DECAY = 0.94
_WARM_UP = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpotHistory:
    """Closes of C coins at T full hours.

    Parameters
    ----------
    coins : tuple of C str
    time_ns : (T,) int64
        Of each close (the end of its bar), rising; holes are allowed.
    close : (T, C) float64
    """

    coins: tuple[str, ...]
    time_ns: IntArray
    close: FloatArray

    def __post_init__(self) -> None:
        if self.close.shape != (self.time_ns.size, len(self.coins)):
            raise DataFormatError("must be (times, coins)", found=self.close.shape, field="close")
        if not bool(np.all(np.diff(self.time_ns) > 0)):
            raise DataFormatError("must rise", found="other steps", field="time_ns")

    def before(self, at_ns: int) -> SpotHistory:
        """What was known at ``at_ns``."""
        rows = self.time_ns <= at_ns
        return SpotHistory(coins=self.coins, time_ns=self.time_ns[rows], close=self.close[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpotMoves:
    """W joint log moves over one period; complete rows only.

    Parameters
    ----------
    start_ns : (W,) int64
    move : (W, C) float64
    path : (W, H + 1, C) float64 or None
        From the start to each full hour of the period, the last one the move; an hour without a
        close stands where the one before did. None: unknown.
    """

    start_ns: IntArray
    move: FloatArray
    path: FloatArray | None = None

    def only(self, chosen: BoolArray) -> SpotMoves:
        """Some of the moves."""
        path = None if self.path is None else self.path[chosen]
        return SpotMoves(start_ns=self.start_ns[chosen], move=self.move[chosen], path=path)


def spot_moves(history: SpotHistory, *, hours: int = 24, every_hours: int = 24) -> SpotMoves:
    """Moves from closes at multiples of ``every_hours`` since 1970 to ``hours`` later."""
    row_of = {int(t): row for row, t in enumerate(history.time_ns)}
    starts = history.time_ns[history.time_ns % (every_hours * HOUR_NS) == 0]
    ends = [row_of.get(int(t) + hours * HOUR_NS, -1) for t in starts]
    begins = [row_of[int(t)] for t in starts]
    move = np.log(history.close[ends] / history.close[begins])
    good = (np.array(ends) >= 0) & np.isfinite(move).all(axis=1)
    path = _paths(history, starts[good], hours)
    return SpotMoves(start_ns=starts[good], move=move[good], path=path)


def _paths(history: SpotHistory, start_ns: IntArray, hours: int) -> FloatArray:
    """(W, hours + 1, C) log moves from each start; for a missing close the last one stands."""
    log_close = np.log(history.close)
    known = np.isfinite(log_close).all(axis=1)
    times, held = history.time_ns[known], log_close[known]
    wanted = start_ns[:, None] + HOUR_NS * np.arange(hours + 1, dtype=np.int64)
    at = held[np.searchsorted(times, wanted, side="right") - 1]
    return np.asarray(at - at[:, :1], dtype=np.float64)


def blended_moves(moves: SpotMoves, share: float) -> SpotMoves:
    """Moves and paths brought ``share`` of the way, in logs, from the volatility then to today's.

    Volatility is that of an exponential average (0.94) of squared moves before each start. A share
    of 0 leaves history as it was, 1 filters it wholly; one half is the geometric mean of both.
    """
    square = moves.move**2
    start = square[:_WARM_UP].mean(axis=0)
    average = np.empty_like(square)
    for row in range(len(square)):
        average[row] = start
        start = _DECAY * start + (1.0 - _DECAY) * square[row]
    factor = (start / average) ** (0.5 * share)
    path = None if moves.path is None else moves.path * factor[:, None, :]
    return SpotMoves(start_ns=moves.start_ns, move=moves.move * factor, path=path)
