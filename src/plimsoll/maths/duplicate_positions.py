"""Which positions of an account share market, side and margin mode, in one pass over a book."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]


@njit(cache=True, nogil=True)
def duplicate_positions(
    offsets: Codes, market: Codes, quantity: Vector, isolated_margin: Vector, markets: int
) -> Codes:
    """Rows of all positions that are not the only ones of their kind, ascending.

    Parameters
    ----------
    offsets : (A + 1,) int64
        Rows of account ``a`` are ``offsets[a]`` to ``offsets[a + 1] - 1``.
    market : (P,) int64
        0 to ``markets - 1``.
    quantity : (P,) float64
        Positions of 0 and of unknown size (NaN) are nobody's duplicates.
    isolated_margin : (P,) float64
        NaN: cross.

    Examples
    --------
    >>> nan = np.full(4, np.nan)
    >>> book = np.array([0, 3, 4]), np.array([0, 1, 0, 0]), np.array([1.0, 2.0, 3.0, 4.0])
    >>> duplicate_positions(*book, nan, 2).tolist()
    [0, 2]
    """
    found, count = np.empty(16, np.int64), 0
    if _each_market_once(offsets, market, markets):
        return found[:0]
    last = np.full(4 * markets, -1)  # row of the last position of each kind, of any account
    for a in range(offsets.size - 1):
        first = offsets[a]
        for p in range(first, offsets[a + 1]):
            q = quantity[p]
            if q == 0.0 or np.isnan(q):
                continue
            kind = 4 * market[p] + 2 * (q < 0.0) + (not np.isnan(isolated_margin[p]))
            if last[kind] >= first:
                if count + 2 > found.size:
                    found = np.append(found, np.empty(found.size, np.int64))
                found[count], found[count + 1] = last[kind], p
                count += 2
            last[kind] = p
    return np.unique(found[:count])


@njit(cache=True, nogil=True)
def _each_market_once(offsets: Codes, market: Codes, markets: int) -> bool:
    """Whether no account has two positions in a market: what is true of most books, read fast."""
    last, again = np.full(markets, -1, np.int32), 0
    for a in range(offsets.size - 1):
        for p in range(offsets[a], offsets[a + 1]):
            again += last[market[p]] == a
            last[market[p]] = a
    return again == 0
