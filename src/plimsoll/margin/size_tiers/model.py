"""Margin whose rate rises in a straight line with size: Deribit's standard futures margin.

::

    rate(x)     = min(base + slope x, highest)
    margin      = value rate(X)

for a position worth ``value`` of an owner who holds ``X`` coins of it in all
(Deribit support, 11 January 2022). Linear and inverse perpetuals and futures; each position stands
on its own. Page: ``docs/models/tiers.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Payoff
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.contracts.order_fills import Exposures
from plimsoll.margin.contracts.position_by_position import (
    model_reasons,
    open_order_terms_with_loss,
    parameter_column,
    parameters_by_market,
    stand_alone_requirements,
)
from plimsoll.margin.contracts.stand_alone_book import StandAloneBook, StandAloneMarkets
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.size_tiers.parameters import SizeRates
from plimsoll.margin.units.market_rows import market_rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeTieredMargin(OwnQuotes):
    """The model; `CurrencyPricing` says where currencies get their prices."""

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, SizeRates],
        instruments: Mapping[str, Instrument],
    ) -> PreparedSizeTiers:
        """Lay marks and rates into columns; see `MarginModel.prepare`.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        rows = market_rows(snapshot, instruments, self.pricing)
        held = parameters_by_market(SizeRates, parameters, rows.markets)
        return PreparedSizeTiers(
            markets=StandAloneMarkets(
                pricing=self.pricing,
                snapshot=snapshot,
                rows=rows,
                reason=model_reasons(rows, held, (Payoff.LINEAR, Payoff.INVERSE)),
            ),
            initial_rate=parameter_column(held, lambda p: float(p.initial_rate)),
            initial_slope=parameter_column(held, lambda p: float(p.initial_slope)),
            maintenance_rate=parameter_column(held, lambda p: float(p.maintenance_rate)),
            maintenance_slope=parameter_column(held, lambda p: float(p.maintenance_slope)),
            highest_rate=parameter_column(held, lambda p: float(p.highest_rate)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedSizeTiers:
    """Rates by market, (N + 1,) columns; the last row stands for what nobody knows."""

    markets: StandAloneMarkets
    initial_rate: FloatArray
    initial_slope: FloatArray
    maintenance_rate: FloatArray
    maintenance_slope: FloatArray
    highest_rate: FloatArray

    def requirements(self, book: Book) -> Requirements:
        """Return initial margin, maintenance margin and equity of every margin unit."""
        laid = self.markets.lay_out(book)
        margins = partial(self._margins, laid)
        return stand_alone_requirements(laid, margins, open_order_terms_with_loss(laid, margins))

    def _margins(self, laid: StandAloneBook, exposures: Exposures) -> tuple[FloatArray, FloatArray]:
        sizes, row = laid.sizes(exposures), laid.row[exposures.market]
        initial = sizes.value * self._rate(row, sizes.owned, self.initial_rate, self.initial_slope)
        maintenance = sizes.value * self._rate(
            row, sizes.owned, self.maintenance_rate, self.maintenance_slope
        )
        return np.fmax(initial, sizes.value / exposures.leverage), maintenance

    def _rate(
        self, row: IntArray, coins: FloatArray, base: FloatArray, slope: FloatArray
    ) -> FloatArray:
        return np.minimum(base[row] + slope[row] * coins, self.highest_rate[row])
