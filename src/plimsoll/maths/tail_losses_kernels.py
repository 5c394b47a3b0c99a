"""Kernels of `plimsoll.maths.tail_losses`: the k worst of an account's scenarios, without sorting.

The scenarios are dealt into lanes; the k-th lowest of the lanes' minima is at or above the k-th
lowest profit, since k lanes hold one value each that is not above it. So all k stand among the
values not above that bound, a few more than k, found by looking only into lanes whose minimum is
low enough. The bound itself is found by bisection, which need not be exact: any level with at
least k minima not above it will do.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.account_losses_kernels import NO_SUCH_ROW, add_account, rows_within

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

ACCOUNTS_PER_CHUNK = 256
LANES = 128
"""Lanes come in multiples of this: loops of fixed length are what the compiler vectorises."""
_LANES_PER_LOSS = 5
_BISECTIONS = 24
_MORE = 2  # values above k at which bisection stops
_SORTED_BY_RANK = 96


@njit(cache=True, nogil=True, error_model="numpy")
def lanes_for(count: int, scenarios: int) -> int:
    """Number of lanes for the ``count`` lowest of ``scenarios`` values; 0: sort them all."""
    if scenarios <= _SORTED_BY_RANK or count * _LANES_PER_LOSS > max(scenarios, LANES):
        return 0
    groups = max(count * _LANES_PER_LOSS // LANES, 1)
    return groups * LANES


@njit(cache=True, nogil=True, error_model="numpy")
def padded(scenarios: int, lanes: int) -> int:
    """Length of a total whose values fill whole rounds of lanes."""
    width = max(lanes, 1)
    return (scenarios + width - 1) // width * width


@njit(cache=True, nogil=True, error_model="numpy")
def _lower(part: Vector, lane: Vector) -> None:
    for j in range(LANES):
        lane[j] = part[j] if part[j] < lane[j] else lane[j]


@njit(cache=True, nogil=True, error_model="numpy")
def _lane_minima(total: Vector, lanes: Vector) -> None:
    """Minimum of every lane: of the values ``lanes.size`` apart."""
    lanes[:] = total[: lanes.size]
    for start in range(lanes.size, total.size, lanes.size):
        for group in range(0, lanes.size, LANES):
            at = start + group
            _lower(total[at : at + LANES], lanes[group : group + LANES])


@njit(cache=True, nogil=True, error_model="numpy")
def _count_to(part: Vector, level: float) -> np.int32:
    count = np.int32(0)
    for j in range(LANES):
        count += np.int32(part[j] <= level)
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _ends(values: Vector) -> tuple[float, float]:
    low, high = values[0], values[0]
    for j in range(values.size):
        low, high = min(low, values[j]), max(high, values[j])
    return low, high


@njit(cache=True, nogil=True, error_model="numpy")
def _bound(lanes: Vector, filled: int, count: int) -> float:
    """Level with at least ``count`` of the minima not above it, and few more."""
    low, high = _ends(lanes[:filled])
    half = lanes.dtype.type(0.5)
    for _ in range(_BISECTIONS):
        level, found = half * low + half * high, np.int32(0)
        for group in range(0, lanes.size, LANES):
            found += _count_to(lanes[group : group + LANES], level)
        if found < count:
            low = level
        else:
            high = level
            if found <= count + _MORE:
                break
    return high


@njit(cache=True, nogil=True, error_model="numpy")
def _collect(total: Vector, lanes: Vector, level: float, hits: Codes, kept: Vector) -> int:
    """Write the values not above ``level`` to ``kept``, without a branch; return their number."""
    lanes_hit = 0
    for j in range(lanes.size):
        hits[lanes_hit] = j
        lanes_hit += lanes[j] <= level
    found = 0
    for i in range(lanes_hit):
        for s in range(hits[i], total.size, lanes.size):
            value = total[np.uint64(s)]
            kept[found] = value
            found += value <= level
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _sort_by_rank(kept: Vector, found: int, ranked: Vector) -> None:
    """Put each value where its rank says: few values are sorted fastest without branches."""
    values = kept[:found]
    for i in range(found):
        value, rank = values[i], np.int32(0)
        for j in range(found):
            rank += np.int32(values[j] < value)
        for j in range(i):
            rank += np.int32(values[j] == value)
        ranked[rank] = value


@njit(cache=True, nogil=True, error_model="numpy")
def select_lowest(
    total: Vector,
    scenarios: int,
    count: int,
    lanes: Vector,
    hits: Codes,
    kept: Vector,
    ranked: Vector,
) -> None:
    """Write the ``count`` lowest of the first ``scenarios`` values to ``ranked``, ascending.

    ``total`` is padded with infinity to whole rounds of ``lanes``; ``kept`` and ``ranked`` are one
    longer than ``total``, ``hits`` than ``lanes``.
    """
    if lanes.size == 0:
        kept[:scenarios] = total[:scenarios]
        found = scenarios
    else:
        _lane_minima(total, lanes)
        level = _bound(lanes, min(lanes.size, scenarios), count)
        found = _collect(total, lanes, level, hits, kept)
    if found <= _SORTED_BY_RANK:
        _sort_by_rank(kept, found, ranked)
    else:
        ranked[:found] = kept[:found]
        ranked[:found].sort()


@njit(cache=True, nogil=True, error_model="numpy")
def _weigh(ranked: Vector, weights: Matrix, out: Vector) -> None:
    for m in range(weights.shape[0]):
        measure = 0.0
        for i in range(weights.shape[1]):
            measure -= weights[m, i] * ranked[i]
        out[m] = measure


@njit(cache=True, nogil=True, error_model="numpy")
def tail_of_chunk(
    start: int,
    stop: int,
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    table: Matrix,
    weights: Matrix,
    out: Matrix,
) -> None:
    """Fill ``out`` (A, M) of the accounts ``start`` to ``stop - 1``; see `tail_losses`."""
    scenarios, count = table.shape[1], weights.shape[1]
    width = lanes_for(count, scenarios)
    size = padded(scenarios, width)
    total, wide = np.full(size, np.inf, table.dtype), np.full(size, np.inf)
    lanes, wide_lanes = np.empty(width, table.dtype), np.empty(width)
    hits, kept, ranked = np.empty(width + 1, np.int64), np.empty(size + 1), np.empty(size + 1)
    for a in range(start, stop):
        held = add_account(offsets[a], offsets[a + 1], row, quantity, table, total, wide)
        if held == 0:
            out[a] = math.nan
            continue
        if held == 4:
            select_lowest(total, scenarios, count, lanes, hits, kept, ranked)
        else:
            select_lowest(wide, scenarios, count, wide_lanes, hits, kept, ranked)
        _weigh(ranked, weights, out[a])


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def tail_of_chunks(
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    table: Matrix,
    weights: Matrix,
    out: Matrix,
) -> None:
    """`tail_of_chunk` of all accounts by all threads; the same bits."""
    accounts = offsets.size - 1
    for k in prange((accounts + ACCOUNTS_PER_CHUNK - 1) // ACCOUNTS_PER_CHUNK):
        start = k * ACCOUNTS_PER_CHUNK
        stop = min(start + ACCOUNTS_PER_CHUNK, accounts)
        tail_of_chunk(start, stop, offsets, row, quantity, table, weights, out)


@njit(cache=True, nogil=True, error_model="numpy")
def tail_of_one(row: Codes, quantity: Vector, table: Matrix, weights: Matrix, out: Matrix) -> int:
    """Fill ``out`` (1, M) of one account; return 0, or `NO_SUCH_ROW`."""
    if not rows_within(row, quantity, table) or weights.shape[1] > table.shape[1]:
        return NO_SUCH_ROW
    offsets = np.array([0, row.size])
    tail_of_chunk(0, 1, offsets, row, quantity, table, weights, out)
    return 0
