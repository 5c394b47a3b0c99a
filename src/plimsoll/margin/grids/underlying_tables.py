"""Grid tables of a venue whose risk units are underlyings, each with a grid of its own.

Profit is in the numeraire. What is settled in the underlying's own coin is worth what it is worth
at the coin's price under the scenario, so that an inverse contract and a linear one of the same
dollar delta offset to the last bit (`CoinProfit`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Listing, listing_of
from plimsoll.domain.magnitudes import are_prices
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.grids.cash_sensitivities import CashSensitivities, cash_sensitivities
from plimsoll.margin.grids.kept_tables import UnitGrid, grid_key
from plimsoll.margin.underlying import UnderlyingGroups
from plimsoll.margin.units.instrument_columns import instrument_columns
from plimsoll.margin.units.kept_rows import kept_rows, rows_taken
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths import payoffs
from plimsoll.scenarios.grid_rules import GridRules
from plimsoll.scenarios.grid_table import GridTable, grid_table, in_numeraire, stacked
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


__all__ = [
    "CoinProfit",
    "UnitGrid",
    "extended",
    "kept_sensitivities",
    "quote_prices",
    "unit_tables",
    "with_quote_reasons",
]


class CoinProfit(StrEnum):
    """At which price profit that falls due in the underlying's coin is turned into the numeraire.

    The choice is only about the profit: collateral in coin is the account's own affair.
    """

    SHOCKED = "shocked"  # the coin's price under the scenario: linear and inverse offset
    CURRENT = "current"  # today's price, as venues that margin in coin see it


def unit_tables(
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    rows: MarketRows,
    groups: UnderlyingGroups,
    grids: Mapping[str, UnitGrid],
    names: tuple[str, ...],
    *,
    rules: GridRules,
    coin_profit: CoinProfit,
) -> GridTable:
    """Revalue every market under the grid of its risk unit, in the numeraire.

    Parameters
    ----------
    grids : mapping of str to UnitGrid
        By risk unit; markets of a unit that is not in it have the reason NO_PARAMETERS.
    names : tuple of S str
        Scenarios: those of every grid.

    Returns
    -------
    GridTable
        Rows in the order of ``instruments``. Quantos, whose delta depends on a correlation, have
        the reason NOT_MARGINED.
    """
    listing = listing_of(instruments)
    if not len(listing):
        return grid_table({}, snapshot, _still(names).grid, _still(names).rule, rules=rules)
    each = tuple(grids.get(unit, _still(names)) for unit in groups.units)
    known = tuple(unit in grids for unit in groups.units)
    unit_of_row = groups.unit_of_row
    own = kept_rows(
        listing,
        snapshot,
        ("unit_tables", tuple(map(grid_key, each)), known, rules),
        lambda few, at: _own_tables(few, snapshot, unit_of_row[at], each, known, rules),
    )
    moves = _coin_moves(listing, each, unit_of_row, coin_profit)
    return in_numeraire(own, rows.settle_price[:-1], moves)


def _own_tables(
    instruments: Listing,
    snapshot: MarketSnapshot,
    unit_of_row: IntArray,
    grids: Sequence[UnitGrid],
    known: Sequence[bool],
    rules: GridRules,
) -> GridTable:
    """Tables in settlement currencies of instruments of several units."""
    tables = []
    for unit in np.unique(unit_of_row).tolist():
        held = instruments.take(np.flatnonzero(unit_of_row == unit).tolist())
        own = grids[unit]
        table = _margined(grid_table(held, snapshot, own.grid, own.rule, rules=rules))
        if not known[unit]:
            table = _blank(table, table.reason == 0, MarginReason.NO_PARAMETERS)
        tables.append(table)
    return stacked(tables, instruments.markets)


def quote_prices(
    instruments: Mapping[str, Instrument], snapshot: MarketSnapshot, pricing: CurrencyPricing
) -> FloatArray:
    """(N,) price of each market's quote currency, in the numeraire; NaN where nothing prices it."""
    quote = instrument_columns(instruments).quote
    found = quote.spread(pricing.price(name, snapshot, instruments) for name in quote.names)
    return np.where(are_prices(found), found, np.nan)


def with_quote_reasons(table: GridTable, quote_price: FloatArray) -> GridTable:
    """Give rows whose quote currency nothing prices (N,) a reason: charges are asked in it."""
    at = (table.reason == 0) & np.isnan(quote_price)
    return _blank(table, at, MarginReason.NO_CURRENCY_PRICE) if at.any() else table


def kept_sensitivities(
    table: GridTable,
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    quote_price: FloatArray,
) -> CashSensitivities:
    """Return `cash_sensitivities` of a table's rows, kept where they are what they were."""

    def make(few: Listing, at: IntArray) -> CashSensitivities:
        found = cash_sensitivities(rows_taken(table, at), few, quote_price[at])
        return rows_taken(found, np.arange(at.size))

    own = (table.value, table.delta, table.forward, table.floating, table.sigma)
    beside = (*own, table.discount, table.tau_years, table.reason, quote_price)
    kept = kept_rows(instruments, snapshot, "cash_sensitivities", make, beside=beside)
    return CashSensitivities(
        **{column.name: np.append(getattr(kept, column.name), 0.0) for column in fields(kept)}
    )


def extended(profit: FloatArray) -> FloatArray:
    """(N + 1, S) profits: zero where there is none, and in the row of what nobody knows.

    Positions with a reason are left out of sums, so these zeros are read by nobody.
    """
    return np.vstack([np.nan_to_num(profit, nan=0.0), np.zeros(profit.shape[1])])


def _still(names: tuple[str, ...]) -> UnitGrid:
    """A grid that moves nothing, for units without parameters."""
    count = len(names)
    grid = RiskGrid(
        names=names,
        price_moves=np.zeros(count),
        vol_moves=(VolMove.NONE,) * count,
        fraction=np.ones(count),
    )
    return UnitGrid(grid=grid, rule=VolRule(range_up=0.0, range_down=0.0))


def _margined(table: GridTable) -> GridTable:
    return _blank(table, (table.reason == 0) & np.isnan(table.delta), MarginReason.NOT_MARGINED)


def _blank(table: GridTable, at: NDArray[np.bool_], reason: MarginReason) -> GridTable:
    return replace(
        table,
        profit=np.where(at[:, None], np.nan, table.profit),
        value=np.where(at, np.nan, table.value),
        reason=np.where(at, int(reason), table.reason).astype(np.int64),
    )


def _coin_moves(
    instruments: Listing,
    grids: Sequence[UnitGrid],
    unit_of_row: IntArray,
    coin_profit: CoinProfit,
) -> FloatArray:
    """(N, S) move of each row's settlement currency."""
    coin = instrument_columns(instruments).payoff == payoffs.INVERSE
    of_row = np.array([own.grid.price_moves for own in grids])[unit_of_row]
    if coin_profit is CoinProfit.CURRENT:
        return np.zeros(of_row.shape)
    return np.where(coin[:, None], of_row, 0.0)
