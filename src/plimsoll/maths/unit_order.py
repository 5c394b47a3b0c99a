"""Order of many small portfolios' positions: by unit, then by a key, ties as they stood.

A general sort of millions of rows knows nothing of their being millions of small ones; counting by
unit and sorting each unit by insertion takes a tenth of its time.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Codes = NDArray[np.int64]

_SMALL = 48


@njit(cache=True, nogil=True)
def _by_unit(unit: Codes, units: int, order: Codes) -> Codes:
    """Fill ``order`` (P,) with rows by rising unit; return where each unit begins (U + 1,)."""
    starts = np.zeros(units + 1, np.int64)
    for p in range(unit.size):
        starts[unit[p] + 1] += 1
    for u in range(units):
        starts[u + 1] += starts[u]
    place = starts[:-1].copy()
    for p in range(unit.size):
        order[place[unit[p]]] = p
        place[unit[p]] += 1
    return starts


@njit(cache=True, nogil=True)
def _insert(order: Codes, key: Codes, first: int, last: int) -> None:
    """Sort ``order[first:last]`` by key, stably."""
    for i in range(first + 1, last):
        row = order[i]
        value, j = key[row], i
        while j > first and key[order[j - 1]] > value:
            order[j] = order[j - 1]
            j -= 1
        order[j] = row


@njit(cache=True, nogil=True)
def order_within_units(unit: Codes, key: Codes, units: int) -> Codes:
    """Return the rows (P,) by rising unit and, within it, rising key; ties in their own order.

    Parameters
    ----------
    unit : (P,) int64
        0 to ``units - 1``.
    key : (P,) int64
    units : int

    Examples
    --------
    >>> order_within_units(np.array([1, 0, 1, 0]), np.array([5, 2, 4, 2]), 2).tolist()
    [1, 3, 2, 0]
    """
    order = np.empty(unit.size, np.int64)
    starts = _by_unit(unit, units, order)
    for u in range(units):
        first, last = starts[u], starts[u + 1]
        if last - first <= _SMALL:
            _insert(order, key, first, last)
        else:
            rows = order[first:last].copy()
            order[first:last] = rows[np.argsort(key[rows], kind="mergesort")]
    return order
