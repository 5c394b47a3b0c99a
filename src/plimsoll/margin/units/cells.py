"""A book's positions laid out for scenario models: margin units, risk units, groups.

A *margin unit* is what is liquidated as one: an account's cross pool or an isolated position, in
the order of `plimsoll.domain.requirement.Requirements`. A *cell* is one margin unit's positions in
one risk unit; a *group* is what a model treats as a whole within it
(`plimsoll.maths.grouped_losses`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.memo import Memo
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

    Attributes
    ----------
    memo : Memo
        What has been derived from them.
    """

    positions: CellPositions
    order: IntArray
    unit: IntArray
    risk_unit: IntArray
    memo: Memo = field(default_factory=Memo, init=False, repr=False)

    @property
    def offsets(self) -> IntArray:
        """(C + 1,) first position of each cell."""
        held = self.positions
        return self.memo.recall("offsets", lambda: held.segment_offsets[held.cell_offsets])

    def __len__(self) -> int:
        return int(self.unit.size)

    def offsets_of_units(self, layout: UnitLayout) -> IntArray:
        """(U + 1,) first cell of each margin unit of the layout that they were laid out by."""

        def found() -> IntArray:
            return _codes(np.searchsorted(self.unit, np.arange(len(layout) + 1)))

        return self.memo.recall("offsets_of_units", found)

    def in_risk_unit(self, risk_unit: int) -> IntArray:
        """Return the cells of one risk unit."""
        return self.memo.recall(
            ("in_risk_unit", risk_unit), lambda: np.flatnonzero(self.risk_unit == risk_unit)
        )

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
    return book.memo.recall("unit_layout", lambda: _units_of(book))


def _units_of(book: Book) -> UnitLayout:
    isolated = np.flatnonzero(book.isolated)
    owner = book.account_of_position
    unit = owner
    if isolated.size:
        unit = owner.copy()
        unit[isolated] = len(book) + np.arange(isolated.size)
    return UnitLayout(
        account=_fixed(np.concatenate([np.arange(len(book)), owner[isolated]])),
        position=_fixed(np.concatenate([np.full(len(book), -1), isolated])),
        unit_of_position=_fixed(unit),
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
    """Lay positions out by margin unit, risk unit and group; the book remembers it.

    Parameters
    ----------
    book : Book
    layout : UnitLayout
        Of the book.
    row_of_market : (M,) int64
        Row of the scenario table of each of the book's markets; negative where it has none.
    group_of_row : (N,) int64
    risk_unit_of_group : (K,) int64
    skip : (P,) bool, optional
        Positions to leave out: those that have a reason instead of a number.
    """
    row, alone = laid_rows(book, row_of_market, skip)
    group, risk_unit = _codes(group_of_row), _codes(risk_unit_of_group)

    def lay_out() -> Cells:
        held = row[book.market]
        held[alone] = LEFT_OUT
        return cells_of_holdings(
            layout.unit_of_position,
            held,
            book.quantity,
            group_of_row=group,
            risk_unit_of_group=risk_unit,
            units=len(layout),
        )

    if layout is not unit_layout(book):  # another's, or one that the book has forgotten
        return lay_out()
    key = ("cells_of", *(codes.tobytes() for codes in (row, group, risk_unit, alone)))
    return book.memo.recall(key, lay_out)


def laid_rows(
    book: Book, row_of_market: IntArray, skip: BoolArray | None
) -> tuple[IntArray, IntArray]:
    """Row (M,) of each market, `LEFT_OUT` where none of its positions counts, and the others.

    Skipped positions are named market by market where all of a market are: what a snapshot skips
    is whole markets, so that what is named one by one depends on the book alone and is short. The
    bytes of both are an exact key of what is skipped.
    """
    row = np.maximum(_codes(row_of_market), LEFT_OUT)
    alone = np.zeros(0, dtype=np.int64) if skip is None else np.flatnonzero(skip)
    if not alone.size:
        return row, alone
    market = book.market[alone]
    skipped = np.bincount(market, minlength=row.size)
    row[(skipped > 0) & (skipped == _positions_by_market(book))] = LEFT_OUT
    return row, alone[row[market] != LEFT_OUT]


def _positions_by_market(book: Book) -> IntArray:
    """(M,) how many positions the book has in each market."""
    return book.memo.recall(
        "positions_by_market", lambda: np.bincount(book.market, minlength=len(book.markets))
    )


def _codes(values: IntArray) -> IntArray:
    return np.ascontiguousarray(values, dtype=np.int64)


def _fixed(codes: IntArray) -> IntArray:
    """Codes that their readers cannot change."""
    found = codes.astype(np.int64, copy=False)
    found.setflags(write=False)
    return found


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
    positions = CellPositions(*laid[:5])  # for kernels, so they stay writeable
    order, of_unit, of_risk = (_fixed(codes) for codes in laid[5:])
    return Cells(positions=positions, order=order, unit=of_unit, risk_unit=of_risk)


def sum_by_unit(layout: UnitLayout, unit: IntArray, values: FloatArray) -> FloatArray:
    """Add values (C,) of cells, or of anything with a unit, into margin units (U,)."""
    found = np.bincount(unit, weights=values, minlength=len(layout))
    return found.astype(np.float64, copy=False)
