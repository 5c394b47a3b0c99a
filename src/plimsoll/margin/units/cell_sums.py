"""Sums of per-contract columns over the cells of a book and over the groups within them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.units.cells import Cells
from plimsoll.maths.stretch_sums import (
    GROSS,
    LONG,
    SHORT,
    SOLD,
    GroupSums,
    class_sums,
    group_sums,
    net_of_rows,
    product_sums,
    side_sums,
    stretch_sums,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellSums:
    """Sums over the P' positions of C cells, in G segments (groups of a cell).

    Columns are of one contract: (N + 1,) by row of the instrument table. Every sum starts at 0 and
    goes through positions, or segments, in their order.

    Parameters
    ----------
    of : Cells
    """

    of: Cells

    @property
    def cells(self) -> int:
        """Number C of cells."""
        return len(self.of)

    @property
    def row(self) -> IntArray:
        """(P',) row of the instrument table of each position."""
        return self.of.positions.row

    @property
    def quantity(self) -> FloatArray:
        """(P',) signed contracts."""
        return self.of.positions.quantity

    @property
    def group_of_segment(self) -> IntArray:
        """(G,) group of each segment."""
        return self.of.positions.segment_group

    @property
    def segment_of_position(self) -> IntArray:
        """(P',) segment of each position."""
        offsets = self.of.positions.segment_offsets
        return np.repeat(np.arange(offsets.size - 1), np.diff(offsets))

    @property
    def cell_of_segment(self) -> IntArray:
        """(G,) cell of each segment."""
        return np.repeat(np.arange(self.cells), np.diff(self.of.positions.cell_offsets))

    @property
    def cell_of_position(self) -> IntArray:
        """(P',) cell of each position."""
        return np.repeat(np.arange(self.cells), np.diff(self.of.offsets))

    def by_segment(self, column: FloatArray) -> FloatArray:
        """(G,) signed quantity times ``column``."""
        offsets = self.of.positions.segment_offsets
        return product_sums(offsets, self.row, self.quantity, column)

    def by_cell(self, column: FloatArray) -> FloatArray:
        """(C,) signed quantity times ``column``."""
        return product_sums(self.of.offsets, self.row, self.quantity, column)

    def gross_by_cell(self, column: FloatArray) -> FloatArray:
        """(C,) absolute quantity times ``column``."""
        return product_sums(self.of.offsets, self.row, self.quantity, column, GROSS)

    def long_by_cell(self, column: FloatArray) -> FloatArray:
        """(C,) signed quantity times ``column``, of positions where that is positive."""
        return product_sums(self.of.offsets, self.row, self.quantity, column, LONG)

    def short_by_cell(self, column: FloatArray) -> FloatArray:
        """(C,) the same of positions where it is negative, as a positive number."""
        return product_sums(self.of.offsets, self.row, self.quantity, column, SHORT)

    def net_short_by_cell(self, column: FloatArray) -> FloatArray:
        """(C,) contracts sold net of those bought of the same row, times ``column``, positive."""
        held = self.of.positions
        net = self.of.memo.recall(
            "net_of_rows", lambda: net_of_rows(held.segment_offsets, held.row, held.quantity)
        )
        return product_sums(self.of.offsets, held.row, net, column, SOLD)

    def by_class(self, column: FloatArray, class_of_row: IntArray, classes: int) -> FloatArray:
        """(C, L) signed quantity times ``column``, by the class of the row.

        Rows whose class is not 0 to ``classes - 1`` count nowhere.
        """
        offsets = self.of.offsets
        return class_sums(offsets, self.row, self.quantity, column, class_of_row, classes)

    def by_sides(
        self, column: FloatArray, class_of_group: IntArray, classes: int
    ) -> tuple[FloatArray, FloatArray]:
        """(C, T) sums of segments net long, and net short, by the class of their group."""
        return side_sums(self.of.positions, column, class_of_group, classes)

    def over_groups(
        self, column: FloatArray, weight_of_group: FloatArray | None = None
    ) -> GroupSums:
        """Sums of segments added by cell: each side, plain and times the weight of the group."""
        return group_sums(self.of.positions, column, weight_of_group)

    def of_positions(self, values: FloatArray) -> FloatArray:
        """(G,) values (P',) of positions summed by segment."""
        return stretch_sums(values, self.of.positions.segment_offsets)

    def of_segments(self, values: FloatArray) -> FloatArray:
        """(C,) values (G,) of segments summed by cell."""
        return stretch_sums(values, self.of.positions.cell_offsets)


def cell_sums(cells: Cells) -> CellSums:
    """Return the sums over ``cells``."""
    return CellSums(of=cells)
