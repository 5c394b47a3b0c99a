"""Filtered historical simulation: past moves over their volatility, scaled to today's."""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.estimators.reference.moves import ewma_volatility, panel_moves, tail_paths
from plimsoll.estimators.reference.panel import ReturnsPanel


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredSimulation:
    """Moves begun at every bar of the last year, over the EWMA in force at their start."""

    name: str = "fhs_97"
    decay_daily: float = 0.97
    window_days: int = 365

    @property
    def title(self) -> str:
        """One line."""
        return f"FHS, EWMA {self.decay_daily:g} a day, tail {self.window_days} d; ES empirical"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        moves = panel_moves(panel, horizon_hours)
        volatility = ewma_volatility(panel, moves, self.decay_daily)
        return tail_paths(panel, moves, volatility, window_days=self.window_days)
