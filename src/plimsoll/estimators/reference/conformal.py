"""Filtered simulation whose level adapts to its own breaches: adaptive conformal inference."""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.forecast import CONFIDENCE, ForecastPaths
from plimsoll.estimators.reference.moves import LEAST_MOVES_DAYS, ewma_volatility, panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.maths.conformal_levels import conformal_risk_table


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalSimulation:
    """FHS at a level that starts at the target, falls on a breach and rises back in calm.

    Parameters
    ----------
    gamma : float
        Step per scored start.
    least_share : float
        Lowest level, as a share of the target; the target itself is the highest.
    """

    name: str = "fhs_97_aci"
    decay_daily: float = 0.97
    window_days: int = 365
    gamma: float = 0.005
    least_share: float = 0.2

    def __post_init__(self) -> None:
        if not self.gamma >= 0.0:
            raise ParameterError("must not be negative", found=self.gamma, field="gamma")
        if not 0.0 < self.least_share <= 1.0:
            raise ParameterError("must lie in (0, 1]", found=self.least_share, field="least_share")

    @property
    def title(self) -> str:
        """One line."""
        return f"FHS {self.decay_daily:g} with ACI, gamma {self.gamma:g}; ES in FHS's ratio"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        moves = panel_moves(panel, horizon_hours)
        tail = 1.0 - CONFIDENCE
        value_at_risk, expected_shortfall = conformal_risk_table(
            moves.move,
            moves.end,
            panel.boundaries.bars,
            ewma_volatility(panel, moves, self.decay_daily),
            self.window_days * panel.bars_per_day,
            LEAST_MOVES_DAYS * panel.bars_per_day,
            panel.bars_of(horizon_hours),
            tail,
            self.gamma,
            self.least_share * tail,
        )
        return ForecastPaths(
            time_ns=panel.time_ns,
            value_at_risk=value_at_risk,
            expected_shortfall=expected_shortfall,
        )
