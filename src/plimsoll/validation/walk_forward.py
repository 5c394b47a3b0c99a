"""Walk-forward: what was set on a day from the past, held against what came after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import HOUR_NS, MarketHistory
from plimsoll.marketdata.returns import horizon_moves
from plimsoll.validation.starts import non_overlapping_rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Fitted = TypeVar("Fitted")

WAIT_HOURS = 24


def walk_forward(
    history: MarketHistory,
    fit: Callable[[MarketHistory], Fitted],
    at_ns: Sequence[int] | IntArray,
) -> Iterator[tuple[int, Fitted]]:
    """Yield each instant with what ``fit`` makes of the history before it.

    ``fit`` never sees later data: it gets ``history.before(t)`` and nothing else. This is the
    definition; the day-by-day paths of the estimators are its fast form, and a test holds the two
    against each other.
    """
    for instant in at_ns:
        yield int(instant), fit(history.before(int(instant)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RealisedMoves:
    """What happened over one horizon after each start.

    Parameters
    ----------
    start_ns : (S,) int64
        Starts, one horizon apart: they do not overlap.
    log_move : (S, N) float64
        Log price move to the first print at or after the horizon, less the funding a long paid;
        NaN where it cannot be known.
    horizon_ns : int
    lost : (N,) int64
        Starts that had a price and no price after the horizon.
    """

    start_ns: IntArray
    log_move: FloatArray
    horizon_ns: int
    lost: IntArray


def realised_moves(
    history: MarketHistory, horizon_hours: int, from_ns: int | None = None
) -> RealisedMoves:
    """Measure non-overlapping moves, funding included, on every market of ``history``.

    A move starts when a bar closes, at the first close at or after a midnight (UTC) and every
    horizon from there: at 00:00 for bars on the hour, at 00:30 for hourly bars that open at :30,
    at 08:00 for daily bars that open then. Horizons that do not divide a day, or are longer,
    count from 1970. A late receipt delays no start: it is the margin that has to do without.

    Parameters
    ----------
    horizon_hours : int
    from_ns : int, optional
        First start.
    """
    horizon_ns = horizon_hours * HOUR_NS
    bars = horizon_ns // history.interval_ns
    moves = horizon_moves(history, bars, WAIT_HOURS * HOUR_NS // history.interval_ns)
    starts = history.time_ns + history.interval_ns
    rows = non_overlapping_rows(starts, horizon_ns, _phase_ns(history))
    rows = rows[starts[rows] >= (from_ns or 0)]
    log_move = moves.log_move[rows]
    if history.funding is not None:
        paid = np.cumsum(np.nan_to_num(history.funding), axis=0)
        ends = np.clip(rows[:, None] + bars + moves.wait_bars[rows], 0, len(history) - 1)
        log_move = log_move - (np.take_along_axis(paid, ends, axis=0) - paid[rows])
    known = np.isfinite(history.usable_close()[rows]) & history.active[rows]
    in_reach = (rows + bars < len(history))[:, None]
    return RealisedMoves(
        start_ns=starts[rows],
        log_move=log_move,
        horizon_ns=horizon_ns,
        lost=(known & in_reach & ~np.isfinite(log_move)).sum(axis=0),
    )


def _phase_ns(history: MarketHistory) -> int:
    """How long after midnight the first bar of a day closes (the bars divide the day)."""
    return int(history.time_ns[0]) % history.interval_ns if len(history) else 0


def in_force(set_ns: IntArray, start_ns: IntArray) -> IntArray:
    """Row of the margin in force at each start: the last set at or before it; -1 before any."""
    return np.searchsorted(set_ns, start_ns, side="right").astype(np.int64) - 1


def at_starts(path: FloatArray, set_ns: IntArray, start_ns: IntArray) -> FloatArray:
    """(S, ...) rows of a (D, ...) path in force at each start; NaN before the first."""
    rows = in_force(set_ns, start_ns)
    out = path[np.maximum(rows, 0)].astype(np.float64)
    out[rows < 0] = np.nan
    return out
