"""Black-76 prices of European options on forwards (Black, 1976), linear and coin-settled.

Prices are undiscounted unless a rate is given. An inverse option pays ``max(S - K, 0) / S`` coin;
its value in coin is the linear value divided by the forward (methodology, 6.1). The price is wrong
by less than 1e-15 of the forward (of the price, where that is larger) over sigma sqrt(tau) from
1e-6 to 10 and strikes out to 25 standard deviations: ``tests/oracles/test_black76_price.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.maths.black76_inputs import (
    column_to_fill,
    is_inverse,
    option_columns,
    rate_array,
    refuse_row,
)
from plimsoll.maths.black76_kernels import (
    PARALLEL_FROM,
    black76_prices,
    black76_prices_parallel,
)

Vector = NDArray[np.float64]


def price(
    forward: ArrayLike,
    strike: ArrayLike,
    tau_years: ArrayLike,
    sigma: ArrayLike,
    is_call: ArrayLike,
    *,
    payoff: str = "linear",
    rate: ArrayLike = 0.0,
    out: Vector | None = None,
) -> Vector:
    """Value of European options; the arguments broadcast against each other.

    Parameters
    ----------
    forward, strike : array_like
        Prices in quote currency, positive.
    tau_years : array_like
        Time to expiry, ACT/365; 0 gives the intrinsic value.
    sigma : array_like
        Annual volatility as a fraction; 0 gives the intrinsic value.
    is_call : array_like of bool
        False is a put.
    payoff : {"linear", "inverse"}
        `plimsoll.domain.instrument.Payoff` will do. Quanto options are refused.
    rate : array_like
        Continuous annual rate of the settlement currency; the price is multiplied by
        ``exp(-rate * tau_years)``.
    out : float64 array, optional
        Where to write, contiguous, of the shape of the result.

    Returns
    -------
    float64 array
        Quote currency, or coin where inverse, per unit of the underlying.

    Raises
    ------
    UsageError
        With the argument, the value and the (flat) row that the formula has no value for; NaN is
        refused, never passed on.

    Examples
    --------
    >>> price(100.0, [90.0, 100.0], 0.25, 0.8, True).round(6)
    array([20.571275, 15.851942])
    >>> float(price(100.0, 90.0, 0.0, 0.8, True, payoff="inverse"))
    0.1
    """
    inverse = is_inverse(payoff)
    options = option_columns(forward, strike, tau_years, sigma, is_call)
    column = column_to_fill("out", out, options)
    kernel = black76_prices_parallel if column.size >= PARALLEL_FROM else black76_prices
    row = kernel(*options.columns, inverse, column)
    if row >= 0:
        refuse_row(options, row)
    rates = rate_array(rate, options.shape)
    if rates is not None:
        column *= np.exp(-rates * options.tau_years)
    return column.reshape(options.shape)
