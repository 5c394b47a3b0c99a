"""Delta and vega of one contract in the numeraire, so that contracts of all kinds add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Future, Instrument, Option, OptionRight, Perpetual
from plimsoll.maths.black76_greeks import main_greeks
from plimsoll.scenarios.grid_table import GridTable
from plimsoll.scenarios.option_expiries import stated_units

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CashSensitivities:
    """(N + 1,) columns of one long contract; zero where a row has a reason, and in the last row.

    Parameters
    ----------
    delta : (N + 1,) float64
        Change of value for a move of the underlying by its whole price: number of underlyings
        times their price. Spot and linear contracts: notional; inverse: their USD value.
    vega : (N + 1,) float64
        Change of value for 1.00 of volatility.
    relative_vega : (N + 1,) float64
        Change of value for a doubling of volatility to first order: vega times volatility.
    value : (N + 1,) float64
        Of options now; zero for anything else.
    call_notional, put_notional : (N + 1,) float64
        Underlyings of one option of that right times their price; zero for anything else.
    contract_notional : (N + 1,) float64
        Of perpetuals and futures, unsigned; zero for spot and options. Unlike ``delta`` it does not
        fall within a settlement window.
    """

    delta: FloatArray
    vega: FloatArray
    relative_vega: FloatArray
    value: FloatArray
    call_notional: FloatArray
    put_notional: FloatArray
    contract_notional: FloatArray

    @property
    def option_notional(self) -> FloatArray:
        """(N + 1,) notional of one option, zero for anything else."""
        return self.call_notional + self.put_notional


def cash_sensitivities(
    table: GridTable, instruments: Mapping[str, Instrument], quote_price: FloatArray
) -> CashSensitivities:
    """Return sensitivities of the rows of a table, whose values are in the numeraire.

    Parameters
    ----------
    table : GridTable
    instruments : mapping of str to Instrument
        One per row, in its order.
    quote_price : (N,) float64
        Of the quote currency of each row, in the numeraire.

    Notes
    -----
    The vega of an inverse option is that of its value in quote currency: the coin's own price is
    held, as in Black (1976) on the forward.
    """
    held = list(instruments.values())
    good = table.reason == 0
    option = np.array([isinstance(i, Option) for i in held], dtype=np.bool_) & good
    units = np.array([stated_units(i) if isinstance(i, Option) else 0.0 for i in held])
    units = np.where(good, units, 0.0)
    # An impossible mark must neither warn nor leave its row.
    known_delta, floating = (np.where(good, c, 0.0) for c in (table.delta, table.floating))
    delta = known_delta * floating * quote_price
    notional = units * np.where(good, table.forward, 0.0) * quote_price
    calls = _calls(held)
    contract = np.array([isinstance(i, Perpetual | Future) for i in held], dtype=np.bool_) & good
    whole = np.abs(known_delta * np.where(good, table.forward, 0.0) * quote_price)
    vega = np.zeros(len(held))
    vega[option] = (units * table.discount * quote_price)[option] * main_greeks(
        table.forward[option],
        _strikes(held)[option],
        table.tau_years[option],
        table.sigma[option],
        _calls(held)[option],
    ).vega
    return CashSensitivities(
        delta=_extended(delta),
        vega=_extended(vega),
        relative_vega=_extended(np.where(option, vega * table.sigma, 0.0)),
        value=_extended(np.where(option, table.value, 0.0)),
        call_notional=_extended(np.where(option & calls, notional, 0.0)),
        put_notional=_extended(np.where(option & ~calls, notional, 0.0)),
        contract_notional=_extended(np.where(contract, whole, 0.0)),
    )


def _strikes(held: list[Instrument]) -> FloatArray:
    return np.array([float(i.strike) if isinstance(i, Option) else np.nan for i in held])


def _calls(held: list[Instrument]) -> NDArray[np.bool_]:
    return np.array(
        [isinstance(i, Option) and i.right is OptionRight.CALL for i in held], dtype=np.bool_
    )


def _extended(column: FloatArray) -> FloatArray:
    """Add the row of whatever nobody knows."""
    return np.append(column, 0.0)
