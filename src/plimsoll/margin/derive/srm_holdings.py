"""What the accounts of a book hold under the standard margin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.margin.derive.srm_markets import SrmMarkets
from plimsoll.margin.derive.srm_options import ExpiryLevels, expiry_levels
from plimsoll.margin.units.cell_sums import CellSums, cell_sums
from plimsoll.margin.units.cells import Cells, UnitLayout, cells_of_holdings
from plimsoll.margin.units.market_rows import BookValues

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SrmHoldings:
    """A book's positions that have a number, by kind.

    Parameters
    ----------
    book : Book
    layout : UnitLayout
    values : BookValues
    row : (P,) int64
        Market row of each position.
    cells : Cells
        Options by margin unit and expiry; rows are those of the option terms.
    sums : CellSums
        Of the same.
    option_position : (E,) int64
        Position of each option in ``cells``.
    levels : ExpiryLevels
    perpetual_position : (Q,) int64
    coins : (A, R) float64
        Of each risk unit's underlying, held as collateral.
    """

    book: Book
    layout: UnitLayout
    values: BookValues
    row: IntArray
    cells: Cells
    sums: CellSums
    option_position: IntArray
    levels: ExpiryLevels
    perpetual_position: IntArray
    coins: FloatArray


def srm_holdings(
    book: Book, layout: UnitLayout, values: BookValues, markets: SrmMarkets
) -> SrmHoldings:
    """Lay out a book and compute the levels of its options."""
    row = markets.markets.rows.rows_of(book)[book.market]
    option = markets.markets.option_at[row]
    good = (values.reason == 0) & (book.quantity != 0.0)
    held = np.flatnonzero(good & (option >= 0))
    cells = cells_of_holdings(
        layout.unit_of_position[held],
        option[held],
        book.quantity[held],
        group_of_row=markets.group_of_option,
        units=len(layout),
    )
    sums = cell_sums(cells)
    return SrmHoldings(
        book=book,
        layout=layout,
        values=values,
        row=row,
        cells=cells,
        sums=sums,
        option_position=held[cells.order].astype(np.int64),
        levels=expiry_levels(markets.options, cells, sums),
        perpetual_position=np.flatnonzero(good & (option < 0)).astype(np.int64),
        coins=_coins(book, tuple(markets.parameters)),
    )


def _coins(book: Book, units: tuple[str, ...]) -> FloatArray:
    out = np.zeros((len(book), len(units)))
    for place, unit in enumerate(units):
        if unit in book.currencies:
            out[:, place] = book.collateral[:, book.currencies.index(unit)]
    return out
