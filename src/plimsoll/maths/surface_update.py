"""Most probable surface free of arbitrage, given a Gaussian belief and quotes.

Minimised is half of ``sum_i (t_i - m_i)' P_i (t_i - m_i) + sum_q ((vol_q - model_q) / error_q)^2``
over the coordinates t_i of all expiries, under the conditions of the joint surface fit: Gauss-
Newton with Levenberg-Marquardt damping (after Nielsen, 1999) within an augmented Lagrangian.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.surface_fit import augmented_value
from plimsoll.maths.surface_fit_blocks import solve_block_tridiagonal
from plimsoll.maths.surface_fit_constraints import add_conditions
from plimsoll.maths.surface_fit_curve import COORDINATES, SHAPE, svi_gradient, svi_shape
from plimsoll.maths.surface_fit_objective import add_quotes
from plimsoll.maths.surface_fit_problem import LossShape, NormalEquations, SurfaceProblem

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

_SQUARED = (0.0, 1.0, -1e-30, np.inf)
"""Loss r^2 / 2 of a residual in standard errors; an edge of 0 would leave r = 0 no curvature."""
_FIRST_DAMPING, _LEAST_DAMPING, _LARGEST_DAMPING = 1e-6, 1e-12, 1e12
_LONGEST_STEP = 1.0


class SurfaceBelief(NamedTuple):
    """Gaussian belief in the coordinates of n expiries, independent of each other.

    Parameters
    ----------
    mean : (n, 5)
    precision : (n, 5, 5)
        Inverse covariances, positive definite.
    """

    mean: Matrix
    precision: Cube


@njit(cache=True, nogil=True, error_model="numpy")
def belief_value(belief: SurfaceBelief, theta: Matrix) -> float:
    """Half the squared distance to the mean."""
    total = 0.0
    for i in range(theta.shape[0]):
        for j in range(COORDINATES):
            gap = theta[i, j] - belief.mean[i, j]
            for m in range(COORDINATES):
                total += 0.5 * gap * belief.precision[i, j, m] * (theta[i, m] - belief.mean[i, m])
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _add_belief(belief: SurfaceBelief, theta: Matrix, normal: NormalEquations) -> None:
    for i in range(theta.shape[0]):
        for j in range(COORDINATES):
            for m in range(COORDINATES):
                precision = belief.precision[i, j, m]
                normal.gradient[i, j] += precision * (theta[i, m] - belief.mean[i, m])
                normal.diagonal[i, j, m] += precision


@njit(cache=True, nogil=True, error_model="numpy")
def posterior_value(
    problem: SurfaceProblem,
    belief: SurfaceBelief,
    theta: Matrix,
    multipliers: Cube,
    penalty: float,
    shapes: Matrix,
    found: Cube,
) -> float:
    """Belief, quotes and conditions (none for a penalty of zero); infinite outside.

    The problem's own priors are to have no precision.
    """
    loss = LossShape(_SQUARED[0], _SQUARED[1], _SQUARED[2], _SQUARED[3])
    value: float = augmented_value(problem, loss, theta, multipliers, penalty, shapes, found)
    return value + belief_value(belief, theta)


@njit(cache=True, nogil=True, error_model="numpy")
def _equations(
    problem: SurfaceProblem,
    belief: SurfaceBelief,
    theta: Matrix,
    multipliers: Cube,
    penalty: float,
    shapes: Matrix,
    found: Cube,
    normal: NormalEquations,
) -> None:
    """Gradient and Gauss-Newton matrix at ``theta``."""
    normal.gradient[:] = 0.0
    normal.diagonal[:] = 0.0
    normal.coupling[:] = 0.0
    for i in range(theta.shape[0]):
        svi_shape(theta[i], problem.deviation[i], shapes[i])
    loss = LossShape(_SQUARED[0], _SQUARED[1], _SQUARED[2], _SQUARED[3])
    add_quotes(problem, loss, shapes, normal)
    _add_belief(belief, theta, normal)
    if penalty > 0.0:
        add_conditions(problem, shapes, found, multipliers, penalty, normal)


@njit(cache=True, nogil=True, error_model="numpy")
def _step(
    normal: NormalEquations, damping: float, diagonal: Cube, coupling: Cube, step: Matrix
) -> float:
    """Damped step into ``step``; the fall it promises, NaN where there is none."""
    diagonal[:] = normal.diagonal
    coupling[:] = normal.coupling
    for i in range(step.shape[0]):
        for j in range(COORDINATES):
            diagonal[i, j, j] *= 1.0 + damping
            step[i, j] = -normal.gradient[i, j]
    if not solve_block_tridiagonal(diagonal, coupling, step):
        return np.nan
    fall = 0.0
    for i in range(step.shape[0]):
        for j in range(COORDINATES):
            scaled = damping * normal.diagonal[i, j, j] * step[i, j]
            fall += 0.5 * step[i, j] * (scaled - normal.gradient[i, j])
    return fall


@njit(cache=True, nogil=True, error_model="numpy")
def minimise_posterior(
    problem: SurfaceProblem,
    belief: SurfaceBelief,
    theta: Matrix,
    multipliers: Cube,
    penalty: float,
    iterations: int,
    tolerance: float,
    found: Cube,
) -> tuple[float, int]:
    """Minimise over ``theta`` (n, 5), overwritten; value and iterations.

    ``found`` (n, FAMILIES, J) holds the conditions at the result where ``penalty`` is positive.
    Ends with the step of which the quadratic model promises less than ``tolerance``.
    """
    n = theta.shape[0]
    shapes, trial, step = np.empty((n, SHAPE)), np.empty_like(theta), np.empty_like(theta)
    tried, blocks = np.ones_like(found), (n, COORDINATES, COORDINATES)
    normal = NormalEquations(np.empty((n, COORDINATES)), np.empty(blocks), np.empty(blocks))
    diagonal, coupling = np.empty(blocks), np.empty(blocks)
    value = posterior_value(problem, belief, theta, multipliers, penalty, shapes, found)
    damping, growth, fresh = _FIRST_DAMPING, 2.0, True
    for iteration in range(iterations):
        if fresh:
            _equations(problem, belief, theta, multipliers, penalty, shapes, found, normal)
        promised = _step(normal, damping, diagonal, coupling, step)
        reached, longest = np.inf, np.abs(step).max()
        if math.isfinite(promised) and longest <= _LONGEST_STEP:
            trial[:] = theta + step
            reached = posterior_value(problem, belief, trial, multipliers, penalty, shapes, tried)
        fresh = reached < value
        if promised < tolerance:
            if fresh:
                value = reached
                theta[:] = trial
                found[:] = tried
            return value, iteration + 1
        if fresh:
            ratio = (value - reached) / promised
            damping = max(damping * max(1.0 / 9.0, 1.0 - (2.0 * ratio - 1.0) ** 3), _LEAST_DAMPING)
            growth, value = 2.0, reached
            theta[:] = trial
            found[:] = tried
        else:
            damping, growth = max(damping, 1e-6) * growth, 2.0 * growth
            if damping > _LARGEST_DAMPING:
                return value, iteration
    return value, iterations


@njit(cache=True, nogil=True, error_model="numpy")
def posterior_precision(
    problem: SurfaceProblem, belief: SurfaceBelief, theta: Matrix, precision: Cube
) -> None:
    """Lower triangles of belief's and quotes' information at ``theta``, into the last (n, 5, 5)."""
    n = theta.shape[0]
    shapes = np.empty((n, SHAPE))
    for i in range(n):
        svi_shape(theta[i], problem.deviation[i], shapes[i])
    precision[:] = belief.precision
    unused = np.empty((n, COORDINATES))
    loss = LossShape(_SQUARED[0], _SQUARED[1], _SQUARED[2], _SQUARED[3])
    add_quotes(problem, loss, shapes, NormalEquations(unused, precision, precision))


@njit(cache=True, nogil=True, error_model="numpy")
def predicted_quotes(
    problem: SurfaceProblem, theta: Matrix, volatility: Vector, slope: Matrix
) -> None:
    """Volatilities (N,) of a surface at the quotes, and their derivatives (N, 5)."""
    shape = np.empty(SHAPE)
    for i in range(theta.shape[0]):
        svi_shape(theta[i], problem.deviation[i], shape)
        for q in range(problem.first[i], problem.first[i + 1]):
            w = svi_gradient(shape, problem.k[q], slope[q])
            volatility[q] = math.sqrt(w / problem.years[i])
            for j in range(COORDINATES):
                slope[q, j] *= 0.5 * volatility[q] / w
