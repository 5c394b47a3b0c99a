"""Kernels of `plimsoll.maths.grouped_losses`: groups summed, treated in steps, added to cells.

A neutral factor, fraction or dampener leaves every bit as it is, so where gains that count in part
are the only rule there is a shorter way. Loops run over plain vectors without branches,
which is what the compiler vectorises; columns come out of their tuples once per call, since
arrays handed on per group cost more than the arithmetic.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.account_losses_kernels import add_positions, lowest

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

CELLS_PER_CHUNK = 1_024
UNITS_PER_CHUNK = 16_384


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _value_now(first: int, last: int, row: Codes, quantity: Vector, value: Vector) -> float:
    now = 0.0
    for p in range(first, last):
        now += quantity[p] * value[np.uint64(row[p])]
    return now


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _shared(profit: float, share: float, cap: float) -> float:
    """Gain that counts; a loss counts in full.

    For a share of 0 to 1 and a cap that is not negative (`_gains_only`) a loss is the smallest of
    the three, and a gain's counted part: two minima take less than a choice by sign.
    """
    part = profit * share
    counted = part if part < profit else profit
    return cap if cap < counted else counted


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_shared(moved: Vector, share: float, cap: float, total: Vector) -> None:
    for s in range(total.size):
        total[s] += _shared(moved[s], share, cap)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_single(
    i: np.uint64, a: float, share: float, cap: float, profit: Matrix, total: Vector
) -> None:
    """Add a group of one position, ``a`` contracts of the row ``i``."""
    for s in range(total.size):
        total[s] += _shared(a * profit[i, s], share, cap)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_double(
    i: np.uint64,
    a: float,
    j: np.uint64,
    b: float,
    share: float,
    cap: float,
    profit: Matrix,
    total: Vector,
) -> None:
    """Add a group of two positions."""
    for s in range(total.size):
        total[s] += _shared(a * profit[i, s] + b * profit[j, s], share, cap)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_singles(
    i: np.uint64,
    a: float,
    share: float,
    cap: float,
    j: np.uint64,
    b: float,
    next_share: float,
    next_cap: float,
    profit: Matrix,
    total: Vector,
) -> None:
    """Add two groups of one position each in one pass."""
    for s in range(total.size):
        one = _shared(a * profit[i, s], share, cap)
        two = _shared(b * profit[j, s], next_share, next_cap)
        total[s] = (total[s] + one) + two


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _counted(profit: float, share: float, cap: float) -> float:
    """`_shared` for any share and cap."""
    part = profit * share
    capped = part if part < cap else cap
    return capped if profit > 0.0 else profit


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_treated(
    moved: Vector,
    now: float,
    long: float,
    short: float,
    share: float,
    cap: float,
    worse: Vector,
    fraction: Vector,
    dampener: Vector,
    total: Vector,
) -> None:
    """Take every step; written without branches, and a factor of one leaves the profit."""
    for s in range(moved.size):
        profit = moved[s]
        shocked = now + profit
        factor = long if shocked >= 0.0 else short
        result = profit if factor == 1.0 else factor * shocked - now
        lost = -abs(result)
        result = lost if worse[s] > 0.0 else result
        result = _counted(result, share, cap) * fraction[s]
        over = abs(result) - dampener[s]
        kept = over if over > 0.0 else 0.0
        signed = kept if result > 0.0 else -kept
        total[s] += signed if dampener[s] > 0.0 else result


@njit(cache=True, nogil=True, error_model="numpy")
def _gains_only(
    long_factor: Vector,
    short_factor: Vector,
    gain_share: Vector,
    gain_cap: Vector,
    worse_side: Flags,
    fraction: Vector,
    dampener: Vector,
) -> bool:
    """Whether gains that count in part are the only rule there is, within its usual bounds."""
    apart = 0
    for s in range(worse_side.size):
        apart += worse_side[s] or fraction[s] != 1.0 or dampener[s] > 0.0
    for k in range(long_factor.size):
        apart += long_factor[k] != 1.0 or short_factor[k] != 1.0
        apart += not (0.0 <= gain_share[k] <= 1.0 and gain_cap[k] >= 0.0)
    return apart == 0


@njit(cache=True, nogil=True, error_model="numpy")
def _gains_of_chunk(
    start: int,
    stop: int,
    row: Codes,
    quantity: Vector,
    segment_offsets: Codes,
    segment_group: Codes,
    cell_offsets: Codes,
    profit: Matrix,
    gain_share: Vector,
    gain_cap: Vector,
    out: Matrix,
    loss: Vector,
    binding: Codes,
) -> None:
    """`profits_of_chunk` where `_gains_only`: groups of one and two positions in one loop each.

    Most groups are such, and two groups of one position are taken together.
    """
    scenarios = profit.shape[1]
    moved, total = np.empty(scenarios), np.empty(scenarios)
    for c in range(start, stop):
        total[:] = 0.0
        g, end = cell_offsets[c], cell_offsets[c + 1]
        while g < end:
            first, last, k = segment_offsets[g], segment_offsets[g + 1], segment_group[g]
            share, cap = gain_share[k], gain_cap[k]
            g += 1
            if last - first == 1:
                i, a = np.uint64(row[first]), quantity[first]
                if g < end and segment_offsets[g + 1] - last == 1:
                    j, b, n = np.uint64(row[last]), quantity[last], segment_group[g]
                    g += 1
                    _add_singles(i, a, share, cap, j, b, gain_share[n], gain_cap[n], profit, total)
                else:
                    _add_single(i, a, share, cap, profit, total)
            elif last - first == 2:
                i, a = np.uint64(row[first]), quantity[first]
                j, b = np.uint64(row[first + 1]), quantity[first + 1]
                _add_double(i, a, j, b, share, cap, profit, total)
            else:
                add_positions(first, last, row, quantity, profit, moved)
                _add_shared(moved, share, cap, total)
        if out.shape[0] > 0:
            out[c] = total
        else:
            low, binding[c] = lowest(total, scenarios)
            loss[c] = -low


@njit(cache=True, nogil=True, error_model="numpy")
def profits_of_chunk(
    start: int,
    stop: int,
    row: Codes,
    quantity: Vector,
    segment_offsets: Codes,
    segment_group: Codes,
    cell_offsets: Codes,
    profit: Matrix,
    value: Vector,
    long_factor: Vector,
    short_factor: Vector,
    gain_share: Vector,
    gain_cap: Vector,
    worse_side: Flags,
    fraction: Vector,
    dampener: Vector,
    out: Matrix,
    loss: Vector,
    binding: Codes,
) -> None:
    """Treat the cells ``start`` to ``stop - 1``: fill ``out``, or where it has no rows the rest.

    ``out`` (C, S) takes profits; ``loss`` and ``binding`` (C,) the worst of them.
    """
    rules = long_factor, short_factor, gain_share, gain_cap, worse_side, fraction, dampener
    if _gains_only(*rules):
        _gains_of_chunk(
            start,
            stop,
            row,
            quantity,
            segment_offsets,
            segment_group,
            cell_offsets,
            profit,
            gain_share,
            gain_cap,
            out,
            loss,
            binding,
        )
        return
    scenarios, worse = profit.shape[1], worse_side.astype(np.float64)
    moved, total = np.empty(scenarios), np.empty(scenarios)
    for c in range(start, stop):
        total[:] = 0.0
        for g in range(cell_offsets[c], cell_offsets[c + 1]):
            first, last, k = segment_offsets[g], segment_offsets[g + 1], segment_group[g]
            add_positions(first, last, row, quantity, profit, moved)
            now = _value_now(first, last, row, quantity, value)
            long, short = long_factor[k], short_factor[k]
            share, cap = gain_share[k], gain_cap[k]
            _add_treated(moved, now, long, short, share, cap, worse, fraction, dampener, total)
        if out.shape[0] > 0:
            out[c] = total
        else:
            low, binding[c] = lowest(total, scenarios)
            loss[c] = -low


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def profits_of_chunks(
    row: Codes,
    quantity: Vector,
    segment_offsets: Codes,
    segment_group: Codes,
    cell_offsets: Codes,
    profit: Matrix,
    value: Vector,
    long_factor: Vector,
    short_factor: Vector,
    gain_share: Vector,
    gain_cap: Vector,
    worse_side: Flags,
    fraction: Vector,
    dampener: Vector,
    out: Matrix,
    loss: Vector,
    binding: Codes,
) -> None:
    """`profits_of_chunk` of all cells by all threads; the same bits."""
    cells = cell_offsets.size - 1
    for k in prange((cells + CELLS_PER_CHUNK - 1) // CELLS_PER_CHUNK):
        start = k * CELLS_PER_CHUNK
        stop = min(start + CELLS_PER_CHUNK, cells)
        profits_of_chunk(
            start,
            stop,
            row,
            quantity,
            segment_offsets,
            segment_group,
            cell_offsets,
            profit,
            value,
            long_factor,
            short_factor,
            gain_share,
            gain_cap,
            worse_side,
            fraction,
            dampener,
            out,
            loss,
            binding,
        )


@njit(cache=True, nogil=True, error_model="numpy")
def sums_of_chunk(start: int, stop: int, loss: Vector, offsets: Codes, out: Vector) -> None:
    """Fill ``out`` (U,) with what is positive of ``loss[offsets[u]:offsets[u + 1]]``, summed."""
    for u in range(start, stop):
        total = 0.0
        for c in range(offsets[u], offsets[u + 1]):
            total += max(loss[c], 0.0)
        out[u] = total


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def sums_of_chunks(loss: Vector, offsets: Codes, out: Vector) -> None:
    """`sums_of_chunk` of all units by all threads; the same bits."""
    for k in prange((out.size + UNITS_PER_CHUNK - 1) // UNITS_PER_CHUNK):
        start = k * UNITS_PER_CHUNK
        sums_of_chunk(start, min(start + UNITS_PER_CHUNK, out.size), loss, offsets, out)
