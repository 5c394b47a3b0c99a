"""Normal inverse Gaussian law (Barndorff-Nielsen, 1997) in alpha, beta, delta, mu.

Density ``alpha delta K1(alpha q) exp(delta gamma + beta (x - mu)) / (pi q)`` with
``q = sqrt(delta**2 + (x - mu)**2)`` and ``gamma = sqrt(alpha**2 - beta**2)``. scipy's (a, b, loc,
scale) are (alpha delta, beta delta, mu, delta).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import special

from plimsoll.maths.bessel import bessel_k01_scaled

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(160)
_LOG_REACH = 45.0
_ROUNDS = 200
_TINY = 1e-320


@njit(cache=True, nogil=True, error_model="numpy")
def nig_scores(values: Vector, theta: Vector, scores: Matrix) -> float:
    """Log-likelihood; derivatives by observation into ``scores`` (n, 4).

    Coordinates: mean, log standard deviation, log ``delta gamma``, arsinh ``beta / gamma``:
    location, size, closeness to the normal law, skewness; any values are admissible.
    """
    cosh, sinh = math.cosh(theta[3]), math.sinh(theta[3])
    size, half = theta[1] - math.log(cosh), 0.5 * theta[2]
    delta, gamma = math.exp(size + half), math.exp(half - size)
    mu = theta[0] - delta * sinh
    alpha, beta = gamma * cosh, gamma * sinh
    constant = math.log(alpha * delta / math.pi) + delta * gamma
    total = 0.0
    for i in range(values.size):
        d = values[i] - mu
        q = math.sqrt(delta * delta + d * d)
        z = alpha * q
        zeroth, first = bessel_k01_scaled(z)
        ratio = zeroth / first + 1.0 / z  # minus the log-derivative of K1
        total += constant + beta * d + math.log(first / q) - z
        by_q = (alpha * ratio + 1.0 / q) / q
        by_alpha = 1.0 / alpha - q * ratio
        by_delta = delta * (gamma - by_q * delta) + 1.0
        by_gamma = gamma * (delta + cosh * by_alpha + sinh * d)
        by_mu = by_q * d - beta
        by_size = by_delta - by_gamma - by_mu * delta * sinh
        by_skew = gamma * (sinh * by_alpha + cosh * d) - by_mu * delta * cosh
        scores[i, 0] = by_mu
        scores[i, 1] = by_size
        scores[i, 2] = 0.5 * (by_delta + by_gamma - by_mu * delta * sinh)
        scores[i, 3] = by_skew - by_size * sinh / cosh
    return total


def nig_of_coordinates(theta: Vector) -> tuple[float, float, float, float]:
    """Alpha, beta, delta, mu at the coordinates of :func:`nig_scores`."""
    cosh, sinh = math.cosh(theta[3]), math.sinh(theta[3])
    size, half = theta[1] - math.log(cosh), 0.5 * theta[2]
    delta, gamma = math.exp(size + half), math.exp(half - size)
    return gamma * cosh, gamma * sinh, delta, float(theta[0]) - delta * sinh


def nig_log_density(x: Any, alpha: float, beta: float, delta: float, mu: float) -> Any:
    """Log density.

    Examples
    --------
    >>> round(float(nig_log_density(0.0, 1.0, 0.0, 1.0, 0.0)), 9)
    -0.652381834
    """
    d = np.asarray(x, dtype=np.float64) - mu
    q = np.hypot(delta, d)
    gamma = math.sqrt(alpha - beta) * math.sqrt(alpha + beta)
    scaled = np.log(special.k1e(alpha * q) / q) - alpha * q
    return math.log(alpha * delta / math.pi) + delta * gamma + beta * d + scaled


def _integrals(
    start: Vector, end: Vector, zeta: float, tilt: float, size: float
) -> tuple[Vector, Vector]:
    """Integrals of the density and of ``(x - mu) / delta`` times it from ``start`` to ``end``.

    In ``w = arsinh((x - mu) / delta) - tilt`` the density is
    ``(size / pi) k1e(size cosh(w + tilt)) exp(-zeta (cosh w - 1) - ...)``: smooth and falling
    double-exponentially, so that Gauss-Legendre sees it well.
    """
    middle, half = 0.5 * (start + end), 0.5 * (end - start)
    w = middle[:, None] + half[:, None] * _NODES
    u = w + tilt
    argument = size * np.cosh(u)
    density = size / math.pi * special.k1e(argument) * np.exp(-2.0 * zeta * np.sinh(0.5 * w) ** 2)
    weighted = half[:, None] * _WEIGHTS * density
    return weighted.sum(axis=1), (weighted * np.sinh(u)).sum(axis=1)


def _reach(w: Vector, zeta: float) -> Vector:
    """How far beyond ``w`` the density has fallen by twenty orders of magnitude."""
    at = np.cosh(w) + _LOG_REACH / zeta
    return np.asarray(np.arccosh(at), dtype=np.float64)


def _lower(
    x: Vector, alpha: float, beta: float, delta: float, mu: float
) -> tuple[Vector, Vector, Vector]:
    """Lower probability, upper probability, ``E[(x - mu) / delta; value <= x]``."""
    gamma = math.sqrt(alpha - beta) * math.sqrt(alpha + beta)
    zeta, tilt, size = delta * gamma, math.atanh(beta / alpha), alpha * delta
    w = np.arcsinh((x - mu) / delta) - tilt
    inner = np.where(w < 0.0, w, 0.0)
    lower, lower_mean = _integrals(-_reach(inner, zeta), inner, zeta, tilt, size)
    outer = np.where(w > 0.0, w, 0.0)
    upper, upper_mean = _integrals(outer, _reach(outer, zeta), zeta, tilt, size)
    mean = beta / gamma
    return (
        np.where(w < 0.0, lower, 1.0 - upper),
        np.where(w < 0.0, 1.0 - lower, upper),
        np.where(w < 0.0, lower_mean, mean - upper_mean),
    )


def nig_cdf(x: Any, alpha: float, beta: float, delta: float, mu: float) -> Any:
    """Probability of a value at or below ``x``, by quadrature; absolute error below 1e-11."""
    points = np.asarray(x, dtype=np.float64)
    return _lower(points.reshape(-1), alpha, beta, delta, mu)[0].reshape(points.shape)


def nig_quantile(probability: Any, alpha: float, beta: float, delta: float, mu: float) -> Any:
    """Inverse of :func:`nig_cdf`: Newton on the log of the smaller tail, bracketed."""
    shape = np.shape(probability)
    p = np.asarray(probability, dtype=np.float64).reshape(-1)
    gamma = math.sqrt(alpha - beta) * math.sqrt(alpha + beta)
    centre = math.atanh(beta / alpha)
    reach = float(np.arccosh(1.0 + 700.0 / (delta * gamma)))
    low = np.full(p.size, centre - reach)
    high = np.full(p.size, centre + reach)
    u = np.full(p.size, centre)
    side, wanted = p < 0.5, np.log(np.where(p < 0.5, p, 1.0 - p))
    for _ in range(_ROUNDS):
        x = mu + delta * np.sinh(u)
        lower, upper, _ = _lower(x, alpha, beta, delta, mu)
        share = np.maximum(np.where(side, lower, upper), _TINY)
        gap = np.where(side, 1.0, -1.0) * (np.log(share) - wanted)
        low, high = np.where(gap < 0.0, u, low), np.where(gap < 0.0, high, u)
        log_density = nig_log_density(x, alpha, beta, delta, mu)
        with np.errstate(over="ignore"):
            step = gap * np.exp(np.log(share / (delta * np.cosh(u))) - log_density)
        inside = (u - step >= low) & (u - step <= high)
        moved = np.where(inside, u - step, 0.5 * (low + high))
        settled = np.all(np.abs(moved - u) <= 1e-12 * np.maximum(1.0, np.abs(u)))
        u = moved
        if settled:
            break
    return (mu + delta * np.sinh(u)).reshape(shape)


def nig_lower_mean(q: float, alpha: float, beta: float, delta: float, mu: float) -> float:
    """``E[x; x <= q]``."""
    probability, _, mean = _lower(np.array([q]), alpha, beta, delta, mu)
    return float(mu * probability[0] + delta * mean[0])
