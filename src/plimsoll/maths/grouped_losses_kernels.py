"""Kernels of `plimsoll.maths.grouped_losses`: groups summed, treated in steps, added to cells.

A neutral factor, fraction or dampener leaves every bit as it is, so groups without any take a
shorter way, and the smallest of them one loop. Loops run over plain vectors without branches,
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


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _value_now(first: int, last: int, row: Codes, quantity: Vector, value: Vector) -> float:
    now = 0.0
    for p in range(first, last):
        now += quantity[p] * value[np.uint64(row[p])]
    return now


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _shared(profit: float, share: float, cap: float) -> float:
    """Gain that counts; a loss counts in full."""
    part = profit * share
    capped = part if part < cap else cap
    return capped if profit > 0.0 else profit


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_shared(moved: Vector, share: float, cap: float, total: Vector) -> None:
    for s in range(moved.size):
        total[s] += _shared(moved[s], share, cap)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_single(
    p: int, row: Codes, quantity: Vector, profit: Matrix, share: float, cap: float, total: Vector
) -> None:
    """Add a group of one position."""
    i, a = np.uint64(row[p]), quantity[p]
    for s in range(total.size):
        total[s] += _shared(a * profit[i, s], share, cap)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_double(
    p: int, row: Codes, quantity: Vector, profit: Matrix, share: float, cap: float, total: Vector
) -> None:
    """Add a group of two positions."""
    i, a = np.uint64(row[p]), quantity[p]
    j, b = np.uint64(row[p + 1]), quantity[p + 1]
    for s in range(total.size):
        total[s] += _shared(a * profit[i, s] + b * profit[j, s], share, cap)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_singles(
    p: int,
    row: Codes,
    quantity: Vector,
    profit: Matrix,
    share: float,
    cap: float,
    next_share: float,
    next_cap: float,
    total: Vector,
) -> None:
    """Add two groups of one position each in one pass: most groups are such."""
    i, a = np.uint64(row[p]), quantity[p]
    j, b = np.uint64(row[p + 1]), quantity[p + 1]
    for s in range(total.size):
        one = _shared(a * profit[i, s], share, cap)
        two = _shared(b * profit[j, s], next_share, next_cap)
        total[s] = (total[s] + one) + two


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
        result = _shared(result, share, cap) * fraction[s]
        over = abs(result) - dampener[s]
        kept = over if over > 0.0 else 0.0
        signed = kept if result > 0.0 else -kept
        total[s] += signed if dampener[s] > 0.0 else result


@njit(cache=True, nogil=True, error_model="numpy")
def _scenarios_neutral(worse: Flags, fraction: Vector, dampener: Vector) -> bool:
    """Whether no scenario is treated apart."""
    apart = 0
    for s in range(worse.size):
        apart += worse[s] or fraction[s] != 1.0 or dampener[s] > 0.0
    return apart == 0


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
    scenarios, groups = profit.shape[1], long_factor.size
    light = np.empty(groups, np.bool_)
    plain = _scenarios_neutral(worse_side, fraction, dampener)
    for k in range(groups):
        light[k] = plain and long_factor[k] == 1.0 and short_factor[k] == 1.0
    worse = worse_side.astype(np.float64)
    moved, total = np.empty(scenarios), np.empty(scenarios)
    for c in range(start, stop):
        total[:] = 0.0
        g, end = cell_offsets[c], cell_offsets[c + 1]
        while g < end:
            first, last, k = segment_offsets[g], segment_offsets[g + 1], segment_group[g]
            share, cap = gain_share[k], gain_cap[k]
            g += 1
            if light[k] and last - first == 1:
                n = segment_group[g] if g < end else k
                if g < end and segment_offsets[g + 1] - last == 1 and light[n]:
                    g += 1
                    _add_singles(
                        first, row, quantity, profit, share, cap, gain_share[n], gain_cap[n], total
                    )
                else:
                    _add_single(first, row, quantity, profit, share, cap, total)
            elif light[k] and last - first == 2:
                _add_double(first, row, quantity, profit, share, cap, total)
            elif light[k]:
                add_positions(first, last, row, quantity, profit, moved)
                _add_shared(moved, share, cap, total)
            else:
                add_positions(first, last, row, quantity, profit, moved)
                now = _value_now(first, last, row, quantity, value)
                long, short = long_factor[k], short_factor[k]
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
def sums_of_losses(loss: Vector, offsets: Codes, out: Vector) -> None:
    """Fill ``out`` (U,) with what is positive of ``loss[offsets[u]:offsets[u + 1]]``, summed."""
    for u in range(out.size):
        total = 0.0
        for c in range(offsets[u], offsets[u + 1]):
            total += max(loss[c], 0.0)
        out[u] = total
