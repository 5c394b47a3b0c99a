"""Moments of Heston's law: ``ln E[(S_T / F)^z]`` for complex ``z``, and which of them exist.

The form whose logarithm stays on its main branch (Albrecher, Mayer, Schoutens and Tistaert 2007,
"The little Heston trap"; Lord and Kahl 2010), rewritten with ``log1p`` and ``expm1`` so that
``sigma_v -> 0`` and ``sigma_v = 0`` are no special cases.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import expm1, log1p

ComplexArray = NDArray[np.complex128]

HIGHEST_ORDER = 1e9
"""Largest moment order that is looked at; a law whose moments all exist ends here."""
_BISECTIONS = 44


def heston_log_moment(
    z: ComplexArray,
    *,
    tau: float,
    v0: float,
    kappa: float,
    theta: float,
    sigma_v: float,
    rho: float,
) -> ComplexArray:
    """Log moment at ``z``; parameters as in :func:`characteristic_functions.heston_law`.

    With b = kappa - rho sigma z, d^2 = b^2 - sigma^2 (z^2 - z) and E = (1 - e^(-d tau)) / d,
    L = kappa theta (r tau - 2 ln(1 + q) / sigma^2) + v0 (z^2 - z) E / (2 (1 + q)), where
    r = (b - d) / sigma^2 and q = sigma^2 r E / 2; 1 + q is (1 - g e^(-d tau)) / (1 - g) of the
    little trap. Of b - d and b + d the one that cancels is formed from the product of the two,
    sigma^2 (z^2 - z); 1 + q likewise where q is near -1.
    """
    square = sigma_v * sigma_v
    z2_minus_z = z * (z - 1.0)
    b = kappa - rho * sigma_v * z
    d = np.sqrt(b * b - square * z2_minus_z)
    decay: ComplexArray = np.where(d == 0.0, tau, -expm1(-d * tau) / np.where(d == 0.0, 1.0, d))
    plus_cancels = np.abs(b + d) < np.abs(b - d)
    difference = np.where(plus_cancels, b - d, 1.0)
    total = np.where(plus_cancels, square * z2_minus_z / difference, b + d)
    divisor = np.where(plus_cancels, square, total)
    r = np.where(plus_cancels, difference, z2_minus_z) / divisor
    half: ComplexArray = 0.5 * r * decay
    q: ComplexArray = square * half
    near_zero = plus_cancels & (np.abs(1.0 + q) < 0.5)
    one_plus_q = 1.0 + q
    log_over_square = half * _log1p_ratio(q)
    if near_zero.any():
        one_plus_q[near_zero] = weighted = _weighted_sum(total, difference, d, tau)[near_zero]
        log_over_square[near_zero] = np.log(weighted) / square
    mean_part = kappa * theta * (r * tau - 2.0 * log_over_square)
    moment: ComplexArray = mean_part + 0.5 * v0 * z2_minus_z * decay / one_plus_q
    return moment


def _weighted_sum(
    total: ComplexArray, difference: ComplexArray, d: ComplexArray, tau: float
) -> ComplexArray:
    """``1 + q`` as ``((b + d) - (b - d) e^(-d tau)) / (2 d)``."""
    return 0.5 * (total - difference * np.exp(-d * tau)) / np.where(d == 0.0, 1.0, d)


def _log1p_ratio(q: ComplexArray) -> ComplexArray:
    """``log(1 + q) / q``, 1 at 0."""
    small = np.abs(q) < 1e-290
    ratio: ComplexArray = np.where(small, 1.0, log1p(q) / np.where(small, 1.0, q))
    return ratio


def heston_moment_range(
    *, tau: float, kappa: float, sigma_v: float, rho: float
) -> tuple[float, float]:
    """Open interval of orders whose moment is finite at ``tau`` under Heston.

    Andersen and Piterbarg (2007), "Moment explosions in stochastic volatility models": the time of
    explosion falls as the order leaves [0, 1], so each end is found by bisection on the order.
    """

    def last_finite(sign: float) -> float:
        origin = 1.0 if sign > 0.0 else 0.0
        low, high = math.log(1e-14), math.log(HIGHEST_ORDER)
        order = origin + sign * math.exp(high)
        if heston_explosion_time(order, kappa=kappa, sigma_v=sigma_v, rho=rho) > tau:
            return order
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            order = origin + sign * math.exp(middle)
            finite = heston_explosion_time(order, kappa=kappa, sigma_v=sigma_v, rho=rho) > tau
            low, high = (middle, high) if finite else (low, middle)
        return origin + sign * math.exp(low)

    return last_finite(-1.0), last_finite(1.0)


def heston_explosion_time(order: float, *, kappa: float, sigma_v: float, rho: float) -> float:
    """Time in years at which ``E[(S_T / F)^order]`` becomes infinite; infinity if it never does."""
    slope = kappa - rho * sigma_v * order
    square = slope * slope - sigma_v * sigma_v * order * (order - 1.0)
    if square >= 0.0:
        root = math.sqrt(square)
        if slope > 0.0 or sigma_v == 0.0:
            return math.inf
        return 2.0 / -slope if root == 0.0 else 2.0 * math.atanh(root / -slope) / root
    root = math.sqrt(-square)
    return 2.0 * math.atan2(root, slope * -1.0) / root
