"""Correlated normal innovations of paths, from one random stream for each market.

The normals of market j at bar k of path p depend on the market's own seed, p, k and the horizon
alone: the paths are the same whatever their number, the order of the markets (to the last digits
of a sum) and how they are cut into pieces.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.counter_normals import normal_pairs
from plimsoll.maths.counter_random import random_unit

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Codes = NDArray[np.int64]

_HALF_STEP = 0.5 / 9007199254740992.0


@njit(cache=True, nogil=True, error_model="numpy")
def _add_scaled(row: Vector, weight: float, out: Vector) -> None:
    for i in range(out.size):
        out[i] += weight * row[i]


@njit(cache=True, nogil=True, error_model="numpy")
def correlated_normals(seeds: Codes, root: Matrix, first_path: int, out: Cube) -> None:
    """Fill (bars, markets, paths) with ``root`` times independent normals.

    Parameters
    ----------
    seeds : (N,) int64
        Of each market's stream.
    root : (N, N) float64
        ``root root' = correlation``.
    first_path : int
        Number of the first path of ``out``.
    out : (h, N, P) float64
    """
    bars, markets, paths = out.shape
    pairs = (bars + 1) // 2
    normal = np.empty((2 * pairs, markets, paths))
    for j in range(markets):
        for pair in range(pairs):
            at = first_path * pairs + pair
            normal_pairs(seeds[j], at, pairs, normal[2 * pair, j], normal[2 * pair + 1, j])
    out[:] = 0.0
    for k in range(bars):
        for j in range(markets):
            for i in range(markets):
                if root[j, i] != 0.0:
                    _add_scaled(normal[k, i], root[j, i], out[k, j])


@njit(cache=True, nogil=True)
def open_units(seed: int, first: int, count: int) -> Vector:
    """(count,) uniform numbers in (0, 1), neither end included, of the counters from ``first``."""
    drawn = np.empty(count)
    for i in range(count):
        drawn[i] = random_unit(seed, first + i) + _HALF_STEP
    return drawn
