"""EWMA volatility with a fixed law: normal, and Student-t (the benchmark to beat)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.forecast import CONFIDENCE, ForecastPaths
from plimsoll.estimators.reference.moves import ewma_volatility, panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]

STRATA = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Ewma:
    """EWMA of overlapping moves times the quantile of a law of unit variance.

    Parameters
    ----------
    decay_daily : float
    nu : float
        Degrees of freedom of Student's t, above 2; infinite for the normal law.
    """

    name: str = "ewma_t"
    decay_daily: float = 0.97
    nu: float = 4.0

    def __post_init__(self) -> None:
        if not self.nu > 2.0:
            raise ParameterError("must exceed 2", found=self.nu, field="nu")

    @property
    def title(self) -> str:
        """One line."""
        law = "normal" if np.isinf(self.nu) else f"t({self.nu:g})"
        return f"EWMA {self.decay_daily:g} a day, {law}; ES of the law"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        moves = panel_moves(panel, horizon_hours)
        volatility = ewma_volatility(panel, moves, self.decay_daily).T
        return law_paths(panel, volatility, standard_quantiles(self.nu))


def standard_quantiles(nu: float) -> FloatArray:
    """Quantile at 99 %, then the middles of the equally likely parts beyond, at unit variance."""
    tail = 1.0 - CONFIDENCE
    parts = tail * (np.arange(STRATA) + 0.5) / STRATA
    levels = np.concatenate([[tail], parts])
    if np.isinf(nu):
        return np.asarray(-special.ndtri(levels), dtype=np.float64)
    return np.asarray(-special.stdtrit(nu, levels) * np.sqrt((nu - 2.0) / nu), dtype=np.float64)


def law_paths(panel: ReturnsPanel, volatility: FloatArray, quantiles: FloatArray) -> ForecastPaths:
    """Shares of notional lost at ``volatility`` (D, N) times quantiles of either side alike."""
    at_risk = _losses(volatility * quantiles[0])
    shortfall = np.mean([_losses(volatility * q) for q in quantiles[1:]], axis=0)
    return ForecastPaths(time_ns=panel.time_ns, value_at_risk=at_risk, expected_shortfall=shortfall)


def _losses(move: FloatArray) -> FloatArray:
    return np.stack([-np.expm1(-move), np.expm1(move)], axis=-1)
