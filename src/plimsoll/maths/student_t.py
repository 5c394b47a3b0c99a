"""Student's t: density, distribution, quantile, value-at-risk and expected shortfall.

Parameters are degrees of freedom ``nu``, ``location`` and ``scale``; the variance is
``scale**2 * nu / (nu - 2)``. Innovations of volatility models have unit variance, that is
``scale = unit_variance_scale(nu)``, which needs ``nu > 2``. Losses are positive: the value-at-risk
of a return ``x`` at confidence ``c`` is ``-quantile(1 - c)``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import special

from plimsoll.maths.special import log_gamma_half_ratio

Vector = NDArray[np.float64]
Number = float | Vector

_LOG_PI = math.log(math.pi)


@njit(cache=True, nogil=True)
def student_t_log_density(x: float, nu: float, location: float, scale: float) -> float:
    """Log density at ``x``; ``nu > 0``, ``scale > 0``.

    Examples
    --------
    >>> round(student_t_log_density(0.0, 1.0, 0.0, 1.0) + math.log(math.pi), 12)
    0.0
    """
    z = (x - location) / scale
    constant = log_gamma_half_ratio(0.5 * nu) - 0.5 * (math.log(nu) + _LOG_PI)
    return constant - math.log(scale) - 0.5 * (nu + 1.0) * math.log1p(z * z / nu)


@njit(cache=True, nogil=True)
def student_t_log_likelihood(values: Vector, nu: float, location: float, scale: float) -> float:
    """Sum of the log densities of ``values``."""
    constant = log_gamma_half_ratio(0.5 * nu) - 0.5 * (math.log(nu) + _LOG_PI) - math.log(scale)
    total = 0.0
    for x in values:
        z = (x - location) / scale
        total += math.log1p(z * z / nu)
    return values.size * constant - 0.5 * (nu + 1.0) * total


@njit(cache=True, nogil=True)
def unit_variance_scale(nu: float) -> float:
    """Scale at which a t with ``nu > 2`` has variance one: ``sqrt((nu - 2) / nu)``."""
    return math.sqrt((nu - 2.0) / nu)


def student_t_cdf(x: Number, nu: Number, location: Number = 0.0, scale: Number = 1.0) -> Any:
    """Probability of a value at or below ``x``; broadcasts over all arguments."""
    return special.stdtr(nu, (x - location) / scale)


def student_t_quantile(
    probability: Number, nu: Number, location: Number = 0.0, scale: Number = 1.0
) -> Any:
    """Value below which ``probability`` lies; broadcasts over all arguments.

    Examples
    --------
    >>> round(float(student_t_quantile(0.975, 5.0)), 6)
    2.570582
    """
    return location + scale * special.stdtrit(nu, probability)


def student_t_value_at_risk(
    confidence: Number, nu: Number, location: Number = 0.0, scale: Number = 1.0
) -> Any:
    """Loss (positive) not exceeded with ``confidence``: ``scale * t_nu(confidence) - location``."""
    return scale * special.stdtrit(nu, confidence) - location


def student_t_expected_shortfall(
    confidence: Number, nu: Number, location: Number = 0.0, scale: Number = 1.0
) -> Any:
    """Mean loss (positive) beyond the value-at-risk; infinite where ``nu <= 1``.

    ``scale * t_nu(q) / (1 - c) * (nu + q**2) / (nu - 1) - location`` with ``q`` the quantile at
    ``c`` and ``t_nu`` the density (McNeil, Frey and Embrechts, Quantitative Risk Management, 2.2).

    Examples
    --------
    >>> ratio = student_t_expected_shortfall(0.99, 4.0) / student_t_value_at_risk(0.99, 4.0)
    >>> round(float(ratio), 3)
    1.393
    """
    level = np.asarray(confidence, dtype=np.float64)
    freedom = np.asarray(nu, dtype=np.float64)
    q = special.stdtrit(freedom, level)
    log_density = (
        special.gammaln(0.5 * freedom + 0.5)
        - special.gammaln(0.5 * freedom)
        - 0.5 * np.log(freedom * math.pi)
        - 0.5 * (freedom + 1.0) * np.log1p(q * q / freedom)
    )
    with np.errstate(divide="ignore"):
        shortfall = np.exp(log_density) / (1.0 - level) * (freedom + q * q) / (freedom - 1.0)
    finite = np.where(freedom > 1.0, shortfall, np.inf)
    return scale * finite - location
