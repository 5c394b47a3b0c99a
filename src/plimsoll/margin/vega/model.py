"""Vega's margin of whole books: expected-shortfall risk factors, slippage, four levels.

Per market, with ``v`` units long or short, risk factor ``f`` of that side, ``o`` units of orders::

    maintenance = max over sides of mark (linear v + quadratic v V + v f + o f) + funding owed
    search, initial, release = scale x maintenance

where ``V`` is what the owner holds on that side in all his accounts (``v`` of an account on its
own). A side counts only if position and orders together end up on it. Published levels are
rounded: `plimsoll.margin.vega.exact_levels`. Page: ``docs/models/vega.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Payoff
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.margin.contracts.position_by_position import (
    model_reasons,
    parameter_column,
    parameters_by_market,
)
from plimsoll.margin.contracts.stand_alone_book import StandAloneMarkets
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.units.market_rows import market_rows
from plimsoll.margin.vega.parameters import VegaMarket
from plimsoll.margin.vega.prepared import MarketFactors, PreparedVega

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class VegaMargin(OwnQuotes):
    """Vega; `CurrencyPricing` says where currencies get their prices."""

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, VegaMarket],
        instruments: Mapping[str, Instrument],
    ) -> PreparedVega:
        """Solve the risk model of each market; see `MarginModel.prepare`.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        rows = market_rows(snapshot, instruments, self.pricing)
        held = parameters_by_market(VegaMarket, parameters, rows.markets)

        def column(name: str) -> FloatArray:
            return parameter_column(held, lambda market: float(getattr(market, name)))

        return PreparedVega(
            markets=StandAloneMarkets(
                pricing=self.pricing,
                snapshot=snapshot,
                rows=rows,
                reason=model_reasons(rows, held, (Payoff.LINEAR,)),
            ),
            factors=MarketFactors(
                risk_long=parameter_column(held, lambda market: market.risk_factors.long),
                risk_short=parameter_column(held, lambda market: market.risk_factors.short),
                linear_slippage=column("linear_slippage"),
                quadratic_slippage=column("quadratic_slippage"),
                search=column("search_scale"),
                initial=column("initial_scale"),
                release=column("release_scale"),
            ),
        )
