"""What add-ons need of each market: notional, delta, profit under moves, liquidity figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Option, Payoff, Spot, stated_size
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.underlying import (
    UnderlyingGroups,
    contract_class,
    underlying_groups,
    value_currency,
)
from plimsoll.margin.units.market_rows import MarketRows, market_rows
from plimsoll.scenarios.grid_table import GridTable, grid_table, in_numeraire, stacked
from plimsoll.scenarios.option_expiries import stated_units
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
T = TypeVar("T")

_STILL = VolRule(range_up=0.0, range_down=0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AddOnMarkets:
    """N markets, and one row more for whatever nobody knows; amounts in the numeraire.

    Parameters
    ----------
    snapshot : MarketSnapshot
    instruments : mapping of str to Instrument
    pricing : CurrencyPricing
    rows : MarketRows
    groups : UnderlyingGroups
        Risk units are underlyings; groups within them part expiries, and contracts that settle in
        different currencies.
    dollar : float
        Price of one US dollar: figures of quotes and parameters are in dollars.
    gross : (N + 1,) float64
        Notional of one contract, not negative; an option's is that of its underlyings.
    delta : (N + 1,) float64
        Signed change of value of one long contract for a move by the whole price.
    delta_reason : (N + 1,) int64
        Why a row has no delta: also options without volatility or forward.
    leg : (N + 1,) int64
        Into ``legs``: the currency whose peg the contract's value hangs on.
    legs : tuple of str
    """

    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]
    pricing: CurrencyPricing
    rows: MarketRows
    groups: UnderlyingGroups
    dollar: float
    gross: FloatArray
    delta: FloatArray
    delta_reason: IntArray
    leg: IntArray
    legs: tuple[str, ...]

    def quoted(self, name: str) -> FloatArray:
        """(N + 1,) a figure of the quotes as it stands there, e.g. ``depth_usd``; NaN: unknown."""
        quotes = self.snapshot.quotes
        found = [getattr(quotes[m], name) if m in quotes else np.nan for m in self.rows.markets]
        return np.array([*found, np.nan], dtype=np.float64)

    def by_row(self, of_unit: FloatArray) -> FloatArray:
        """(N + 1,) values (R,) of the risk units at their markets; NaN in the last row."""
        return np.append(of_unit[self.groups.unit_of_row], np.nan)

    def profit(self, moves: FloatArray) -> FloatArray:
        """(N + 1, S) profit of one long contract where each underlying moves by its own ``moves``.

        Parameters
        ----------
        moves : (R, S) float64
            Simple returns of the underlyings, above -1; NaN counts as no move (the unit has no
            parameters, and so a reason). Volatility stays. A contract that settles in its own
            underlying gains coins worth their price after the move.

        Returns
        -------
        float64
            Zero in rows without numbers, which nobody may sum.
        """
        names = tuple(f"move {s}" for s in range(moves.shape[1]))
        table = _table(self.snapshot, self.rows, self.groups, np.nan_to_num(moves), names)
        if table is None:
            return np.zeros((1, moves.shape[1]))
        coin = [
            i.settle == i.pair.base and i.settle != self.pricing.numeraire
            for i in self.rows.instruments
        ]
        of_row = np.nan_to_num(moves)[self.groups.unit_of_row]
        with_coin = np.where(np.array(coin, dtype=np.bool_)[:, None], of_row, 0.0)
        worth = in_numeraire(table, self.rows.settle_price[:-1], with_coin)
        return np.vstack([np.nan_to_num(worth.profit), np.zeros(moves.shape[1])])


def add_on_markets(
    snapshot: MarketSnapshot, instruments: Mapping[str, Instrument], pricing: CurrencyPricing
) -> AddOnMarkets:
    """Lay markets out for add-ons; what a market lacks becomes a reason, never a zero.

    Raises
    ------
    UsageError
        Where pricing markets go in a circle.
    """
    rows = market_rows(snapshot, instruments, pricing)
    groups = underlying_groups(instruments, snapshot.at_ns, contract_class)
    still = np.zeros((len(groups.units), 1))
    table = _table(snapshot, rows, groups, still, ("now",))
    gross = _gross(rows, snapshot, pricing, instruments)
    delta, reason = _deltas(table, rows, snapshot, pricing, instruments)
    legs = tuple(dict.fromkeys(value_currency(i) for i in instruments.values()))
    leg = [legs.index(value_currency(i)) for i in instruments.values()]
    return AddOnMarkets(
        snapshot=snapshot,
        instruments=instruments,
        pricing=pricing,
        rows=rows,
        groups=groups,
        dollar=pricing.price("USD", snapshot, instruments),
        gross=gross,
        delta=delta,
        delta_reason=reason,
        leg=np.array([*leg, -1], dtype=np.int64),
        legs=legs,
    )


def unit_column(
    held: Mapping[str, T], units: tuple[str, ...], value: Callable[[T], float]
) -> FloatArray:
    """(R,) one number of each risk unit's parameters; NaN where there are none."""
    return np.array([value(held[u]) if u in held else np.nan for u in units], dtype=np.float64)


def _table(
    snapshot: MarketSnapshot,
    rows: MarketRows,
    groups: UnderlyingGroups,
    moves: FloatArray,
    names: tuple[str, ...],
) -> GridTable | None:
    tables = []
    for unit in range(len(groups.units)):
        at = np.flatnonzero(groups.unit_of_row == unit)
        held = {rows.markets[row]: rows.instruments[row] for row in at.tolist()}
        grid = RiskGrid(
            names=names,
            price_moves=np.array(moves[unit]),
            vol_moves=(VolMove.NONE,) * len(names),
            fraction=np.ones(len(names)),
        )
        tables.append(grid_table(held, snapshot, grid, _STILL))
    return stacked(tables, rows.markets) if tables else None


def _gross(
    rows: MarketRows,
    snapshot: MarketSnapshot,
    pricing: CurrencyPricing,
    instruments: Mapping[str, Instrument],
) -> FloatArray:
    """Notional of one contract; NaN in rows with a reason, and for options without an index."""
    found = []
    for market, instrument, mark, price in zip(
        rows.markets, rows.instruments, rows.mark, rows.settle_price, strict=False
    ):
        size = stated_size(instrument)
        if isinstance(instrument, Option):
            index = snapshot.quotes[market].index if market in snapshot.quotes else np.nan
            quoted = pricing.price(instrument.pair.quote, snapshot, instruments)
            found.append(stated_units(instrument) * index * quoted)
        elif instrument.payoff is Payoff.INVERSE:
            found.append(size / mark * price if mark > 0.0 else np.nan)
        else:
            found.append(size * mark * price)
    column = np.array([*found, np.nan], dtype=np.float64)
    return np.where(rows.reason == 0, column, np.nan)


def _deltas(
    table: GridTable | None,
    rows: MarketRows,
    snapshot: MarketSnapshot,
    pricing: CurrencyPricing,
    instruments: Mapping[str, Instrument],
) -> tuple[FloatArray, IntArray]:
    if table is None:
        return np.array([np.nan]), rows.reason
    quoted = {i.pair.quote: 0.0 for i in rows.instruments}
    for currency in quoted:
        quoted[currency] = pricing.price(currency, snapshot, instruments)
    price = np.array([quoted[i.pair.quote] for i in rows.instruments], dtype=np.float64)
    quanto = np.array([i.payoff is Payoff.QUANTO for i in rows.instruments], dtype=np.bool_)
    option = np.array([isinstance(i, Option) for i in rows.instruments], dtype=np.bool_)
    # A quanto future is worth its size in settlement coins for each point; its options have no
    # delta without a correlation.
    own = rows.size[:-1] * rows.mark[:-1] * rows.settle_price[:-1]
    delta = np.where(quanto, own, table.delta * table.floating * price)
    missing = np.where(quanto & option, int(MarginReason.NOT_MARGINED), table.reason).astype(
        np.int64
    )
    reason = rows.with_reasons(missing)
    return np.where(reason == 0, np.append(delta, np.nan), np.nan), reason


def is_option_or_spot(rows: MarketRows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows (N + 1,) are options, and which are spot."""
    option = [isinstance(i, Option) for i in rows.instruments]
    spot = [isinstance(i, Spot) for i in rows.instruments]
    return np.array([*option, False]), np.array([*spot, False])
