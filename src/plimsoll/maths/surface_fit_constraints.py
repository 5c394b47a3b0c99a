"""No-arbitrage conditions of a joint surface fit, as an augmented Lagrangian.

Every condition is c >= 0 and of order one: at each point Durrleman's g of the expiry, the growth
of total variance to the next expiry (as a share of both), and g of the smile between both, a share
of the variance time from one to the other; for each expiry Lee's bound on both wings, a positive
lowest variance, and wings no flatter than those of the expiry before. A condition with multiplier
m and penalty p adds
(max(0, m - p c)^2 - m^2) / 2p (Nocedal and Wright, 2006, ch. 17).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.surface_fit_curve import (
    COORDINATES,
    LOG_LEFT,
    LOG_RIGHT,
    butterfly_partials,
    lowest_variance,
    lowest_variance_gradient,
    svi_curve,
    svi_gradient,
    svi_gradient_of_slopes,
)
from plimsoll.maths.surface_fit_objective import add_outer, add_square
from plimsoll.maths.surface_fit_problem import NormalEquations, SurfaceProblem
from plimsoll.maths.surface_fit_rows import butterfly_row, curve_row, growth_row, mix_row

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

BUTTERFLY, CALENDAR, BETWEEN, WINGS = range(4)
FAMILIES = 4
LEE_LEFT, LEE_RIGHT, LOWEST, ORDER_LEFT, ORDER_RIGHT = range(5)
WING_CONDITIONS = 5
MARGIN_BUTTERFLY, MARGIN_CALENDAR, MARGIN_WINGS = 2e-4, 5e-5, 1e-4
LOWEST_SHARE = 1e-3
STEEPEST_WING = 1.999


@njit(cache=True, nogil=True, error_model="numpy")
def _wing_conditions(theta: Matrix, shapes: Matrix, i: int, lowest: float, wings: Vector) -> None:
    """Conditions of an expiry that need no point."""
    scale = math.log(STEEPEST_WING / shapes[i, 6])
    wings[LEE_LEFT], wings[LEE_RIGHT] = scale - theta[i, LOG_LEFT], scale - theta[i, LOG_RIGHT]
    wings[LOWEST] = lowest / shapes[i, 0] - LOWEST_SHARE
    if i + 1 < shapes.shape[0]:
        ratio = math.log(shapes[i + 1, 6] / shapes[i, 6]) - MARGIN_WINGS
        wings[ORDER_LEFT] = theta[i + 1, LOG_LEFT] - theta[i, LOG_LEFT] + ratio
        wings[ORDER_RIGHT] = theta[i + 1, LOG_RIGHT] - theta[i, LOG_RIGHT] + ratio


@njit(cache=True, nogil=True, error_model="numpy")
def conditions(problem: SurfaceProblem, theta: Matrix, shapes: Matrix, found: Cube) -> bool:
    """All conditions into ``found`` (n, FAMILIES, J); False where a variance is not positive.

    Entries without a meaning (points not in use, the last expiry's pairs) are one.
    """
    n = problem.years.size
    room = np.empty((9, problem.points.shape[1]))
    for i in range(n):
        lowest = lowest_variance(shapes[i])
        if not lowest > 0.0:
            return False
        _wing_conditions(theta, shapes, i, lowest, found[i, WINGS])
        used = problem.counts[i]
        k, here, after, mix = problem.points[i, :used], room[:3], room[3:6], room[6:]
        w, slope, bend = here[0, :used], here[1, :used], here[2, :used]
        curve_row(shapes[i], k, w, slope, bend)
        butterfly_row(k, w, slope, bend, MARGIN_BUTTERFLY, found[i, BUTTERFLY, :used])
        if i + 1 < n:
            curve_row(shapes[i + 1], k, after[0, :used], after[1, :used], after[2, :used])
            growth_row(w, after[0, :used], MARGIN_CALENDAR, found[i, CALENDAR, :used])
            for row in range(3):
                mix_row(
                    here[row, :used], after[row, :used], problem.share[i, :used], mix[row, :used]
                )
            w, slope, bend = mix[0, :used], mix[1, :used], mix[2, :used]
            butterfly_row(k, w, slope, bend, MARGIN_BUTTERFLY, found[i, BETWEEN, :used])
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _used(problem: SurfaceProblem, i: int, family: int) -> int:
    """Conditions of a family that have a meaning."""
    return WING_CONDITIONS if family == WINGS else problem.counts[i]


@njit(cache=True, nogil=True, error_model="numpy")
def penalty_value(problem: SurfaceProblem, found: Cube, multipliers: Cube, penalty: float) -> float:
    """Augmented-Lagrangian terms of all conditions."""
    total = 0.0
    for i in range(problem.years.size):
        for family in range(FAMILIES):
            for p in range(_used(problem, i, family)):
                multiplier = multipliers[i, family, p]
                force = max(0.0, multiplier - penalty * found[i, family, p])
                total += force * force - multiplier * multiplier
    return 0.5 * total / penalty


@njit(cache=True, nogil=True, error_model="numpy")
def _add_one(normal: NormalEquations, i: int, row: Vector, force: float, penalty: float) -> None:
    """Add an active condition on one expiry."""
    for j in range(COORDINATES):
        normal.gradient[i, j] -= force * row[j]
    add_square(normal.diagonal[i], row, penalty)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_two(
    normal: NormalEquations, i: int, row: Vector, after: Vector, force: float, penalty: float
) -> None:
    """Add an active condition on an expiry and its next."""
    _add_one(normal, i, row, force, penalty)
    _add_one(normal, i + 1, after, force, penalty)
    add_outer(normal.coupling[i], after, row, penalty)


@njit(cache=True, nogil=True, error_model="numpy")
def _butterfly_row(
    shape: Vector, k: float, by_value: float, by_slope: float, share: float, work: Matrix
) -> None:
    """Gradient of g by the coordinates of an expiry that makes up ``share``, into work[0]."""
    svi_gradient(shape, k, work[0])
    svi_gradient_of_slopes(shape, k, work[1], work[2])
    for j in range(COORDINATES):
        work[0, j] = share * (by_value * work[0, j] + by_slope * work[1, j] + 0.5 * work[2, j])


@njit(cache=True, nogil=True, error_model="numpy")
def _add_calendar(
    normal: NormalEquations,
    shapes: Matrix,
    i: int,
    k: float,
    force: float,
    penalty: float,
    work: Matrix,
    after: Matrix,
) -> None:
    w, w2 = svi_curve(shapes[i], k)[0], svi_curve(shapes[i + 1], k)[0]
    svi_gradient(shapes[i], k, work[0])
    svi_gradient(shapes[i + 1], k, after[0])
    scale = 2.0 / ((w + w2) * (w + w2))
    for j in range(COORDINATES):
        work[0, j] *= -scale * w2
        after[0, j] *= scale * w
    _add_two(normal, i, work[0], after[0], force, penalty)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_between(
    normal: NormalEquations,
    shapes: Matrix,
    i: int,
    k: float,
    share: float,
    force: float,
    penalty: float,
    work: Matrix,
    after: Matrix,
) -> None:
    w, slope, _ = svi_curve(shapes[i], k)
    w2, slope2, _ = svi_curve(shapes[i + 1], k)
    rest = 1.0 - share
    by_value, by_slope = butterfly_partials(k, rest * w + share * w2, rest * slope + share * slope2)
    _butterfly_row(shapes[i], k, by_value, by_slope, rest, work)
    _butterfly_row(shapes[i + 1], k, by_value, by_slope, share, after)
    _add_two(normal, i, work[0], after[0], force, penalty)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_wings(
    normal: NormalEquations, shapes: Matrix, i: int, force: Vector, penalty: float, row: Vector
) -> None:
    """Add the conditions that need no point."""
    for side in range(2):
        j = LOG_LEFT + side
        if force[LEE_LEFT + side] > 0.0:
            normal.gradient[i, j] += force[LEE_LEFT + side]
            normal.diagonal[i, j, j] += penalty
        if force[ORDER_LEFT + side] > 0.0:
            normal.gradient[i, j] += force[ORDER_LEFT + side]
            normal.gradient[i + 1, j] -= force[ORDER_LEFT + side]
            normal.diagonal[i, j, j] += penalty
            normal.diagonal[i + 1, j, j] += penalty
            normal.coupling[i, j, j] -= penalty
    if force[LOWEST] > 0.0:
        lowest_variance_gradient(shapes[i], row)
        low, level = lowest_variance(shapes[i]), shapes[i, 0]
        row[0] -= low
        for j in range(COORDINATES):
            row[j] /= level
        _add_one(normal, i, row, force[LOWEST], penalty)


@njit(cache=True, nogil=True, error_model="numpy")
def add_conditions(
    problem: SurfaceProblem,
    shapes: Matrix,
    found: Cube,
    multipliers: Cube,
    penalty: float,
    normal: NormalEquations,
) -> None:
    """Add gradient and Gauss-Newton matrix of the active conditions."""
    work, after = np.empty((3, COORDINATES)), np.empty((3, COORDINATES))
    force = np.empty(WING_CONDITIONS)
    for i in range(problem.years.size):
        for c in range(WING_CONDITIONS):
            force[c] = multipliers[i, WINGS, c] - penalty * found[i, WINGS, c]
        _add_wings(normal, shapes, i, force, penalty, work[0])
        for p in range(problem.counts[i]):
            k = problem.points[i, p]
            pull = multipliers[i, BUTTERFLY, p] - penalty * found[i, BUTTERFLY, p]
            if pull > 0.0:
                w, slope, _ = svi_curve(shapes[i], k)
                by_value, by_slope = butterfly_partials(k, w, slope)
                _butterfly_row(shapes[i], k, by_value, by_slope, 1.0, work)
                _add_one(normal, i, work[0], pull, penalty)
            pull = multipliers[i, CALENDAR, p] - penalty * found[i, CALENDAR, p]
            if pull > 0.0:
                _add_calendar(normal, shapes, i, k, pull, penalty, work, after)
            pull = multipliers[i, BETWEEN, p] - penalty * found[i, BETWEEN, p]
            if pull > 0.0:
                _add_between(normal, shapes, i, k, problem.share[i, p], pull, penalty, work, after)


@njit(cache=True, nogil=True, error_model="numpy")
def renew_multipliers(found: Cube, multipliers: Cube, penalty: float) -> float:
    """Multipliers of the next round in place; the largest violation."""
    worst = 0.0
    conditions_, forces = found.ravel(), multipliers.ravel()
    for j in range(forces.size):
        forces[j] = max(0.0, forces[j] - penalty * conditions_[j])
        worst = max(worst, -conditions_[j])
    return worst
