"""Blends of fast and slow volatility with a tail pooled over all markets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.forecast import CONFIDENCE, ForecastPaths
from plimsoll.estimators.reference.moves import (
    PanelMoves,
    ewma_volatility,
    panel_moves,
    tail_paths,
)
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.maths.pooled_tails import pooled_quantile_path
from plimsoll.maths.rolling_tails import STRATA, scaled_move_table

FloatArray = NDArray[np.float64]

SLOW_DECAY = 0.9997


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledBlend:
    """``ln s = (1 - a) ln slow + a ln fast``; the tail of moves over s is that of all markets.

    Parameters
    ----------
    fast_decay, slow_decay : float
        Of the two EWMAs, a day.
    fast_weight : float
        a, in [0, 1]; 0 is the slow volatility alone.
    own_days : float
        Shrinkage of a market's own tail to the pool: weight n / (n + own_days) on its own after n
        days; infinite for the pool alone.
    pool_days : int
        Look-back of the pooled tail; 0 for all the past.
    """

    name: str = "blend_97_15"
    fast_decay: float = 0.97
    fast_weight: float = 0.15
    slow_decay: float = SLOW_DECAY
    own_days: float = float("inf")
    pool_days: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.fast_weight <= 1.0:
            raise ParameterError("must lie in [0, 1]", found=self.fast_weight, field="fast_weight")
        if not self.own_days >= 0.0:
            raise ParameterError("must not be negative", found=self.own_days, field="own_days")

    @property
    def title(self) -> str:
        """One line."""
        tail = (
            "pooled tail" if np.isinf(self.own_days) else f"own tail to pool, {self.own_days:g} d"
        )
        if not self.fast_weight:
            return f"Slow EWMA {self.slow_decay:g}, {tail}; ES of the tail"
        return (
            f"{self.fast_weight:g} fast EWMA {self.fast_decay:g} over slow {self.slow_decay:g}, "
            f"{tail}; ES of the tail"
        )

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        moves = panel_moves(panel, horizon_hours)
        volatility = self._volatility(panel, moves)
        pooled = pooled_paths(panel, moves, volatility, pool_days=self.pool_days)
        if np.isinf(self.own_days):
            return pooled
        own = tail_paths(panel, moves, volatility, window_days=3650)
        weight = (panel.age_days / (panel.age_days + self.own_days))[:, :, None]
        return ForecastPaths(
            time_ns=panel.time_ns,
            value_at_risk=_mixed(own.value_at_risk, pooled.value_at_risk, weight),
            expected_shortfall=_mixed(own.expected_shortfall, pooled.expected_shortfall, weight),
        )

    def _volatility(self, panel: ReturnsPanel, moves: PanelMoves) -> FloatArray:
        slow = ewma_volatility(panel, moves, self.slow_decay)
        if not self.fast_weight:
            return slow
        fast = ewma_volatility(panel, moves, self.fast_decay)
        return blended(slow, fast, self.fast_weight)


def blended(slow: FloatArray, fast: FloatArray, fast_weight: float) -> FloatArray:
    """Geometric mean of two volatilities, weighted."""
    out: FloatArray = slow ** (1.0 - fast_weight) * fast**fast_weight
    return out


def pooled_paths(
    panel: ReturnsPanel, moves: PanelMoves, volatility: FloatArray, *, pool_days: int = 0
) -> ForecastPaths:
    """Each market's volatility (N, D) times the quantiles of all markets' scaled moves so far.

    The expected shortfall is the mean loss at the middles of the equally likely parts of the tail.
    """
    tail = 1.0 - CONFIDENCE
    tails = np.concatenate([[tail], tail * (np.arange(STRATA) + 0.5) / STRATA])
    contiguous = np.ascontiguousarray(volatility)
    scaled = scaled_move_table(moves.move, panel.boundaries.bars, contiguous)
    quantile = pooled_quantile_path(
        scaled,
        moves.end,
        panel.boundaries.bars,
        30 * panel.bars_per_day,
        tails,
        pool_days * panel.bars_per_day,
    )
    at_risk = _share_losses(volatility.T, quantile[:, :, 0])
    parts = [_share_losses(volatility.T, quantile[:, :, k]) for k in range(1, tails.size)]
    return ForecastPaths(
        time_ns=panel.time_ns, value_at_risk=at_risk, expected_shortfall=np.mean(parts, axis=0)
    )


def _share_losses(volatility: FloatArray, quantile: FloatArray) -> FloatArray:
    """(D, N, 2) losses of the log moves ``volatility`` (D, N) times ``quantile`` (D, 2)."""
    fall, rise = volatility * quantile[:, :1], volatility * quantile[:, 1:]
    return np.stack([-np.expm1(-fall), np.expm1(rise)], axis=-1)


def _mixed(own: FloatArray, pooled: FloatArray, weight: FloatArray) -> FloatArray:
    return np.where(np.isfinite(own), weight * own + (1.0 - weight) * pooled, pooled)
