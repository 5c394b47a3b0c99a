"""Which past rows a simulated path takes: draws by weight, without state.

A draw depends on the seed, the number of the path and the block alone, so paths are the same
whatever their number, their order and the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.counter_random import random_index, random_unit

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _first_above(cumulative: Vector, share: float) -> int:
    """First row whose cumulative weight exceeds ``share``."""
    low, high = 0, cumulative.size - 1
    while low < high:
        middle = (low + high) >> 1
        if cumulative[middle] > share:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True, nogil=True)
def drawn_rows(
    cumulative: Vector, seed: int, paths: int, horizon: int, block_bars: int
) -> IndexMatrix:
    """(paths, horizon) rows, drawn by weight, in blocks of consecutive ones.

    Parameters
    ----------
    cumulative : (T,) float64
        Running sums of the weights with which a row starts a block; of any scale. A row from
        which no whole block follows must have none.
    seed, paths, horizon : int
    block_bars : int
        Rows in a row; 1: each bar is drawn by itself. The last block of a path may be shorter.
    """
    rows = np.empty((paths, horizon), dtype=np.int64)
    blocks, total = (horizon + block_bars - 1) // block_bars, cumulative[-1]
    for path in range(paths):
        for block in range(blocks):
            share = total * random_unit(seed, path * blocks + block)
            first, at = _first_above(cumulative, share), block * block_bars
            for k in range(min(block_bars, horizon - at)):
                rows[path, at + k] = first + k
    return rows


@njit(cache=True, nogil=True)
def stratified_rows(cumulative: Vector, seed: int, count: int) -> Codes:
    """(count,) rows: one drawn by weight within each of ``count`` equal shares of all weight."""
    rows = np.empty(count, dtype=np.int64)
    for draw in range(count):
        share = (draw + random_unit(seed, draw)) / count
        rows[draw] = _first_above(cumulative, cumulative[-1] * share)
    return rows


@njit(cache=True, nogil=True)
def counted_indices(seed: int, counters: Codes, count: int) -> Codes:
    """Uniform indices in 0 .. count - 1, one for each counter."""
    drawn = np.empty(counters.size, dtype=np.int64)
    for i in range(counters.size):
        drawn[i] = random_index(seed, counters[i], count)
    return drawn
