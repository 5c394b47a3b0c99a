"""Moves of a panel over a horizon, started at every bar, and volatility forecasts made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.forecast import CONFIDENCE, ForecastPaths
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.maths.horizon_moves import horizon_move_table, move_variance_table
from plimsoll.maths.rolling_tails import rolling_risk_table

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WAIT_HOURS = 24
"""Longest wait for a print after the horizon, as when moves are scored."""
LEAST_MOVES_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelMoves:
    """Log moves begun at every bar, (N, T), and the bars they ended at (-1: none)."""

    move: FloatArray
    end: IntArray

    __repr__ = field_summary


def panel_moves(panel: ReturnsPanel, horizon_hours: int) -> PanelMoves:
    """Return the moves of every market over the horizon."""
    move, end = horizon_move_table(panel.price, panel.bars_of(horizon_hours), wait_bars(panel))
    return PanelMoves(move=move, end=end)


def ewma_volatility(panel: ReturnsPanel, moves: PanelMoves, decay_daily: float) -> FloatArray:
    """(N, D) volatility of the move over the horizon: EWMA of the squares of overlapping moves.

    Parameters
    ----------
    decay_daily : float
        Weight that is left after a day, in (0, 1); the recursion runs on bars.
    """
    if not 0.0 < decay_daily < 1.0:
        raise ParameterError("must lie in (0, 1)", found=decay_daily, field="decay_daily")
    decay = decay_daily ** (1.0 / panel.bars_per_day)
    variance = move_variance_table(
        moves.move, moves.end, panel.boundaries.bars, decay, LEAST_MOVES_DAYS * panel.bars_per_day
    )
    out: FloatArray = np.sqrt(variance)
    return out


def unit_volatility(panel: ReturnsPanel) -> FloatArray:
    """(N, D) ones: moves as they are."""
    return np.ones((len(panel.markets), panel.time_ns.size))


def tail_paths(
    panel: ReturnsPanel,
    moves: PanelMoves,
    volatility: FloatArray,
    *,
    window_days: int,
    pareto_share: float = 0.0,
    least_days: int = LEAST_MOVES_DAYS,
    confidence: float = CONFIDENCE,
) -> ForecastPaths:
    """Scale each market's own past moves to its volatility at every boundary.

    Parameters
    ----------
    volatility : (N, D) float64
    window_days : int
        Look-back of the scaled moves.
    pareto_share : float
        Share of them in a generalised Pareto tail; 0 for the empirical quantile (type 7) and the
        mean of the scenario losses beyond it.
    least_days : int
        Fewest moves in the window, in days of them.
    """
    value_at_risk, expected_shortfall = rolling_risk_table(
        moves.move,
        moves.end,
        panel.boundaries.bars,
        np.ascontiguousarray(volatility),
        window_days * panel.bars_per_day,
        least_days * panel.bars_per_day,
        confidence,
        pareto_share,
    )
    return ForecastPaths(
        time_ns=panel.time_ns,
        value_at_risk=value_at_risk,
        expected_shortfall=expected_shortfall,
    )


def wait_bars(panel: ReturnsPanel) -> int:
    """Return the longest wait for a print after the horizon, in bars."""
    return WAIT_HOURS * panel.bars_per_day // 24
