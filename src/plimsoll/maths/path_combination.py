"""Weighted sums of rows of paths, four rows at a time: products of small matrices by wide ones.

Each entry is a chain of fused multiply-adds in the order of the rows, so its bits do not depend on
the number of paths.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.machine_arithmetic import fma

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ROWS = 4
"""Rows of a tile."""


@njit(cache=True, nogil=True)
def whole_tiles(rows: int) -> int:
    """Smallest multiple of `ROWS` that is at least ``rows``."""
    return (rows + ROWS - 1) // ROWS * ROWS


@njit(cache=True, nogil=True, error_model="numpy")
def _add_tile(w: Matrix, j: int, k: int, rows: Matrix, out: Matrix) -> None:
    """Add ``w[j:j+4, k:k+4] rows[k:k+4]`` to ``out[j:j+4]``."""
    a0, a1, a2, a3 = w[j, k], w[j, k + 1], w[j, k + 2], w[j, k + 3]
    b0, b1, b2, b3 = w[j + 1, k], w[j + 1, k + 1], w[j + 1, k + 2], w[j + 1, k + 3]
    c0, c1, c2, c3 = w[j + 2, k], w[j + 2, k + 1], w[j + 2, k + 2], w[j + 2, k + 3]
    d0, d1, d2, d3 = w[j + 3, k], w[j + 3, k + 1], w[j + 3, k + 2], w[j + 3, k + 3]
    one, two, three, four = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
    first, second, third, fourth = out[j], out[j + 1], out[j + 2], out[j + 3]
    for i in range(one.size):
        p, q, r, s = one[i], two[i], three[i], four[i]
        first[i] = fma(a3, s, fma(a2, r, fma(a1, q, fma(a0, p, first[i]))))
        second[i] = fma(b3, s, fma(b2, r, fma(b1, q, fma(b0, p, second[i]))))
        third[i] = fma(c3, s, fma(c2, r, fma(c1, q, fma(c0, p, third[i]))))
        fourth[i] = fma(d3, s, fma(d2, r, fma(d1, q, fma(d0, p, fourth[i]))))


@njit(cache=True, nogil=True, error_model="numpy")
def combine_lower(lower: Matrix, rows: Matrix, out: Matrix) -> None:
    """Fill ``out`` with ``lower rows``.

    Parameters
    ----------
    lower : (J, J) float64
        Lower triangle, J a whole number of tiles; zeros where there is nothing.
    rows, out : (J, P) float64
    """
    out[:] = 0.0
    for j in range(0, out.shape[0], ROWS):
        for k in range(0, j + ROWS, ROWS):
            _add_tile(lower, j, k, rows, out)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_one(weight: float, row: Vector, out: Vector) -> None:
    for i in range(out.size):
        out[i] = fma(weight, row[i], out[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _add_four(weights: Vector, k: int, rows: Matrix, out: Vector) -> None:
    a, b, c, d = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
    one, two, three, four = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
    for i in range(out.size):
        out[i] = fma(d, four[i], fma(c, three[i], fma(b, two[i], fma(a, one[i], out[i]))))


@njit(cache=True, nogil=True, error_model="numpy")
def add_weighted(weights: Vector, rows: Matrix, out: Vector) -> None:
    """Add to ``out`` (P,) the rows (J, P) by their ``weights`` (J,); those of none are not read."""
    k, count = 0, weights.size
    while k < count:
        if k + ROWS <= count and np.all(weights[k : k + ROWS] != 0.0):
            _add_four(weights, k, rows, out)
            k += ROWS
        else:
            if weights[k] != 0.0:
                _add_one(weights[k], rows[k], out)
            k += 1
