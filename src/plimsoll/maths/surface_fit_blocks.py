"""Symmetric positive definite systems of 5 x 5 blocks on and beside the diagonal.

The normal matrix of a surface fit: each expiry has five unknowns and meets only its neighbours.
Block Cholesky costs a fixed amount of work per expiry.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.surface_fit_curve import COORDINATES

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")
def _factor(block: Matrix) -> bool:
    """Lower Cholesky factor in place; False where the block is not positive definite."""
    for j in range(COORDINATES):
        pivot = block[j, j]
        for m in range(j):
            pivot -= block[j, m] * block[j, m]
        if not pivot > 0.0:
            return False
        root = math.sqrt(pivot)
        block[j, j] = root
        for i in range(j + 1, COORDINATES):
            entry = block[i, j]
            for m in range(j):
                entry -= block[i, m] * block[j, m]
            block[i, j] = entry / root
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _forward(lower: Matrix, right: Vector) -> None:
    """Solve L y = right in place."""
    for i in range(COORDINATES):
        for m in range(i):
            right[i] -= lower[i, m] * right[m]
        right[i] /= lower[i, i]


@njit(cache=True, nogil=True, error_model="numpy")
def _backward(lower: Matrix, right: Vector) -> None:
    """Solve L' y = right in place."""
    for i in range(COORDINATES - 1, -1, -1):
        for m in range(i + 1, COORDINATES):
            right[i] -= lower[m, i] * right[m]
        right[i] /= lower[i, i]


@njit(cache=True, nogil=True, error_model="numpy")
def _eliminate(diagonal: Matrix, coupling: Matrix, below: Matrix, rest: Vector, y: Vector) -> None:
    """Take a factored block out of the one below it; ``coupling`` becomes its inverse times L."""
    for column in range(COORDINATES):
        _forward(diagonal, coupling[column])
    for i in range(COORDINATES):
        for j in range(i + 1):
            for m in range(COORDINATES):
                below[i, j] -= coupling[i, m] * coupling[j, m]
        for m in range(COORDINATES):
            rest[i] -= coupling[i, m] * y[m]


@njit(cache=True, nogil=True, error_model="numpy")
def solve_block_tridiagonal(diagonal: Cube, coupling: Cube, right: Matrix) -> bool:
    """Solve in place; everything given is overwritten, ``right`` by the solution.

    Parameters
    ----------
    diagonal : (n, 5, 5)
        Symmetric blocks; their lower triangle is read.
    coupling : (n, 5, 5)
        ``coupling[i]`` is the block of row i + 1 and column i; the last one is not read.
    right : (n, 5)

    Returns
    -------
    bool
        False where the matrix is not positive definite; the contents are then of no use.
    """
    n = right.shape[0]
    for i in range(n):
        if not _factor(diagonal[i]):
            return False
        _forward(diagonal[i], right[i])
        if i + 1 < n:
            _eliminate(diagonal[i], coupling[i], diagonal[i + 1], right[i + 1], right[i])
    for i in range(n - 1, -1, -1):
        if i + 1 < n:
            for column in range(COORDINATES):
                for row in range(COORDINATES):
                    right[i, column] -= coupling[i, row, column] * right[i + 1, row]
        _backward(diagonal[i], right[i])
    return True
