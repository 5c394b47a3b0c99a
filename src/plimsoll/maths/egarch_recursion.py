"""EGARCH(1,1): one step, the filter made of it, and what is expected of later steps.

    log h[t+1] = omega + alpha (|z[t]| - sqrt(2 / pi)) + gamma z[t] + beta log h[t]

with ``z = shock / sqrt(h)`` (Nelson, 1991). **alpha is the size term and gamma the sign term**, as
in the ``arch`` package; rugarch names them the other way round. The mean of ``|z|`` is that of a
normal whatever the law of the innovations, so that omega does not depend on their parameters.

The response to a shock is exponential: one print of 50 standard deviations multiplies the variance
beyond all bounds. Every step keeps the variance within ``floor`` and ``ceiling``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import special

Vector = NDArray[np.float64]

MEAN_ABSOLUTE_NORMAL = math.sqrt(2.0 / math.pi)
LOG_VARIANCE_SPAN = math.log(1e8)
"""A variance stays within 1e-8 and 1e8 times that of the sample; arch bounds it too."""


@njit(cache=True, nogil=True, error_model="numpy")
def egarch_step(
    variance: float,
    shock: float,
    omega: float,
    alpha: float,
    gamma: float,
    beta: float,
    floor: float,
    ceiling: float,
) -> float:
    """Next variance, within ``floor`` and ``ceiling``.

    Examples
    --------
    >>> round(egarch_step(1.0, 0.0, 0.0, 0.1, -0.05, 0.9, 1e-8, 1e8), 12)
    0.923311646693
    """
    z = shock / math.sqrt(variance)
    log_next = omega + alpha * (abs(z) - MEAN_ABSOLUTE_NORMAL) + gamma * z
    log_next += beta * math.log(variance)
    return min(max(math.exp(min(log_next, 700.0)), floor), ceiling)


@njit(cache=True, nogil=True, error_model="numpy")
def egarch_filter(
    shocks: Vector,
    first_variance: float,
    omega: float,
    alpha: float,
    gamma: float,
    beta: float,
    floor: float,
    ceiling: float,
) -> Vector:
    """Variances: ``n + 1`` values, the last is the one-step forecast."""
    variances = np.empty(shocks.size + 1)
    variances[0] = first_variance
    for t in range(shocks.size):
        variances[t + 1] = egarch_step(
            variances[t], shocks[t], omega, alpha, gamma, beta, floor, ceiling
        )
    return variances


@njit(cache=True, nogil=True)
def egarch_first_variance(presample: float, omega: float, beta: float) -> float:
    """Variance of the first shock: ``exp(omega + beta log presample)``, no shock before it."""
    return math.exp(omega + beta * math.log(presample))


def egarch_normal_growth(alpha: float, gamma: float) -> float:
    """Log of ``E exp(alpha (|z| - sqrt(2/pi)) + gamma z)``, standard normal z (Nelson, 1991).

    Examples
    --------
    >>> egarch_normal_growth(0.0, 0.0)
    0.0
    """
    up, down = alpha + gamma, alpha - gamma
    rises = 0.5 * up * up + float(special.log_ndtr(up))
    falls = 0.5 * down * down + float(special.log_ndtr(down))
    return float(np.logaddexp(rises, falls)) - alpha * MEAN_ABSOLUTE_NORMAL


def egarch_empirical_growth(alpha: float, gamma: float, residuals: Vector) -> float:
    """Log of the same mean over a sample of standardised residuals."""
    news = alpha * (np.abs(residuals) - MEAN_ABSOLUTE_NORMAL) + gamma * residuals
    return float(special.logsumexp(news)) - math.log(residuals.size)
