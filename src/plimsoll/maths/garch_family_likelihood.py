"""Log-likelihood and scores of the whole GARCH family: GARCH, GJR and EGARCH, three laws.

One parameter vector ``theta`` of seven numbers,

    (mean, omega, alpha, gamma, beta, eta, skew)

with ``eta = 1 / nu`` (0 means normal) and ``skew`` Hansen's lambda (0 means symmetric). Recursion
``GARCH``: ``h' = omega + (alpha + gamma [e < 0]) e**2 + beta h``; recursion ``EGARCH``: see
:mod:`plimsoll.maths.egarch_recursion`. All constraints are linear in these coordinates.

Scores follow the derivatives of ``log h`` forward through the recursion, exactly. Slower than the
adjoint gradient of :mod:`plimsoll.maths.garch_likelihood`, which serves GARCH and GJR with normal
and Student-t innovations; this one knows every model, every start, and yields one row per return.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.egarch_recursion import MEAN_ABSOLUTE_NORMAL
from plimsoll.maths.hansen_skew_t import hansen_constant_slopes, hansen_constants

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

FAMILY_PARAMETERS = 7
GARCH, EGARCH = 0, 1
START_FIXED, START_SQUARED_RESIDUALS, START_FIRST_VARIANCE, START_FIRST_FIXED = range(4)
"""The pre-sample variance is a given number, or the mean squared residual at the current mean; the
last two are the same two numbers taken as the variance of the first return itself."""
_LOG_TWO_PI = math.log(2.0 * math.pi)


@njit(cache=True, nogil=True, error_model="numpy")
def family_presample(
    returns: Vector, mean: float, start: int, presample: float
) -> tuple[float, float]:
    """Pre-sample variance and its derivative in the mean; fixed, or ``mean((r - mean)**2)``."""
    if start in (START_FIXED, START_FIRST_FIXED):
        return presample, 0.0
    squares, sums = 0.0, 0.0
    for t in range(returns.size):
        shock = returns[t] - mean
        squares += shock * shock
        sums += shock
    return squares / returns.size, -2.0 * sums / returns.size


@njit(cache=True, nogil=True, error_model="numpy")
def family_first_variance(theta: Vector, kind: int, start: int, presample: float) -> float:
    """Variance of the first return: one step from the pre-sample, or the pre-sample itself."""
    omega, alpha, gamma, beta = theta[1], theta[2], theta[3], theta[4]
    if start >= START_FIRST_VARIANCE:
        return presample
    if kind == EGARCH:
        return math.exp(omega + beta * math.log(presample))
    return float(omega + (alpha + 0.5 * gamma) * presample + beta * presample)


@njit(cache=True, nogil=True, error_model="numpy")
def _first_slopes(
    theta: Vector, kind: int, start: int, presample: float, by_mean: float, slopes: Vector
) -> None:
    """Derivatives of the first log variance in mean, omega, alpha, gamma, beta."""
    first = family_first_variance(theta, kind, start, presample)
    slopes[:] = 0.0
    if start >= START_FIRST_VARIANCE:
        slopes[0] = by_mean / presample
    elif kind == EGARCH:
        slopes[0] = theta[4] * by_mean / presample
        slopes[1], slopes[4] = 1.0, math.log(presample)
    else:
        slopes[0] = (theta[2] + 0.5 * theta[3] + theta[4]) * by_mean / first
        slopes[1], slopes[2] = 1.0 / first, presample / first
        slopes[3], slopes[4] = 0.5 * presample / first, presample / first


@njit(cache=True, nogil=True, error_model="numpy")
def _next_variance(
    theta: Vector, kind: int, variance: float, log_variance: float, z: float
) -> float:
    """Log variance of the next return for EGARCH, its variance for GARCH."""
    if kind == EGARCH:
        news = theta[2] * (abs(z) - MEAN_ABSOLUTE_NORMAL) + theta[3] * z
        return float(theta[1] + news + theta[4] * log_variance)
    weight = theta[2] + theta[3] if z < 0.0 else theta[2]
    return float(theta[1] + variance * (weight * z * z + theta[4]))


@njit(cache=True, nogil=True, error_model="numpy")
def family_log_densities(
    returns: Vector,
    theta: Vector,
    kind: int,
    start: int,
    presample: float,
    low: float,
    high: float,
    densities: Vector,
) -> float:
    """Log density of each return into ``densities``; their sum.

    ``low`` and ``high`` bound the log variance of EGARCH.
    """
    first, _ = family_presample(returns, theta[0], start, presample)
    variance = family_first_variance(theta, kind, start, first)
    log_variance = math.log(variance)
    eta, skew = theta[5], theta[6]
    a, b, constant, nu = 0.0, 1.0, -0.5 * _LOG_TWO_PI, np.inf
    if eta > 0.0:
        a, b, constant = hansen_constants(eta, skew)
        nu = 1.0 / eta
    total = 0.0
    for t in range(returns.size):
        z = (returns[t] - theta[0]) / math.sqrt(variance)
        density = constant - 0.5 * log_variance
        if eta > 0.0:
            w = b * z + a
            w /= 1.0 + skew if w >= 0.0 else 1.0 - skew
            density -= 0.5 * (nu + 1.0) * math.log1p(w * w / (nu - 2.0))
        else:
            density -= 0.5 * z * z
        densities[t] = density
        total += density
        if kind == EGARCH:
            log_variance = _next_variance(theta, kind, variance, log_variance, z)
            log_variance = min(max(log_variance, low), high)
            variance = math.exp(log_variance)
        else:
            variance = _next_variance(theta, kind, variance, log_variance, z)
            log_variance = math.log(variance)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def family_next_variance(
    returns: Vector,
    theta: Vector,
    kind: int,
    start: int,
    presample: float,
    low: float,
    high: float,
) -> float:
    """Variance of the return after the last; bounds as in :func:`family_log_densities`."""
    first, _ = family_presample(returns, theta[0], start, presample)
    variance = family_first_variance(theta, kind, start, first)
    for t in range(returns.size):
        z = (returns[t] - theta[0]) / math.sqrt(variance)
        log_variance = math.log(variance) if kind == EGARCH else 0.0
        variance = _next_variance(theta, kind, variance, log_variance, z)
        if kind == EGARCH:
            variance = math.exp(min(max(variance, low), high))
    return variance


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _law_slopes(
    z: float,
    nu: float,
    skew: float,
    a: float,
    b: float,
    a_skew: float,
    b_skew: float,
    a_nu: float,
    b_nu: float,
    c_nu: float,
) -> tuple[float, float, float, float]:
    """Derivatives of the standardised log density in z, nu and lambda, and its logarithmic tail."""
    w = b * z + a
    sign = 1.0 if w >= 0.0 else -1.0
    side = 1.0 + sign * skew
    w /= side
    tail = nu - 2.0 + w * w
    pull = -(nu + 1.0) * w / tail
    by_skew = b_skew / b + pull * (z * b_skew + a_skew - sign * w) / side
    log_tail = math.log1p(w * w / (nu - 2.0))
    by_nu = b_nu / b + c_nu - 0.5 * log_tail
    by_nu += 0.5 * (nu + 1.0) * w * w / ((nu - 2.0) * tail) + pull * (z * b_nu + a_nu) / side
    return pull * b / side, by_nu, by_skew, log_tail


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _advance_slopes(
    theta: Vector,
    kind: int,
    z: float,
    deviation: float,
    variance: float,
    log_variance: float,
    variance_next: float,
    slopes: Vector,
) -> None:
    """Derivatives of the next log variance from those of this one, in place."""
    if kind == EGARCH:
        pull = theta[2] * (1.0 if z >= 0.0 else -1.0) + theta[3]
        carry = theta[4] - 0.5 * pull * z
        for i in range(5):
            slopes[i] *= carry
        slopes[0] -= pull / deviation
        slopes[1] += 1.0
        slopes[2] += abs(z) - MEAN_ABSOLUTE_NORMAL
        slopes[3] += z
        slopes[4] += log_variance
        return
    carry = variance / variance_next
    square = z * z
    fall = 1.0 if z < 0.0 else 0.0
    weight = theta[2] + theta[3] * fall
    for i in range(5):
        slopes[i] *= theta[4] * carry
    slopes[0] -= 2.0 * weight * z * carry / deviation
    slopes[1] += carry / variance
    slopes[2] += square * carry
    slopes[3] += fall * square * carry
    slopes[4] += carry


@njit(cache=True, nogil=True, error_model="numpy")
def family_scores(
    returns: Vector,
    theta: Vector,
    kind: int,
    start: int,
    presample: float,
    low: float,
    high: float,
    scores: Matrix,
) -> float:
    """Derivatives of each log density in ``theta`` into ``scores`` (n, 7); the log-likelihood.

    Those in eta and skew are 0 for normal innovations.
    """
    first, by_mean = family_presample(returns, theta[0], start, presample)
    variance = family_first_variance(theta, kind, start, first)
    log_variance = math.log(variance)
    slopes = np.empty(5)
    _first_slopes(theta, kind, start, first, by_mean, slopes)
    eta, skew = theta[5], theta[6]
    nu, a, b, law = np.inf, 0.0, 1.0, (0.0, 0.0, 0.0, 0.0, 0.0)
    constant, power, logs, tails = -0.5 * _LOG_TWO_PI, 0.5, 0.0, 0.0
    if eta > 0.0:
        nu = 1.0 / eta
        a, b, constant = hansen_constants(eta, skew)
        power = 0.5 * (nu + 1.0)
        law = hansen_constant_slopes(eta, skew)
    for t in range(returns.size):
        deviation = math.sqrt(variance)
        z = (returns[t] - theta[0]) / deviation
        by_z, by_nu, by_skew, tail = -z, 0.0, 0.0, z * z
        if eta > 0.0:
            by_z, by_nu, by_skew, tail = _law_slopes(
                z, nu, skew, a, b, law[0], law[1], law[2], law[3], law[4]
            )
            by_nu *= -nu * nu
        logs += log_variance
        tails += tail
        by_log_variance = -0.5 * (1.0 + z * by_z)
        for i in range(5):
            scores[t, i] = by_log_variance * slopes[i]
        scores[t, 0] -= by_z / deviation
        scores[t, 5], scores[t, 6] = by_nu, by_skew
        following = _next_variance(theta, kind, variance, log_variance, z)
        log_next = following if kind == EGARCH else math.log(following)
        _advance_slopes(theta, kind, z, deviation, variance, log_variance, following, slopes)
        if kind == EGARCH and not low <= log_next <= high:
            log_next = min(max(log_next, low), high)
            slopes[:] = 0.0
        log_variance = log_next
        variance = math.exp(log_next) if kind == EGARCH else following
    return returns.size * constant - 0.5 * logs - power * tails
