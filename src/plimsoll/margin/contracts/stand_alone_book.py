"""Books laid out for models that margin each position on its own: sizes, owners, orders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.contracts.linked_sizes import LinkedSizes, linked_contracts, linked_sizes
from plimsoll.margin.contracts.order_fills import Exposures, OrderFills, order_fills
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.units.book_faults import book_faults
from plimsoll.margin.units.cells import UnitLayout, unit_layout
from plimsoll.margin.units.market_rows import BookValues, MarketRows, book_values
from plimsoll.maths.payoffs import INVERSE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Sizes(NamedTuple):
    """(E,) what exposures amount to; NaN where their market has no numbers."""

    own: FloatArray  # coins of the exposure
    owned: FloatArray  # coins of all that its owner holds on that side
    value: FloatArray  # notional of the exposure, in the numeraire


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StandAloneMarkets:
    """N markets at one instant, for a model of single positions; knows no account.

    Parameters
    ----------
    pricing : CurrencyPricing
    snapshot : MarketSnapshot
    rows : MarketRows
    reason : (N + 1,) int64
        The model's own for each row of ``rows``.
    reads_leverage : bool
        Whether the model reads the leverage that an account has chosen.
    """

    pricing: CurrencyPricing
    snapshot: MarketSnapshot
    rows: MarketRows
    reason: IntArray
    reads_leverage: bool = True

    def price(self, currency: str) -> float:
        """Price of a currency in the numeraire; NaN where nothing prices it."""
        known = dict(zip(self.rows.markets, self.rows.instruments, strict=True))
        return self.pricing.price(currency, self.snapshot, known)

    def lay_out(self, book: Book) -> StandAloneBook:
        """Value a book, and find who is linked and what orders would make of positions."""
        layout, row = unit_layout(book), self.rows.rows_of(book)
        values = book_values(book, layout, self.rows, self.pricing, self.snapshot)
        linked, fills = linked_sizes(book), order_fills(book)
        others = linked_contracts(book, linked)
        own = self.reason[row[book.market]]
        own = np.where(np.isnan(others), int(MarginReason.NO_QUANTITY), own)
        why = np.where(values.reason == 0, own, values.reason).astype(np.int64)
        if self.reads_leverage:
            book_faults(book).note_leverages(why)
        unit_reason = values.unit_reason.copy()
        if fills is not None:
            found = _order_reasons(fills, row, self.reason)
            unit_reason[fills.account[found != 0]] = found[found != 0]
        return StandAloneBook(
            book=book,
            layout=layout,
            values=replace(values, reason=why, unit_reason=unit_reason),
            markets=self,
            row=row,
            exposures=Exposures(
                account=book.account_of_position,
                market=book.market,
                quantity=book.quantity,
                linked=others,
                leverage=book.leverage,
            ),
            linked=linked,
            fills=fills,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StandAloneBook:
    """A book laid out for a model of single positions.

    Parameters
    ----------
    book : Book
    layout : UnitLayout
    values : BookValues
        With the model's own reasons.
    markets : StandAloneMarkets
    row : (M,) int64
        Row of each of the book's markets.
    exposures : Exposures
        The positions.
    linked : LinkedSizes or None
    fills : OrderFills or None
    """

    book: Book
    layout: UnitLayout
    values: BookValues
    markets: StandAloneMarkets
    row: IntArray
    exposures: Exposures
    linked: LinkedSizes | None
    fills: OrderFills | None

    @property
    def rows(self) -> MarketRows:
        """Marks and contract terms."""
        return self.markets.rows

    def sizes(self, exposures: Exposures) -> Sizes:
        """Return coins and notional of exposures in linear and inverse contracts."""
        row = self.row[exposures.market]
        size, price = self.rows.size[row], self.rows.settle_price[row]
        mark = np.where(self.rows.reason[row] == 0, self.rows.mark[row], np.nan)
        inverse = self.rows.payoff[row] == INVERSE
        # Coins per contract, and the value of a coin.
        each = np.where(inverse, size / mark, size)
        coin = np.where(inverse, price, mark * price)
        own = np.abs(exposures.quantity) * each
        return Sizes(own, own + exposures.linked * each, own * coin)

    def sum_orders(self, added: FloatArray) -> FloatArray:
        """(U,) charges of orders (K,) by account, on its cross pool."""
        if self.fills is None:
            return np.zeros(len(self.layout))
        return np.bincount(self.fills.account, added, len(self.layout)).astype(np.float64)


def _order_reasons(fills: OrderFills, row: IntArray, reason: IntArray) -> IntArray:
    found = reason[row[fills.market]]
    unknown = (found == 0) & np.isnan(fills.position)
    return np.where(unknown, int(MarginReason.NO_QUANTITY), found).astype(np.int64)
