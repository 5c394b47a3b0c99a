"""Where a fitted surface breaks a no-arbitrage condition, on a grid far finer than the fit's.

A point is added to the fit's own conditions at each local minimum that is negative, so that the
next round of the fit sees it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.surface_fit_curve import (
    LOG_LEFT,
    LOG_RIGHT,
    SHAPE,
    svi_shape,
)
from plimsoll.maths.surface_fit_problem import SurfaceProblem
from plimsoll.maths.surface_fit_rows import butterfly_row, curve_row, growth_row, mix_row

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

WIDEST = 3.0
LEE_BOUND = 2.0 - 1e-9
_EVEN, _DENSE = 4001, 600
_DENSE_REACH = 12.0
_SLACK_BUTTERFLY, _SLACK_CALENDAR = 5e-5, 1e-5
"""Room that a condition must have at the points, so that it holds between them."""
_SHARES = (0.25, 0.75)
"""Where the smile between two expiries is checked besides midway in variance time and on the
calendar."""


@njit(cache=True, nogil=True, error_model="numpy")
def sinh_grid(deviation: float, reach: float, points: Vector) -> None:
    """Points from -reach to reach, even in asinh(k / deviation): dense near the money."""
    last = points.size - 1
    far = np.arcsinh(reach / deviation)
    for p in range(last + 1):
        points[p] = deviation * np.sinh(far * (2.0 * p / last - 1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def verification_points(deviation: float, points: Vector) -> None:
    """4,001 even points on [-3, 3], then 600 within twelve standard deviations."""
    for p in range(_EVEN):
        points[p] = WIDEST * (2.0 * p / (_EVEN - 1) - 1.0)
    sinh_grid(deviation, min(_DENSE_REACH * deviation, WIDEST), points[_EVEN:])


@njit(cache=True, nogil=True, error_model="numpy")
def _add_minima(
    problem: SurfaceProblem, i: int, points: Vector, condition: Vector, share: float
) -> int:
    """Add the points of negative local minima while there is room; how many are negative."""
    negative = 0
    for p in range(points.size):
        if condition[p] >= 0.0:
            continue
        negative += 1
        lower_left = p > 0 and points[p - 1] < points[p] and condition[p - 1] < condition[p]
        following = p + 1 < points.size and points[p + 1] > points[p]
        lower_right = following and condition[p + 1] < condition[p]
        if not (lower_left or lower_right) and problem.counts[i] < problem.points.shape[1]:
            problem.points[i, problem.counts[i]] = points[p]
            problem.share[i, problem.counts[i]] = share
            problem.counts[i] += 1
    return negative


@njit(cache=True, nogil=True, error_model="numpy")
def _broken_wings(theta: Matrix, deviation: Vector) -> int:
    """Wings steeper than Lee's bound, or flatter than those of the expiry before."""
    broken = 0
    for i in range(deviation.size):
        for side in (LOG_LEFT, LOG_RIGHT):
            wing = math.exp(theta[i, side]) * deviation[i]
            broken += wing > LEE_BOUND
            if i > 0:
                broken += wing < math.exp(theta[i - 1, side]) * deviation[i - 1]
    return broken


@njit(cache=True, nogil=True, error_model="numpy")
def add_broken_points(problem: SurfaceProblem, theta: Matrix) -> int:
    """Check the surface finely and add points of broken conditions to the problem.

    Checked are, at 4,001 even points of k in [-3, 3] and at 600 within twelve standard
    deviations, Durrleman's g of each expiry and at four times between expiries, and the growth
    of total variance from expiry to expiry; and beyond, in closed form, Lee's bound on the wings
    and that they steepen from expiry to expiry.

    Returns
    -------
    int
        Points and wings at which a condition is broken; 0 for a surface free of arbitrage there.
    """
    n, size = problem.years.size, _EVEN + _DENSE
    points, shape, condition = np.empty(size), np.empty(SHAPE), np.empty(size)
    here, after, mix = np.empty((3, size)), np.empty((3, size)), np.empty((3, size))
    shares, broken = np.empty(size), _broken_wings(theta, problem.deviation)
    for i in range(n):
        verification_points(problem.deviation[i], points)
        svi_shape(theta[i], problem.deviation[i], shape)
        curve_row(shape, points, here[0], here[1], here[2])
        butterfly_row(points, here[0], here[1], here[2], _SLACK_BUTTERFLY, condition)
        broken += _add_minima(problem, i, points, condition, 0.5)
        if i + 1 == n:
            break
        svi_shape(theta[i + 1], problem.deviation[i + 1], shape)
        curve_row(shape, points, after[0], after[1], after[2])
        growth_row(here[0], after[0], _SLACK_CALENDAR, condition)
        broken += _add_minima(problem, i, points, condition, 0.5)
        for share in (0.5, problem.midpoint[i], *_SHARES):
            shares[:] = share
            for row in range(3):
                mix_row(here[row], after[row], shares, mix[row])
            butterfly_row(points, mix[0], mix[1], mix[2], _SLACK_BUTTERFLY, condition)
            broken += _add_minima(problem, i, points, condition, share)
    return broken
