"""A book's positions laid out for scenario models: margin units, risk units, groups.

A *margin unit* is what is liquidated as one: an account's cross pool or an isolated position, in
the order of `plimsoll.domain.requirement.Requirements`. A *cell* is one margin unit's positions in
one risk unit; a *group* is what a model treats as a whole within it
(`plimsoll.maths.grouped_losses`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.maths.cell_layout import LEFT_OUT, cell_layout
from plimsoll.maths.grouped_losses import CellPositions

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitLayout:
    """The U margin units of a book.

    Parameters
    ----------
    account : (U,) int64
    position : (U,) int64
        Row of the isolated position, -1 for a cross pool.
    unit_of_position : (P,) int64
    """

    account: IntArray
    position: IntArray
    unit_of_position: IntArray

    def __len__(self) -> int:
        return int(self.account.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Positions of a book by cell, sorted by (unit, risk unit, group, position).

    Parameters
    ----------
    positions : CellPositions
        Rows of the scenario table, quantities, segments, cells: what the kernels take.
    order : (P',) int64
        Row in the book of each of them; positions without a number are left out.
    unit, risk_unit : (C,) int64
        Of each cell.
    """

    positions: CellPositions
    order: IntArray
    unit: IntArray
    risk_unit: IntArray

    def __len__(self) -> int:
        return int(self.unit.size)

    def of_unit(self, unit: int) -> range:
        """Return the cells of one margin unit."""
        first, last = np.searchsorted(self.unit, [unit, unit + 1])
        return range(int(first), int(last))

    def entries(self, cell: int) -> slice:
        """Return the positions of one cell."""
        offsets = self.positions.segment_offsets
        first, last = self.positions.cell_offsets[cell : cell + 2]
        return slice(int(offsets[first]), int(offsets[last]))


def unit_layout(book: Book) -> UnitLayout:
    """Return the margin units: cross pools in the book's order, then isolated positions."""
    isolated = np.flatnonzero(book.isolated)
    owner = book.account_of_position
    unit = owner.copy()
    unit[isolated] = len(book) + np.arange(isolated.size)
    return UnitLayout(
        account=np.concatenate([np.arange(len(book)), owner[isolated]]).astype(np.int64),
        position=np.concatenate([np.full(len(book), -1), isolated]).astype(np.int64),
        unit_of_position=unit.astype(np.int64),
    )


def cells_of(
    book: Book,
    layout: UnitLayout,
    *,
    row_of_market: IntArray,
    group_of_row: IntArray,
    risk_unit_of_group: IntArray,
    skip: BoolArray | None = None,
) -> Cells:
    """Lay positions out by margin unit, risk unit and group.

    Parameters
    ----------
    book : Book
    layout : UnitLayout
    row_of_market : (M,) int64
        Row of the scenario table of each of the book's markets; negative where it has none.
    group_of_row : (N,) int64
    risk_unit_of_group : (K,) int64
    skip : (P,) bool, optional
        Positions to leave out: those that have a reason instead of a number.
    """
    row = row_of_market[book.market]
    if skip is not None:
        row[skip] = LEFT_OUT
    return cells_of_holdings(
        layout.unit_of_position,
        row,
        book.quantity,
        group_of_row=group_of_row,
        risk_unit_of_group=risk_unit_of_group,
        units=len(layout),
    )


def cells_of_holdings(
    unit: IntArray,
    row: IntArray,
    quantity: FloatArray,
    *,
    group_of_row: IntArray,
    units: int,
    risk_unit_of_group: IntArray | None = None,
) -> Cells:
    """Lay out E holdings that need not be positions of a book.

    Parameters
    ----------
    unit : (E,) int64
        Margin unit, 0 to ``units - 1``.
    row : (E,) int64
        Row of the scenario table; negative for what is left out.
    quantity : (E,) float64
    group_of_row : (N,) int64
    units : int
    risk_unit_of_group : (K,) int64, optional
        None: all groups are of one risk unit.

    Returns
    -------
    Cells
        ``order`` is where each holding stood.
    """
    if risk_unit_of_group is None:
        risk_unit_of_group = np.zeros(int(group_of_row.max(initial=-1)) + 1, dtype=np.int64)
    # Writeable: kernels compile apart for read-only columns.
    laid = cell_layout(
        np.require(unit, np.int64, ["C", "W"]),
        np.require(row, np.int64, ["C", "W"]),
        np.require(quantity, np.float64, ["C", "W"]),
        np.require(group_of_row, np.int64, ["C", "W"]),
        np.require(risk_unit_of_group, np.int64, ["C", "W"]),
        units,
    )
    return Cells(positions=CellPositions(*laid[:5]), order=laid[5], unit=laid[6], risk_unit=laid[7])


def sum_by_unit(layout: UnitLayout, unit: IntArray, values: FloatArray) -> FloatArray:
    """Add values (C,) of cells, or of anything with a unit, into margin units (U,)."""
    return np.bincount(unit, weights=values, minlength=len(layout)).astype(np.float64)
