"""Joint SVI fit of all expiries: Levenberg-Marquardt within an augmented Lagrangian.

Each step solves the Gauss-Newton equations, which are block tridiagonal because an expiry meets
only its neighbours, with damping after Nielsen (1999).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.surface_fit_blocks import solve_block_tridiagonal
from plimsoll.maths.surface_fit_constraints import (
    add_conditions,
    conditions,
    penalty_value,
)
from plimsoll.maths.surface_fit_curve import COORDINATES, SHAPE, svi_shape
from plimsoll.maths.surface_fit_objective import (
    add_priors,
    add_quotes,
    priors_value,
    quotes_value,
)
from plimsoll.maths.surface_fit_problem import LossShape, NormalEquations, SurfaceProblem

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

_FIRST_DAMPING, _LARGEST_DAMPING = 1e-3, 1e12
_LONGEST_STEP = 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def surface_shapes(theta: Matrix, deviation: Vector, shapes: Matrix) -> None:
    """Shapes of all expiries."""
    for i in range(deviation.size):
        svi_shape(theta[i], deviation[i], shapes[i])


@njit(cache=True, nogil=True, error_model="numpy")
def augmented_value(
    problem: SurfaceProblem,
    loss: LossShape,
    theta: Matrix,
    multipliers: Cube,
    penalty: float,
    shapes: Matrix,
    found: Cube,
) -> float:
    """Objective with the conditions' terms (none for a penalty of zero); infinite outside."""
    surface_shapes(theta, problem.deviation, shapes)
    value = quotes_value(problem, loss, shapes)
    if not math.isfinite(value):
        return np.inf
    value += priors_value(problem, theta)
    if penalty > 0.0:
        if not conditions(problem, theta, shapes, found):
            return np.inf
        value += penalty_value(problem, found, multipliers, penalty)
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def _normal_equations(
    problem: SurfaceProblem,
    loss: LossShape,
    theta: Matrix,
    multipliers: Cube,
    penalty: float,
    shapes: Matrix,
    found: Cube,
    normal: NormalEquations,
) -> None:
    normal.gradient[:] = 0.0
    normal.diagonal[:] = 0.0
    normal.coupling[:] = 0.0
    add_quotes(problem, loss, shapes, normal)
    add_priors(problem, theta, normal)
    if penalty > 0.0:
        add_conditions(problem, shapes, found, multipliers, penalty, normal)


@njit(cache=True, nogil=True, error_model="numpy")
def _damped_step(
    normal: NormalEquations, damping: float, diagonal: Cube, coupling: Cube, step: Matrix
) -> bool:
    """Solve for the step into ``step``; False where the matrix is not positive definite."""
    diagonal[:] = normal.diagonal
    coupling[:] = normal.coupling
    for i in range(step.shape[0]):
        for j in range(COORDINATES):
            diagonal[i, j, j] += damping * (normal.diagonal[i, j, j] + 1e-9)
            step[i, j] = -normal.gradient[i, j]
    return solve_block_tridiagonal(diagonal, coupling, step)


@njit(cache=True, nogil=True, error_model="numpy")
def _predicted_fall(normal: NormalEquations, damping: float, step: Matrix) -> float:
    """Fall of the quadratic model along the full step."""
    fall = 0.0
    for i in range(step.shape[0]):
        for j in range(COORDINATES):
            scaled = damping * (normal.diagonal[i, j, j] + 1e-9) * step[i, j]
            fall += 0.5 * step[i, j] * (scaled - normal.gradient[i, j])
    return fall


@njit(cache=True, nogil=True, error_model="numpy")
def minimise_surface(
    problem: SurfaceProblem,
    loss: LossShape,
    theta: Matrix,
    multipliers: Cube,
    penalty: float,
    iterations: int,
    tolerance: float,
    found: Cube,
) -> tuple[float, int]:
    """Minimise over ``theta`` (n, 5), overwritten; value and iterations.

    ``found`` (n, FAMILIES, J) holds the conditions at the result where ``penalty`` is positive.
    Ends where the quadratic model promises less than ``tolerance``.
    """
    n = theta.shape[0]
    shapes, trial, step = np.empty((n, SHAPE)), np.empty_like(theta), np.empty_like(theta)
    tried = np.ones_like(found)
    blocks = (n, COORDINATES, COORDINATES)
    normal = NormalEquations(np.empty((n, COORDINATES)), np.empty(blocks), np.empty(blocks))
    diagonal, coupling = np.empty(blocks), np.empty(blocks)
    value = augmented_value(problem, loss, theta, multipliers, penalty, shapes, found)
    damping, growth, fresh = _FIRST_DAMPING, 2.0, True
    for iteration in range(iterations):
        if fresh:
            _normal_equations(problem, loss, theta, multipliers, penalty, shapes, found, normal)
        solved = _damped_step(normal, damping, diagonal, coupling, step)
        predicted = _predicted_fall(normal, damping, step) if solved else 0.0
        if solved and predicted < tolerance:
            return value, iteration
        reached = np.inf
        if solved and np.abs(step).max() <= _LONGEST_STEP:
            trial[:] = theta + step
            reached = augmented_value(problem, loss, trial, multipliers, penalty, shapes, tried)
        fresh = reached < value
        if fresh:
            ratio = (value - reached) / predicted
            damping *= max(1.0 / 3.0, 1.0 - (2.0 * ratio - 1.0) ** 3)
            growth, value = 2.0, reached
            theta[:] = trial
            found[:] = tried
        else:
            surface_shapes(theta, problem.deviation, shapes)
            damping, growth = max(damping, 1e-9) * growth, 2.0 * growth
            if damping > _LARGEST_DAMPING:
                return value, iteration
    return value, iterations
