"""Kendall's tau-b by Knight's (1966) algorithm: sort by one column, count swaps in the other."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ranks = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]

_RUN = 8


@njit(cache=True, nogil=True, error_model="numpy")
def _sort_runs(values: Ranks) -> int:
    """Sort stretches of `_RUN` by insertion; the number of swaps."""
    swaps = 0
    for first in range(0, values.size, _RUN):
        for i in range(first + 1, min(first + _RUN, values.size)):
            value, k = values[i], i - 1
            while k >= first and values[k] > value:
                values[k + 1] = values[k]
                k -= 1
            values[k + 1] = value
            swaps += i - 1 - k
    return swaps


@njit(cache=True, nogil=True, error_model="numpy")
def _merge(source: Ranks, low: int, middle: int, high: int, out: Ranks) -> int:
    """Merge two sorted stretches; the number of swaps it stands for."""
    i, j, k, swaps = low, middle, low, 0
    # Without a branch on the values: which of two random ranks is lower cannot be predicted.
    while i < middle and j < high:
        left, right = source[i], source[j]
        from_right = 1 if right < left else 0
        out[k] = right if right < left else left
        swaps += from_right * (middle - i)
        j += from_right
        i += 1 - from_right
        k += 1
    while i < middle:
        out[k] = source[i]
        i += 1
        k += 1
    while j < high:
        out[k] = source[j]
        j += 1
        k += 1
    return swaps


@njit(cache=True, nogil=True, error_model="numpy")
def count_swaps(values: Ranks, spare: Ranks) -> int:
    """Number of pairs out of order; ``values`` is sorted, ``spare`` is room of the same size."""
    n, width = values.size, _RUN
    swaps = _sort_runs(values)
    source, out, turns = values, spare, 0
    while width < n:
        for low in range(0, n, 2 * width):
            middle = min(low + width, n)
            swaps += _merge(source, low, middle, min(low + 2 * width, n), out)
        source, out = out, source
        width *= 2
        turns += 1
    if turns % 2 == 1:
        values[:] = spare
    return swaps


@njit(cache=True, nogil=True, error_model="numpy")
def _tied_pairs(sorted_ranks: Ranks) -> int:
    """Pairs of equal neighbours' groups in a sorted series."""
    total, run = 0, 1
    for k in range(1, sorted_ranks.size + 1):
        if k < sorted_ranks.size and sorted_ranks[k] == sorted_ranks[k - 1]:
            run += 1
        else:
            total += run * (run - 1) // 2
            run = 1
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _jointly_tied_pairs(x: Ranks, y: Ranks) -> int:
    """Pairs equal in both, of rows sorted by x and then by y."""
    total, run = 0, 1
    for k in range(1, x.size + 1):
        if k < x.size and x[k] == x[k - 1] and y[k] == y[k - 1]:
            run += 1
        else:
            total += run * (run - 1) // 2
            run = 1
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _sort_within_ties(x: Ranks, y: Ranks) -> None:
    """Put y in order wherever x is equal; x is sorted."""
    first = 0
    for k in range(1, x.size + 1):
        if k == x.size or x[k] != x[first]:
            if k - first > 1:
                y[first:k] = np.sort(y[first:k])
            first = k


@njit(cache=True, nogil=True, error_model="numpy")
def kendall_tau_b(x: Ranks, y: Ranks) -> float:
    """Tau-b of two series of ranks, x sorted; NaN where one of them does not vary."""
    n = x.size
    y = y.copy()
    _sort_within_ties(x, y)
    pairs = n * (n - 1) // 2
    tied_x, tied_both = _tied_pairs(x), _jointly_tied_pairs(x, y)
    spare = np.empty(n, dtype=np.int64)
    swaps = count_swaps(y, spare)
    tied_y = _tied_pairs(y)
    if tied_x == pairs or tied_y == pairs:
        return math.nan
    score = pairs - tied_x - tied_y + tied_both - 2 * swaps
    # Two roots, for the product of the two counts does not fit an integer of long series.
    return score / math.sqrt(float(pairs - tied_x)) / math.sqrt(float(pairs - tied_y))


@njit(cache=True, nogil=True, error_model="numpy")
def _common_rows(order: Ranks, x: Ranks, y: Ranks, left: Ranks, right: Ranks) -> int:
    """Write both columns of the rows that both have, in the order of x; their number."""
    count = 0
    for k in range(order.size):
        row = order[k]
        if x[row] >= 0 and y[row] >= 0:
            left[count], right[count] = x[row], y[row]
            count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def kendall_matrix(ranks: IndexMatrix, orders: IndexMatrix, tau: Matrix) -> None:
    """Write tau-b of all pairs of columns, (N, N); NaN where a pair does not vary.

    Parameters
    ----------
    ranks : ndarray of int, shape (N, T)
        Dense ranks of each column, a column a row; -1 for a hole.
    orders : ndarray of int, shape (N, T)
        What sorts each column.
    """
    n, rows = ranks.shape
    for i in prange(n):
        tau[i, i] = 1.0
        left, right = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
        for j in range(i):
            count = _common_rows(orders[i], ranks[i], ranks[j], left, right)
            value = kendall_tau_b(left[:count], right[:count]) if count > 1 else math.nan
            tau[i, j] = value
            tau[j, i] = value


def dense_ranks(panel: Matrix) -> tuple[IndexMatrix, IndexMatrix]:
    """Ranks (N, T) from 0, equal for ties and -1 for NaN, and what sorts each column."""
    columns = panel.T
    orders = np.argsort(columns, axis=1, kind="stable")
    ranks = np.empty(orders.shape, dtype=np.int64)
    for ranked, order, column in zip(ranks, orders, columns, strict=True):
        values = column[order]
        steps = np.concatenate([[0], np.cumsum(values[1:] != values[:-1])])
        ranked[order] = np.where(np.isnan(values), -1, steps)
    return ranks, np.ascontiguousarray(orders.astype(np.int64))
