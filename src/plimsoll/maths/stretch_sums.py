"""Sums of quantity times a column over stretches of positions, from left to right.

A stretch is what a segment or a cell holds (`plimsoll.maths.grouped_losses.CellPositions`). Sums
start at 0 and add one product after the other, so they do not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths import stretch_sums_kernels as kernels
from plimsoll.maths.grouped_losses import CellPositions
from plimsoll.maths.stretch_sums_kernels import GROSS, LONG, SHORT, SIGNED, SOLD, GroupSums

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

__all__ = [
    "GROSS",
    "LONG",
    "SHORT",
    "SIGNED",
    "SOLD",
    "GroupSums",
    "class_sums",
    "group_sums",
    "net_of_rows",
    "product_sums",
    "side_sums",
    "stretch_sums",
]

PARALLEL_POSITIONS = 3_000_000
"""Positions from which threads are worth starting: some milliseconds of work."""


def stretch_sums(values: Vector, offsets: Codes) -> Vector:
    """(C,) sums of ``values`` (P,) between consecutive ``offsets`` (C + 1,).

    >>> stretch_sums(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 2, 3])).tolist()
    [3.0, 0.0, 4.0]
    """
    out = np.empty(offsets.size - 1)
    kernels.sums_between(_codes(offsets), _vector(values), out)
    return out


def product_sums(
    offsets: Codes, row: Codes, quantity: Vector, column: Vector, counted: int = SIGNED
) -> Vector:
    """(C,) sums over stretches of quantity times column, as ``counted`` says.

    Parameters
    ----------
    offsets : (C + 1,) int64
        Into positions.
    row : (P,) int64
    quantity : (P,) float64
    column : (N,) float64
        Of a contract, by row.
    counted : int
        SIGNED; GROSS: of absolute quantities; LONG, SHORT: products of one sign; SOLD: of what is
        sold.

    Examples
    --------
    >>> held = np.array([0, 2]), np.array([0, 1]), np.array([2.0, -3.0])
    >>> [float(product_sums(*held, np.array([1.0, 10.0]), how)[0]) for how in (SIGNED, GROSS, SOLD)]
    [-28.0, 32.0, 30.0]
    """
    count = offsets.size - 1
    out, each = np.empty(count), _vector(column)
    if row.size < PARALLEL_POSITIONS:
        kernels.sums_of_chunk(0, count, offsets, row, quantity, each, counted, out)
    else:
        kernels.sums_of_chunks(offsets, row, quantity, each, counted, out)
    return out


def class_sums(
    offsets: Codes, row: Codes, quantity: Vector, column: Vector, of_row: Codes, classes: int
) -> Matrix:
    """(C, L) sums over stretches of quantity times column, by the class of the row.

    Parameters
    ----------
    of_row : (N,) int64
        Class of each row; rows whose class is not 0 to ``classes - 1`` count nowhere.
    """
    count = offsets.size - 1
    out, each, which = np.zeros((count, classes)), _vector(column), _codes(of_row)
    if row.size < PARALLEL_POSITIONS:
        kernels.classes_of_chunk(0, count, offsets, row, quantity, each, which, out)
    else:
        kernels.classes_of_chunks(offsets, row, quantity, each, which, out)
    return out


def group_sums(held: CellPositions, column: Vector, weight: Vector | None = None) -> GroupSums:
    """Add what groups sum to by cell, each side for itself, plain and weighted.

    Parameters
    ----------
    held : CellPositions
    column : (N,) float64
    weight : (K,) float64, optional
        Of each group; None: no weighted sums are wanted, and they are 0.
    """
    if weight is None:
        weight = np.zeros(int(held.segment_group.max(initial=-1)) + 1)
    count = held.cell_offsets.size - 1
    out = GroupSums(*(np.empty(count) for _ in GroupSums._fields))
    laid = (held.cell_offsets, held.segment_offsets, held.segment_group, held.row, held.quantity)
    if held.row.size < PARALLEL_POSITIONS:
        kernels.groups_of_chunk(0, count, *laid, _vector(column), _vector(weight), out)
    else:
        kernels.groups_of_chunks(*laid, _vector(column), _vector(weight), out)
    return out


def side_sums(
    held: CellPositions, column: Vector, class_of_group: Codes, classes: int
) -> tuple[Matrix, Matrix]:
    """(C, T) what groups sum to where positive, and where negative, by the class of the group.

    Parameters
    ----------
    class_of_group : (K,) int64
        0 to ``classes - 1``.
    """
    count = held.cell_offsets.size - 1
    long, short = np.zeros((count, classes)), np.zeros((count, classes))
    laid = (held.cell_offsets, held.segment_offsets, held.segment_group, held.row, held.quantity)
    kernels.sides_of_chunk(0, count, *laid, _vector(column), _codes(class_of_group), long, short)
    return long, short


def net_of_rows(offsets: Codes, row: Codes, quantity: Vector) -> Vector:
    """(P,) quantities, all that a stretch holds of one row moved to its first position there.

    Returns
    -------
    (P,) float64
        ``quantity`` itself where no stretch holds a row twice.

    Examples
    --------
    >>> net_of_rows(np.array([0, 3]), np.array([4, 0, 4]), np.array([1.0, 2.0, -3.0])).tolist()
    [-2.0, 2.0, 0.0]
    """
    net = quantity.copy()
    rows = int(row.max(initial=-1)) + 1
    return net if kernels.net_rows(offsets, row, rows, net) else quantity


def _vector(values: Vector) -> Vector:
    """As kernels take them: they compile apart for read-only columns."""
    return np.require(values, np.float64, ["C", "W"])


def _codes(values: Codes) -> Codes:
    return np.require(values, np.int64, ["C", "W"])
