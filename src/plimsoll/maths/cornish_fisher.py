"""Cornish-Fisher expansion of a quantile in skewness and excess kurtosis, and its domain.

``w(z) = z + (z**2 - 1) S / 6 + (z**3 - 3 z) K / 24 - (2 z**3 - 5 z) S**2 / 36`` takes normal
quantiles to those of the expanded law (Cornish and Fisher, 1938). It is a law only where w rises
everywhere (Maillard, A User's Guide to the Cornish Fisher Expansion, 2012). S and K are parameters
of the expansion: the skewness and excess kurtosis of the law itself are other numbers, further
from zero, given by :func:`cornish_fisher_moments`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Vector = NDArray[np.float64]

_ROUNDS = 60
_ROOT_2_PI = math.sqrt(2.0 * math.pi)
# Moments of the standard normal, even orders 0 to 12.
_NORMAL_MOMENTS = {0: 1.0, 2: 1.0, 4: 3.0, 6: 15.0, 8: 105.0, 10: 945.0, 12: 10395.0}
LARGEST_SKEWNESS_PARAMETER = 6.0 * (math.sqrt(2.0) - 1.0)


def cornish_fisher_quantile(z: Any, skewness: float, excess_kurtosis: float) -> Any:
    """Expanded standardised quantile at the normal quantile ``z``; no check of the domain.

    Examples
    --------
    >>> cornish_fisher_quantile(-2.0, 0.0, 0.0)
    -2.0
    """
    s, k = skewness, excess_kurtosis
    third = (z * z - 3.0) * z
    return z + (z * z - 1.0) * s / 6.0 + third * k / 24.0 - (2.0 * z * z - 5.0) * z * s * s / 36.0


def cornish_fisher_lower_mean(z: float, skewness: float, excess_kurtosis: float) -> float:
    """Integral of ``w`` against the normal density below ``z``; no check of the domain.

    By Hermite polynomials: the integral of ``He_n`` is ``-He_(n-1)(z)`` times the density.
    """
    s, k = skewness, excess_kurtosis
    density = math.exp(-0.5 * z * z) / _ROOT_2_PI
    third = z * z - 1.0
    return -density * (1.0 + z * s / 6.0 + third * k / 24.0 - (2.0 * third + 1.0) * s * s / 36.0)


def cornish_fisher_is_monotone(skewness: float, excess_kurtosis: float) -> bool:
    """Whether ``w`` rises everywhere (Maillard, 2012).

    The derivative is ``a z**2 + b z + c`` with ``a = K/8 - S**2/6``, ``b = S/3`` and
    ``c = 1 - K/8 + 5 S**2 / 36``: never negative where ``b**2 <= 4 a c`` and ``a``, ``c`` are not.

    Examples
    --------
    >>> cornish_fisher_is_monotone(0.0, 8.0), cornish_fisher_is_monotone(0.0, 8.1)
    (True, False)
    """
    square = skewness * skewness
    a = excess_kurtosis / 8.0 - square / 6.0
    c = 1.0 - excess_kurtosis / 8.0 + 5.0 * square / 36.0
    return a >= 0.0 and c >= 0.0 and square / 9.0 <= 4.0 * a * c


def cornish_fisher_moments(
    skewness: float, excess_kurtosis: float
) -> tuple[float, float, float, float]:
    """Mean (0), standard deviation, skewness and excess kurtosis of ``w(Z)``, Z standard normal.

    Exact: moments of a cubic in a normal variable.
    """
    s, k = skewness, excess_kurtosis
    cubic = np.array([-s / 6.0, 1.0 - k / 8.0 + 5.0 * s * s / 36.0, s / 6.0, k / 24.0 - s * s / 18])
    power, moments = np.array([1.0]), []
    for _ in range(4):
        power = np.convolve(power, cubic)
        moments.append(sum(power[n] * m for n, m in _NORMAL_MOMENTS.items() if n < power.size))
    variance = moments[1]
    fourth = moments[3] / variance**2 - 3.0
    return float(moments[0]), math.sqrt(variance), moments[2] / variance**1.5, float(fourth)


def cornish_fisher_parameters(skewness: float, excess_kurtosis: float) -> tuple[float, float]:
    """Parameters at which the law itself has this skewness and excess kurtosis.

    Newton along a path that starts at the normal law; NaN where no admissible parameters do it.
    """
    target = np.array([skewness, excess_kurtosis])
    found = np.zeros(2)
    for share in np.linspace(0.05, 1.0, 20):  # follow the solution from the normal law
        found = _solve(found, share * share * target if share < 1.0 else target)
    reached = np.array(cornish_fisher_moments(*found)[2:])
    good = np.all(np.abs(reached - target) < 1e-9 * (1.0 + np.abs(target)))
    if not (good and cornish_fisher_is_monotone(*found)):
        return math.nan, math.nan
    return float(found[0]), float(found[1])


def _solve(start: Vector, target: Vector) -> Vector:
    point = start
    for _ in range(_ROUNDS):
        gap = np.array(cornish_fisher_moments(*point)[2:]) - target
        if np.max(np.abs(gap)) < 1e-13 * (1.0 + np.max(np.abs(target))):
            break
        columns = []
        for i in range(2):
            step = np.zeros(2)
            step[i] = 1e-6
            up = cornish_fisher_moments(*(point + step))
            down = cornish_fisher_moments(*(point - step))
            columns.append((np.array(up[2:]) - np.array(down[2:])) / 2e-6)
        slope = np.array(columns).T
        determinant = slope[0, 0] * slope[1, 1] - slope[0, 1] * slope[1, 0]
        if abs(determinant) < 1e-12:
            break
        move = np.linalg.solve(slope, gap)
        point = point - move * min(1.0, 1.0 / max(float(np.max(np.abs(move))), 1e-300))
        point = np.array([np.clip(point[0], -3.0, 3.0), np.clip(point[1], -2.0, 12.0)])
    return point


def cornish_fisher_value_at_risk(
    confidence: float, mean: float, deviation: float, skewness: float, excess_kurtosis: float
) -> float:
    """Loss (positive, of minus the values) by the plain formula; no check of its domain."""
    z = float(special.ndtri(1.0 - confidence))
    return -float(mean + deviation * cornish_fisher_quantile(z, skewness, excess_kurtosis))


def cornish_fisher_expected_shortfall(
    confidence: float, mean: float, deviation: float, skewness: float, excess_kurtosis: float
) -> float:
    """Mean of the plain value-at-risk beyond ``confidence``; no check of its domain."""
    tail = 1.0 - confidence
    z = float(special.ndtri(tail))
    partial = cornish_fisher_lower_mean(z, skewness, excess_kurtosis)
    return -(mean + deviation * partial / tail)
