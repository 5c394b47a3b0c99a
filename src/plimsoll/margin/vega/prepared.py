"""Vega with marks and risk factors laid out: requirements of any number of books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.contracts.order_fills import Exposures, OrderFills
from plimsoll.margin.contracts.position_by_position import stand_alone_requirements
from plimsoll.margin.contracts.stand_alone_book import StandAloneBook, StandAloneMarkets
from plimsoll.margin.units.market_rows import unit_sums
from plimsoll.margin.vega.isolated_orders import opening_notional

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class MarketFactors(NamedTuple):
    """(N + 1,) by market; NaN where there are no parameters."""

    risk_long: FloatArray
    risk_short: FloatArray
    linear_slippage: FloatArray
    quadratic_slippage: FloatArray
    search: FloatArray
    initial: FloatArray
    release: FloatArray


class MarginLevels(NamedTuple):
    """(U,) Vega's four levels in the numeraire, without its rounding."""

    maintenance: FloatArray
    search: FloatArray
    initial: FloatArray
    release: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedVega:
    """Vega at one instant; immutable, knows no account."""

    markets: StandAloneMarkets
    factors: MarketFactors

    def requirements(self, book: Book) -> Requirements:
        """Return initial margin, maintenance margin and equity of every margin unit.

        Accrued funding that is owed is asked as Vega does, and funding that is due is not counted:
        a term takes it back out of equity. Orders in a market where the account's position is
        isolated are funded by its own leverage, all others like positions without slippage.
        """
        return self._at(book, self.factors.initial)

    def levels(self, book: Book) -> MarginLevels:
        """Return all four levels of every margin unit; what does not scale is in each of them."""
        factors = self.factors
        found = [self._at(book, s) for s in (factors.search, factors.initial, factors.release)]
        return MarginLevels(found[0].maintenance, *(f.initial for f in found))

    def _at(self, book: Book, scale: FloatArray) -> Requirements:
        """Return requirements whose ``initial`` is the level of a scale (N + 1,)."""
        laid = self.markets.lay_out(book)

        def margins(exposures: Exposures) -> tuple[FloatArray, FloatArray]:
            kept = self._kept(laid, exposures)
            opened = kept * scale[laid.row[exposures.market]]
            return self._own_share(laid, exposures, opened), kept

        # Always a term, so that nobody's list of terms hangs on what others have accrued.
        terms = [self._funding_term(laid, scale)]
        if laid.fills is not None:
            terms.append(self._orders_term(laid, laid.fills, scale))
        return stand_alone_requirements(laid, margins, terms)

    def _kept(self, laid: StandAloneBook, exposures: Exposures) -> FloatArray:
        """Maintenance margin of positions, without orders and funding."""
        sizes, row, factors = laid.sizes(exposures), laid.row[exposures.market], self.factors
        risk = np.where(exposures.quantity < 0.0, factors.risk_short[row], factors.risk_long[row])
        slippage = factors.linear_slippage[row] + factors.quadratic_slippage[row] * sizes.owned
        return sizes.value * (slippage + risk)

    def _own_share(
        self, laid: StandAloneBook, exposures: Exposures, opened: FloatArray
    ) -> FloatArray:
        """In isolated mode a party funds positions by its leverage; margin is at least that."""
        funded = laid.sizes(exposures).value / exposures.leverage
        return np.where(laid.book.isolated, np.fmax(opened, funded), opened)

    def _funding_term(self, laid: StandAloneBook, scale: FloatArray) -> RequirementTerm:
        book = laid.book
        row = laid.row[book.market]
        funding = np.zeros(row.size) if book.funding is None else book.funding
        due = np.where(funding == 0.0, 0.0, funding * laid.rows.settle_price[row])
        owed = np.maximum(-due, 0.0)
        return RequirementTerm(
            name="funding",
            title="Accrued funding",
            # Equity holds the accrual already: what is asked is the level less that.
            initial=unit_sums(laid.layout, owed * scale[row] + due),
            maintenance=unit_sums(laid.layout, owed + due),
        )

    def _orders_term(
        self, laid: StandAloneBook, fills: OrderFills, scale: FloatArray
    ) -> RequirementTerm:
        row = laid.row[fills.market]
        isolated = _isolated(laid.book, fills)
        crossed = self._ordered(laid, fills)
        size, price = laid.rows.size[row], laid.rows.settle_price[row]
        funded = opening_notional(laid.book, fills) * size * price * self._factor(fills, row)
        return RequirementTerm(
            name="open_orders",
            title="Open orders",
            initial=laid.sum_orders(np.where(isolated, funded, crossed * scale[row])),
            maintenance=laid.sum_orders(np.where(isolated, 0.0, crossed)),
        )

    def _ordered(self, laid: StandAloneBook, fills: OrderFills) -> FloatArray:
        """(K,) what orders add to maintenance margin, market orders filled at once."""
        row, factors = laid.row[fills.market], self.factors
        mark = np.where(laid.rows.reason[row] == 0, laid.rows.mark[row], np.nan)
        each = laid.rows.size[row] * mark * laid.rows.settle_price[row]
        risk_long, risk_short = each * factors.risk_long[row], each * factors.risk_short[row]
        buys = fills.bought - fills.bought_at_market
        sells = fills.sold - fills.sold_at_market
        after = fills.position + fills.bought_at_market - fills.sold_at_market
        long = self._side(laid, fills, np.maximum(after, 0.0)) + buys * risk_long
        short = self._side(laid, fills, np.minimum(after, 0.0)) + sells * risk_short
        long = np.where(after + buys > 0.0, long, 0.0)
        short = np.where(after - sells < 0.0, short, 0.0)
        now = self._side(laid, fills, fills.long) + self._side(laid, fills, fills.short)
        # Vega nets; whoever holds a long and a short apart pays for orders on top of both.
        apart = np.maximum(fills.bought * risk_long, fills.sold * risk_short)
        added = np.where(fills.nets, np.maximum(long, short) - now, apart)
        return np.where(np.isnan(after), np.nan, added)

    def _side(self, laid: StandAloneBook, fills: OrderFills, quantity: FloatArray) -> FloatArray:
        own = np.where(quantity < 0.0, -fills.short, fills.long)
        linked = (
            np.zeros(quantity.size)
            if laid.linked is None
            else laid.linked.of_others(fills.account, fills.market, quantity, own)
        )
        return self._kept(
            laid,
            Exposures(
                account=fills.account,
                market=fills.market,
                quantity=quantity,
                linked=linked,
                leverage=fills.leverage,
            ),
        )

    def _factor(self, fills: OrderFills, row: IntArray) -> FloatArray:
        """(K,) margin factor: the party's own, or the least the market allows."""
        factors = self.factors
        least = np.maximum(factors.risk_long[row], factors.risk_short[row])
        least = least + factors.linear_slippage[row]
        return np.where(np.isnan(fills.leverage), least, 1.0 / fills.leverage)


def _isolated(book: Book, fills: OrderFills) -> BoolArray:
    """(K,) whether the account's position in the market is isolated."""
    markets = max(len(book.markets), 1)
    held = (book.account_of_position * markets + book.market)[book.isolated]
    return np.isin(fills.account * markets + fills.market, held)
