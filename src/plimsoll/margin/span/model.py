"""SPAN: scanning risk arrays, spread charges and credits, and a minimum for short options.

    risk = max(scan + calendar + spot month - inter-commodity credit, short option minimum)

for each underlying; margin is their sum (docs/models/span.md names the sources). The textbook
subtracts the net option value from it to get what cash must stand behind a book. Here equity counts
options at their marks already, so the risk itself is the requirement, and equity less requirement
is the same: cash + futures profit + net option value - risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Listing, listing_of
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.grids.underlying_cells import UnderlyingCells
from plimsoll.margin.grids.underlying_tables import (
    CoinProfit,
    UnitGrid,
    extended,
    kept_sensitivities,
    quote_prices,
    unit_tables,
    with_quote_reasons,
)
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.span.parameters import SpanParameters
from plimsoll.margin.span.prepared import PreparedSpan
from plimsoll.margin.span.risk_arrays import (
    LOOK_AHEAD_NS,
    NAMES,
    Extremes,
    PriceRiskMethod,
    composite_delta,
    risk_array_grid,
)
from plimsoll.margin.span.tables import InterCommoditySpread
from plimsoll.margin.underlying import contract_class, parameters_by_unit, underlying_groups
from plimsoll.margin.units.kept_rows import kept_rows, rows_taken
from plimsoll.margin.units.market_rows import market_rows
from plimsoll.scenarios.grid_rules import GridRules
from plimsoll.scenarios.grid_table import GridTable

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class ShortOptionCount(StrEnum):
    """Which short options the minimum counts."""

    SUM = "sum"  # calls and puts
    LARGER = "larger"  # the larger of calls and puts: not both can end in the money


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanMargin(OwnQuotes):
    """SPAN with sixteen scenarios.

    Parameters
    ----------
    pricing : CurrencyPricing
    extremes : Extremes
    price_risk : PriceRiskMethod
    short_options : ShortOptionCount
    inter_spreads : tuple of InterCommoditySpread
        In order of priority.
    coin_profit : CoinProfit
    rules : GridRules
        Source of volatility and age of surfaces; the look-ahead is the model's own.

    Raises
    ------
    UsageError
        For a text that names no choice.
    """

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    extremes: Extremes = Extremes.DOUBLE
    price_risk: PriceRiskMethod = PriceRiskMethod.PAIRED
    short_options: ShortOptionCount = ShortOptionCount.SUM
    inter_spreads: tuple[InterCommoditySpread, ...] = ()
    coin_profit: CoinProfit = CoinProfit.SHOCKED
    rules: GridRules = field(default_factory=GridRules)

    def __post_init__(self) -> None:
        choices = {
            "extremes": Extremes,
            "price_risk": PriceRiskMethod,
            "short_options": ShortOptionCount,
            "coin_profit": CoinProfit,
        }
        for name, kind in choices.items():
            object.__setattr__(self, name, chosen(kind, getattr(self, name), name))

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, SpanParameters],
        instruments: Mapping[str, Instrument],
    ) -> PreparedSpan:
        """Compute the risk array of every instrument; see `MarginModel.prepare`.

        Parameters
        ----------
        snapshot : MarketSnapshot
        parameters : ParameterSet or mapping of str to SpanParameters
            By underlying (`plimsoll.margin.underlying`); of a set, the governed fields, with the
            default tiers and spreads.
        instruments : mapping of str to Instrument

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        instruments = listing_of(instruments)
        rows = market_rows(snapshot, instruments, self.pricing)
        groups = underlying_groups(instruments, snapshot.at_ns, contract_class)
        units = parameters_by_unit(SpanParameters, parameters, groups.units)
        grids = {name: self._grid(own) for name, own in units.items()}
        later = replace(self.rules, elapsed_ns=LOOK_AHEAD_NS)
        table = unit_tables(
            instruments,
            snapshot,
            rows,
            groups,
            grids,
            NAMES,
            rules=later,
            coin_profit=self.coin_profit,
        )
        quoted = quote_prices(instruments, snapshot, self.pricing)
        table = with_quote_reasons(table, quoted)
        cash = kept_sensitivities(table, instruments, snapshot, quoted)
        ranges = np.array([_range(units, unit) for unit in groups.units])
        of_row = ranges[groups.unit_of_row] if instruments else np.zeros(0)
        still = risk_array_grid(0.0, 0.0, self.extremes)
        every = [grids.get(unit, still).grid for unit in groups.units]
        return PreparedSpan(
            snapshot=snapshot,
            pricing=self.pricing,
            risk=UnderlyingCells(
                rows=replace(rows, reason=rows.with_reasons(table.reason)),
                groups=groups,
                grids=tuple(every),
                profit=extended(table.profit * still.grid.fraction),
                value=cash.value,
            ),
            units=tuple(units.get(unit) for unit in groups.units),
            delta=_kept_delta(table, instruments, snapshot, of_row, quoted),
            call_notional=cash.call_notional,
            put_notional=cash.put_notional,
            larger_side=self.short_options is ShortOptionCount.LARGER,
            price_risk=self.price_risk,
            inter_spreads=self.inter_spreads,
        )

    def _grid(self, own: SpanParameters) -> UnitGrid:
        return risk_array_grid(
            float(own.price_scan_range), float(own.vol_scan_range), self.extremes
        )


def _kept_delta(
    table: GridTable,
    instruments: Listing,
    snapshot: MarketSnapshot,
    price_scan_range: FloatArray,
    quote_price: FloatArray,
) -> FloatArray:
    """(N + 1,) composite deltas, kept where the rows are what they were."""

    def make(few: Listing, at: IntArray) -> _Deltas:
        own = rows_taken(table, at)
        found = composite_delta(own, few, price_scan_range[at], quote_price[at])
        return _Deltas(composite=found[:-1])

    own = (table.delta, table.forward, table.floating, table.sigma, table.tau_years)
    beside = (*own, table.discount, table.reason, price_scan_range, quote_price)
    kept = kept_rows(instruments, snapshot, "composite_delta", make, beside=beside)
    return np.append(kept.composite, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Deltas:
    """(N,) composite deltas."""

    composite: FloatArray


def _range(units: Mapping[str, SpanParameters], unit: str) -> float:
    return float(units[unit].price_scan_range) if unit in units else 0.0
