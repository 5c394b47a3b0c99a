"""Bracketed search for the quotes that the fast iteration has not settled: slow, never wrong."""

from __future__ import annotations

import math

from numba import njit

from plimsoll.maths.implied_vol_kernel_price import (
    HALF_LOG_2PI,
    SERIES_BELOW,
    mills_difference_series,
    mills_ratio,
)

_LEAST, _MOST = 1e-307, 128.0
_MOST_MONEYNESS = 64.0
"""No price of float64 is further out of the money: ``exp(-64**2 / 2)`` is 1e-889."""
_MOST_STEPS = 200
_SETTLED = 1e-16


@njit(cache=True, nogil=True, error_model="numpy")
def bracketed_standard_deviation(y: float, target: float, side: float, start: float) -> float:
    """Root in ``s`` of ``ln b = target`` (``side`` -1) or ``ln(1 - b) = target`` (``side`` 1).

    Newton's method, replaced by bisection of ``ln s`` where it leaves the bracket.
    """
    low, high = max(_LEAST, y / _MOST_MONEYNESS), _MOST
    s = start if low < start < high else 1.0
    for _ in range(_MOST_STEPS):
        a, t = y / s, 0.5 * s
        width = _inverse_slope_anywhere(a, t, side)
        excess = math.log(width) - 0.5 * (a - t) ** 2 - HALF_LOG_2PI - target
        too_high = -side * excess > 0.0
        low, high = (low, s) if too_high else (s, high)
        proposal = s + side * width * excess
        if not low < proposal < high:
            proposal = math.sqrt(low) * math.sqrt(high)
        settled = abs(proposal - s) <= _SETTLED * s
        s = proposal
        if settled:
            break
    return s


@njit(cache=True, nogil=True, error_model="numpy")
def _inverse_slope_anywhere(a: float, t: float, side: float) -> float:
    """Difference (below) or sum (above) of Mills' ratios, for arguments of either sign."""
    if side < 0.0 and t <= SERIES_BELOW:
        return mills_difference_series(mills_ratio(a), a, t)
    return mills_ratio(side * (t - a)) + side * mills_ratio(a + t)
