"""Objective of a joint surface fit without its constraints: quotes and Gaussian priors."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.surface_fit_curve import COORDINATES, svi_gradient
from plimsoll.maths.surface_fit_loss import quote_loss_slopes
from plimsoll.maths.surface_fit_problem import LossShape, NormalEquations, SurfaceProblem
from plimsoll.maths.surface_fit_rows import loss_row, residual_row

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")
def quotes_value(problem: SurfaceProblem, loss: LossShape, shapes: Matrix) -> float:
    """Sum of the quotes' losses; infinite where a variance is not positive."""
    residuals, losses = np.empty(problem.k.size), np.empty(problem.k.size)
    for i in range(problem.years.size):
        start, end = problem.first[i], problem.first[i + 1]
        residual_row(
            shapes[i],
            problem.years[i],
            problem.k[start:end],
            problem.vol[start:end],
            problem.half_spread[start:end],
            residuals[start:end],
        )
    loss_row(residuals, loss.body, loss.wall, loss.edge, loss.reach, losses)
    total = 0.0
    for q in range(losses.size):
        total += problem.weight[q] * losses[q]
    return total if math.isfinite(total) else np.inf


@njit(cache=True, nogil=True, error_model="numpy")
def add_outer(block: Matrix, left: Vector, right: Vector, weight: float) -> None:
    """Add weight times left right'."""
    for i in range(COORDINATES):
        scaled = weight * left[i]
        for j in range(COORDINATES):
            block[i, j] += scaled * right[j]


@njit(cache=True, nogil=True, error_model="numpy")
def add_square(block: Matrix, row: Vector, weight: float) -> None:
    """Add the lower triangle of weight times row row'."""
    for i in range(COORDINATES):
        scaled = weight * row[i]
        for j in range(i + 1):
            block[i, j] += scaled * row[j]


@njit(cache=True, nogil=True, error_model="numpy")
def add_quotes(
    problem: SurfaceProblem, loss: LossShape, shapes: Matrix, normal: NormalEquations
) -> None:
    """Add gradient and the lower triangle of the Gauss-Newton matrix of the quotes."""
    row = np.empty(COORDINATES)
    for i in range(problem.years.size):
        shape, years = shapes[i], problem.years[i]
        gradient, block = normal.gradient[i], normal.diagonal[i]
        for q in range(problem.first[i], problem.first[i + 1]):
            w = svi_gradient(shape, problem.k[q], row)
            model, inverse = math.sqrt(w / years), 1.0 / problem.half_spread[q]
            r = (model - problem.vol[q]) * inverse
            slope, curvature = quote_loss_slopes(r, loss.body, loss.wall, loss.edge, loss.reach)
            scale = 0.5 * model * inverse / w
            slope *= problem.weight[q] * scale
            for j in range(COORDINATES):
                gradient[j] += slope * row[j]
            add_square(block, row, problem.weight[q] * curvature * scale * scale)


@njit(cache=True, nogil=True, error_model="numpy")
def priors_value(problem: SurfaceProblem, theta: Matrix) -> float:
    """Half the squared distances to the anchors and between neighbours."""
    total, n = 0.0, problem.years.size
    for i in range(n):
        for j in range(COORDINATES):
            gap = theta[i, j] - problem.anchor[i, j]
            total += 0.5 * problem.anchor_precision[i, j] * gap * gap
            if i + 1 < n:
                step = theta[i + 1, j] - theta[i, j] - problem.link[i, j]
                total += 0.5 * problem.link_precision[i, j] * step * step
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def add_priors(problem: SurfaceProblem, theta: Matrix, normal: NormalEquations) -> None:
    """Add gradient and matrix of the priors."""
    n = problem.years.size
    for i in range(n):
        for j in range(COORDINATES):
            precision = problem.anchor_precision[i, j]
            normal.gradient[i, j] += precision * (theta[i, j] - problem.anchor[i, j])
            normal.diagonal[i, j, j] += precision
            if i + 1 < n:
                precision = problem.link_precision[i, j]
                step = theta[i + 1, j] - theta[i, j] - problem.link[i, j]
                normal.gradient[i, j] -= precision * step
                normal.gradient[i + 1, j] += precision * step
                normal.diagonal[i, j, j] += precision
                normal.diagonal[i + 1, j, j] += precision
                normal.coupling[i, j, j] -= precision
