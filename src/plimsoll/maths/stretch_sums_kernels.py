"""Kernels of `plimsoll.maths.stretch_sums`: one pass over positions for each sum.

Written so that nothing of the length of the positions is allocated on the way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

SIGNED = 0  # quantity times column
GROSS = 1  # absolute quantity times column
LONG = 2  # the product where it is positive
SHORT = 3  # minus the product where it is negative
SOLD = 4  # what of the quantity is sold, positive, times column
_CHUNK = 4_096


class GroupSums(NamedTuple):
    """(C,) what the groups of each cell sum to, added by cell; weights are the groups'."""

    long: Vector  # of groups above 0
    short: Vector  # of groups below 0, positive
    long_weighted: Vector
    short_weighted: Vector


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _positive(value: float) -> float:
    """Value where it is positive, else 0; not a number stays so."""
    return 0.0 if value <= 0.0 else value


@njit(cache=True, nogil=True, error_model="numpy")
def sums_of_chunk(
    start: int,
    stop: int,
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    column: Vector,
    counted: int,
    out: Vector,
) -> None:
    for c in range(start, stop):
        total = 0.0
        for p in range(offsets[c], offsets[c + 1]):
            held, each = quantity[p], column[np.uint64(row[p])]
            if counted == SIGNED:
                total += held * each
            elif counted == GROSS:
                total += abs(held) * each
            elif counted == LONG:
                total += _positive(held * each)
            elif counted == SHORT:
                total += _positive(-(held * each))
            else:
                total += _positive(-held) * each
        out[c] = total


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def sums_of_chunks(
    offsets: Codes, row: Codes, quantity: Vector, column: Vector, counted: int, out: Vector
) -> None:
    count = offsets.size - 1
    for k in prange((count + _CHUNK - 1) // _CHUNK):
        start = k * _CHUNK
        stop = min(start + _CHUNK, count)
        sums_of_chunk(start, stop, offsets, row, quantity, column, counted, out)


@njit(cache=True, nogil=True, error_model="numpy")
def classes_of_chunk(
    start: int,
    stop: int,
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    column: Vector,
    class_of_row: Codes,
    out: Matrix,
) -> None:
    for c in range(start, stop):
        for p in range(offsets[c], offsets[c + 1]):
            at = np.uint64(row[p])
            k = class_of_row[at]
            if 0 <= k < out.shape[1]:
                out[c, k] += quantity[p] * column[at]


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def classes_of_chunks(
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    column: Vector,
    class_of_row: Codes,
    out: Matrix,
) -> None:
    count = offsets.size - 1
    for k in prange((count + _CHUNK - 1) // _CHUNK):
        start = k * _CHUNK
        stop = min(start + _CHUNK, count)
        classes_of_chunk(start, stop, offsets, row, quantity, column, class_of_row, out)


@njit(cache=True, nogil=True, error_model="numpy")
def groups_of_chunk(
    start: int,
    stop: int,
    cell_offsets: Codes,
    segment_offsets: Codes,
    segment_group: Codes,
    row: Codes,
    quantity: Vector,
    column: Vector,
    weight: Vector,
    out: GroupSums,
) -> None:
    for c in range(start, stop):
        long, short, long_weighted, short_weighted = 0.0, 0.0, 0.0, 0.0
        first, end = cell_offsets[c], cell_offsets[c + 1]
        p = segment_offsets[first]
        for g in range(first, end):
            total, last = 0.0, segment_offsets[g + 1]
            while p < last:
                total += quantity[p] * column[np.uint64(row[p])]
                p += 1
            own = weight[np.uint64(segment_group[g])]
            bought, sold = _positive(total), _positive(-total)
            long += bought
            short += sold
            long_weighted += bought * own
            short_weighted += sold * own
        out.long[c], out.short[c] = long, short
        out.long_weighted[c], out.short_weighted[c] = long_weighted, short_weighted


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def groups_of_chunks(
    cell_offsets: Codes,
    segment_offsets: Codes,
    segment_group: Codes,
    row: Codes,
    quantity: Vector,
    column: Vector,
    weight: Vector,
    out: GroupSums,
) -> None:
    count = cell_offsets.size - 1
    for k in prange((count + _CHUNK - 1) // _CHUNK):
        start = k * _CHUNK
        stop = min(start + _CHUNK, count)
        groups_of_chunk(
            start,
            stop,
            cell_offsets,
            segment_offsets,
            segment_group,
            row,
            quantity,
            column,
            weight,
            out,
        )


@njit(cache=True, nogil=True, error_model="numpy")
def sides_of_chunk(
    start: int,
    stop: int,
    cell_offsets: Codes,
    segment_offsets: Codes,
    segment_group: Codes,
    row: Codes,
    quantity: Vector,
    column: Vector,
    class_of_group: Codes,
    long: Matrix,
    short: Matrix,
) -> None:
    """Add each group's sum to the class of its group, on its side."""
    for c in range(start, stop):
        for g in range(cell_offsets[c], cell_offsets[c + 1]):
            total = 0.0
            for p in range(segment_offsets[g], segment_offsets[g + 1]):
                total += quantity[p] * column[np.uint64(row[p])]
            k = np.uint64(class_of_group[np.uint64(segment_group[g])])
            long[c, k] += _positive(total)
            short[c, k] += _positive(-total)


@njit(cache=True, nogil=True, error_model="numpy")
def sums_between(offsets: Codes, values: Vector, out: Vector) -> None:
    for c in range(out.size):
        total = 0.0
        for p in range(offsets[c], offsets[c + 1]):
            total += values[p]
        out[c] = total


@njit(cache=True, nogil=True)
def net_rows(offsets: Codes, row: Codes, rows: int, quantity: Vector) -> int:
    """Move all that a stretch holds of one row to its first position; how many moved.

    ``quantity`` (P,) is changed in place.
    """
    first, moved = np.full(rows, -1, np.int64), 0
    for c in range(offsets.size - 1):
        for p in range(offsets[c], offsets[c + 1]):
            there = first[row[p]]
            if there < offsets[c]:
                first[row[p]] = p
                continue
            quantity[there] += quantity[p]
            quantity[p] = 0.0
            moved += 1
    return moved
