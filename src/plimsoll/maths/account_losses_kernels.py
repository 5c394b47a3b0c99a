"""Kernels of `plimsoll.maths.account_losses`: profits of an account summed over its positions.

Rows of the table are read as ``table[row, s]`` with unsigned rows: row slices cost more than the
arithmetic (they count references), and signed indices are checked for wrapping. Up to eight
positions are added in one pass over the scenarios, from left to right, so that a sum has the same
bits wherever it is formed.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

ACCOUNTS_PER_CHUNK = 1_024
NO_SUCH_ROW = -2
_NEAR_ACCOUNTS = 256  # whose positions stay in the first cache
_BLOCK = 64

# One rounding each of quantity, entry and product, and one less of the sum than there are
# positions: with 12 of them a float32 sum is within 14 * 2^-24 = 8.4e-7 of the gross.
SINGLE_POSITIONS = 12
# Products stay under the largest number of the type as long as entries do not exceed these.
MOST_CONTRACTS_SINGLE, MOST_ENTRY_SINGLE = 1e24, 1e12
MOST_CONTRACTS, MOST_ENTRY = 1e150, 1e150


@njit(cache=True, nogil=True, error_model="numpy")
def add_positions(
    first: int, last: int, row: Codes, quantity: Vector, table: Matrix, total: Vector
) -> None:
    """Sum quantity times table row of the positions ``first`` to ``last - 1`` into ``total``.

    ``total`` may be longer than the table is wide; the rest is left alone.
    """
    scenarios = table.shape[1]
    real = total.dtype.type
    p = _set_positions(first, last, row, quantity, table, total)
    while p + 8 <= last:
        i, j, k, m = _four_rows(row, p)
        n, o, r, t = _four_rows(row, p + 4)
        a, b = real(quantity[p]), real(quantity[p + 1])
        c, d = real(quantity[p + 2]), real(quantity[p + 3])
        e, f = real(quantity[p + 4]), real(quantity[p + 5])
        g, h = real(quantity[p + 6]), real(quantity[p + 7])
        for s in range(scenarios):
            started = (total[s] + a * table[i, s]) + b * table[j, s]
            halfway = (started + c * table[k, s]) + d * table[m, s]
            onward = (halfway + e * table[n, s]) + f * table[o, s]
            total[s] = (onward + g * table[r, s]) + h * table[t, s]
        p += 8
    while p < last:
        i, j, k, m = _four_rows(row, p)
        a, b = real(quantity[p]), real(quantity[p + 1])
        c, d = real(quantity[p + 2]), real(quantity[p + 3])
        for s in range(scenarios):
            started = (total[s] + a * table[i, s]) + b * table[j, s]
            total[s] = (started + c * table[k, s]) + d * table[m, s]
        p += 4


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _set_positions(
    first: int, last: int, row: Codes, quantity: Vector, table: Matrix, total: Vector
) -> int:
    """Set ``total`` to the sum of the first one to four positions, so that fours are left."""
    scenarios, lead = table.shape[1], min((last - first - 1) % 4 + 1, last - first)
    real = total.dtype.type
    if lead <= 0:
        for s in range(scenarios):
            total[s] = 0
        return last
    i, a = np.uint64(row[first]), real(quantity[first])
    if lead == 1:
        for s in range(scenarios):
            total[s] = a * table[i, s]
        return first + 1
    j, b = np.uint64(row[first + 1]), real(quantity[first + 1])
    if lead == 2:
        for s in range(scenarios):
            total[s] = a * table[i, s] + b * table[j, s]
        return first + 2
    k, c = np.uint64(row[first + 2]), real(quantity[first + 2])
    if lead == 3:
        for s in range(scenarios):
            total[s] = (a * table[i, s] + b * table[j, s]) + c * table[k, s]
        return first + 3
    m, d = np.uint64(row[first + 3]), real(quantity[first + 3])
    for s in range(scenarios):
        total[s] = ((a * table[i, s] + b * table[j, s]) + c * table[k, s]) + d * table[m, s]
    return first + 4


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _four_rows(row: Codes, p: int) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    return np.uint64(row[p]), np.uint64(row[p + 1]), np.uint64(row[p + 2]), np.uint64(row[p + 3])


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def all_within(first: int, last: int, quantity: Vector, most: float) -> bool:
    """Whether no quantity is NaN or larger than ``most``; without a way out, so it vectorises."""
    beyond = 0
    for p in range(first, last):
        beyond += not abs(quantity[p]) <= most
    return beyond == 0


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def lowest(total: Vector, scenarios: int) -> tuple[float, int]:
    """Smallest of the first ``scenarios`` values, and the first place where it stands."""
    if scenarios >= 4 * _BLOCK:
        return _lowest_by_blocks(total, scenarios)
    low, place = total[0], 0
    for s in range(1, scenarios):
        if total[s] < low:
            low, place = total[s], s
    return low, place


@njit(cache=True, nogil=True, error_model="numpy")
def _lowest_by_blocks(total: Vector, scenarios: int) -> tuple[float, int]:
    """`lowest`, looking only into those blocks that hold something lower than before."""
    low, place = total[0], 0
    whole = scenarios - scenarios % _BLOCK
    for start in range(0, whole, _BLOCK):
        if _count_below(total[start : start + _BLOCK], low) > 0:
            for s in range(start, start + _BLOCK):
                if total[s] < low:
                    low, place = total[s], s
    for s in range(whole, scenarios):
        if total[s] < low:
            low, place = total[s], s
    return low, place


@njit(cache=True, nogil=True, error_model="numpy")
def _count_below(part: Vector, level: float) -> np.int32:
    """Count over a fixed number of values with a narrow counter: this is what vectorises."""
    count = np.int32(0)
    for j in range(_BLOCK):
        count += np.int32(part[j] < level)
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def add_account(
    first: int,
    last: int,
    row: Codes,
    quantity: Vector,
    table: Matrix,
    total: Vector,
    wide: Vector,
) -> int:
    """Sum one account into ``total``, or into ``wide`` where float32 would not do.

    Returns 4 or 8, the bytes of the numbers that hold the sum, or 0 without usable quantities.
    """
    few = last - first <= SINGLE_POSITIONS
    if table.itemsize == 4 and few and all_within(first, last, quantity, MOST_CONTRACTS_SINGLE):
        add_positions(first, last, row, quantity, table, total)
        return 4
    if not all_within(first, last, quantity, MOST_CONTRACTS):
        return 0
    add_positions(first, last, row, quantity, table, wide)
    return 8


@njit(cache=True, nogil=True, error_model="numpy")
def worst_of_account(
    first: int,
    last: int,
    row: Codes,
    quantity: Vector,
    table: Matrix,
    total: Vector,
    wide: Vector,
) -> tuple[float, int]:
    """Largest loss of one account and its scenario; NaN and -1 without usable quantities.

    ``total`` (S,) has the type of the table, ``wide`` (S,) is float64.
    """
    held = add_account(first, last, row, quantity, table, total, wide)
    if held == 0:
        return math.nan, -1
    if held == 4:
        low, place = lowest(total, table.shape[1])
        return 0.0 - low, place
    low, place = lowest(wide, table.shape[1])
    return 0.0 - low, place


@njit(cache=True, nogil=True, error_model="numpy")
def all_plain(first: int, last: int, quantity: Vector, table: Matrix) -> bool:
    """Whether none of many accounts' quantities calls for `add_account`'s other ways."""
    most = MOST_CONTRACTS_SINGLE if table.itemsize == 4 else MOST_CONTRACTS
    return all_within(first, last, quantity, most)


@njit(cache=True, nogil=True, error_model="numpy")
def worst_of_chunk(
    start: int,
    stop: int,
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    table: Matrix,
    loss: Vector,
    binding: Codes,
) -> None:
    """Fill ``loss`` and ``binding`` of the accounts ``start`` to ``stop - 1``."""
    scenarios = table.shape[1]
    total, wide = np.empty(scenarios, table.dtype), np.empty(scenarios)
    plain = all_plain(offsets[start], offsets[stop], quantity, table)
    longest = SINGLE_POSITIONS if table.itemsize == 4 else row.size
    for a in range(start, stop):
        first, last = offsets[a], offsets[a + 1]
        if plain and last - first <= longest:
            add_positions(first, last, row, quantity, table, total)
            low, place = lowest(total, scenarios)
            loss[a], binding[a] = 0.0 - low, place
        else:
            loss[a], binding[a] = worst_of_account(first, last, row, quantity, table, total, wide)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def worst_of_chunks(
    offsets: Codes, row: Codes, quantity: Vector, table: Matrix, loss: Vector, binding: Codes
) -> None:
    """`worst_of_chunk` of all accounts by all threads; the same bits."""
    accounts = offsets.size - 1
    for k in prange((accounts + ACCOUNTS_PER_CHUNK - 1) // ACCOUNTS_PER_CHUNK):
        start = k * ACCOUNTS_PER_CHUNK
        stop = min(start + ACCOUNTS_PER_CHUNK, accounts)
        worst_of_chunk(start, stop, offsets, row, quantity, table, loss, binding)


@njit(cache=True, nogil=True, error_model="numpy")
def _touched(
    start: int,
    stop: int,
    picked: Codes,
    starts: Codes,
    stops: Codes,
    row: Codes,
    quantity: Vector,
    loss: Vector,
    binding: Codes,
) -> float:
    """Read something of the cache lines of the accounts ``picked[start:stop]``.

    Nothing but reads: the processor then waits for many accounts' memory at once, where a loop
    that computes in between waits for one after the other, twice as long in all.
    """
    codes, amounts = 0, 0.0
    for i in range(start, stop):
        a = np.uint64(picked[i])
        codes += binding[a]
        amounts += loss[a]
        if starts[a] < stops[a]:
            first, last = np.uint64(starts[a]), np.uint64(stops[a] - 1)
            middle = (first + last) // np.uint64(2)
            codes += row[first] + row[middle] + row[last]
            amounts += quantity[first] + quantity[middle] + quantity[last]
    return amounts + codes


@njit(cache=True, nogil=True, error_model="numpy")
def worst_of_picked(
    start: int,
    stop: int,
    picked: Codes,
    starts: Codes,
    stops: Codes,
    row: Codes,
    quantity: Vector,
    table: Matrix,
    loss: Vector,
    binding: Codes,
) -> float:
    """Fill ``loss`` and ``binding`` (A,) of the accounts ``picked[start:stop]`` and of no other.

    The positions of account ``a`` are the rows ``starts[a]`` to ``stops[a] - 1``. What is returned
    is of no use, but to the compiler, which would leave `_touched` out.
    """
    scenarios, single = table.shape[1], table.itemsize == 4
    total, wide = np.empty(scenarios, table.dtype), np.empty(scenarios)
    most = MOST_CONTRACTS_SINGLE if single else MOST_CONTRACTS
    longest, seen = SINGLE_POSITIONS if single else row.size, 0.0
    for block in range(start, stop, _NEAR_ACCOUNTS):
        end = min(block + _NEAR_ACCOUNTS, stop)
        seen += _touched(block, end, picked, starts, stops, row, quantity, loss, binding)
        for i in range(block, end):
            a = picked[i]
            first, last = starts[a], stops[a]
            if last - first <= longest and all_within(first, last, quantity, most):
                add_positions(first, last, row, quantity, table, total)
                low, binding[a] = lowest(total, scenarios)
                loss[a] = 0.0 - low
            else:
                loss[a], binding[a] = worst_of_account(
                    first, last, row, quantity, table, total, wide
                )
    return seen


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def worst_of_picked_chunks(
    picked: Codes,
    starts: Codes,
    stops: Codes,
    row: Codes,
    quantity: Vector,
    table: Matrix,
    loss: Vector,
    binding: Codes,
) -> None:
    """`worst_of_picked` of all of them by all threads; the same bits."""
    for k in prange((picked.size + ACCOUNTS_PER_CHUNK - 1) // ACCOUNTS_PER_CHUNK):
        start = k * ACCOUNTS_PER_CHUNK
        stop = min(start + ACCOUNTS_PER_CHUNK, picked.size)
        worst_of_picked(start, stop, picked, starts, stops, row, quantity, table, loss, binding)


@njit(cache=True, nogil=True, error_model="numpy")
def rows_within(row: Codes, quantity: Vector, table: Matrix) -> bool:
    """Whether there is a row of the table for every quantity."""
    beyond = 0
    for p in range(row.size):
        beyond += row[p] < 0 or row[p] >= table.shape[0]
    return beyond == 0 and row.size == quantity.size


@njit(cache=True, nogil=True, error_model="numpy")
def worst_of_one(row: Codes, quantity: Vector, table: Matrix) -> tuple[float, int]:
    """Largest loss of one account and its scenario; `NO_SUCH_ROW` for rows beyond the table."""
    if not rows_within(row, quantity, table):
        return math.nan, NO_SUCH_ROW
    scenarios = table.shape[1]
    total, wide = np.empty(scenarios, table.dtype), np.empty(scenarios)
    return worst_of_account(0, row.size, row, quantity, table, total, wide)
