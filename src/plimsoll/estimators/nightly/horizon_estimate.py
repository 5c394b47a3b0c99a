"""The default forecaster fitted over one horizon, with its past forecasts and standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.estimators.nightly.risk_errors import ScaledSample, log_errors
from plimsoll.estimators.nightly.scale_paths import ScalePaths
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.reference.fitted_log_blend import (
    FittedLogBlend,
    LearntBlend,
    losses_of_tails,
)
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.log_scales import log_scale, moving
from plimsoll.estimators.reference.moves import panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.estimators.reference.scale_weights import weights_in_force
from plimsoll.estimators.reference.steps import step_moves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HorizonEstimate:
    """Value-at-risk and expected shortfall of N markets over a horizon; sides: a long, a short.

    Parameters
    ----------
    horizon_hours : int
    fitted : FittedLogBlend
    own : (N,) bool
        Markets whose numbers are of their own past, and move with each bar.
    value_at_risk, expected_shortfall : (N, 2) float64
        Shares of notional; NaN where there is no number.
    value_at_risk_log_error, expected_shortfall_log_error : (N, 2) float64
        Standard errors of the logarithm of the log move, given the volatility.
    path_ns : (D,) int64
        Steps of the recent past, at which each row of the paths was known.
    log_scale_path : (D, N) float64
        Log volatility of the move begun at each step.
    value_at_risk_path : (D, N, 2) float64
        Both at today's pooled level where one is used.
    moves : (D, N) float64
        Log moves begun at those steps; NaN where there is none, or it is not known yet.
    scaled : (D, N) float64
        The same over their volatility.
    log_adjustment : (N,) float64, optional
        Log of what volatility is multiplied by where a pooled level is used (`parameter_fits`).
    """

    horizon_hours: int
    fitted: FittedLogBlend
    own: BoolArray
    value_at_risk: FloatArray
    expected_shortfall: FloatArray
    value_at_risk_log_error: FloatArray
    expected_shortfall_log_error: FloatArray
    path_ns: IntArray
    log_scale_path: FloatArray
    value_at_risk_path: FloatArray
    moves: FloatArray
    scaled: FloatArray
    log_adjustment: FloatArray | None = None

    __repr__ = field_summary

    @property
    def value_at_risk_error(self) -> FloatArray:
        """(N, 2) standard errors, given the volatility."""
        return loss_error(self.value_at_risk, self.value_at_risk_log_error)

    @property
    def expected_shortfall_error(self) -> FloatArray:
        """(N, 2) standard errors, given the volatility."""
        return loss_error(self.expected_shortfall, self.expected_shortfall_log_error)

    def update(self, log_price: FloatArray) -> Self:
        """After one more bar; the others keep what they had."""
        fitted = self.fitted.update(log_price)
        value, shortfall = fitted.risk()
        if self.log_adjustment is not None:
            factor = np.exp(self.log_adjustment)[:, None]
            value, shortfall = stretched(value, factor), stretched(shortfall, factor)
        kept = ~(self.own[:, None] & np.isfinite(value))
        return replace(
            self,
            fitted=fitted,
            value_at_risk=np.where(kept, self.value_at_risk, value),
            expected_shortfall=np.where(kept, self.expected_shortfall, shortfall),
        )


def stretched(loss: FloatArray, factor: FloatArray) -> FloatArray:
    """Return (..., 2) losses with their log moves multiplied by a factor that spreads over them.

    Examples
    --------
    >>> stretched(np.array([[0.5, 1.0]]), np.array([[2.0]])).round(12).tolist()
    [[0.75, 3.0]]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        fall, rise = -np.log1p(-loss[..., 0]), np.log1p(loss[..., 1])
        size = np.stack([fall, rise], axis=-1) * factor
    return np.stack([-np.expm1(-size[..., 0]), np.expm1(size[..., 1])], axis=-1)


def with_levels(found: HorizonEstimate, adjustment: FloatArray) -> HorizonEstimate:
    """Return the risk with forecast volatilities multiplied by the exponential of (N,) logs."""
    if not adjustment.any():
        return found
    factor = np.exp(adjustment)[:, None]
    return replace(
        found,
        value_at_risk=stretched(found.value_at_risk, factor),
        expected_shortfall=stretched(found.expected_shortfall, factor),
        value_at_risk_path=stretched(found.value_at_risk_path, factor),
        log_scale_path=found.log_scale_path + adjustment,
        log_adjustment=read_only(adjustment),
    )


def without_numbers(found: HorizonEstimate, refused: BoolArray) -> HorizonEstimate:
    """Return the risk with nothing published, now or by an update, of (N,) ``refused`` markets."""

    def blank(numbers: FloatArray) -> FloatArray:
        return np.where(refused[:, None], np.nan, numbers)

    return replace(
        found,
        own=found.own & ~refused,
        value_at_risk=blank(found.value_at_risk),
        expected_shortfall=blank(found.expected_shortfall),
        value_at_risk_log_error=blank(found.value_at_risk_log_error),
        expected_shortfall_log_error=blank(found.expected_shortfall_log_error),
    )


def wide_errors(horizons: Sequence[HorizonEstimate]) -> BoolArray:
    """(N,) a standard error of value-at-risk or expected shortfall exceeds its number."""
    with np.errstate(invalid="ignore"):
        each = [
            (f.value_at_risk_error > f.value_at_risk)
            | (f.expected_shortfall_error > f.expected_shortfall)
            for f in horizons
        ]
    return np.asarray(np.any(each, axis=(0, 2)))


def loss_error(loss: FloatArray, log_error: FloatArray) -> FloatArray:
    """Return (..., 2) errors of losses from those of the logarithm of their log moves."""
    with np.errstate(invalid="ignore", divide="ignore"):
        fall, rise = -np.log1p(-loss[..., 0]), np.log1p(loss[..., 1])
        slope = np.stack([(1.0 - loss[..., 0]) * fall, (1.0 + loss[..., 1]) * rise], axis=-1)
    return np.asarray(slope * log_error)


def horizon_estimate(
    panel: ReturnsPanel, paths: ScalePaths, blend: LogBlend, horizon_hours: int, recent_days: int
) -> tuple[HorizonEstimate, FloatArray]:
    """Fit the forecaster over one horizon; also the (S, K) weights of its scales at every step."""
    bars, steps = panel.bars_of(horizon_hours), paths.steps
    moves = step_moves(panel_moves(panel, horizon_hours), bars, steps)
    weights = weights_in_force(blend.weights, paths.at_steps, moves, steps.time_ns, blend.calm)
    scale = log_scale(paths.at_steps, weights, bars, blend.reach)
    learnable = moving(paths.at_steps)
    scaled = np.where(learnable, moves.move / np.exp(scale), np.nan)
    tails, counts, levels = blend.tails_at_steps(scale, learnable, moves)
    learnt = LearntBlend(
        weights=weights,
        log_scale=scale,
        learnable=learnable,
        levels=levels,
        counts=counts,
        volatility=paths.state,
    )
    kept = slice(max(0, len(steps) - recent_days * 24 // blend.step_hours), None)
    value, shortfall = losses_of_tails(scale[kept], tails[kept])
    errors = log_errors(
        ScaledSample(
            scaled=scaled,
            known=moves.known,
            levels=levels,
            day=steps.time_ns // 86_400_000_000_000,
            overlap_days=-(-horizon_hours // 24),
        ),
        counts,
        blend.tail_rules(),
        tails[-1],
        blend.tail,
    )
    found = HorizonEstimate(
        horizon_hours=horizon_hours,
        fitted=FittedLogBlend.at_last_step(blend, panel, steps, moves, learnt),
        own=np.isfinite(value[-1]).all(axis=1),
        value_at_risk=value[-1].copy(),
        expected_shortfall=shortfall[-1].copy(),
        value_at_risk_log_error=errors[0],
        expected_shortfall_log_error=errors[1],
        path_ns=steps.time_ns[kept],
        log_scale_path=scale[kept],
        value_at_risk_path=value,
        moves=moves.move[kept],
        scaled=scaled[kept],
    )
    return found, weights
