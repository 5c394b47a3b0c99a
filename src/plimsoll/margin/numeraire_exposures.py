"""What each margin unit of a book holds of the rows of a numeraire table.

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
from plimsoll.margin.assembly import lacking
from plimsoll.margin.cells import UnitLayout, unit_layout
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.market_rows import BookValues, book_values
from plimsoll.margin.numeraire_table import NumeraireTable
from plimsoll.maths.unit_losses import ProfitRows, UnitExposures

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookExposures:
    """A book laid out against a numeraire table.

    Parameters
    ----------
    layout : UnitLayout
    values : BookValues
        With the reasons of the table, and NO_PARAMETERS for units that hold a currency which no
        scenario moves.
    exposures : UnitExposures
        Of units without a reason; the others hold nothing here.
    position : (P',) int64
        Row in the book of each position of ``exposures``.
    """

    layout: UnitLayout
    values: BookValues
    exposures: UnitExposures
    position: IntArray


def book_exposures(
    book: Book,
    table: NumeraireTable,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
    *,
    collateral_moves: bool = True,
) -> BookExposures:
    """Lay a book out by margin unit.

    Parameters
    ----------
    collateral_moves : bool
        Whether collateral moves with its currency in the scenarios. Where not, it stays at its
        price now (haircuts have to say the rest); profit made so far moves in any case.

    Raises
    ------
    UsageError
        For a collateral currency that nothing prices.
    """
    layout = unit_layout(book)
    values = book_values(book, layout, table.rows, pricing, snapshot)
    amounts = _amounts(book, layout, table, values, collateral_moves)
    still = np.isnan(table.currency_profit).any(axis=1)
    unmoved = (amounts[:, still] != 0.0).any(axis=1)
    missing = np.where(unmoved, int(MarginReason.NO_PARAMETERS), 0)
    reasons = np.where(values.unit_reason == 0, missing, values.unit_reason).astype(np.int64)
    values = replace(values, unit_reason=reasons)
    amounts[:, still], amounts[lacking(layout, values)] = 0.0, 0.0
    exposures, position = _positions(book, layout, table, values, amounts)
    return BookExposures(layout=layout, values=values, exposures=exposures, position=position)


def profit_rows(table: NumeraireTable) -> ProfitRows:
    """Return the table as kernels take it: contiguous, writeable, without NaN."""
    return ProfitRows(
        np.array(table.profit),
        np.nan_to_num(table.currency_profit),
        np.array(table.scenarios.weights),
    )


def _amounts(
    book: Book,
    layout: UnitLayout,
    table: NumeraireTable,
    values: BookValues,
    collateral_moves: bool,
) -> FloatArray:
    """(U, C) amounts of each currency of the table."""
    row = table.rows.rows_of(book)[book.market]
    settle = [table.currency(i.settle) for i in table.rows.instruments]
    of_position = np.array([*settle, 0], dtype=np.int64)[row]
    settled_daily = (values.reason == 0) & ~table.rows.has_value[row]
    with np.errstate(invalid="ignore"):
        profit = np.where(settled_daily, values.unrealised / table.rows.settle_price[row], 0.0)
    units, currencies = len(layout), len(table.currencies)
    cell = layout.unit_of_position * currencies + of_position
    found = np.bincount(cell, weights=profit, minlength=units * currencies)
    amounts: FloatArray = found.astype(np.float64).reshape(units, currencies)
    if collateral_moves:
        for column, name in enumerate(book.currencies):
            amounts[: len(book), table.currency(name)] += book.collateral[:, column]
        isolated = layout.position[len(book) :]
        own = np.arange(len(book), len(layout))
        amounts[own, of_position[isolated]] += book.isolated_margin[isolated]
    return amounts


def _positions(
    book: Book, layout: UnitLayout, table: NumeraireTable, values: BookValues, amounts: FloatArray
) -> tuple[UnitExposures, IntArray]:
    """Positions that have numbers, grouped by unit in the order of the book."""
    kept = np.flatnonzero(values.reason == 0)
    unit = layout.unit_of_position[kept]
    if len(layout) > len(book):
        order = np.argsort(unit, kind="stable")
        kept, unit = kept[order], unit[order]
    moving = np.flatnonzero(np.nan_to_num(table.currency_profit).any(axis=1))
    holdings = np.zeros_like(amounts)
    holdings[:, moving] = amounts[:, moving]
    counts = np.bincount(unit, minlength=len(layout))
    return (
        UnitExposures(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            table.rows.rows_of(book)[book.market[kept]],
            book.quantity[kept],
            holdings,
        ),
        kept.astype(np.int64),
    )
