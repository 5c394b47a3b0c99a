"""What each margin unit of a book holds: contracts, and amounts of currencies that move.

Positions are contracts; everything else that moves with a currency is an amount of it: collateral
(a debt is negative), the margin of an isolated position, and the profit made so far with contracts
that settle in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.units.assembly import lacking
from plimsoll.margin.units.cells import UnitLayout, laid_rows, unit_layout
from plimsoll.margin.units.instrument_columns import instrument_columns
from plimsoll.margin.units.market_rows import BookValues, MarketRows, book_values
from plimsoll.maths.unit_losses import UnitExposures

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookExposures:
    """A book laid out against a numeraire table.

    Parameters
    ----------
    layout : UnitLayout
    values : BookValues
        With the reasons of the rows, and ``HeldCurrencies.unmoved`` for units that hold a currency
        of which the model does not know how it moves.
    exposures : UnitExposures
        Of units without a reason; the others hold nothing here.
    position : (P',) int64
        Row in the book of each position of ``exposures``.
    """

    layout: UnitLayout
    values: BookValues
    exposures: UnitExposures
    position: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldCurrencies:
    """C currencies that may be held, and whether they move against the numeraire.

    Parameters
    ----------
    names : tuple of C str
    known, moving : (C,) bool
        Whether the model says how a currency moves, and whether it moves at all.
    unmoved : MarginReason
        Of units that hold one of which it does not.
    """

    names: tuple[str, ...]
    known: NDArray[np.bool_]
    moving: NDArray[np.bool_]
    unmoved: MarginReason = MarginReason.NO_PARAMETERS

    def index(self, name: str) -> int:
        """Return the row of a currency.

        Raises
        ------
        UsageError
            For one that the pricing cannot price.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise UsageError(
                "must have a price",
                found="none",
                field=f"currency {name}",
                remedy="put it into stable_price_usd or pricing_markets",
            ) from None


def priced_currencies(
    rows: MarketRows, snapshot: MarketSnapshot, pricing: CurrencyPricing
) -> tuple[str, ...]:
    """Currencies that may be held: the numeraire, what contracts settle in, what is priced."""
    coins = [
        currency
        for currency, market in pricing.pricing_markets.items()
        if market in rows.listing and market in snapshot.quotes
    ]
    dollars = [*snapshot.stable_price_usd]
    if pricing.numeraire in ("USD", *coins, *dollars):
        dollars.append("USD")
    settle = instrument_columns(rows.listing).settle.names
    return tuple(dict.fromkeys([pricing.numeraire, *settle, *coins, *dollars]))


def book_exposures(
    book: Book,
    rows: MarketRows,
    currencies: HeldCurrencies,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
    *,
    collateral_moves: bool = True,
) -> BookExposures:
    """Lay a book out by margin unit.

    Parameters
    ----------
    rows : MarketRows
        With the model's reasons.
    collateral_moves : bool
        Whether collateral moves with its currency. Where not, it stays at its price now (haircuts
        have to say the rest); profit made so far moves in any case.
    """
    layout = unit_layout(book)
    values = book_values(book, layout, rows, pricing, snapshot)
    amounts = _amounts(book, layout, rows, currencies, values, collateral_moves)
    unmoved = (amounts[:, ~currencies.known] != 0.0).any(axis=1)
    unmoved[: len(book)] |= _holds_a_stranger(book, currencies)
    missing = np.where(unmoved, int(currencies.unmoved), 0)
    reasons = np.where(values.unit_reason == 0, missing, values.unit_reason).astype(np.int64)
    values = replace(values, unit_reason=reasons)
    amounts[:, ~currencies.moving | ~currencies.known] = 0.0
    amounts[lacking(layout, values)] = 0.0
    exposures, position = _positions(book, layout, rows, values, amounts)
    return BookExposures(layout=layout, values=values, exposures=exposures, position=position)


def _holds_a_stranger(book: Book, currencies: HeldCurrencies) -> NDArray[np.bool_]:
    """(A,) accounts that hold or owe a currency that the model has never heard of."""
    strange = [column for column, c in enumerate(book.currencies) if c not in currencies.names]
    found: NDArray[np.bool_] = (book.collateral[:, strange] != 0.0).any(axis=1)
    return found


def _amounts(
    book: Book,
    layout: UnitLayout,
    rows: MarketRows,
    currencies: HeldCurrencies,
    values: BookValues,
    collateral_moves: bool,
) -> FloatArray:
    """(U, C) amounts of each currency."""
    row = rows.rows_of(book)[book.market]
    settle = instrument_columns(rows.listing).settle
    places = settle.spread(map(currencies.index, settle.names))
    of_position = np.append(places, 0).astype(np.int64)[row]
    settled_daily = (values.reason == 0) & ~rows.has_value[row]
    with np.errstate(invalid="ignore"):
        profit = np.where(settled_daily, values.unrealised / rows.settle_price[row], 0.0)
    units, width = len(layout), len(currencies.names)
    cell = layout.unit_of_position * width + of_position
    found = np.bincount(cell, weights=profit, minlength=units * width)
    amounts: FloatArray = found.astype(np.float64).reshape(units, width)
    if collateral_moves:
        for column, name in enumerate(book.currencies):
            if name in currencies.names:
                amounts[: len(book), currencies.index(name)] += book.collateral[:, column]
        isolated = layout.position[len(book) :]
        own = np.arange(len(book), len(layout))
        amounts[own, of_position[isolated]] += book.isolated_margin[isolated]
    return amounts


def _positions(
    book: Book, layout: UnitLayout, rows: MarketRows, values: BookValues, amounts: FloatArray
) -> tuple[UnitExposures, IntArray]:
    """Positions that have numbers, grouped by unit in the order of the book, which keeps them."""
    row, alone = laid_rows(book, rows.rows_of(book), values.reason != 0)

    def lay_out() -> tuple[IntArray, IntArray, FloatArray, IntArray]:
        counts = row[book.market] >= 0
        counts[alone] = False
        kept = np.flatnonzero(counts)
        unit = layout.unit_of_position[kept]
        if len(layout) > len(book):
            order = np.argsort(unit, kind="stable")
            kept, unit = kept[order], unit[order]
        ends = np.cumsum(np.bincount(unit, minlength=len(layout)))
        offsets = np.concatenate([[0], ends]).astype(np.int64)
        return offsets, row[book.market[kept]], book.quantity[kept], kept.astype(np.int64)

    key = ("book_exposures", row.tobytes(), alone.tobytes())
    offsets, of_position, quantity, kept = book.memo.recall(key, lay_out)
    return UnitExposures(offsets, of_position, quantity, amounts), kept
