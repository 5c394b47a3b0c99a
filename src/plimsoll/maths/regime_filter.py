"""Two volatility regimes: Hamilton's filter, its scores, Kim's smoother.

Coordinates: means of the calm and the stormy regime (the first for both where they share one),
log scales, logits of the chances to stay, log degrees of freedom less 2 (normal: not used).
Innovations have unit variance, so that a scale is a standard deviation. The chain starts from its
stationary law. Everything is made of one step, so a stream gives the bits of a batch.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.special import digamma, log_gamma_half_ratio

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

COORDINATES = 7
_LOG_TWO_PI = math.log(2.0 * math.pi)
_LOG_PI = math.log(math.pi)


@njit(cache=True, nogil=True)
def logistic(x: float) -> float:
    """``1 / (1 + exp(-x))``."""
    return 1.0 / (1.0 + math.exp(-x))


@njit(cache=True, nogil=True)
def regime_log_density(z: float, log_scale: float, student: bool, log_nu: float) -> float:
    """Log density of a value ``z`` standard deviations from its mean."""
    if not student:
        return -0.5 * (_LOG_TWO_PI + z * z) - log_scale
    nu = 2.0 + math.exp(log_nu)
    constant = log_gamma_half_ratio(0.5 * nu) - 0.5 * (math.log(nu - 2.0) + _LOG_PI)
    return constant - log_scale - 0.5 * (nu + 1.0) * math.log1p(z * z / (nu - 2.0))


@njit(cache=True, nogil=True)
def _density_slopes(
    z: float, scale: float, student: bool, log_nu: float
) -> tuple[float, float, float]:
    """Derivatives of the log density in the mean, the log scale and the freedom's coordinate."""
    if not student:
        return z / scale, z * z - 1.0, 0.0
    excess = math.exp(log_nu)
    nu = 2.0 + excess
    weight = (nu + 1.0) / (excess + z * z)
    constant = 0.5 * (digamma(0.5 * nu + 0.5) - digamma(0.5 * nu) - 1.0 / excess)
    slope = constant - 0.5 * math.log1p(z * z / excess) + 0.5 * weight * z * z / excess
    return weight * z / scale, weight * z * z - 1.0, excess * slope


@njit(cache=True, nogil=True)
def stationary_storm(stay_calm: float, stay_storm: float) -> float:
    """Stationary probability of the stormy regime."""
    return (1.0 - stay_calm) / (2.0 - stay_calm - stay_storm)


@njit(cache=True, nogil=True)
def regime_step(
    value: float, storm: float, theta: Vector, student: bool, shared_mean: bool
) -> tuple[float, float, float]:
    """One return: log density, probability of the storm given it, and for the next return.

    ``storm`` is the probability of the stormy regime before the return.
    """
    high_mean = theta[0] if shared_mean else theta[1]
    calm_log = regime_log_density(
        (value - theta[0]) * math.exp(-theta[2]), theta[2], student, theta[6]
    )
    storm_log = regime_log_density(
        (value - high_mean) * math.exp(-theta[3]), theta[3], student, theta[6]
    )
    top = max(calm_log, storm_log)
    calm_part = (1.0 - storm) * math.exp(calm_log - top)
    storm_part = storm * math.exp(storm_log - top)
    total = calm_part + storm_part
    filtered = storm_part / total
    ahead = filtered * logistic(theta[5]) + (1.0 - filtered) * (1.0 - logistic(theta[4]))
    return top + math.log(total), filtered, ahead


@njit(cache=True, nogil=True)
def regime_filter(
    values: Vector, theta: Vector, student: bool, shared_mean: bool, out: Matrix
) -> float:
    """Log-likelihood; probability of the storm before and after each return into ``out`` (n+1, 2).

    The last row holds the probability before the next return (and NaN).
    """
    storm = stationary_storm(logistic(theta[4]), logistic(theta[5]))
    total = 0.0
    for t in range(values.size):
        out[t, 0] = storm
        found, filtered, storm = regime_step(values[t], storm, theta, student, shared_mean)
        out[t, 1] = filtered
        total += found
    out[values.size, 0] = storm
    out[values.size, 1] = np.nan
    return total


@njit(cache=True, nogil=True)
def regime_smoother(probabilities: Matrix, stay_storm: float) -> Vector:
    """Probability of the storm at each return given all of them (Kim, 1994)."""
    n = probabilities.shape[0] - 1
    out = np.empty(n)
    out[n - 1] = probabilities[n - 1, 1]
    for t in range(n - 2, -1, -1):
        filtered, ahead = probabilities[t, 1], probabilities[t + 1, 0]
        later = out[t + 1]
        to_storm = stay_storm * filtered / ahead * later if ahead > 0.0 else 0.0
        rest = 1.0 - ahead
        to_calm = (1.0 - stay_storm) * filtered / rest * (1.0 - later) if rest > 0.0 else 0.0
        out[t] = to_storm + to_calm
    return out


@njit(cache=True, nogil=True)
def regime_scores(
    values: Vector, theta: Vector, student: bool, shared_mean: bool, scores: Matrix
) -> float:
    """Log-likelihood; derivatives of each predictive log density into ``scores`` (n, 7).

    The derivative of the storm's probability is carried along with it.
    """
    p, q = logistic(theta[4]), logistic(theta[5])
    storm = stationary_storm(p, q)
    carried = np.zeros(COORDINATES)
    carried[4] = -(1.0 - q) / (2.0 - p - q) ** 2 * p * (1.0 - p)
    carried[5] = (1.0 - p) / (2.0 - p - q) ** 2 * q * (1.0 - q)
    slopes = np.empty((2, COORDINATES))
    total = 0.0
    for t in range(values.size):
        found, filtered, ahead = regime_step(values[t], storm, theta, student, shared_mean)
        _regime_slopes(values[t], theta, student, shared_mean, slopes)
        lift = 0.0  # filtered / storm - (1 - filtered) / (1 - storm)
        if storm > 0.0:
            lift += filtered / storm
        if storm < 1.0:
            lift -= (1.0 - filtered) / (1.0 - storm)
        for j in range(COORDINATES):
            mixed = filtered * slopes[1, j] + (1.0 - filtered) * slopes[0, j]
            scores[t, j] = mixed + lift * carried[j]
            inner = _filtered_slope(filtered, storm, carried[j], slopes[1, j] - slopes[0, j])
            carried[j] = (p + q - 1.0) * inner
        carried[4] -= (1.0 - filtered) * p * (1.0 - p)
        carried[5] += filtered * q * (1.0 - q)
        storm = ahead
        total += found
    return total


@njit(cache=True, nogil=True)
def _filtered_slope(filtered: float, storm: float, carried: float, difference: float) -> float:
    """Derivative of the filtered probability: its logit is the prior's plus the log ratio."""
    spread = filtered * (1.0 - filtered)
    prior = storm * (1.0 - storm)
    return spread * difference + (spread / prior * carried if prior > 0.0 else 0.0)


@njit(cache=True, nogil=True)
def _regime_slopes(
    value: float, theta: Vector, student: bool, shared_mean: bool, slopes: Matrix
) -> None:
    """Derivatives of both regimes' log densities."""
    slopes[:] = 0.0
    for k in range(2):
        mean_at = 0 if shared_mean else k
        scale = math.exp(theta[2 + k])
        z = (value - theta[mean_at]) / scale
        by_mean, by_scale, by_freedom = _density_slopes(z, scale, student, theta[6])
        slopes[k, mean_at] = by_mean
        slopes[k, 2 + k] = by_scale
        slopes[k, 6] = by_freedom
