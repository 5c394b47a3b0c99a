"""Grid tables of a venue whose risk units are underlyings, each with a grid of its own.

Profit is in the numeraire. What is settled in the underlying's own coin is worth what it is worth
at the coin's price under the scenario, so that an inverse contract and a linear one of the same
dollar delta offset to the last bit (`CoinProfit`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Payoff
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.underlying import UnderlyingGroups
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.scenarios.grid_rules import GridRules
from plimsoll.scenarios.grid_table import GridTable, grid_table, in_numeraire, stacked
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

FloatArray = NDArray[np.float64]


class CoinProfit(StrEnum):
    """At which price profit that falls due in the underlying's coin is turned into the numeraire.

    The choice is only about the profit: collateral in coin is the account's own affair.
    """

    SHOCKED = "shocked"  # the coin's price under the scenario: linear and inverse offset
    CURRENT = "current"  # today's price, as venues that margin in coin see it


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitGrid:
    """Scenarios and volatility moves of one risk unit."""

    grid: RiskGrid
    rule: VolRule


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
    if not instruments:
        return grid_table({}, snapshot, _still(names).grid, _still(names).rule, rules=rules)
    tables = []
    for unit, name in enumerate(groups.units):
        at = np.flatnonzero(groups.unit_of_row == unit)
        held = {rows.markets[row]: rows.instruments[row] for row in at.tolist()}
        own = grids.get(name, _still(names))
        table = _margined(grid_table(held, snapshot, own.grid, own.rule, rules=rules))
        if name not in grids:
            table = _blank(table, table.reason == 0, MarginReason.NO_PARAMETERS)
        moves = _coin_moves(held, own.grid, coin_profit)
        tables.append(in_numeraire(table, rows.settle_price[at], moves))
    return stacked(tables, rows.markets)


def quote_prices(
    instruments: Mapping[str, Instrument], snapshot: MarketSnapshot, pricing: CurrencyPricing
) -> FloatArray:
    """(N,) price of each market's quote currency, in the numeraire.

    Raises
    ------
    UsageError
        For a quote currency that nothing prices.
    """
    known = {i.pair.quote: 0.0 for i in instruments.values()}
    for currency in known:
        known[currency] = pricing.price(currency, snapshot, instruments)
    return np.array([known[i.pair.quote] for i in instruments.values()], dtype=np.float64)


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
    instruments: Mapping[str, Instrument], grid: RiskGrid, coin_profit: CoinProfit
) -> FloatArray:
    """(N, S) move of each row's settlement currency."""
    coin = np.array([i.payoff is Payoff.INVERSE for i in instruments.values()], dtype=np.bool_)
    if coin_profit is CoinProfit.CURRENT:
        return np.zeros((coin.size, len(grid)))
    return np.where(coin[:, None], grid.price_moves, 0.0)
