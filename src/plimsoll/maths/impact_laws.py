"""What size costs: the square-root law, and the even unwind over the cheapest time.

The same formulas as `plimsoll.maths.liquidation_costs`, for any shape of size and market.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

ALMGREN_POWER = 0.6
"""Power of temporary impact in participation (Almgren, Thum, Hauptmann and Li, 2005)."""
ALMGREN_ETA = 0.142
"""Their coefficient on US equities: a start, to be fitted anew."""


class Unwind(NamedTuple):
    """Even unwind over the cheapest time; NaN rate where it cannot end, or nobody knows."""

    horizon_days: FloatArray  # h*
    rate: FloatArray  # c(h*), relative, price risk of h* included
    add_on: FloatArray  # c(h*) less the price risk of the horizon that the margin covers


def square_root_impact(
    size: ArrayLike, *, volume: ArrayLike, volatility: ArrayLike, impact: ArrayLike
) -> FloatArray:
    """Relative impact ``Y sigma sqrt(Q / V)`` of trading size ``Q`` (Donier and Bonart, 2015).

    Parameters
    ----------
    size, volume : array_like
        In one unit, not negative; volume of a day.
    volatility : array_like
        Daily, relative.
    impact : array_like
        Y.

    Examples
    --------
    >>> float(square_root_impact(1e6, volume=1e8, volatility=0.04, impact=1.0))
    0.004
    """
    share = np.asarray(size, dtype=np.float64) / np.asarray(volume, dtype=np.float64)
    return np.asarray(np.asarray(impact) * np.asarray(volatility) * np.sqrt(share))


def optimal_unwind(
    size: ArrayLike,
    *,
    volume: ArrayLike,
    volatility: ArrayLike,
    half_spread: ArrayLike,
    impact: ArrayLike,
    quantile: float,
    covered_days: float,
    participation: float,
) -> Unwind:
    """Return the cheapest even unwind: ``c(h) = a sqrt(h) + s / 2 + b h^-0.6``.

    ``a = z sigma / sqrt(3)`` (the price risk of a position that falls evenly has the variance of a
    third of the time), ``b = eta sigma (Q / V)^0.6``; the minimum lies at
    ``h* = (1.2 b / a)^(1 / 1.1)``, but not under ``covered_days`` nor where the unwind would be
    more than ``participation`` of turnover. Without price risk nothing hurries the unwind and
    impact comes to nothing: the shortest admissible horizon, and half of the spread. A size without
    turnover has an infinite horizon and a NaN rate, which an add-on reports as unknown; no size
    costs half of the spread over the covered time, whatever the turnover.

    Parameters
    ----------
    size, volume : array_like
        In one unit; volume of a day.
    volatility : array_like
        Daily.
    half_spread, impact : array_like
        Relative half spread, and eta.
    quantile : float
        z, positive.
    covered_days, participation : float
        Positive.
    """
    days = _days_of_turnover(size, volume)
    risk = quantile * np.asarray(volatility, dtype=np.float64) / np.sqrt(3.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.asarray(impact) * np.asarray(volatility) * days**ALMGREN_POWER
        cheapest = np.where(risk == 0.0, 0.0, (1.2 * cost / risk) ** (1.0 / 1.1))
        taken = np.maximum(np.maximum(covered_days, days / participation), cheapest)
        taken = np.where(np.isinf(days), np.inf, taken)
        still = np.where(np.isfinite(cost), 0.0, np.nan)
        paid = np.where((risk == 0.0) | (cost == 0.0), still, cost * taken**-ALMGREN_POWER)
        delay = np.where(risk == 0.0, 0.0, risk * (np.sqrt(taken) - np.sqrt(covered_days)))
    add_on = np.where(np.isinf(taken), np.nan, np.asarray(half_spread) + (delay + paid))
    return Unwind(taken, add_on + risk * np.sqrt(covered_days), add_on)


def _days_of_turnover(size: ArrayLike, volume: ArrayLike) -> FloatArray:
    """Size over turnover: infinite where nothing trades, 0 for no size, NaN where nobody knows."""
    held, traded = np.asarray(size, dtype=np.float64), np.asarray(volume, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(held == 0.0, 0.0 * traded, held / traded))
