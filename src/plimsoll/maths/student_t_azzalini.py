"""Azzalini-Capitanio skew t: ``2 t_nu(z) T_{nu+1}(alpha z sqrt((nu + 1) / (nu + z**2)))``.

Azzalini and Capitanio (2003). The distribution function has no closed form: the density is
integrated by the double-exponential rule of a half line (Takahasi and Mori, 1974).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import special

from plimsoll.maths.special import digamma, log_gamma_half_ratio
from plimsoll.maths.student_t_incomplete import student_t_lower

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LOG_PI = math.log(math.pi)
_FREEDOM_STEP = 1e-4
_ROUNDS = 200
_TINY = 1e-320
_STEP = 1.0 / 20.0
_ABSCISSAE = np.arange(-82, 120) * _STEP
_DISTANCE = np.exp(0.5 * math.pi * np.sinh(_ABSCISSAE))
_WEIGHTS = _STEP * 0.5 * math.pi * np.cosh(_ABSCISSAE) * _DISTANCE


@njit(cache=True, nogil=True, error_model="numpy")
def azzalini_t_scores(values: Vector, theta: Vector, scores: Matrix) -> float:
    """Log-likelihood; derivatives by observation into ``scores`` (n, 4).

    Coordinates: location xi, log omega, arsinh alpha, log nu. The derivative of the distribution
    function in its degrees of freedom is a central difference of step 1e-4 relative.
    """
    omega, alpha, nu = math.exp(theta[1]), math.sinh(theta[2]), math.exp(theta[3])
    freedom = nu + 1.0
    bump = _FREEDOM_STEP * freedom
    constant = log_gamma_half_ratio(0.5 * nu) - 0.5 * (math.log(nu) + _LOG_PI) - theta[1]
    inner = log_gamma_half_ratio(0.5 * freedom) - 0.5 * (math.log(freedom) + _LOG_PI)
    by_nu = 0.5 * (digamma(0.5 * nu + 0.5) - digamma(0.5 * nu) - 1.0 / nu)
    total = 0.0
    for i in range(values.size):
        z = (values[i] - theta[0]) / omega
        square = nu + z * z
        root = math.sqrt(freedom / square)
        w = alpha * z * root
        lower = max(student_t_lower(w, freedom), 1e-300)
        density = math.exp(inner - 0.5 * (freedom + 1.0) * math.log1p(w * w / freedom))
        rate = density / lower
        by_freedom = (student_t_lower(w, freedom + bump) - student_t_lower(w, freedom - bump)) / (
            2.0 * bump * lower
        )
        logarithm = math.log1p(z * z / nu)
        total += constant - 0.5 * (nu + 1.0) * logarithm + math.log(2.0 * lower)
        by_z = -(nu + 1.0) * z / square + rate * alpha * root * nu / square
        scores[i, 0] = -by_z / omega
        scores[i, 1] = -by_z * z - 1.0
        scores[i, 2] = rate * z * root * math.sqrt(1.0 + alpha * alpha)
        by_w = rate * alpha * z * 0.5 * (z * z - 1.0) / (root * square * square)
        by_t = by_nu - 0.5 * logarithm + 0.5 * (nu + 1.0) * z * z / (nu * square)
        scores[i, 3] = nu * (by_t + by_w + by_freedom)
    return total


def azzalini_t_log_density(z: Any, alpha: float, nu: float) -> Any:
    """Log density of the standard law."""
    z = np.asarray(z, dtype=np.float64)
    constant = log_gamma_half_ratio(0.5 * nu) - 0.5 * (math.log(nu) + _LOG_PI)
    student = constant - 0.5 * (nu + 1.0) * np.log1p(z * z / nu)
    return student + np.log(np.maximum(2.0 * _skewing(z, alpha, nu), 1e-300))


def _skewing(z: Any, alpha: float, nu: float) -> Any:
    return special.stdtr(nu + 1.0, alpha * math.sqrt(nu + 1.0) * (z / np.hypot(math.sqrt(nu), z)))


def _below(z: Vector, alpha: float, nu: float) -> tuple[Vector, Vector]:
    """``P(Z <= z)`` and ``E[Z; Z <= z]`` for ``z <= 0``."""
    size = 1.0 + np.abs(z)[:, None]
    inner = z[:, None] - size * _DISTANCE
    weighted = size * _WEIGHTS * np.exp(azzalini_t_log_density(inner, alpha, nu))
    return weighted.sum(axis=1), (weighted * inner).sum(axis=1)


def azzalini_t_cdf(z: Any, alpha: float, nu: float) -> Any:
    """Probability of a value at or below ``z``, standard law.

    Examples
    --------
    >>> round(float(azzalini_t_cdf(0.0, 0.0, 3.0)), 12)
    0.5
    """
    points = np.asarray(z, dtype=np.float64)
    flat = points.reshape(-1)
    mirrored = -np.abs(flat)
    lower, _ = _below(mirrored, alpha, nu)
    upper, _ = _below(mirrored, -alpha, nu)
    return np.where(flat <= 0.0, lower, 1.0 - upper).reshape(points.shape)


def azzalini_t_quantile(probability: Any, alpha: float, nu: float) -> Any:
    """Inverse of :func:`azzalini_t_cdf`: Newton on the log of a tail, bracketed."""
    shape = np.shape(probability)
    p = np.asarray(probability, dtype=np.float64).reshape(-1)
    # |Z| is |t|: its two-sided quantiles bound those of Z on either side.
    low = special.stdtrit(nu, 0.5 * p)
    high = -special.stdtrit(nu, 0.5 * (1.0 - p))
    z = np.asarray(0.5 * (low + high), dtype=np.float64)
    side, wanted = p < 0.5, np.log(np.where(p < 0.5, p, 1.0 - p))
    for _ in range(_ROUNDS):
        share = np.maximum(_tail(z, side, alpha, nu), _TINY)
        gap = np.where(side, 1.0, -1.0) * (np.log(share) - wanted)
        low, high = np.where(gap < 0.0, z, low), np.where(gap < 0.0, high, z)
        with np.errstate(over="ignore"):
            step = gap * np.exp(np.log(share) - azzalini_t_log_density(z, alpha, nu))
        inside = (z - step >= low) & (z - step <= high)
        moved = np.where(inside, z - step, 0.5 * (low + high))
        settled = np.all(np.abs(moved - z) <= 1e-12 * np.maximum(1.0, np.abs(z)))
        z = moved
        if settled:
            break
    return z.reshape(shape)


def _tail(z: Vector, side: Flags, alpha: float, nu: float) -> Vector:
    """Probability below ``z`` where ``side`` holds, else above it, without cancellation."""
    mirrored = -np.abs(z)
    lower, _ = _below(mirrored, alpha, nu)
    upper, _ = _below(mirrored, -alpha, nu)
    return np.where(
        z <= 0.0, np.where(side, lower, 1.0 - lower), np.where(side, 1.0 - upper, upper)
    )


def azzalini_t_mean(alpha: float, nu: float) -> float:
    """Mean of the standard law, ``nu > 1``."""
    lean = alpha / math.sqrt(1.0 + alpha * alpha)
    return lean * math.sqrt(nu / math.pi) * math.exp(-log_gamma_half_ratio(0.5 * (nu - 1.0)))


def azzalini_t_lower_mean(q: float, alpha: float, nu: float) -> float:
    """``E[Z; Z <= q]`` of the standard law, ``nu > 1``."""
    if q <= 0.0:
        return float(_below(np.array([q]), alpha, nu)[1][0])
    return azzalini_t_mean(alpha, nu) + float(_below(np.array([-q]), -alpha, nu)[1][0])
