"""Objective of a joint surface fit without its constraints: quotes and Gaussian priors."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.surface_fit_curve import COORDINATES, svi_curve, svi_gradient
from plimsoll.maths.surface_fit_loss import quote_loss, quote_loss_slopes
from plimsoll.maths.surface_fit_problem import LossShape, NormalEquations, SurfaceProblem

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")
def quotes_value(problem: SurfaceProblem, loss: LossShape, shapes: Matrix) -> float:
    """Sum of the quotes' losses; infinite where a variance is not positive."""
    total = 0.0
    for i in range(problem.years.size):
        shape, years = shapes[i], problem.years[i]
        for q in range(problem.first[i], problem.first[i + 1]):
            w, _, _ = svi_curve(shape, problem.k[q])
            if not w > 0.0:
                return np.inf
            r = (math.sqrt(w / years) - problem.vol[q]) / problem.half_spread[q]
            total += problem.weight[q] * quote_loss(r, loss.body, loss.wall, loss.edge, loss.reach)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def add_outer(block: Matrix, left: Vector, right: Vector, weight: float) -> None:
    """Add weight times left right'."""
    for i in range(COORDINATES):
        scaled = weight * left[i]
        for j in range(COORDINATES):
            block[i, j] += scaled * right[j]


@njit(cache=True, nogil=True, error_model="numpy")
def add_quotes(
    problem: SurfaceProblem, loss: LossShape, shapes: Matrix, normal: NormalEquations
) -> None:
    """Add gradient and Gauss-Newton matrix of the quotes."""
    row = np.empty(COORDINATES)
    for i in range(problem.years.size):
        shape, years = shapes[i], problem.years[i]
        gradient, block = normal.gradient[i], normal.diagonal[i]
        for q in range(problem.first[i], problem.first[i + 1]):
            w, _, _ = svi_curve(shape, problem.k[q])
            model, half = math.sqrt(w / years), problem.half_spread[q]
            r = (model - problem.vol[q]) / half
            slope, curvature = quote_loss_slopes(r, loss.body, loss.wall, loss.edge, loss.reach)
            svi_gradient(shape, problem.k[q], row)
            scale, weight = 0.5 * model / (w * half), problem.weight[q]
            for j in range(COORDINATES):
                row[j] *= scale
                gradient[j] += weight * slope * row[j]
            add_outer(block, row, row, weight * curvature)


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
