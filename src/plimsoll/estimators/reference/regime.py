"""Two-state switching volatility, refitted every month, under the tail of scaled moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataError, EstimationError
from plimsoll.estimators.horizon.garch_path import days_that_trusted, step_returns
from plimsoll.estimators.horizon.price_record import Boundaries, PriceRecord
from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.estimators.reference.moves import panel_moves, tail_paths
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.estimators.regimes.fitted_switching import FittedSwitching
from plimsoll.estimators.regimes.switching import SwitchingVolatility

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MINIMUM_RETURNS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeSimulation:
    """Moves begun at every bar over the two-regime volatility in force, scaled to today's.

    The regimes are those of daily returns (boundaries a day apart): normal innovations, shared
    mean, maximum likelihood on each market alone. The volatility is that of the next day, mixed
    over the regimes; how the horizon differs is in the tail of the scaled moves.

    Parameters
    ----------
    fit_window_days, refit_every_days : int
    window_days : int
        Look-back of the tail.
    """

    name: str = "regime_fhs"
    fit_window_days: int = 1095
    refit_every_days: int = 30
    window_days: int = 365

    @property
    def title(self) -> str:
        """One line."""
        return f"two regimes monthly, tail {self.window_days} d; ES empirical"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        volatility = np.array([self._market(record, panel.boundaries) for record in panel.records])
        return tail_paths(
            panel,
            panel_moves(panel, horizon_hours),
            volatility * np.sqrt(panel.bars_of(horizon_hours)),
            window_days=self.window_days,
        )

    def _market(self, record: PriceRecord, boundaries: Boundaries) -> FloatArray:
        """(D,) volatilities per bar; NaN until 250 daily returns are known."""
        out = self._path(record.final, boundaries)
        late, condemned = record.late_masks(boundaries.time_ns)
        for day in days_that_trusted(late, condemned, boundaries.bars):
            masked = record.mask_from_ns <= boundaries.time_ns[day]
            one = Boundaries(
                time_ns=boundaries.time_ns[: day + 1],
                bars=boundaries.bars[: day + 1],
                bars_per_day=boundaries.bars_per_day,
            )
            out[day] = self._path(np.where(masked, np.nan, record.log_price), one)[-1]
        return out

    def _path(self, log_price: FloatArray, boundaries: Boundaries) -> FloatArray:
        returns, known = step_returns(log_price, boundaries, boundaries.bars_per_day)
        out = regime_day_path(
            returns,
            known,
            window=self.fit_window_days,
            refit_every=self.refit_every_days,
        )
        out /= np.sqrt(boundaries.bars_per_day)
        return out


def regime_day_path(
    returns: FloatArray, known: IntArray, *, window: int, refit_every: int
) -> FloatArray:
    """Forecast deviation of the return after the first ``known[d]``, for each boundary d.

    Refits happen where ``refit_every`` more returns are known, counted from the first that are
    enough, so that a path does not depend on where it ends; between refits the probability of the
    storm is updated return by return. A market whose fit fails keeps none until the next refit.
    """
    out = np.full(known.size, np.nan)
    fitted: FittedSwitching | None = None
    at = 0
    for d in range(known.size):
        while at < known[d]:
            at += 1
            if at >= MINIMUM_RETURNS and (at - MINIMUM_RETURNS) % refit_every == 0:
                fitted = _fit(returns[max(at - window, 0) : at])
            elif fitted is not None:
                fitted = fitted.update(float(returns[at - 1]))
        if fitted is not None:
            out[d] = fitted.volatility
    return out


def _fit(returns: FloatArray) -> FittedSwitching | None:
    try:
        return SwitchingVolatility().fit(returns)
    except (DataError, EstimationError):
        return None
