"""A margin that never moves: the largest move of a market's first year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.estimators.reference.moves import panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Largest loss over the horizon from any start of the first ``days`` of a market's life.

    Until then it is the largest so far. With no scenario beyond, the shortfall is the margin.
    """

    name: str = "constant"
    days: int = 365

    @property
    def title(self) -> str:
        """One line."""
        return f"Constant, largest move of the first {self.days} d; ES the same"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        moves = panel_moves(panel, horizon_hours)
        span = self.days * panel.bars_per_day
        sides = [
            np.stack([_largest(m, e, panel.boundaries.bars, span) for m, e in rows], axis=1)
            for rows in (
                list(zip(-np.expm1(moves.move), moves.end, strict=True)),
                list(zip(np.expm1(moves.move), moves.end, strict=True)),
            )
        ]
        margin = np.stack(sides, axis=-1)
        return ForecastPaths(
            time_ns=panel.time_ns, value_at_risk=margin, expected_shortfall=margin.copy()
        )


def _largest(
    loss: FloatArray, end: NDArray[np.int64], bars: NDArray[np.int64], span: int
) -> FloatArray:
    """(D,) largest loss that had ended at each boundary, of starts in the first ``span`` bars."""
    known = np.isfinite(loss)
    if not known.any():
        return np.full(bars.size, np.nan)
    first = int(np.argmax(known))
    rows = np.flatnonzero(known[: first + span])
    highest = np.maximum.accumulate(loss[rows])
    ended = np.searchsorted(end[rows], bars, side="left") - 1
    return np.where(ended >= 0, highest[np.maximum(ended, 0)], np.nan)
