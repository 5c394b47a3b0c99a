"""Jones-Faddy skew t: tail indices ``2 a`` below and ``2 b`` above.

Density proportional to ``(1 + p)**(a + 1/2) * (1 - p)**(b + 1/2)`` with
``p = t / sqrt(a + b + t**2)`` (Jones and Faddy, 2003); ``(1 + p) / 2`` is Beta(a, b) distributed,
so that distribution, quantile and partial means are incomplete beta functions. Student's t with
``nu = 2 a`` where ``a = b``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import special

from plimsoll.maths.special import digamma

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_LOG_2 = math.log(2.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _log_constant(a: float, b: float) -> float:
    beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return (a + b - 1.0) * _LOG_2 + beta + 0.5 * math.log(a + b)


@njit(cache=True, nogil=True, error_model="numpy")
def jones_faddy_scores(values: Vector, theta: Vector, scores: Matrix) -> float:
    """Log-likelihood; derivatives by observation into ``scores`` (n, 4).

    Coordinates: location, log scale, log a, log b.
    """
    scale, a, b = math.exp(theta[1]), math.exp(theta[2]), math.exp(theta[3])
    both = a + b
    constant = _log_constant(a, b) + theta[1]
    shared = _LOG_2 - digamma(both) + 0.5 / both
    by_a, by_b = -shared - digamma(a), -shared - digamma(b)
    total = 0.0
    for i in range(values.size):
        t = (values[i] - theta[0]) / scale
        root = math.sqrt(both + t * t)
        far = both / (root * (root + abs(t)))  # the smaller of 1 + p and 1 - p, uncancelled
        near = 2.0 - far
        plus, minus = (near, far) if t >= 0.0 else (far, near)
        log_plus, log_minus = math.log(plus), math.log(minus)
        total += (a + 0.5) * log_plus + (b + 0.5) * log_minus - constant
        slope = ((a + 0.5) * minus - (b + 0.5) * plus) / root
        by_size = -0.5 * slope * t / both
        scores[i, 0] = -slope / scale
        scores[i, 1] = -slope * t - 1.0
        scores[i, 2] = a * (by_a + log_plus + by_size)
        scores[i, 3] = b * (by_b + log_minus + by_size)
    return total


def jones_faddy_log_density(t: Any, a: float, b: float) -> Any:
    """Log density of the standard law."""
    t = np.asarray(t, dtype=np.float64)
    root = np.sqrt(a + b + t * t)
    far = (a + b) / (root * (root + np.abs(t)))
    plus = np.where(t >= 0.0, 2.0 - far, far)
    minus = np.where(t >= 0.0, far, 2.0 - far)
    return (a + 0.5) * np.log(plus) + (b + 0.5) * np.log(minus) - _log_constant(a, b)


def jones_faddy_cdf(t: Any, a: float, b: float) -> Any:
    """Probability of a value at or below ``t``, standard law."""
    t = np.asarray(t, dtype=np.float64)
    root = np.sqrt(a + b + t * t)
    far = 0.5 * (a + b) / (root * (root + np.abs(t)))
    return np.where(
        t < 0.0, special.betainc(a, b, far), special.betaincc(a, b, np.minimum(1.0 - far, 1.0))
    ) * np.where(t < 0.0, 1.0, -1.0) + np.where(t < 0.0, 0.0, 1.0)


def jones_faddy_quantile(probability: Any, a: float, b: float) -> Any:
    """Inverse of :func:`jones_faddy_cdf`.

    Examples
    --------
    >>> round(float(jones_faddy_quantile(0.975, 2.5, 2.5)), 6)  # Student-t, 5 degrees of freedom
    2.570582
    """
    p = np.asarray(probability, dtype=np.float64)
    lower = special.betaincinv(a, b, np.minimum(p, 0.5))
    upper = special.betaincinv(b, a, np.minimum(1.0 - p, 0.5))
    share = np.where(p <= 0.5, lower, 1.0 - upper)
    rest = np.where(p <= 0.5, 1.0 - lower, upper)
    return 0.5 * math.sqrt(a + b) * (share - rest) / np.sqrt(share * rest)


def jones_faddy_lower_mean(q: float, a: float, b: float) -> float:
    """``E[t; t <= q]`` of the standard law; needs ``a`` and ``b`` above one half."""
    share = 0.5 * (1.0 + q / math.sqrt(a + b + q * q))
    if q < 0.0:
        root = math.sqrt(a + b + q * q)
        share = 0.5 * (a + b) / (root * (root - q))
    rise = math.exp(special.betaln(a + 0.5, b - 0.5) - special.betaln(a, b))
    fall = math.exp(special.betaln(a - 0.5, b + 0.5) - special.betaln(a, b))
    return float(
        0.5
        * math.sqrt(a + b)
        * (
            rise * special.betainc(a + 0.5, b - 0.5, share)
            - fall * special.betainc(a - 0.5, b + 0.5, share)
        )
    )
