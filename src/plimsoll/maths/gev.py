"""Generalised extreme value law of block maxima.

``F(x) = exp(-(1 + xi * (x - mu) / sigma)**(-1 / xi))``; heavy tail for ``xi > 0``, Gumbel at 0.
scipy's ``genextreme`` has ``c = -xi``. Coles (2001), An Introduction to Statistical Modeling of
Extreme Values, ch. 3.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import special

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_SERIES_BELOW = 0.02
_GUMBEL = 1e-9
_BLEND = 1e-4


@njit(cache=True, nogil=True, error_model="numpy")
def _reduced(z: float, xi: float) -> tuple[float, float]:
    """``log(1 + xi z) / xi`` and its derivative in xi, without cancellation near zero."""
    w = xi * z
    if abs(w) < _SERIES_BELOW:
        level, slope, power = 0.0, 0.0, 1.0
        for k in range(11):
            level += power / (k + 1.0)
            slope -= power * (k + 1.0) / (k + 2.0)
            power *= -w
        return z * level, z * z * slope
    level = math.log1p(w) / xi
    return level, (z / (1.0 + w) - level) / xi


@njit(cache=True, nogil=True, error_model="numpy")
def gev_scores(values: Vector, theta: Vector, scores: Matrix) -> float:
    """Log-likelihood (minus infinity off the support); derivatives into ``scores`` (n, 3).

    Coordinates: mu, log sigma, xi.
    """
    sigma, xi = math.exp(theta[1]), theta[2]
    total = 0.0
    for i in range(values.size):
        z = (values[i] - theta[0]) / sigma
        if 1.0 + xi * z <= 0.0:
            return -np.inf
        level, by_xi = _reduced(z, xi)
        hazard = math.exp(-level)
        total += -theta[1] - (1.0 + xi) * level - hazard
        pull = (hazard - 1.0 - xi) / (1.0 + xi * z)
        scores[i, 0] = -pull / sigma
        scores[i, 1] = -1.0 - pull * z
        scores[i, 2] = -level + (hazard - 1.0 - xi) * by_xi
    return total


def gev_log_density(x: Any, mu: float, sigma: float, xi: float) -> Any:
    """Log density; minus infinity off the support."""
    z = (np.asarray(x, dtype=np.float64) - mu) / sigma
    inside = 1.0 + xi * z > 0.0
    level = _level(np.where(inside, z, 0.0), xi)
    with np.errstate(over="ignore"):
        return np.where(inside, -math.log(sigma) - (1.0 + xi) * level - np.exp(-level), -np.inf)


def gev_cdf(x: Any, mu: float, sigma: float, xi: float) -> Any:
    """Probability of a maximum at or below ``x``."""
    z = (np.asarray(x, dtype=np.float64) - mu) / sigma
    inside = 1.0 + xi * z > 0.0
    with np.errstate(over="ignore"):
        found = np.exp(-np.exp(-_level(np.where(inside, z, 0.0), xi)))
    return np.where(inside, found, 0.0 if xi > 0.0 else 1.0)


def _level(z: Any, xi: float) -> Any:
    return z if abs(xi) < _GUMBEL else np.log1p(xi * z) / xi


def gev_quantile(probability: Any, mu: float, sigma: float, xi: float) -> Any:
    """Inverse of :func:`gev_cdf`; the m-block return level is that of ``1 - 1 / m``.

    Examples
    --------
    >>> round(float(gev_quantile(np.exp(-1.0), 3.0, 2.0, 0.1)), 12)
    3.0
    """
    reduced = -np.log(-np.log(np.asarray(probability, dtype=np.float64)))
    if abs(xi) < _GUMBEL:
        return mu + sigma * reduced
    return mu + sigma / xi * np.expm1(xi * reduced)


def gev_expected_shortfall(confidence: float, mu: float, sigma: float, xi: float) -> float:
    """Mean maximum beyond the quantile at ``confidence``; needs ``xi < 1``.

    With ``y = -log c`` it is ``mu + (sigma / xi) (g(1 - xi, y) / (1 - c) - 1)``, g the lower
    incomplete gamma function; across ``xi = 0`` a parabola through the Gumbel value bridges the
    cancellation.
    """
    if abs(xi) >= _BLEND:
        return mu + sigma * _excess_mean(confidence, xi)
    low, high = _excess_mean(confidence, -_BLEND), _excess_mean(confidence, _BLEND)
    middle = _gumbel_mean(confidence)
    slope, bend = 0.5 * (high - low), 0.5 * (high + low) - middle
    u = xi / _BLEND
    return mu + sigma * (middle + u * (slope + u * bend))


def _excess_mean(confidence: float, xi: float) -> float:
    y = -math.log(confidence)
    partial = special.gamma(1.0 - xi) * special.gammainc(1.0 - xi, y)
    return float((partial / (1.0 - confidence) - 1.0) / xi)


def _gumbel_mean(confidence: float) -> float:
    y, tail = -math.log(confidence), 1.0 - confidence
    entire = special.exp1(y) + math.log(y) + np.euler_gamma
    return float(-math.log(y) + entire / tail)


def gev_of_single(
    mu: float, sigma: float, xi: float, observations: float
) -> tuple[float, float, float]:
    """Parameters of ``F**(1 / observations)``: the law of one value whose block has that many.

    The family is closed under powers of F; dependence is told by the effective number of
    independent values, ``extremal index * block length``.
    """
    log_count = math.log(observations)
    shift = -log_count if abs(xi) < _GUMBEL else math.expm1(-xi * log_count) / xi
    return mu + sigma * shift, sigma * math.exp(-xi * log_count), xi


def gev_of_weighted_moments(maxima: Vector) -> tuple[float, float, float]:
    """Parameters by unbiased probability-weighted moments (Hosking, Wallis and Wood, 1985)."""
    x = np.sort(maxima)
    n = x.size
    rank = np.arange(n, dtype=np.float64)
    b0 = float(np.mean(x))
    b1 = float(np.mean(rank / (n - 1.0) * x))
    b2 = float(np.mean(rank * (rank - 1.0) / ((n - 1.0) * (n - 2.0)) * x))
    spread = 2.0 * b1 - b0
    c = spread / (3.0 * b2 - b0) - math.log(2.0) / math.log(3.0) if 3.0 * b2 != b0 else 0.0
    k = min(max(7.8590 * c + 2.9554 * c * c, -0.95), 0.95)
    if abs(k) < 1e-6:
        sigma = spread / math.log(2.0)
        return b0 - float(np.euler_gamma) * sigma, sigma, 0.0
    gamma = math.gamma(1.0 + k)
    sigma = spread * k / (gamma * (1.0 - 2.0 ** (-k)))
    return b0 + sigma * (gamma - 1.0) / k, sigma, -k
