"""What portfolio models need of each market, in columns, with a reason where there is no number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Future, Instrument, Option, Payoff, Spot
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.units.cells import UnitLayout, sum_by_unit
from plimsoll.maths import payoffs
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

PAYOFF_CODES = {
    Payoff.LINEAR: payoffs.LINEAR,
    Payoff.INVERSE: payoffs.INVERSE,
    Payoff.QUANTO: payoffs.QUANTO,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketRows:
    """N markets, and one row more for whatever nobody knows.

    Parameters
    ----------
    markets : tuple of N str
    instruments : tuple of N Instrument
    payoff : (N + 1,) int64
        Codes of `plimsoll.maths.payoffs`.
    size : (N + 1,) float64
        Contract size.
    mark : (N + 1,) float64
        Of options and spot: price in settlement currency; NaN where there is none.
    settle_price : (N + 1,) float64
        Of the settlement currency, in the numeraire.
    has_value : (N + 1,) bool
        Options and spot are worth their mark; perpetuals and futures only their profit.
    reason : (N + 1,) int64
        `MarginReason` codes; the last row's is UNKNOWN_INSTRUMENT.
    """

    markets: tuple[str, ...]
    instruments: tuple[Instrument, ...]
    payoff: IntArray
    size: FloatArray
    mark: FloatArray
    settle_price: FloatArray
    has_value: BoolArray
    reason: IntArray

    def rows_of(self, book: Book) -> IntArray:
        """(M,) row of each of the book's markets; unknown ones get the last row."""
        row_of = {market: row for row, market in enumerate(self.markets)}
        unknown = len(self.markets)
        return np.array([row_of.get(market, unknown) for market in book.markets], dtype=np.int64)

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
        Cross collateral, and the margin of isolated positions; NaN where a currency has no price.
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

    Expired contracts, missing or impossible marks and settlement currencies without price become
    reasons. An option's mark may be missing here: its model says whether it needs one.

    Raises
    ------
    UsageError
        For a contract without size, and for a settlement currency that nothing prices.
    """
    known = tuple(instruments.values())
    size = [float(i.required_contract_size()) for i in known]
    mark = [mark_of(snapshot, market) for market in instruments]
    price = [pricing.price(i.settle, snapshot, instruments) for i in known]
    reason = [_reason(i, m, p, snapshot.at_ns) for i, m, p in zip(known, mark, price, strict=True)]
    return MarketRows(
        markets=tuple(instruments),
        instruments=known,
        payoff=np.array([*(PAYOFF_CODES[i.payoff] for i in known), 0], dtype=np.int64),
        size=np.array([*size, 0.0]),
        mark=np.array([*mark, np.nan]),
        settle_price=np.array([*price, np.nan]),
        has_value=np.array([*(isinstance(i, Option | Spot) for i in known), False]),
        reason=np.array([*reason, MarginReason.UNKNOWN_INSTRUMENT], dtype=np.int64),
    )


def book_values(
    book: Book,
    layout: UnitLayout,
    rows: MarketRows,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
) -> BookValues:
    """Value positions and collateral; haircuts are not taken here.

    An option without a mark has the reason NO_MARK.

    Raises
    ------
    UsageError
        For a collateral currency that nothing prices (wrong use: name its market).
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
    return BookValues(
        unrealised=out.worth,
        reason=out.reason,
        collateral=_collateral(book, layout, rows, row_of_market, pricing, snapshot),
        unit_reason=_unit_reasons(book, layout, pricing, snapshot, rows),
    )


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
    row = row_of_market[book.market[isolated]]
    value[len(book) :] = book.isolated_margin[isolated] * rows.settle_price[row]
    return value


def _unit_reasons(
    book: Book,
    layout: UnitLayout,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
    rows: MarketRows,
) -> IntArray:
    found = np.zeros(len(layout), dtype=np.int64)
    for column, price in enumerate(_prices(book, pricing, snapshot, rows)):
        if not (np.isfinite(price) and price > 0.0):
            missing = np.flatnonzero(book.collateral[:, column] != 0.0)
            found[missing] = int(MarginReason.NO_COLLATERAL_PRICE)
    return found


def _prices(
    book: Book, pricing: CurrencyPricing, snapshot: MarketSnapshot, rows: MarketRows
) -> list[float]:
    known = dict(zip(rows.markets, rows.instruments, strict=True))
    return [pricing.price(currency, snapshot, known) for currency in book.currencies]


def mark_of(snapshot: MarketSnapshot, market: str) -> float:
    """Mark of a market; NaN where the snapshot has none."""
    return float(snapshot.quotes[market].mark) if market in snapshot.quotes else float("nan")


def _reason(instrument: Instrument, mark: float, settle_price: float, at_ns: int) -> MarginReason:
    if isinstance(instrument, Future | Option) and instrument.expiry_ns <= at_ns:
        return MarginReason.EXPIRED
    lowest = 0.0 if isinstance(instrument, Option) else np.nextafter(0.0, 1.0)
    may_lack = isinstance(instrument, Option) and np.isnan(mark)
    if not may_lack and not (np.isfinite(mark) and mark >= lowest):
        return MarginReason.NO_MARK
    if not (np.isfinite(settle_price) and settle_price > 0.0):
        return MarginReason.NO_CURRENCY_PRICE
    return MarginReason.NONE


def unit_sums(layout: UnitLayout, values: FloatArray) -> FloatArray:
    """Add a (P,) column of positions into margin units (U,), in the order of positions."""
    return sum_by_unit(layout, layout.unit_of_position, values)
