"""Generalised Pareto tails: density, probability-weighted moments, quantile and shortfall.

``F(x) = 1 - (1 + xi * x / beta)**(-1 / xi)`` for an excess ``x >= 0`` over the threshold ``u``;
``xi`` is the shape (heavy tail above 0), ``beta > 0`` the scale. Peaks over threshold: with ``k``
exceedances among ``n``, the loss not exceeded with confidence ``c`` is
``u + (beta / xi) * (((1 - c) * n / k)**(-xi) - 1)`` (McNeil and Frey, 2000).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.order_statistics import quantile_type7

Vector = NDArray[np.float64]
Rows = NDArray[np.int64]

_EXPONENTIAL = 1e-9
MINIMUM_EXCEEDANCES = 10


@njit(cache=True, nogil=True)
def gpd_log_likelihood(excesses: Vector, xi: float, beta: float) -> float:
    """Sum of log densities; minus infinity where an excess lies outside the support."""
    if beta <= 0.0:
        return -np.inf
    total = 0.0
    if abs(xi) < _EXPONENTIAL:
        for x in excesses:
            total += x
        return -excesses.size * math.log(beta) - total / beta
    for x in excesses:
        argument = xi * x / beta
        if argument <= -1.0:
            return -np.inf
        total += math.log1p(argument)
    return -excesses.size * math.log(beta) - (1.0 + 1.0 / xi) * total


@njit(cache=True, nogil=True)
def gpd_tail_quantile(
    threshold: float, xi: float, beta: float, tail_fraction: float, confidence: float
) -> float:
    """Loss not exceeded with ``confidence``; ``tail_fraction`` is the share above the threshold."""
    log_ratio = math.log((1.0 - confidence) / tail_fraction)
    if abs(xi) < _EXPONENTIAL:
        return threshold - beta * log_ratio
    return threshold + beta / xi * math.expm1(-xi * log_ratio)


@njit(cache=True, nogil=True)
def gpd_tail_shortfall(threshold: float, xi: float, beta: float, value_at_risk: float) -> float:
    """Mean loss beyond ``value_at_risk``: ``(v + beta - xi * u) / (1 - xi)``; NaN for xi >= 1."""
    if xi >= 1.0:
        return np.nan
    return (value_at_risk + beta - xi * threshold) / (1.0 - xi)


@njit(cache=True, nogil=True)
def gpd_exceedance_probability(excess: float, xi: float, beta: float) -> float:
    """Probability that an excess is above ``excess``, not negative; zero beyond the support."""
    if abs(xi) < _EXPONENTIAL:
        return math.exp(-excess / beta)
    argument = xi * excess / beta
    if argument <= -1.0:
        return 0.0
    return math.exp(-math.log1p(argument) / xi)


@njit(cache=True, nogil=True)
def gpd_from_moments(mean: float, weighted: float) -> tuple[float, float]:
    """Shape and scale from ``E[X]`` and ``E[X (1 - F(X))]`` (Hosking and Wallis, 1987).

    ``xi = 2 - a0 / (a0 - 2 a1)``, ``beta = 2 a0 a1 / (a0 - 2 a1)``; NaN when all excesses are
    equal, which determines no shape.
    """
    difference = mean - 2.0 * weighted
    if difference <= 1e-14 * mean:
        return np.nan, np.nan
    return 2.0 - mean / difference, 2.0 * mean * weighted / difference


@njit(cache=True, nogil=True)
def gpd_fit_pwm(ordered_excesses: Vector) -> tuple[float, float]:
    """Shape and scale by unbiased probability-weighted moments of ascending excesses.

    Consistent for ``xi < 1``. ``a1`` uses the unbiased weights ``(k - i) / (k - 1)``.
    """
    k = ordered_excesses.size
    if k < 2:
        return np.nan, np.nan
    mean, weighted = 0.0, 0.0
    for i in range(k):
        mean += ordered_excesses[i]
        weighted += ordered_excesses[i] * (k - 1 - i)
    return gpd_from_moments(mean / k, weighted / ((k - 1.0) * k))


@njit(cache=True, nogil=True)
def upper_tail(ordered: Vector, tail_fraction: float) -> tuple[float, Vector]:
    """Threshold (type-7 quantile at ``1 - tail_fraction``) and ascending excesses above it.

    An observation equal to the threshold is not an exceedance.
    """
    threshold = quantile_type7(ordered, 1.0 - tail_fraction)
    first = np.searchsorted(ordered, threshold, side="right")
    return threshold, ordered[first:] - threshold


@njit(cache=True, nogil=True)
def rows_above(values: Vector, threshold: float, count: int) -> Rows:
    """Rows of the ``count`` values above ``threshold``, in order."""
    rows = np.empty(count, dtype=np.int64)
    found = 0
    for i in range(values.size):
        if values[i] > threshold:
            rows[found] = i
            found += 1
    return rows


@njit(cache=True, nogil=True)
def pot_quantile_pwm_ordered(ordered: Vector, tail_fraction: float, confidence: float) -> float:
    """As :func:`pot_quantile_pwm`, of values that are already ascending."""
    if ordered.size == 0:
        return np.nan
    threshold, excesses = upper_tail(ordered, tail_fraction)
    if (1.0 - confidence) * ordered.size >= excesses.size:
        return quantile_type7(ordered, confidence)
    if excesses.size < MINIMUM_EXCEEDANCES:
        return np.nan
    xi, beta = gpd_fit_pwm(excesses)
    return gpd_tail_quantile(threshold, xi, beta, excesses.size / ordered.size, confidence)


@njit(cache=True, nogil=True)
def pot_quantile_pwm(values: Vector, tail_fraction: float, confidence: float) -> float:
    """Upper-tail quantile: empirical in the body, generalised Pareto beyond the threshold.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        Losses (positive = loss) or scaled losses; any order, finite.
    tail_fraction : float
        Share of the sample treated as tail, e.g. 0.05; the threshold is its type-7 quantile.
    confidence : float
        0.99 asks for the loss exceeded once in a hundred.

    Returns
    -------
    float
        The quantile. Inside the body (``1 - confidence`` at or above the share of exceedances) it
        is the type-7 quantile. NaN with fewer than 10 exceedances, or all exceedances equal.

    Examples
    --------
    >>> import numpy as np
    >>> exponential = -np.log(1.0 - (np.arange(1000) + 0.5) / 1000.0)
    >>> bool(abs(pot_quantile_pwm(exponential, 0.1, 0.999) - np.log(1000.0)) < 0.1)
    True
    """
    return pot_quantile_pwm_ordered(np.sort(values), tail_fraction, confidence)
