"""GARCH, GJR or EGARCH volatility, refitted monthly, under the tail of a market's scaled moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.horizon.garch_path import GarchPath
from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.estimators.reference.moves import panel_moves, tail_paths
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]

LONGEST_STEP_HOURS = 24
MOST_RETURNS = 3285
"""Longest look-back of a likelihood in returns: three years of 8-hour ones, 136 days of hourly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GarchSimulation:
    """Moves begun at every bar over the GARCH volatility in force, scaled to today's.

    GARCH runs on the moves between boundaries one horizon apart (at most a day), by maximum
    likelihood on the last 3,285 returns at most. How the risk of the horizon differs from one
    step's is in the tail of the scaled moves.

    Parameters
    ----------
    fit_window_days, refit_every_days : int
    window_days : int
        Look-back of the tail.
    pareto_share : float
        Share of the moves in a generalised Pareto tail (probability-weighted moments); 0 for the
        empirical tail.
    asymmetric : bool
        GJR term; EGARCH always has its sign term.
    exponential : bool
        EGARCH for GARCH.
    skewed : bool
        Hansen's skewed Student-t innovations for Student-t.
    """

    name: str = "garch_t_fhs"
    fit_window_days: int = 1095
    refit_every_days: int = 30
    window_days: int = 365
    pareto_share: float = 0.0
    asymmetric: bool = False
    exponential: bool = False
    skewed: bool = False

    @property
    def title(self) -> str:
        """One line."""
        kind = "EGARCH" if self.exponential else "GJR" if self.asymmetric else "GARCH"
        law = f"{kind}-skew-t" if self.skewed else f"{kind}-t"
        if self.pareto_share:
            return (
                f"{law} monthly, POT above {self.pareto_share:.0%} of {self.window_days} d; ES GPD"
            )
        return f"{law} monthly, tail {self.window_days} d; ES empirical"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        volatility = garch_volatility(
            panel,
            min(horizon_hours, LONGEST_STEP_HOURS),
            fit_window_days=self.fit_window_days,
            refit_every_days=self.refit_every_days,
            asymmetric=self.asymmetric,
            exponential=self.exponential,
            skewed=self.skewed,
        )
        return tail_paths(
            panel,
            panel_moves(panel, horizon_hours),
            volatility * np.sqrt(panel.bars_of(horizon_hours)),
            window_days=self.window_days,
            pareto_share=self.pareto_share,
        )


def garch_volatility(
    panel: ReturnsPanel,
    step_hours: int,
    *,
    fit_window_days: int,
    refit_every_days: int,
    asymmetric: bool = False,
    exponential: bool = False,
    skewed: bool = False,
) -> FloatArray:
    """(N, D) volatility per bar; NaN until 250 returns of ``step_hours`` are known."""
    model = GarchPath(
        asymmetric=asymmetric,
        exponential=exponential,
        skewed=skewed,
        step_hours=step_hours,
        window_days=min(fit_window_days, MOST_RETURNS * step_hours // 24),
        refit_every_days=refit_every_days * panel.boundaries_per_day,
    )
    return np.array([model.path(record, panel.boundaries) for record in panel.records])
