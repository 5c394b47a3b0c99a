"""From a path of closes to bars: open, high, low, volume, on a price grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plimsoll.domain.market import HOUR_NS, Bars, FloatArray, IntArray, PriceKind

DIGITS = 6  # significant digits of a price
SOURCE = "SYNTHETIC sandbox (generated, not market data)"

Rounding = Callable[[FloatArray], FloatArray]


def on_price_grid(price: FloatArray, rounding: Rounding = np.round) -> FloatArray:
    """Round to six significant digits (NaN passes through).

    A grid makes the bytes equal on processors whose exponentials differ in the last bit.

    >>> on_price_grid(np.array([42123.456, 0.0123456789]))
    array([4.21235e+04, 1.23457e-02])
    """
    places = DIGITS - 1 - np.floor(np.log10(price))
    up, down = 10.0 ** np.maximum(places, 0.0), 10.0 ** np.maximum(-places, 0.0)
    return np.asarray(rounding(np.round(price * up / down, 6)) * down / up)


def range_of(
    rng: np.random.Generator, opened: FloatArray, closed: FloatArray, volatility: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(T, N) high and low: beyond open and close by exponential shares of the volatility."""
    above, below = rng.exponential(0.35, (2, *closed.shape)) * volatility
    high = np.maximum(opened, closed) * np.exp(above)
    low = np.minimum(opened, closed) * np.exp(-below)
    return on_price_grid(high, np.ceil), on_price_grid(low, np.floor)


def volumes(
    rng: np.random.Generator, closed: FloatArray, activity: FloatArray, adv_usd: FloatArray
) -> FloatArray:
    """(T, N) volume in base units, larger in active hours (``activity``: |return| over usual)."""
    noise = np.exp(0.45 * rng.standard_normal(closed.shape) - 0.1)
    dollars = adv_usd / 24.0 * noise * (0.55 + 0.45 * np.minimum(activity, 12.0))
    return on_price_grid(dollars / closed)


def bars_of(market: str, time_ns: IntArray, columns: dict[str, FloatArray]) -> Bars:
    """Return bars of one market from its ``open``, ``high``, ``low``, ``close``, ``volume``."""
    return Bars(
        market=market,
        time_ns=time_ns,
        interval_ns=HOUR_NS,
        price_kind=PriceKind.SYNTHETIC_MARK,
        source=SOURCE,
        **columns,
    )
