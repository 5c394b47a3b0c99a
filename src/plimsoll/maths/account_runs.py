"""Positions of accounts in columns, found in one pass: runs of slots, and who holds what."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Codes = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]

_LINE = 8  # values of a cache line


@njit(cache=True, nogil=True)
def offsets_of(starts: Codes, stops: Codes, accounts: Codes) -> Codes:
    """Offsets (K + 1,) of the positions of ``accounts`` put together.

    Parameters
    ----------
    starts, stops : (A,) int64
        Account ``a`` has the slots ``starts[a]`` to ``stops[a] - 1``.
    accounts : (K,) int64
        0 to A - 1.

    Examples
    --------
    >>> offsets_of(np.array([0, 2, 7]), np.array([2, 3, 7]), np.array([1, 0, 2])).tolist()
    [0, 1, 3, 3]
    """
    offsets = np.empty(accounts.size + 1, np.int64)
    offsets[0] = 0
    for k in range(accounts.size):
        offsets[k + 1] = offsets[k] + stops[accounts[k]] - starts[accounts[k]]
    return offsets


@njit(cache=True, nogil=True)
def slots_of(starts: Codes, stops: Codes, accounts: Codes) -> tuple[Codes, Codes]:
    """Offsets (K + 1,) of the positions of ``accounts`` (K,) put together, and each one's slot.

    Arguments as of `offsets_of`.

    Examples
    --------
    >>> found = slots_of(np.array([0, 2, 7]), np.array([2, 3, 7]), np.array([1, 0, 2]))
    >>> [column.tolist() for column in found]
    [[0, 1, 3, 3], [2, 0, 1]]
    """
    offsets = offsets_of(starts, stops, accounts)
    slots = np.empty(offsets[-1], np.int64)
    for k in range(accounts.size):
        first = starts[accounts[k]] - offsets[k]
        for p in range(offsets[k], offsets[k + 1]):
            slots[p] = first + p
    return offsets, slots


@njit(cache=True, nogil=True)
def values_of(column: Codes, starts: Codes, accounts: Codes, offsets: Codes) -> Codes:
    """(P,) values of a column in the slots of ``accounts``, run by run.

    ``offsets`` are those of `offsets_of`. Runs lie far apart in memory: reading their ends first
    lets the processor fetch many of them at a time, where copying waits for one after the other.

    Examples
    --------
    >>> column, starts, accounts = np.array([5, 6, 7]), np.array([0, 2]), np.array([1, 0])
    >>> values_of(column, starts, accounts, np.array([0, 1, 3])).tolist()
    [7, 5, 6]
    """
    found = np.empty(offsets[-1], np.int64)
    if found.size:
        found[0] = _fetched(column, starts, accounts, offsets)
    for k in range(accounts.size):
        first = starts[accounts[k]] - offsets[k]
        for p in range(offsets[k], offsets[k + 1]):
            found[p] = column[first + p]
    return found


@njit(cache=True, nogil=True)
def _fetched(column: Codes, starts: Codes, accounts: Codes, offsets: Codes) -> int:
    """Read a value of each cache line of short runs; what comes of it is of no use."""
    read = 0
    for k in range(accounts.size):
        first, count = starts[accounts[k]], offsets[k + 1] - offsets[k]
        if count > 0:
            read ^= column[first] ^ column[first + count - 1]
            if count > _LINE:
                read ^= column[first + _LINE]
    return read


@njit(cache=True, nogil=True)
def holders_of(offsets: Codes, market: Codes, markets: int) -> tuple[Codes, NDArray[np.int32]]:
    """Bounds (M + 1,) of each market's holders, and these, ascending and each once.

    Parameters
    ----------
    offsets : (A + 1,) int64
        Positions of account ``a`` are the rows ``offsets[a]`` to ``offsets[a + 1] - 1``.
    market : (P,) int64
        0 to ``markets - 1``.

    Examples
    --------
    >>> bounds, accounts = holders_of(np.array([0, 2, 2, 4]), np.array([1, 0, 1, 1]), 2)
    >>> bounds.tolist(), accounts.tolist()
    ([0, 1, 3], [0, 0, 2])
    """
    bounds, latest = np.zeros(markets + 1, np.int64), np.full(markets, -1, np.int32)
    for a in range(offsets.size - 1):
        for p in range(offsets[a], offsets[a + 1]):
            j = market[p]
            bounds[j + 1] += latest[j] != a
            latest[j] = a
    for j in range(markets):
        bounds[j + 1] += bounds[j]
    following, found = bounds[:-1].copy(), np.empty(bounds[-1], np.int32)
    latest[:] = -1
    for a in range(offsets.size - 1):
        for p in range(offsets[a], offsets[a + 1]):
            j = market[p]
            if latest[j] != a:
                latest[j] = a
                found[following[j]] = a
                following[j] += 1
    return bounds, found


@njit(cache=True, nogil=True)
def put_rows(kept: IndexMatrix, at: Codes, rows: IndexMatrix) -> None:
    """Write ``rows`` (K, C) in place of the rows ``at`` (K,) of ``kept``.

    Examples
    --------
    >>> kept = np.zeros((3, 2), dtype=np.int64)
    >>> put_rows(kept, np.array([2, 0]), np.array([[1, 2], [3, 4]]))
    >>> kept.tolist()
    [[3, 4], [0, 0], [1, 2]]
    """
    for k in range(at.size):
        for c in range(rows.shape[1]):
            kept[at[k], c] = rows[k, c]
