"""GARCH-t with its long-run variance targeted, under a Pareto tail: the sharpest plain method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.horizon.garch_path import MINIMUM_RETURNS, step_returns
from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.estimators.reference.garch import LONGEST_STEP_HOURS, MOST_RETURNS
from plimsoll.estimators.reference.moves import panel_moves, tail_paths
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.maths.targeted_garch import targeted_garch_table

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetedGarchSimulation:
    """Moves begun at every bar over a variance-targeted GARCH-t, likelihood searched on a grid.

    Parameters
    ----------
    fit_window_days, refit_every_days : int
    window_days : int
        Look-back of the tail.
    pareto_share : float
        As in `plimsoll.estimators.reference.garch.GarchSimulation`.
    """

    name: str = "garch_t_pot_targeted"
    fit_window_days: int = 1095
    refit_every_days: int = 30
    window_days: int = 730
    pareto_share: float = 0.06

    @property
    def title(self) -> str:
        """One line."""
        return (
            f"GARCH-t monthly, variance targeted, POT above {self.pareto_share:.0%} "
            f"of {self.window_days} d; ES GPD"
        )

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        step_hours = min(horizon_hours, LONGEST_STEP_HOURS)
        return tail_paths(
            panel,
            panel_moves(panel, horizon_hours),
            self._volatility(panel, panel.bars_of(step_hours)),
            window_days=self.window_days,
            pareto_share=self.pareto_share,
        )

    def _volatility(self, panel: ReturnsPanel, step_bars: int) -> FloatArray:
        found = [
            step_returns(record.final, panel.boundaries, step_bars) for record in panel.records
        ]
        returns = np.zeros((len(found), max(move.size for move, _ in found)))
        for row, (move, _) in enumerate(found):
            returns[row, : move.size] = move
        steps_per_day = panel.bars_per_day // step_bars
        out: FloatArray = targeted_garch_table(
            returns,
            np.array([known for _, known in found]),
            min(self.fit_window_days * steps_per_day, MOST_RETURNS),
            MINIMUM_RETURNS,
            self.refit_every_days * panel.boundaries_per_day,
        )
        return out
