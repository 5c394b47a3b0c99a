"""dYdX v4's margin of whole books: the chain's formula without its rounding to quantums.

::

    IMF = base + (1 - base) clip((OI - lower) / (upper - lower), 0, 1)     in whole ppm
    IM  = notional max(IMF, account's own)          MM = notional base fraction

An account's own fraction is one over its chosen leverage. Each position stands on its own; open
interest moves initial margin only. What the chain publishes is rounded up to a quote quantum, a
millionth of a dollar: `plimsoll.margin.dydx.quantums`. Page: ``docs/models/dydx.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Payoff
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.contracts.order_fills import Exposures
from plimsoll.margin.contracts.position_by_position import (
    model_reasons,
    open_order_terms,
    parameter_column,
    parameters_by_market,
    stand_alone_requirements,
)
from plimsoll.margin.contracts.stand_alone_book import StandAloneBook, StandAloneMarkets
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.dydx.parameters import LiquidityTier
from plimsoll.margin.dydx.quantums import MILLION, scaled_initial_ppm
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.units.market_rows import market_rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DydxMargin(OwnQuotes):
    """dYdX v4's margin of subaccounts; marks are meant to be its oracle prices.

    Parameters
    ----------
    pricing : CurrencyPricing
        By default in its dollar coin.
    """

    pricing: CurrencyPricing = field(default_factory=lambda: CurrencyPricing(numeraire="USDC"))

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, LiquidityTier],
        instruments: Mapping[str, Instrument],
    ) -> PreparedDydx:
        """Scale initial fractions by open interest; see `MarginModel.prepare`.

        A market whose tier scales and whose open interest nobody knows has NO_OPEN_INTEREST.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        rows = market_rows(snapshot, instruments, self.pricing)
        held = parameters_by_market(LiquidityTier, parameters, rows.markets)
        initial = np.array(
            [*(_initial(t, m, snapshot) for t, m in zip(held, rows.markets, strict=True)), np.nan]
        )
        reason = model_reasons(rows, held, (Payoff.LINEAR,))
        unknown = (reason == 0) & np.isnan(initial)
        return PreparedDydx(
            markets=StandAloneMarkets(
                pricing=self.pricing,
                snapshot=snapshot,
                rows=rows,
                reason=np.where(unknown, int(MarginReason.NO_OPEN_INTEREST), reason),
            ),
            initial_rate=initial,
            maintenance_rate=parameter_column(
                held, lambda t: float(t.initial_margin * t.maintenance_fraction)
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedDydx:
    """Fractions by market, (N + 1,) columns; the last row stands for what nobody knows."""

    markets: StandAloneMarkets
    initial_rate: FloatArray
    maintenance_rate: FloatArray

    def requirements(self, book: Book) -> Requirements:
        """Return initial margin, maintenance margin and equity of every margin unit."""
        laid = self.markets.lay_out(book)
        margins = partial(self._margins, laid)
        return stand_alone_requirements(laid, margins, open_order_terms(laid, margins))

    def _margins(self, laid: StandAloneBook, exposures: Exposures) -> tuple[FloatArray, FloatArray]:
        value, row = laid.sizes(exposures).value, laid.row[exposures.market]
        initial = value * np.fmax(self.initial_rate[row], 1.0 / exposures.leverage)
        return initial, value * self.maintenance_rate[row]


def _initial(tier: LiquidityTier | None, market: str, snapshot: MarketSnapshot) -> float:
    """Return the scaled fraction, on the chain's grid of ppm."""
    if tier is None:
        return float("nan")
    interest = float("nan")
    if market in snapshot.quotes:
        interest = snapshot.quotes[market].open_interest_usd
    if tier.open_interest_upper_usd == 0:
        interest = 0.0
    if not np.isfinite(interest):
        return float("nan")
    return scaled_initial_ppm(tier.ppm, int(interest * MILLION)) / MILLION
