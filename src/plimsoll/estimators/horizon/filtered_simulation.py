"""Filtered historical simulation: past shocks rescaled to the volatility of today.

One step: ``loss = -(mean + sigma * z)`` over the past standardised residuals z, so that the
value-at-risk is ``sigma * q(-z) - mean`` (Hull and White, 1998; Barone-Adesi et al., 1999).
Conventions of the quantile, named in every result:

``type7``       linear interpolation, numpy's default;
``order_stat``  the ``ceil(n * confidence)``-th smallest loss;
``tailmean``    expected shortfall as the mean of the worst ``n * (1 - confidence)`` losses, the
                boundary observation counted by its fraction.

Several steps: :func:`simulate_horizon` draws residuals and runs the volatility recursion;
:mod:`plimsoll.estimators.horizon.overlapping` scales moves that happened over the whole horizon.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.estimators.volatility.ewma import FittedEwma
from plimsoll.estimators.volatility.fitted_garch import FittedGarch
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.order_statistics import (
    quantile_order_statistic,
    quantile_type7,
    upper_tail_mean,
)
from plimsoll.maths.return_paths import simulate_horizon_returns

Vector = NDArray[np.float64]
QuantileConvention = Literal["type7", "order_stat"]
FittedVolatility = FittedGarch | FittedEwma

NO_RATIO_BOUNDS = (0.0, float("inf"))
DEFAULT_RATIO_BOUNDS = (0.5, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredRisk:
    """Value-at-risk and expected shortfall (losses positive) and how they were read off."""

    value_at_risk: float
    expected_shortfall: float
    confidence: float
    quantile_convention: QuantileConvention
    shortfall_convention: Literal["tailmean"]
    horizon: int
    sample_size: int


def filtered_risk(
    fitted: FittedVolatility, *, confidence: float, convention: QuantileConvention = "type7"
) -> FilteredRisk:
    """One-step filtered historical simulation from a fitted volatility model.

    The residuals are those of the fit's sample; the volatility is that of the next return,
    updates included.
    """
    mean = fitted.mean_return
    volatility = float(np.sqrt(fitted.variance_next))
    ordered = np.sort(-fitted.standardised_residuals)
    var, shortfall = _risks_of_ordered(ordered, confidence, convention)
    return FilteredRisk(
        value_at_risk=volatility * var - mean,
        expected_shortfall=volatility * shortfall - mean,
        confidence=confidence,
        quantile_convention=convention,
        shortfall_convention="tailmean",
        horizon=1,
        sample_size=ordered.size,
    )


def risk_of_losses(
    losses: Vector,
    *,
    confidence: float,
    convention: QuantileConvention = "type7",
    horizon: int = 1,
) -> FilteredRisk:
    """The same measures of simulated losses, for example minus :func:`simulate_horizon`."""
    ordered = np.sort(np.asarray(losses, dtype=np.float64))
    var, shortfall = _risks_of_ordered(ordered, confidence, convention)
    return FilteredRisk(
        value_at_risk=var,
        expected_shortfall=shortfall,
        confidence=confidence,
        quantile_convention=convention,
        shortfall_convention="tailmean",
        horizon=horizon,
        sample_size=ordered.size,
    )


def simulate_horizon(
    fitted: FittedVolatility,
    *,
    horizon: int,
    paths: int,
    seed: int,
    ratio_bounds: tuple[float, float] = DEFAULT_RATIO_BOUNDS,
) -> Vector:
    """Simulated log returns over ``horizon`` steps, shape (paths,).

    Parameters
    ----------
    fitted : FittedGarch or FittedEwma
    horizon, paths, seed : int
        Steps, paths, seed. Path p does not depend on the number of paths.
    ratio_bounds : (float, float)
        A past shock is rescaled by the simulated over its own volatility, kept within these
        bounds; :data:`NO_RATIO_BOUNDS` turns that off. A stale feed with next to no volatility
        would otherwise explode.
    """
    low, high = ratio_bounds
    if horizon < 1 or paths < 1:
        raise ParameterError(
            "horizon and paths must be at least 1", found=(horizon, paths), field="horizon"
        )
    if not 0.0 <= low <= high:
        raise ParameterError(
            "must be two numbers, 0 <= low <= high", found=ratio_bounds, field="ratio_bounds"
        )
    shocks, coefficients = _shocks_and_coefficients(fitted)
    simulated: Vector = simulate_horizon_returns(
        shocks,
        np.array(fitted.variances[:-1]),
        fitted.variance_next,
        coefficients,
        horizon,
        paths,
        seed,
        low,
        high,
    )
    return simulated


def _shocks_and_coefficients(fitted: FittedVolatility) -> tuple[Vector, Vector]:
    if isinstance(fitted, FittedGarch):
        p = fitted.parameters
        return fitted.shocks, np.array([p.mean, p.omega, p.alpha, p.gamma, p.beta])
    if not isinstance(fitted, FittedEwma):
        raise ParameterError(
            "must be a fitted GARCH, GJR or EWMA", found=type(fitted).__name__, field="fitted"
        )
    decay = fitted.decay
    return np.array(fitted.returns), np.array([0.0, 0.0, 1.0 - decay, 0.0, decay])


def _risks_of_ordered(
    ordered: Vector, confidence: float, convention: QuantileConvention
) -> tuple[float, float]:
    check_choice(convention, QuantileConvention, field="convention")
    if not 0.0 < confidence < 1.0:
        raise ParameterError("must lie in (0, 1)", found=confidence, field="confidence")
    quantile = quantile_type7 if convention == "type7" else quantile_order_statistic
    return float(quantile(ordered, confidence)), float(upper_tail_mean(ordered, confidence))
