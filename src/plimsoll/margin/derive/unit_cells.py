"""One risk unit's positions, by margin unit and group: what the loss kernels take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.grouped_losses import CellPositions

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitCells:
    """E holdings in G segments (a group of a margin unit) in C cells (a margin unit).

    Parameters
    ----------
    positions : CellPositions
    unit : (C,) int64
        Margin unit of each cell.
    order : (E,) int64
        Where each holding stood before they were sorted.
    """

    positions: CellPositions
    unit: IntArray
    order: IntArray

    def __len__(self) -> int:
        return int(self.unit.size)

    @property
    def segment_of_entry(self) -> IntArray:
        """(E,) segment of each holding."""
        counts = np.diff(self.positions.segment_offsets)
        return np.repeat(np.arange(counts.size), counts)

    @property
    def cell_of_segment(self) -> IntArray:
        """(G,) cell of each segment."""
        counts = np.diff(self.positions.cell_offsets)
        return np.repeat(np.arange(counts.size), counts)

    def by_segment(self, values: FloatArray) -> FloatArray:
        """(G,) values (E,) of holdings summed by segment."""
        count = self.positions.segment_group.size
        return _sums(self.segment_of_entry, values, count)

    def by_cell(self, values: FloatArray) -> FloatArray:
        """(C,) values (G,) of segments summed by cell."""
        return _sums(self.cell_of_segment, values, len(self))

    def segments_as_cells(self) -> CellPositions:
        """Return the holdings with every segment a cell of its own."""
        count = self.positions.segment_group.size
        return self.positions._replace(cell_offsets=np.arange(count + 1, dtype=np.int64))


def unit_cells(
    unit: IntArray, row: IntArray, quantity: FloatArray, group_of_row: IntArray
) -> UnitCells:
    """Sort holdings by margin unit and group; those that came first stay first.

    Parameters
    ----------
    unit, row : (E,) int64
        Margin unit, and row of the risk unit's table.
    quantity : (E,) float64
    group_of_row : (N,) int64
    """
    group = group_of_row[row]
    order = np.lexsort((np.arange(unit.size), group, unit)).astype(np.int64)
    unit, row, group, quantity = unit[order], row[order], group[order], quantity[order]
    new_cell = np.diff(unit, prepend=-1) != 0
    new_segment = new_cell | (np.diff(group, prepend=-1) != 0)
    segments, cells = np.flatnonzero(new_segment), np.flatnonzero(new_cell)
    return UnitCells(
        positions=CellPositions(
            row,
            quantity,
            np.append(segments, unit.size).astype(np.int64),
            group[segments],
            np.searchsorted(segments, np.append(cells, unit.size)).astype(np.int64),
        ),
        unit=unit[cells],
        order=order,
    )


def _sums(at: IntArray, values: FloatArray, count: int) -> FloatArray:
    return np.bincount(at, weights=values, minlength=count).astype(np.float64)
