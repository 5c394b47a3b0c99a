"""Margins in force held against realised losses, for every market and side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.published import DailyLosses, lag_of_horizon
from plimsoll.calibration.risk_paths import loss_of_move
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, HOUR_NS, MarketHistory
from plimsoll.domain.table import iso_minute
from plimsoll.errors import InsufficientDataError
from plimsoll.validation.walk_forward import WAIT_HOURS, at_starts, realised_moves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredLosses:
    """Realised losses of a constant position on one common grid of starts.

    Parameters
    ----------
    start_ns : (S,) int64
    loss : (S, N, 2) float64
        Share of notional; NaN where a market has no start (the grid holds the starts of every
        horizon) or no price.
    horizon_hours : (N,) int64
    lost : (N,) int64
        Starts whose loss cannot be known.
    """

    start_ns: IntArray
    loss: FloatArray
    horizon_hours: IntArray
    lost: IntArray

    @property
    def horizon_ns(self) -> IntArray:
        """(N,) horizon of each market: the step of its own starts."""
        return self.horizon_hours.astype(np.int64) * HOUR_NS


def scored_losses(
    history: MarketHistory,
    horizon_hours: IntArray,
    payoffs: list[Payoff],
    from_ns: int,
) -> ScoredLosses:
    """Measure the losses of long and short from ``from_ns`` on, each market at its own horizon.

    Starts of one market are one horizon apart, so its horizons do not overlap.
    """
    hours = [int(h) for h in np.unique(horizon_hours)]
    moves = {h: realised_moves(history, h, from_ns) for h in hours}
    grid = np.unique(np.concatenate([m.start_ns for m in moves.values()]))
    if not grid.size:
        raise InsufficientDataError(
            "must reach beyond the first scored day by at least one horizon",
            found=f"scored from {iso_minute(from_ns)}, last bar {iso_minute(_last_ns(history))}",
            field="history",
            remedy="set evidence.from earlier, or bring more data",
        )
    loss = np.full((grid.size, len(history.markets), 2), np.nan)
    lost = np.zeros(len(history.markets), dtype=np.int64)
    for column, payoff in enumerate(payoffs):
        found = moves[int(horizon_hours[column])]
        rows = np.searchsorted(grid, found.start_ns)
        move = found.log_move[:, column]
        loss[rows, column] = loss_of_move(payoff, -move, move)
        lost[column] = found.lost[column]
    return ScoredLosses(start_ns=grid, loss=loss, horizon_hours=horizon_hours, lost=lost)


def _last_ns(history: MarketHistory) -> int:
    return int(history.time_ns[-1]) if len(history) else 0


def horizons(
    markets: tuple[str, ...], problem: CalibrationProblem, class_of: dict[str, str]
) -> tuple[IntArray, IntArray]:
    """(N,) close-out and reaction horizons in hours."""
    classes = [problem.classes[class_of[market]] for market in markets]
    return (
        np.array([c.maintenance_horizon_hours for c in classes], dtype=np.int64),
        np.array([c.reaction_horizon_hours for c in classes], dtype=np.int64),
    )


def by_day(scored: ScoredLosses, set_ns: IntArray) -> DailyLosses:
    """Rearrange losses as (D, K, N, 2): the K starts of each day on which a margin was set.

    Horizons are whole hours and all starts lie equally long after the hour, so whole hours since
    the margin was set tell the starts of a day apart whatever the length of a bar.
    """
    day = np.searchsorted(set_ns, scored.start_ns, side="right") - 1
    inside = (day >= 0) & (scored.start_ns < set_ns[-1] + DAY_NS)
    slot = (scored.start_ns - set_ns[np.maximum(day, 0)]) // HOUR_NS
    shape = (set_ns.size, 24, *scored.loss.shape[1:])
    loss = np.full(shape, np.nan)
    loss[day[inside], slot[inside]] = scored.loss[inside]
    longest = int(scored.horizon_hours.max()) * HOUR_NS
    return DailyLosses(loss=loss, lag_days=lag_of_horizon(longest, WAIT_HOURS * HOUR_NS))


def margins_in_force(path: FloatArray, set_ns: IntArray, scored: ScoredLosses) -> FloatArray:
    """(S, N, 2) margins at each start, NaN where the market has no loss to hold them against."""
    margin = at_starts(path, set_ns, scored.start_ns)
    if margin.ndim == 2:
        margin = np.repeat(margin[:, :, None], 2, axis=2)
    return np.where(np.isfinite(scored.loss), margin, np.nan)
