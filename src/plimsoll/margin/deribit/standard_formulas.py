"""Standard margin of single Deribit positions, in coins of the underlying.

Sizes are in coins, signed; ``moneyness`` and marks are relative to the price of the underlying.
Sources: Deribit support, 11 January 2022 (futures); TSLab's copy of the option rules.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Rates(NamedTuple):
    """Parameters by row, as float64 columns; names as in `DeribitStandardPair`."""

    future_initial_rate: FloatArray
    future_initial_slope: FloatArray
    future_maintenance_rate: FloatArray
    future_maintenance_slope: FloatArray
    option_initial_rate: FloatArray
    option_initial_floor: FloatArray
    option_maintenance_rate: FloatArray


def future_margin(
    size: FloatArray, linked: FloatArray, rates: Rates
) -> tuple[FloatArray, FloatArray]:
    """Initial and maintenance margin in coins: ``|q| (base + slope (|q| + linked))``.

    ``linked`` are the coins that the owner's other accounts hold on the same side.

    Examples
    --------
    100 bitcoins at 2 % + 0.005 % a coin, and 1 % + 0.005 %:

    >>> rates = Rates(*(np.array([r]) for r in (0.02, 5e-5, 0.01, 5e-5, 0.15, 0.1, 0.075)))
    >>> [float(m[0].round(12)) for m in future_margin(np.array([-100.0]), np.zeros(1), rates)]
    [2.5, 1.5]
    """
    q = np.abs(size)
    held = q + linked
    return (
        q * (rates.future_initial_rate + rates.future_initial_slope * held),
        q * (rates.future_maintenance_rate + rates.future_maintenance_slope * held),
    )


def short_option_margin(
    size: FloatArray, strike_ratio: FloatArray, mark: FloatArray, is_call: BoolArray, rates: Rates
) -> tuple[FloatArray, FloatArray]:
    """Initial and maintenance margin of options in coins, the mark inside; 0 for long ones.

    Call: ``max(a - otm, b) + m`` and ``c + m``; put: ``max(max(a - otm, b) + m, maintenance)``
    and ``max(c, c m) + m``, per coin, with ``otm`` the out-of-the-money amount over the price.

    Parameters
    ----------
    strike_ratio, mark : float64
        Strike, and mark of the option, over the price of the underlying.

    Examples
    --------
    A call 10 % out of the money and marked at 0.02: max(0.05, 0.1) + 0.02 and 0.075 + 0.02.

    >>> rates = Rates(*(np.array([r]) for r in (0.02, 5e-5, 0.01, 5e-5, 0.15, 0.1, 0.075)))
    >>> at = np.array([-1.0]), np.array([1.1]), np.array([0.02]), np.array([True])
    >>> [float(m[0].round(12)) for m in short_option_margin(*at, rates)]
    [0.12, 0.095]
    """
    short = np.maximum(-size, 0.0)
    otm = np.where(is_call, np.maximum(strike_ratio - 1.0, 0.0), np.maximum(1.0 - strike_ratio, 0))
    initial = np.maximum(rates.option_initial_rate - otm, rates.option_initial_floor) + mark
    least = rates.option_maintenance_rate
    maintenance = np.where(is_call, least, np.maximum(least, least * mark)) + mark
    initial = np.where(is_call, initial, np.maximum(initial, maintenance))
    return short * initial, short * maintenance
