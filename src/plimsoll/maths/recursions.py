"""Variance recursions: one step each, and the filter that is nothing but that step in a loop.

Because batch filters and live updates call the same step, a streamed variance equals the batch
variance to the last bit. The kernels carry no fast-math flag for that reason.

Timing: ``variance`` is the variance of the shock that is being passed in; the step returns the
variance of the *next* shock. Unit of a variance is the squared unit of the shock.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]

ARCH_BACKCAST_LENGTH = 75
ARCH_BACKCAST_DECAY = 0.94


@njit(cache=True, nogil=True)
def ewma_step(variance: float, shock: float, decay: float) -> float:
    """Next variance ``decay * variance + (1 - decay) * shock**2`` (RiskMetrics, 1996).

    Parameters
    ----------
    variance : float
        Variance of ``shock``.
    shock : float
        Return less its mean, signed.
    decay : float
        Weight of the old variance, in (0, 1).

    Examples
    --------
    >>> round(ewma_step(1.0, 2.0, 0.94), 12)
    1.18
    """
    return decay * variance + (1.0 - decay) * (shock * shock)


@njit(cache=True, nogil=True)
def asymmetric_ewma_step(variance: float, shock: float, decay: float, asymmetry: float) -> float:
    """Next variance with squared falls weighted ``1 + asymmetry``, squared rises ``1 - asymmetry``.

    ``decay * variance + (1 - decay) * (1 -+ asymmetry) * shock**2``; 0 gives :func:`ewma_step`.

    Examples
    --------
    >>> round(asymmetric_ewma_step(1.0, -2.0, 0.9, 0.5), 12)
    1.5
    """
    weight = 1.0 + asymmetry if shock < 0.0 else 1.0 - asymmetry
    return decay * variance + (1.0 - decay) * (weight * (shock * shock))


@njit(cache=True, nogil=True)
def garch_step(variance: float, shock: float, omega: float, alpha: float, beta: float) -> float:
    """Next variance ``omega + alpha * shock**2 + beta * variance`` (Bollerslev, 1986).

    Examples
    --------
    >>> round(garch_step(1.0, 2.0, 0.1, 0.1, 0.8), 12)
    1.3
    """
    return (omega + alpha * (shock * shock)) + beta * variance


@njit(cache=True, nogil=True)
def gjr_step(
    variance: float, shock: float, omega: float, alpha: float, gamma: float, beta: float
) -> float:
    """Next variance with the extra weight ``gamma`` on squared falls.

    ``omega + (alpha + gamma * [shock < 0]) * shock**2 + beta * variance``
    (Glosten, Jagannathan and Runkle, 1993). With ``gamma = 0`` it is :func:`garch_step`.

    Examples
    --------
    >>> round(gjr_step(1.0, -2.0, 0.1, 0.1, 0.05, 0.8), 12)
    1.5
    """
    weight = alpha + gamma if shock < 0.0 else alpha
    return (omega + weight * (shock * shock)) + beta * variance


@njit(cache=True, nogil=True)
def ewma_filter(shocks: Vector, first_variance: float, decay: float) -> Vector:
    """Variances of an EWMA: ``n + 1`` values, the last is the forecast after the last shock."""
    variances = np.empty(shocks.size + 1)
    variances[0] = first_variance
    for t in range(shocks.size):
        variances[t + 1] = ewma_step(variances[t], shocks[t], decay)
    return variances


@njit(cache=True, nogil=True)
def asymmetric_ewma_filter(
    shocks: Vector, first_variance: float, decay: float, asymmetry: float
) -> Vector:
    """Variances of an asymmetric EWMA: ``n + 1`` values, the last is the one-step forecast."""
    variances = np.empty(shocks.size + 1)
    variances[0] = first_variance
    for t in range(shocks.size):
        variances[t + 1] = asymmetric_ewma_step(variances[t], shocks[t], decay, asymmetry)
    return variances


@njit(cache=True, nogil=True)
def garch_filter(
    shocks: Vector, first_variance: float, omega: float, alpha: float, beta: float
) -> Vector:
    """Variances of a GARCH(1,1): ``n + 1`` values, the last is the one-step forecast."""
    variances = np.empty(shocks.size + 1)
    variances[0] = first_variance
    for t in range(shocks.size):
        variances[t + 1] = garch_step(variances[t], shocks[t], omega, alpha, beta)
    return variances


@njit(cache=True, nogil=True)
def gjr_filter(
    shocks: Vector, first_variance: float, omega: float, alpha: float, gamma: float, beta: float
) -> Vector:
    """Variances of a GJR-GARCH(1,1): ``n + 1`` values, the last is the one-step forecast."""
    variances = np.empty(shocks.size + 1)
    variances[0] = first_variance
    for t in range(shocks.size):
        variances[t + 1] = gjr_step(variances[t], shocks[t], omega, alpha, gamma, beta)
    return variances


@njit(cache=True, nogil=True)
def arch_backcast(shocks: Vector) -> float:
    """Pre-sample variance: the first 75 squared shocks weighted by ``0.94**i``, normalised.

    The rule of the ``arch`` package, so that its likelihoods can be compared to the digit.
    """
    total, weights, weight = 0.0, 0.0, 1.0
    for i in range(min(ARCH_BACKCAST_LENGTH, shocks.size)):
        total += weight * (shocks[i] * shocks[i])
        weights += weight
        weight *= ARCH_BACKCAST_DECAY
    return total / weights


@njit(cache=True, nogil=True)
def garch_first_variance(
    presample: float, omega: float, alpha: float, gamma: float, beta: float
) -> float:
    """Variance of the first shock when ``presample`` stands for shock squared and variance.

    Half of the pre-sample squared shock counts as a fall (weight ``gamma / 2``).
    """
    return omega + (alpha + 0.5 * gamma) * presample + beta * presample


@njit(cache=True, nogil=True)
def garch_variance_path(
    variance_next: float, omega: float, persistence: float, horizon: int
) -> Vector:
    """Expected variances of steps 1 to ``horizon``: ``v[h+1] = omega + persistence * v[h]``.

    ``persistence`` is ``alpha + gamma / 2 + beta`` (symmetric innovations assumed for gamma).
    """
    path = np.empty(horizon)
    variance = variance_next
    for h in range(horizon):
        path[h] = variance
        variance = omega + persistence * variance
    return path
