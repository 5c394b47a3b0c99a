"""What each margin unit holds in each risk unit: positions, and collateral that hedges it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.margin.derive.pmrm_table import PmrmTable
from plimsoll.margin.units.cells import Cells, UnitLayout, cells_of_holdings
from plimsoll.maths.cell_layout import LEFT_OUT

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holdings:
    """Cells of one risk unit, and what each of their holdings is.

    Parameters
    ----------
    cells : Cells
    position : (E,) int64
        Row of the position in the book, -1 for collateral; in the order of ``cells``.
    currency : (E,) int64
        Column of the collateral, -1 for positions.
    """

    cells: Cells
    position: IntArray
    currency: IntArray


def home_units(
    book: Book, layout: UnitLayout, unit_of_row: IntArray, row: IntArray, skip: BoolArray
) -> IntArray:
    """(U,) risk unit whose rules hold for a margin unit's collateral.

    The venue keeps one underlying to an account. An account that holds several has the rules of
    the first, and one that holds none those of the first risk unit.
    """
    home = np.full(len(layout), np.iinfo(np.int64).max, dtype=np.int64)
    kept = np.flatnonzero(~skip & (book.quantity != 0.0))
    np.minimum.at(home, layout.unit_of_position[kept], unit_of_row[row[kept]])
    return np.where(home == np.iinfo(np.int64).max, 0, home)


def holdings(
    book: Book,
    layout: UnitLayout,
    table: PmrmTable,
    row: IntArray,
    skip: BoolArray,
    collateral: BoolArray,
) -> Holdings:
    """Lay out what belongs to one risk unit.

    Parameters
    ----------
    row : (P,) int64
        Market row of each position.
    skip : (P,) bool
        Positions with a reason.
    collateral : (A,) bool
        Accounts whose hedging collateral belongs here: those at home in this risk unit.
    """
    own = np.where(skip | (book.quantity == 0.0), LEFT_OUT, table.row_of_market[row])
    unit, rows, quantity = [layout.unit_of_position], [own], [book.quantity]
    position, currency = [np.arange(row.size)], [np.full(row.size, -1)]
    for column, name in enumerate(book.currencies):
        asset = table.row_of_asset.get(name)
        if asset is None:
            continue
        held = np.flatnonzero(collateral & (book.collateral[:, column] != 0.0))
        unit.append(held)
        rows.append(np.full(held.size, asset))
        quantity.append(book.collateral[held, column])
        position.append(np.full(held.size, -1))
        currency.append(np.full(held.size, column))
    cells = cells_of_holdings(
        np.concatenate(unit),
        np.concatenate(rows),
        np.concatenate(quantity),
        group_of_row=table.group,
        units=len(layout),
    )
    return Holdings(
        cells=cells,
        position=np.concatenate(position)[cells.order],
        currency=np.concatenate(currency)[cells.order],
    )
