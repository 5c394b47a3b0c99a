"""Gamma-family functions that compiled kernels need and numba does not offer."""

from __future__ import annotations

import math

from numba import njit

_SHIFT = 10.0


@njit(cache=True, nogil=True)
def digamma(x: float) -> float:
    """Derivative of ``log Gamma`` for ``x > 0``; absolute error below 1e-14.

    Upward recurrence to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18).

    Examples
    --------
    >>> round(digamma(1.0), 12)
    -0.577215664902
    """
    shift = 0.0
    while x < _SHIFT:
        shift -= 1.0 / x
        x += 1.0
    inverse = 1.0 / (x * x)
    series = 691.0 / 32760.0 - inverse / 12.0
    series = 1.0 / 132.0 - inverse * series
    series = 1.0 / 240.0 - inverse * series
    series = 1.0 / 252.0 - inverse * series
    series = 1.0 / 120.0 - inverse * series
    series = 1.0 / 12.0 - inverse * series
    return shift + math.log(x) - 0.5 / x - inverse * series


@njit(cache=True, nogil=True)
def trigamma(x: float) -> float:
    """Second derivative of ``log Gamma`` for ``x > 0``; relative error below 1e-13.

    Upward recurrence to 10, then the asymptotic series (Abramowitz and Stegun 6.4.12).

    Examples
    --------
    >>> round(trigamma(1.0), 12)
    1.644934066848
    """
    shift = 0.0
    while x < _SHIFT:
        shift += 1.0 / (x * x)
        x += 1.0
    inverse = 1.0 / (x * x)
    series = 691.0 / 2730.0 - inverse * (7.0 / 6.0)
    series = 5.0 / 66.0 - inverse * series
    series = 1.0 / 30.0 - inverse * series
    series = 1.0 / 42.0 - inverse * series
    series = 1.0 / 30.0 - inverse * series
    series = 1.0 / 6.0 - inverse * series
    return shift + 1.0 / x + 0.5 * inverse + inverse / x * series


@njit(cache=True, nogil=True)
def log_gamma_half_ratio(x: float) -> float:
    """``log Gamma(x + 1/2) - log Gamma(x)`` for ``x > 0`` without cancellation for large x."""
    if x < 50.0:
        return math.lgamma(x + 0.5) - math.lgamma(x)
    inverse = 1.0 / x
    square = inverse * inverse
    series = 17.0 / 14336.0 * square - 1.0 / 640.0
    series = series * square + 1.0 / 192.0
    series = series * square - 1.0 / 8.0
    return 0.5 * math.log(x) + inverse * series
