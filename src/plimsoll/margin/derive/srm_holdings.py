"""What the accounts of a book hold under the standard margin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.margin.cells import UnitLayout
from plimsoll.margin.derive.srm_markets import SrmMarkets
from plimsoll.margin.derive.srm_options import ExpiryLevels, expiry_levels
from plimsoll.margin.derive.unit_cells import UnitCells, unit_cells
from plimsoll.margin.market_rows import BookValues

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
    cells : UnitCells
        Options by margin unit and expiry; rows are those of the option terms.
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
    cells: UnitCells
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
    cells = unit_cells(
        layout.unit_of_position[held], option[held], book.quantity[held], markets.group_of_option
    )
    return SrmHoldings(
        book=book,
        layout=layout,
        values=values,
        row=row,
        cells=cells,
        option_position=held[cells.order].astype(np.int64),
        levels=expiry_levels(markets.options, cells),
        perpetual_position=np.flatnonzero(good & (option < 0)).astype(np.int64),
        coins=_coins(book, tuple(markets.parameters)),
    )


def _coins(book: Book, units: tuple[str, ...]) -> FloatArray:
    out = np.zeros((len(book), len(units)))
    for place, unit in enumerate(units):
        if unit in book.currencies:
            out[:, place] = book.collateral[:, book.currencies.index(unit)]
    return out
