"""What portfolio models need of each market, in columns, with a reason where there is no number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Listing, listing_of
from plimsoll.domain.magnitudes import are_prices, is_price
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.quote_columns import quote_columns
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.units.book_faults import book_faults
from plimsoll.margin.units.cells import UnitLayout, sum_by_unit
from plimsoll.margin.units.instrument_columns import (
    InstrumentColumns,
    instrument_columns,
    settle_prices,
)
from plimsoll.maths.position_values import (
    PARALLEL_POSITIONS,
    HeldPositions,
    PositionWorths,
    ValuedMarkets,
    value_positions,
    value_positions_parallel,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_FEW_MARKETS = 256
"""Of a book; looking so few up takes less than finding them in its memo."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketRows:
    """N markets, and one row more for whatever nobody knows.

    Parameters
    ----------
    listing : Listing
        The N instruments.
    payoff : (N + 1,) int64
        Codes of `plimsoll.maths.payoffs`.
    size : (N + 1,) float64
        Contract size; NaN where only the contract's name is known.
    mark : (N + 1,) float64
        Of options and spot: price in settlement currency; NaN where there is none, or none that
        is `plimsoll.domain.magnitudes.is_price` (an option's may be 0).
    settle_price : (N + 1,) float64
        Of the settlement currency, in the numeraire.
    has_value : (N + 1,) bool
        Options and spot are worth their mark; perpetuals and futures only their profit.
    reason : (N + 1,) int64
        `MarginReason` codes; the last row's is UNKNOWN_INSTRUMENT.
    """

    listing: Listing
    payoff: IntArray
    size: FloatArray
    mark: FloatArray
    settle_price: FloatArray
    has_value: BoolArray
    reason: IntArray

    @property
    def markets(self) -> tuple[str, ...]:
        """N markets."""
        return self.listing.markets

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """N instruments."""
        return self.listing.instruments

    def of(self, few: Listing, at: IntArray) -> MarketRows:
        """Return the rows ``at`` (K,), which are those of ``few``, and the last one."""
        rows = np.append(at, len(self.listing))
        found = {
            name: getattr(self, name)[rows]
            for name in ("payoff", "size", "mark", "settle_price", "has_value", "reason")
        }
        return MarketRows(listing=few, **found)

    def rows_of(self, book: Book) -> IntArray:
        """(M,) row of each of the book's markets; unknown ones get the last row."""
        if len(book.markets) < _FEW_MARKETS:
            return self._looked_up(book)
        return book.memo.recall(("rows_of", self.markets), lambda: self._looked_up(book))

    def _looked_up(self, book: Book) -> IntArray:
        rows = self.listing.rows_in(book.markets)
        found = np.where(rows < 0, len(self.listing), rows)
        found.setflags(write=False)
        return found

    def valued(self, row_of_market: IntArray) -> ValuedMarkets:
        """Columns of the markets of a book (M,), given their rows."""
        return ValuedMarkets(
            self.payoff[row_of_market],
            self.size[row_of_market],
            self.mark[row_of_market],
            self.settle_price[row_of_market],
            self.has_value[row_of_market],
            self.reason[row_of_market],
        )

    def with_reasons(self, reason: IntArray) -> IntArray:
        """(N + 1,) own reasons, and where there is none those given (N,)."""
        own = self.reason.copy()
        own[:-1] = np.where(own[:-1] == 0, reason, own[:-1])
        return own


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookValues:
    """What a book is worth, in the numeraire.

    Parameters
    ----------
    unrealised : (P,) float64
        Profit since entry of perpetuals and futures with their accrued funding; value of options
        and spot at their marks. NaN where a reason stands.
    reason : (P,) int64
    collateral : (U,) float64
        Cross collateral, and the margin of isolated positions; NaN where they or the price of
        their currency are unknown.
    unit_reason : (U,) int64
    """

    unrealised: FloatArray
    reason: IntArray
    collateral: FloatArray
    unit_reason: IntArray


def market_rows(
    snapshot: MarketSnapshot, instruments: Mapping[str, Instrument], pricing: CurrencyPricing
) -> MarketRows:
    """Lay out marks and contract terms.

    Contracts without size, expired ones, missing, impossible or stale marks and settlement
    currencies without price become reasons. An option's mark may be missing here: its model says
    whether it needs one.
    """
    listing = listing_of(instruments)
    terms, quotes = instrument_columns(listing), quote_columns(snapshot, listing)
    quoted = quotes.column("mark")
    mark = np.where(are_prices(quoted) | (terms.is_option & (quoted == 0.0)), quoted, np.nan)
    price = settle_prices(listing, snapshot, pricing)
    price = np.where(are_prices(price), price, np.nan)
    return MarketRows(
        listing=listing,
        payoff=np.append(terms.payoff, 0),
        size=np.append(terms.size, 0.0),
        mark=np.append(mark, np.nan),
        settle_price=np.append(price, np.nan),
        has_value=np.append(terms.is_option | terms.is_spot, False),
        reason=np.append(
            _reasons(terms, quoted, mark, price, snapshot, quotes.stale(snapshot, listing)),
            MarginReason.UNKNOWN_INSTRUMENT,
        ).astype(np.int64),
    )


def _reasons(
    terms: InstrumentColumns,
    quoted: FloatArray,
    mark: FloatArray,
    price: FloatArray,
    snapshot: MarketSnapshot,
    stale: BoolArray,
) -> IntArray:
    """(N,) the first fault of each instrument; an option may lack its mark."""
    may_lack = terms.is_option & np.isnan(quoted)
    faults = {
        MarginReason.NO_CONTRACT_SIZE: np.isnan(terms.size),
        MarginReason.EXPIRED: terms.expires & (terms.expiry_ns <= snapshot.at_ns),
        MarginReason.NO_MARK: np.isnan(mark) & ~may_lack,
        MarginReason.STALE_MARK: stale,
        MarginReason.NO_CURRENCY_PRICE: np.isnan(price),
    }
    codes = [int(reason) for reason in faults]
    return np.select(list(faults.values()), codes, int(MarginReason.NONE)).astype(np.int64)


def book_values(
    book: Book,
    layout: UnitLayout,
    rows: MarketRows,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
) -> BookValues:
    """Value positions and collateral; haircuts are not taken here.

    An option without a mark has the reason NO_MARK. Reasons of single positions and units are
    those of `plimsoll.margin.units.book_faults` too.
    """
    row_of_market = rows.rows_of(book)
    count = book.market.size
    positions = HeldPositions(
        np.ascontiguousarray(book.market),
        np.ascontiguousarray(book.quantity),
        np.ascontiguousarray(book.entry_price),
        np.empty(0) if book.funding is None else np.ascontiguousarray(book.funding),
    )
    out = PositionWorths(np.empty(count), np.empty(count, dtype=np.int64))
    kernel = value_positions if count < PARALLEL_POSITIONS else value_positions_parallel
    kernel(
        positions,
        rows.valued(row_of_market),
        int(MarginReason.NO_QUANTITY),
        int(MarginReason.NO_MARK),
        int(MarginReason.NO_FUNDING),
        out,
    )
    _note_faults(book, rows, row_of_market, out)
    return BookValues(
        unrealised=out.worth,
        reason=out.reason,
        collateral=_collateral(book, layout, rows, row_of_market, pricing, snapshot),
        unit_reason=_unit_reasons(book, layout, pricing, snapshot, rows),
    )


def _note_faults(
    book: Book, rows: MarketRows, row_of_market: IntArray, out: PositionWorths
) -> None:
    """Take the worth of positions that the book does not tell enough of."""
    faults = book_faults(book)
    if not (faults.duplicate.size or faults.entry.size):
        return
    needs_entry = ~rows.has_value[row_of_market][book.market]
    out.worth[faults.note_positions(out.reason, needs_entry)] = np.nan


def _collateral(
    book: Book,
    layout: UnitLayout,
    rows: MarketRows,
    row_of_market: IntArray,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
) -> FloatArray:
    value = np.zeros(len(layout))
    for column, price in enumerate(_prices(book, pricing, snapshot, rows)):
        held = book.collateral[:, column]
        value[: len(book)] += np.where(held == 0.0, 0.0, held * price)
    isolated = layout.position[len(book) :]
    row, margin = row_of_market[book.market[isolated]], book.isolated_margin[isolated]
    value[len(book) :] = np.where(np.isinf(margin), np.nan, margin) * rows.settle_price[row]
    return value


def _unit_reasons(
    book: Book,
    layout: UnitLayout,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
    rows: MarketRows,
) -> IntArray:
    found = book_faults(book).unit_reasons(layout)
    _note_unmarked_orders(book, rows, found)
    for column, price in enumerate(_prices(book, pricing, snapshot, rows)):
        if not is_price(price):
            held = book.collateral[:, column] != 0.0
            held &= found[: len(book)] == 0
            found[np.flatnonzero(held)] = int(MarginReason.NO_COLLATERAL_PRICE)
    return found


def _note_unmarked_orders(book: Book, rows: MarketRows, found: IntArray) -> None:
    """An order in what is worth its mark and has none is like a position in it: NO_MARK."""
    orders = book.orders
    unmarked = rows.has_value & np.isnan(rows.mark) & (rows.reason == 0)
    if orders is None or not len(orders) or not unmarked.any():
        return
    at = np.flatnonzero(unmarked[rows.rows_of(book)[orders.market]])
    owner = np.searchsorted(orders.offsets, at, side="right") - 1
    found[owner[found[owner] == 0]] = int(MarginReason.NO_MARK)


def _prices(
    book: Book, pricing: CurrencyPricing, snapshot: MarketSnapshot, rows: MarketRows
) -> list[float]:
    found = [pricing.price(currency, snapshot, rows.listing) for currency in book.currencies]
    return [price if is_price(price) else float("nan") for price in found]


def mark_of(snapshot: MarketSnapshot, market: str, *, may_be_zero: bool = False) -> float:
    """Mark of a market; NaN where the snapshot has none, or one that no arithmetic carries.

    Parameters
    ----------
    may_be_zero : bool
        Options may be worth nothing.
    """
    if market not in snapshot.quotes:
        return float("nan")
    mark = float(snapshot.quotes[market].mark)
    good = is_price(mark) or (may_be_zero and mark == 0.0)
    return mark if good else float("nan")


def unit_sums(layout: UnitLayout, values: FloatArray) -> FloatArray:
    """Add a (P,) column of positions into margin units (U,), in the order of positions."""
    return sum_by_unit(layout, layout.unit_of_position, values)
