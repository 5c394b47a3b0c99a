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
from plimsoll.maths.grouped_losses import CellPositions
from plimsoll.maths.unit_order import order_within_units

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
        Row of the scenario table of each of the book's markets.
    group_of_row : (N,) int64
    risk_unit_of_group : (K,) int64
    skip : (P,) bool, optional
        Positions to leave out: those that have a reason instead of a number.
    """
    kept = np.arange(book.market.size) if skip is None else np.flatnonzero(~skip)
    row = row_of_market[book.market[kept]]
    group = group_of_row[row]
    risk, unit = risk_unit_of_group[group], layout.unit_of_position[kept]
    key = risk * max(int(risk_unit_of_group.size), 1) + group
    order = order_within_units(unit, key, len(layout))
    kept, row, group, risk, unit = (c[order] for c in (kept, row, group, risk, unit))
    new_cell = _starts(unit, risk)
    new_segment = new_cell | _starts(group)
    first_of_segment = np.flatnonzero(new_segment)
    first_of_cell = np.flatnonzero(new_cell)
    return Cells(
        positions=CellPositions(
            row.astype(np.int64),
            book.quantity[kept],
            np.append(first_of_segment, kept.size).astype(np.int64),
            group[first_of_segment].astype(np.int64),
            np.searchsorted(first_of_segment, np.append(first_of_cell, kept.size)).astype(np.int64),
        ),
        order=kept.astype(np.int64),
        unit=unit[first_of_cell].astype(np.int64),
        risk_unit=risk[first_of_cell].astype(np.int64),
    )


def sum_by_unit(layout: UnitLayout, unit: IntArray, values: FloatArray) -> FloatArray:
    """Add values (C,) of cells, or of anything with a unit, into margin units (U,)."""
    return np.bincount(unit, weights=values, minlength=len(layout)).astype(np.float64)


def _starts(*keys: IntArray) -> BoolArray:
    """(P,) whether a row differs from the one before in any key; the first does."""
    starts = np.zeros(keys[0].size, dtype=np.bool_)
    starts[:1] = True
    for key in keys:
        starts[1:] |= key[1:] != key[:-1]
    return starts
