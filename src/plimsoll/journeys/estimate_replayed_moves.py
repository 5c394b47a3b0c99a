"""Filtered history over a horizon: past shocks in their order, replayed from today's volatility."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.volatility.fitted_egarch import FittedEgarch
from plimsoll.estimators.volatility.fitted_garch import FittedGarch

FloatArray = NDArray[np.float64]

_MEAN_ABSOLUTE_NORMAL = float(np.sqrt(2.0 / np.pi))


def replayed_moves(fitted: FittedGarch | FittedEgarch, steps: int) -> FloatArray:
    """Log moves over ``steps`` returns, one for each stretch of so many consecutive residuals.

    Every stretch of the sample is run through the model's own recursion from the variance of the
    next return: what followed what stays together, nothing is drawn (Barone-Adesi et al., 1999,
    with overlapping stretches in place of random ones).

    Parameters
    ----------
    fitted : FittedGarch or FittedEgarch
    steps : int
        At least 1.

    Returns
    -------
    (n - steps + 1,) float64

    Raises
    ------
    InsufficientDataError
        Fewer residuals than steps.
    """
    residuals = np.asarray(fitted.standardised_residuals, dtype=np.float64)
    if not 1 <= steps <= residuals.size:
        raise InsufficientDataError(
            "must hold as many returns as the horizon has bars", found=residuals.size, field="steps"
        )
    windows = np.lib.stride_tricks.sliding_window_view(residuals, steps)
    variance = np.full(windows.shape[0], fitted.variance_next)
    moves = np.zeros(windows.shape[0])
    for z in windows.T:
        shock = np.sqrt(variance) * z
        moves += fitted.mean_return + shock
        variance = _next_variance(fitted, variance, shock, z)
    return moves


def _next_variance(
    fitted: FittedGarch | FittedEgarch, variance: FloatArray, shock: FloatArray, z: FloatArray
) -> FloatArray:
    """Variance after a shock, of every stretch; see the equations of the models."""
    p = fitted.parameters
    if isinstance(fitted, FittedGarch):
        fallen = p.alpha + p.gamma * (shock < 0.0)
        return np.asarray(p.omega + fallen * shock**2 + p.beta * variance)
    size = p.alpha * (np.abs(z) - _MEAN_ABSOLUTE_NORMAL) + p.gamma * z
    low, high = np.log(fitted.variance_bounds)
    return np.asarray(np.exp(np.clip(p.omega + size + p.beta * np.log(variance), low, high)))
