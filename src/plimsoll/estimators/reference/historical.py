"""Historical simulation: the moves of the last year (or three) as they were."""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.estimators.reference.moves import panel_moves, tail_paths, unit_volatility
from plimsoll.estimators.reference.panel import ReturnsPanel


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoricalSimulation:
    """Empirical quantile of the moves begun at every bar of the window, and the mean beyond."""

    name: str = "hs_365"
    window_days: int = 365
    least_days: int = 30

    @property
    def title(self) -> str:
        """One line."""
        return f"Historical simulation, {self.window_days} d; ES empirical"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        return tail_paths(
            panel,
            panel_moves(panel, horizon_hours),
            unit_volatility(panel),
            window_days=self.window_days,
            least_days=self.least_days,
        )
