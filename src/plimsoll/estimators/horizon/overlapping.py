"""Moves over the margin period, started at every bar, scaled by the volatility known before.

For a horizon of h bars, ``z[t] = (r[t+1] + ... + r[t+h]) / s[t]`` where ``s[t]`` is the forecast
volatility of the h-bar move made at t from returns up to t alone (the square root of the summed
variance forecasts). The loss tail of z is generalised Pareto; today's loss quantile over the
horizon is today's ``s`` times the quantile of ``-z``.

Overlap: neighbouring moves share h - 1 bars. Serial dependence does not bias the quantile, since
each z has the same law, but n overlapping moves carry the information of far fewer independent
ones. The standard error is therefore taken by a block bootstrap, never from n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.estimators.horizon.bootstrap import bootstrap_standard_error
from plimsoll.estimators.horizon.filtered_simulation import FittedVolatility
from plimsoll.estimators.observations import Vector, read_only
from plimsoll.estimators.tails.peaks_over_threshold import FittedTail, PeaksOverThreshold
from plimsoll.estimators.volatility.ewma import FittedEwma
from plimsoll.maths.return_paths import overlapping_sums

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OverlappingTail:
    """Tail of scaled moves over ``horizon`` bars.

    ``scaled_losses`` is ``-z``, shape (n - horizon + 1,), in time order; ``volatility`` the
    forecast volatility of the next move.
    """

    horizon: int
    tail: FittedTail
    scaled_losses: Vector
    volatility: float

    def value_at_risk(self, confidence: float) -> float:
        """Loss (positive, log return) over the horizon not exceeded with ``confidence``."""
        return self.volatility * self.tail.quantile(confidence)

    def expected_shortfall(self, confidence: float) -> float:
        """Mean loss beyond the value-at-risk; refused for ``xi >= 1``."""
        return self.volatility * self.tail.expected_shortfall(confidence)

    def standard_error(
        self, confidence: float, *, block_length: int, replicates: int = 200, seed: int
    ) -> float:
        """Block-bootstrap standard error of :meth:`value_at_risk`, volatility taken as known.

        Resamples are fitted by probability-weighted moments whatever the method of the fit.
        ``block_length`` must be at least the horizon.
        """
        if block_length < self.horizon:
            raise ParameterError(
                f"must be at least the horizon of {self.horizon} bars",
                found=block_length,
                remedy="blocks shorter than the overlap would hide the dependence",
                field="block_length",
            )
        return self.volatility * bootstrap_standard_error(
            self.scaled_losses,
            confidence=confidence,
            block_length=block_length,
            tail_fraction=self.tail.tail_share,
            replicates=replicates,
            seed=seed,
        )


def overlapping_tail(
    fitted: FittedVolatility,
    *,
    horizon: int,
    model: PeaksOverThreshold | None = None,
) -> OverlappingTail:
    """Fit the tail of overlapping scaled moves of the fit's sample.

    Parameters
    ----------
    fitted : FittedGarch or FittedEwma
        Its variances are the forecasts; parameters are those of the whole sample, so this is an
        in-sample calibration: for a backtest fit on the past only.
    horizon : int
        Bars of a move.
    model : PeaksOverThreshold, optional
        Default: 5 % tail by maximum likelihood.
    """
    if not 1 <= horizon <= fitted.returns.size // 2:
        raise ParameterError(
            "must be at least 1 and at most half the sample", found=horizon, field="horizon"
        )
    volatility = horizon_volatility(fitted, np.array(fitted.variances), horizon)
    moves = overlapping_sums(np.array(fitted.returns), horizon)
    losses = -moves / volatility[: moves.size]
    latest = horizon_volatility(fitted, np.array([fitted.variance_next]), horizon)
    return OverlappingTail(
        horizon=horizon,
        tail=(model or PeaksOverThreshold()).fit(losses),
        scaled_losses=read_only(losses),
        volatility=float(latest[0]),
    )


def horizon_volatility(fitted: FittedVolatility, variances: Vector, horizon: int) -> Vector:
    """Forecast volatility of an ``horizon``-bar move for each next-bar variance.

    The summed forecasts are linear in the next variance: ``a + b * variance`` with b the sum of
    powers of the persistence.
    """
    if isinstance(fitted, FittedEwma):
        return np.sqrt(horizon * variances)
    p = fitted.parameters
    constant, slope, level, power = 0.0, 0.0, 0.0, 1.0
    for _ in range(horizon):
        constant, slope = constant + level, slope + power
        level, power = p.omega + p.persistence * level, power * p.persistence
    return np.sqrt(constant + slope * variances)
