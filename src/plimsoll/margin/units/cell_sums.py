"""Sums of per-contract columns over the cells of a book and over the groups within them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.units.cells import Cells

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellSums:
    """Where the P' positions of C cells stand: their segment (group of a cell) and their cell.

    Parameters
    ----------
    row : (P',) int64
        Row of the instrument table.
    quantity : (P',) float64
    segment_of_position : (P',) int64
    cell_of_segment, group_of_segment : (G,) int64
    cells : int
    """

    row: IntArray
    quantity: FloatArray
    segment_of_position: IntArray
    cell_of_segment: IntArray
    group_of_segment: IntArray
    cells: int

    @property
    def cell_of_position(self) -> IntArray:
        """(P',) cell of each position."""
        return self.cell_of_segment[self.segment_of_position]

    def by_segment(self, column: FloatArray) -> FloatArray:
        """(G,) signed quantity times ``column`` (N + 1,), summed in the order of positions."""
        return self.of_positions(self.quantity * column[self.row])

    def by_cell(self, column: FloatArray) -> FloatArray:
        """(C,) signed quantity times ``column`` (N + 1,), summed in the order of positions."""
        return _sums(self.cell_of_position, self.quantity * column[self.row], self.cells)

    def gross_by_cell(self, column: FloatArray) -> FloatArray:
        """(C,) absolute quantity times ``column`` (N + 1,)."""
        return _sums(self.cell_of_position, np.abs(self.quantity) * column[self.row], self.cells)

    def net_short_by_cell(self, column: FloatArray) -> FloatArray:
        """(C,) contracts sold net of those bought of the same row, times ``column``, positive."""
        rows = column.size
        key, of_key = np.unique(self.cell_of_position * rows + self.row, return_inverse=True)
        net = _sums(of_key, self.quantity, key.size)
        return _sums(key // rows, np.maximum(-net, 0.0) * column[key % rows], self.cells)

    def of_positions(self, values: FloatArray) -> FloatArray:
        """(G,) values (P',) of positions summed by segment, in the order of positions."""
        return _sums(self.segment_of_position, values, self.cell_of_segment.size)

    def of_segments(self, values: FloatArray) -> FloatArray:
        """(C,) values (G,) of segments summed by cell."""
        return _sums(self.cell_of_segment, values, self.cells)


def cell_sums(cells: Cells) -> CellSums:
    """Return where the positions of ``cells`` stand."""
    held = cells.positions
    segments = np.diff(held.segment_offsets)
    return CellSums(
        row=held.row,
        quantity=held.quantity,
        segment_of_position=np.repeat(np.arange(segments.size), segments),
        cell_of_segment=np.repeat(np.arange(len(cells)), np.diff(held.cell_offsets)),
        group_of_segment=held.segment_group,
        cells=len(cells),
    )


def stretch_sums(values: FloatArray, offsets: IntArray) -> FloatArray:
    """Sums of ``values`` between consecutive ``offsets``; every stretch holds at least one.

    Pairwise where a stretch is long; `CellSums` adds one by one.

    >>> stretch_sums(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 3])).tolist()
    [3.0, 4.0]
    """
    if not values.size:
        return np.zeros(offsets.size - 1)
    return np.asarray(np.add.reduceat(values, offsets[:-1]), dtype=np.float64)


def _sums(at: IntArray, values: FloatArray, count: int) -> FloatArray:
    return np.bincount(at, weights=values, minlength=count).astype(np.float64)
