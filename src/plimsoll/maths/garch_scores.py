"""Scores of GARCH models by observation, in the parameters a user reads.

Order: mean, omega, alpha, gamma, beta, nu (the last is 0 for normal innovations). These forward
recursions are independent of the adjoint gradient of the optimiser and check it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.garch_likelihood import student_t_constant
from plimsoll.maths.recursions import garch_first_variance, gjr_step

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@njit(cache=True, nogil=True)
def _density_slopes(shock: float, variance: float, nu: float) -> tuple[float, float, float]:
    """Derivatives of the log density in variance, shock and nu (without its constant)."""
    z_squared = shock * shock / variance
    if not np.isfinite(nu):
        return 0.5 * (z_squared - 1.0) / variance, -shock / variance, 0.0
    tail = nu - 2.0 + z_squared
    ratio = (nu + 1.0) * z_squared / tail
    by_nu = -0.5 * math.log1p(z_squared / (nu - 2.0)) + 0.5 * ratio / (nu - 2.0)
    return 0.5 * (ratio - 1.0) / variance, -(nu + 1.0) * shock / (variance * tail), by_nu


@njit(cache=True, nogil=True)
def garch_scores(returns: Vector, parameters: Vector, presample: float) -> Matrix:
    """Derivatives of each log density, shape (n, 6).

    Parameters
    ----------
    returns : ndarray, shape (n,)
    parameters : ndarray, shape (6,)
        Mean, omega, alpha, gamma, beta, nu (infinite for normal).
    presample : float
        Pre-sample variance, held fixed.
    """
    mean, omega, alpha, gamma, beta, nu = parameters
    scores = np.zeros((returns.size, 6))
    slopes = np.array([0.0, 1.0, presample, 0.5 * presample, presample])
    variance = garch_first_variance(presample, omega, alpha, gamma, beta)
    eta = 1.0 / nu
    constant = -student_t_constant(eta)[1] * eta * eta if eta > 0.0 else 0.0
    for t in range(returns.size):
        shock = returns[t] - mean
        by_variance, by_shock, by_nu = _density_slopes(shock, variance, nu)
        for i in range(5):
            scores[t, i] = by_variance * slopes[i]
        scores[t, 0] -= by_shock
        scores[t, 5] = constant + by_nu
        fall = 1.0 if shock < 0.0 else 0.0
        slopes[0] = beta * slopes[0] - 2.0 * (alpha + gamma * fall) * shock
        slopes[1] = beta * slopes[1] + 1.0
        slopes[2] = beta * slopes[2] + shock * shock
        slopes[3] = beta * slopes[3] + fall * shock * shock
        slopes[4] = beta * slopes[4] + variance
        variance = gjr_step(variance, shock, omega, alpha, gamma, beta)
    return scores


@njit(cache=True, nogil=True)
def garch_log_densities(returns: Vector, parameters: Vector, presample: float) -> Vector:
    """Log density of each return, by the step recursion; parameters as in :func:`garch_scores`."""
    mean, omega, alpha, gamma, beta, nu = parameters
    densities = np.empty(returns.size)
    variance = garch_first_variance(presample, omega, alpha, gamma, beta)
    constant = student_t_constant(1.0 / nu)[0]
    for t in range(returns.size):
        shock = returns[t] - mean
        z_squared = shock * shock / variance
        if np.isfinite(nu):
            tail = 0.5 * (nu + 1.0) * math.log1p(z_squared / (nu - 2.0))
        else:
            tail = 0.5 * z_squared
        densities[t] = constant - 0.5 * math.log(variance) - tail
        variance = gjr_step(variance, shock, omega, alpha, gamma, beta)
    return densities
