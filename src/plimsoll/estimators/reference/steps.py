"""The grid of steps at which a forecaster learns, whatever the boundaries it is asked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.reference.moves import PanelMoves
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepMoves:
    """Moves begun at the last bar of every step, and the step at which each was known.

    Parameters
    ----------
    move : (S, N) float64
        Log moves; NaN where there is none.
    known : (S, N) int64
        Step; S where it is not known by the last.
    longest : int
        Most steps that a move took to be known.
    horizon_bars : int
    """

    move: FloatArray
    known: IntArray
    longest: int
    horizon_bars: int

    __repr__ = field_summary


def grid_steps(panel: ReturnsPanel, step_hours: int) -> Boundaries:
    """Return multiples of ``step_hours`` from midnight (UTC), to the panel's last boundary.

    They begin at the first of them by which a bar is known.
    """
    available = panel.records[0].available_ns
    step_ns = step_hours * HOUR_NS
    first = -(-int(available[0]) // step_ns) * step_ns
    # A range of such numbers made by numpy would count its terms in float64, and lose the last.
    count = max(0, (int(panel.time_ns[-1]) - first) // step_ns + 1)
    times = first + step_ns * np.arange(count, dtype=np.int64)
    bars = np.searchsorted(available, times, side="right").astype(np.int64)
    return Boundaries(time_ns=times, bars=bars, bars_per_day=DAY_NS // panel.interval_ns)


def step_moves(moves: PanelMoves, horizon_bars: int, steps: Boundaries) -> StepMoves:
    """Take the moves that begin at the steps; one that the last step does not know is none."""
    starts = steps.bars - 1
    end = moves.end[:, starts].T
    known = np.searchsorted(steps.bars, end + 1).astype(np.int64)
    count = len(steps)
    usable = (end >= 0) & (known < count)
    known = np.where(usable, known, count)
    age = np.where(usable, known - np.arange(count)[:, None], 0)
    return StepMoves(
        move=np.where(usable, moves.move[:, starts].T, np.nan),
        known=np.ascontiguousarray(known),
        longest=int(age.max(initial=0)),
        horizon_bars=horizon_bars,
    )
