"""Greeks of Black-76 prices, linear and coin-settled.

Conventions. All are derivatives of the price as quoted: in quote currency for linear options, in
coin for inverse ones. Vega, vanna and volga are per 1.00 of volatility (a vol point is a hundredth
of vega); theta is per year as time passes (ACT/365, negative for what loses value); rho is per 1.00
of the rate at an unchanged forward. Two deltas are quoted beside the derivative ``delta``, both
undiscounted and without unit, for either payoff:

- ``forward_delta``: N(d1) for calls and N(d1) - 1 for puts, what forward contracts hedge of the
  value in money;
- ``premium_adjusted_delta``: (K/F) N(d2) and -(K/F) N(-d2), the forward delta less the price in
  coin, what hedges the value in coin. For inverse options it is F times ``delta``.

Gamma of inverse options is negative deep in the money (calls), as their value in coin is bounded.

Limits at ``sigma * sqrt(tau_years) = 0``: off the money delta is that of the intrinsic value and
the rest is 0. At the money N(d) is one half by convention, gamma is infinite, theta is minus
infinity (0 where sigma is 0), and vega and vanna are 0 at expiry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.maths.black76_greeks_columns import (
    MainColumns,
    OtherColumns,
    black76_all_greeks,
    black76_all_greeks_parallel,
    black76_main_greeks,
    black76_main_greeks_parallel,
)
from plimsoll.maths.black76_inputs import (
    OptionColumns,
    column_to_fill,
    is_inverse,
    option_columns,
    rate_array,
    refuse_row,
)
from plimsoll.maths.black76_kernels import PARALLEL_FROM

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MainGreeks:
    """Price and the four Greeks of a P&L explanation, arrays of the arguments' shape.

    Parameters
    ----------
    price : float64 array
        Quote currency, or coin where inverse.
    delta : float64 array
        d price / d forward.
    gamma : float64 array
        d2 price / d forward2.
    vega : float64 array
        d price / d sigma, per 1.00 of volatility.
    theta : float64 array
        d price / d calendar time, per year, at an unchanged forward.
    """

    price: Vector
    delta: Vector
    gamma: Vector
    vega: Vector
    theta: Vector


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Greeks(MainGreeks):
    """All Greeks that margin uses; see the module for units and the two quoted deltas.

    Parameters
    ----------
    forward_delta, premium_adjusted_delta : float64 array
        Undiscounted, without unit.
    vanna : float64 array
        d2 price / d forward d sigma.
    volga : float64 array
        d2 price / d sigma2.
    rho : float64 array
        d price / d rate, at an unchanged forward: ``-tau_years * price``.
    """

    forward_delta: Vector
    premium_adjusted_delta: Vector
    vanna: Vector
    volga: Vector
    rho: Vector


def main_greeks(
    forward: ArrayLike,
    strike: ArrayLike,
    tau_years: ArrayLike,
    sigma: ArrayLike,
    is_call: ArrayLike,
    *,
    payoff: str = "linear",
    rate: ArrayLike = 0.0,
    out: MainGreeks | None = None,
) -> MainGreeks:
    """Price, delta, gamma, vega and theta; arguments and errors as in `price`.

    ``out`` is an earlier result of the same shape, whose arrays are written over: new memory costs
    half as much as the computation.

    Raises
    ------
    UsageError
    """
    inverse = is_inverse(payoff)
    options = option_columns(forward, strike, tau_years, sigma, is_call)
    main = _main_columns(options, out)
    parallel = options.forward.size >= PARALLEL_FROM
    kernel = black76_main_greeks_parallel if parallel else black76_main_greeks
    row = kernel(*options.columns, inverse, main)
    if row >= 0:
        refuse_row(options, row)
    _discount(options, rate, main, ())
    return MainGreeks(**_shaped(options, main))


def greeks(
    forward: ArrayLike,
    strike: ArrayLike,
    tau_years: ArrayLike,
    sigma: ArrayLike,
    is_call: ArrayLike,
    *,
    payoff: str = "linear",
    rate: ArrayLike = 0.0,
) -> Greeks:
    """Price and all Greeks; arguments and errors as in `plimsoll.maths.black76.price`.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> coin = greeks(100.0, 90.0, 0.25, 0.8, True, payoff="inverse")
    >>> for name in ("price", "forward_delta", "premium_adjusted_delta", "vega"):
    ...     print(name, float(getattr(coin, name).round(6)))
    price 0.205713
    forward_delta 0.678462
    premium_adjusted_delta 0.472749
    vega 0.179164
    """
    inverse = is_inverse(payoff)
    options = option_columns(forward, strike, tau_years, sigma, is_call)
    main = _main_columns(options, None)
    others = OtherColumns(*(np.empty(options.forward.size) for _ in OtherColumns._fields))
    parallel = options.forward.size >= PARALLEL_FROM
    kernel = black76_all_greeks_parallel if parallel else black76_all_greeks
    row = kernel(*options.columns, inverse, main, others)
    if row >= 0:
        refuse_row(options, row)
    _discount(options, rate, main, (others.vanna, others.volga))
    rho = (-options.tau_years * main.price).reshape(options.shape)
    return Greeks(**_shaped(options, main), **_shaped(options, others), rho=rho)


def _main_columns(options: OptionColumns, out: MainGreeks | None) -> MainColumns:
    """Where the kernel writes: new memory, or that of an earlier result."""
    return MainColumns(
        *(
            column_to_fill(f"out.{name}", None if out is None else getattr(out, name), options)
            for name in MainColumns._fields
        )
    )


def _shaped(options: OptionColumns, columns: MainColumns | OtherColumns) -> dict[str, Vector]:
    """Columns by name, in the shape of the arguments."""
    return {name: column.reshape(options.shape) for name, column in columns._asdict().items()}


def _discount(
    options: OptionColumns, rate: ArrayLike, main: MainColumns, others: tuple[Vector, ...]
) -> None:
    """Discount the derivatives of the price in place; time also brings the discount back."""
    rates = rate_array(rate, options.shape)
    if rates is None:
        return
    factor = np.exp(-rates * options.tau_years)
    for column in (*main, *others):
        column *= factor
    main.theta[:] += rates * main.price
