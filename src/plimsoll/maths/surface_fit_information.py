"""Information of the quotes about a fitted surface, and the inverse of the whole of it."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.surface_fit_curve import COORDINATES, SHAPE, svi_gradient, svi_shape
from plimsoll.maths.surface_fit_objective import add_priors, add_square
from plimsoll.maths.surface_fit_problem import NormalEquations, SurfaceProblem
from plimsoll.maths.surface_fit_rows import residual_row

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")
def quote_residuals(problem: SurfaceProblem, theta: Matrix, residuals: Vector) -> None:
    """Model volatility less the mid's, in half-spreads, into ``residuals``."""
    shape = np.empty(SHAPE)
    for i in range(problem.years.size):
        svi_shape(theta[i], problem.deviation[i], shape)
        start, end = problem.first[i], problem.first[i + 1]
        residual_row(
            shape,
            problem.years[i],
            problem.k[start:end],
            problem.vol[start:end],
            problem.half_spread[start:end],
            residuals[start:end],
        )


@njit(cache=True, nogil=True, error_model="numpy")
def surface_information(
    problem: SurfaceProblem, theta: Matrix, weights: Vector, diagonal: Cube, coupling: Cube
) -> None:
    """Lower triangle of the normal matrix of the quotes, each with its weight, and of the priors.

    ``weights`` (N,) are precisions of residuals in half-spreads; ``diagonal`` and ``coupling``
    as in `plimsoll.maths.surface_fit_blocks.solve_block_tridiagonal`.
    """
    n = theta.shape[0]
    normal = NormalEquations(np.zeros((n, COORDINATES)), diagonal, coupling)
    diagonal[:] = 0.0
    coupling[:] = 0.0
    add_priors(problem, theta, normal)
    shape, row = np.empty(SHAPE), np.empty(COORDINATES)
    for i in range(n):
        svi_shape(theta[i], problem.deviation[i], shape)
        for q in range(problem.first[i], problem.first[i + 1]):
            w = svi_gradient(shape, problem.k[q], row)
            scale = 0.5 * math.sqrt(w / problem.years[i]) / (w * problem.half_spread[q])
            add_square(diagonal[i], row, weights[q] * scale * scale)


def inverse_blocks(diagonal: Cube, coupling: Cube) -> Cube:
    """(n, 5, 5) blocks on the diagonal of the inverse of a block tridiagonal matrix.

    Of the blocks on its diagonal the lower triangle is read.
    """
    n = diagonal.shape[0]
    whole = np.zeros((n, COORDINATES, n, COORDINATES))
    for i in range(n):
        lower = np.tril(diagonal[i])
        whole[i, :, i, :] = lower + np.tril(lower, -1).T
        if i + 1 < n:
            whole[i + 1, :, i, :] = coupling[i]
            whole[i, :, i + 1, :] = coupling[i].T
    size = n * COORDINATES
    inverse = np.linalg.inv(whole.reshape(size, size)).reshape(whole.shape)
    blocks: Cube = np.stack([inverse[i, :, i, :] for i in range(n)])
    return 0.5 * (blocks + blocks.transpose(0, 2, 1))
