"""Bybit's portfolio margin of unified accounts, as far as it is published.

    MM = maximum stress loss + contingencies,       IM = factor MM

for each underlying, contracts and spot of all currencies together (Bybit help
centre, portfolio margin). Contingencies: `plimsoll.margin.bybit.contingencies`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import listing_of
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.margin.bybit.contingencies import ShortOptionNetting
from plimsoll.margin.bybit.parameters import FIRST_CLASS, BybitParameters
from plimsoll.margin.bybit.prepared import PreparedBybit
from plimsoll.margin.bybit.scenarios import NAMES, stress_grid
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.grids.underlying_cells import UnderlyingCells
from plimsoll.margin.grids.underlying_tables import (
    CoinProfit,
    extended,
    kept_sensitivities,
    quote_prices,
    unit_tables,
    with_quote_reasons,
)
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.underlying import parameters_by_unit, underlying_groups, value_currency
from plimsoll.margin.units.instrument_columns import named_column
from plimsoll.margin.units.market_rows import market_rows
from plimsoll.scenarios.grid_rules import GridRules


@dataclass(frozen=True, slots=True, kw_only=True)
class BybitMargin(OwnQuotes):
    """Bybit portfolio margin.

    Parameters
    ----------
    pricing : CurrencyPricing
    short_options : ShortOptionNetting
    coin_profit : CoinProfit
    rules : GridRules
        Source of volatility and age of surfaces; scenarios are at the snapshot's instant.

    Raises
    ------
    UsageError
        For a text that names no choice.
    """

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    short_options: ShortOptionNetting = ShortOptionNetting.SERIES
    coin_profit: CoinProfit = CoinProfit.SHOCKED
    rules: GridRules = field(default_factory=GridRules)

    def __post_init__(self) -> None:
        choices = {"short_options": ShortOptionNetting, "coin_profit": CoinProfit}
        for name, kind in choices.items():
            object.__setattr__(self, name, chosen(kind, getattr(self, name), name))

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, BybitParameters],
        instruments: Mapping[str, Instrument],
    ) -> PreparedBybit:
        """Revalue every instrument under the stress of its underlying; see `MarginModel.prepare`.

        Parameters
        ----------
        snapshot : MarketSnapshot
        parameters : ParameterSet or mapping of str to BybitParameters
            By underlying (`plimsoll.margin.underlying`).
        instruments : mapping of str to Instrument

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        instruments = listing_of(instruments)
        rows = market_rows(snapshot, instruments, self.pricing)
        groups = underlying_groups(instruments, snapshot.at_ns)
        units = parameters_by_unit(BybitParameters, parameters, groups.units)
        table = unit_tables(
            instruments,
            snapshot,
            rows,
            groups,
            {name: stress_grid(own) for name, own in units.items()},
            NAMES,
            rules=replace(self.rules, elapsed_ns=0),
            coin_profit=self.coin_profit,
        )
        quoted = quote_prices(instruments, snapshot, self.pricing)
        table = with_quote_reasons(table, quoted)
        cash = kept_sensitivities(table, instruments, snapshot, quoted)
        every = tuple(units.get(unit, FIRST_CLASS) for unit in groups.units)
        pegs = named_column(instruments, "value_currency", value_currency)
        legs = sorted(pegs.names)
        return PreparedBybit(
            snapshot=snapshot,
            pricing=self.pricing,
            risk=UnderlyingCells(
                rows=replace(rows, reason=rows.with_reasons(table.reason)),
                groups=groups,
                grids=tuple(stress_grid(own).grid for own in every),
                profit=extended(table.profit),
                value=cash.value,
            ),
            units=every,
            cash=cash,
            leg_of_row=np.append(pegs.spread(map(legs.index, pegs.names)), -1).astype(np.int64),
            legs=max(len(legs), 1),
            short_options=self.short_options,
        )
