"""Where a fitted surface breaks a no-arbitrage condition, on a grid far finer than the fit's.

A point is added to the fit's own conditions at each local minimum that is negative, so that the
next round of the fit sees it. The grid reaches to |k| = 1,000; from there to infinity the
asymptotes decide, in closed form (`asymptote`).
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
    svi_curve,
    svi_shape,
)
from plimsoll.maths.surface_fit_problem import SurfaceProblem
from plimsoll.maths.surface_fit_rows import butterfly_row, curve_row, growth_row, mix_row

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

WIDEST, FARTHEST = 3.0, 1e3
LEE_BOUND = 2.0 - 1e-9
_EVEN, _FAR, _DENSE = 4001, 250, 600
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
def far_points(nearest: float, farthest: float, points: Vector) -> None:
    """Rising points, half of them on either side, evenly spaced in ln|k| on (nearest, farthest]."""
    half = points.size // 2
    ratio = (farthest / nearest) ** (1.0 / half)
    for p in range(half):
        k = nearest * ratio ** (p + 1)
        points[half - 1 - p], points[half + p] = -k, k


@njit(cache=True, nogil=True, error_model="numpy")
def verification_points(deviation: float, points: Vector) -> None:
    """Rising points to |k| = 1,000, 4,001 of them even on [-3, 3]; then 600 near the money."""
    far = np.empty(2 * _FAR)
    far_points(WIDEST, FARTHEST, far)
    points[:_FAR] = far[:_FAR]
    for p in range(_EVEN):
        points[_FAR + p] = WIDEST * (2.0 * p / (_EVEN - 1) - 1.0)
    points[_FAR + _EVEN : _EVEN + 2 * _FAR] = far[_FAR:]
    sinh_grid(deviation, min(_DENSE_REACH * deviation, WIDEST), points[_EVEN + 2 * _FAR :])


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
def _bends_far_out(shape: Vector) -> int:
    """Whether a smile bends beyond the even points: the far ones are apart for straight wings."""
    _, _, _, centre, _, _, deviation = shape
    return int(abs(centre) * deviation > WIDEST)


@njit(cache=True, nogil=True, error_model="numpy")
def asymptote(shape: Vector, side: int) -> tuple[float, float]:
    """Intercept and slope in |k| of the line that w approaches from above on a side (0: left).

    The tangent of w at any k meets the axis k = 0 above that intercept, as w is convex.
    """
    level, left, right, centre, _, at_zero, deviation = shape
    half, turn = (right, -centre) if side == 1 else (left, centre)
    level += 2.0 * half * turn - right * (at_zero - centre) - left * (at_zero + centre)
    return deviation * deviation * level, 2.0 * half * deviation


@njit(cache=True, nogil=True, error_model="numpy")
def least_far_butterfly(intercept: float, slope: float, highest: float) -> float:
    """A lower bound of 4 g where 1/w is at most ``highest``, given the asymptote.

    With x = 1/w, g is (1/2 + T x/2)^2 - w'^2 (x + 1/4)/4 + w''/2, T the intercept of the tangent.
    T is no less than the asymptote's intercept A, w' no steeper than its slope B, so that 4 g is no
    less than (1 + A x)^2 - B^2 (x + 1/4) wherever 1 + A x is not negative; a parabola in x.
    """
    if 1.0 + intercept * highest < 0.0:
        return -np.inf
    square = slope * slope
    bend, tilt = intercept * intercept, 2.0 * intercept - square
    x = highest
    if tilt < 0.0 and bend > 0.0:
        x = min(x, -0.5 * tilt / bend)
    elif tilt >= 0.0:
        x = 0.0
    return 1.0 - 0.25 * square + tilt * x + bend * x * x


@njit(cache=True, nogil=True, error_model="numpy")
def _broken_tail(shape: Vector, after: Vector, share: float) -> int:
    """Sides on which the smile between two expiries may have a butterfly beyond the points."""
    broken = 0
    for side in range(2):
        k = FARTHEST if side == 1 else -FARTHEST
        level, slope = asymptote(shape, side)
        level_after, slope_after = asymptote(after, side)
        w = (1.0 - share) * svi_curve(shape, k)[0] + share * svi_curve(after, k)[0]
        level, slope = level + share * (level_after - level), slope + share * (slope_after - slope)
        broken += not least_far_butterfly(level, slope, 1.0 / w) >= 0.0
    return broken


@njit(cache=True, nogil=True, error_model="numpy")
def _crossing_tail(shape: Vector, after: Vector) -> int:
    """Sides on which the later smile's asymptote does not lie above the earlier smile.

    Where it does at the farthest point and is no flatter, it does from there on.
    """
    broken = 0
    for side in range(2):
        level, slope = asymptote(after, side)
        k = FARTHEST if side == 1 else -FARTHEST
        broken += not level + slope * FARTHEST >= svi_curve(shape, k)[0]
    return broken


@njit(cache=True, nogil=True, error_model="numpy")
def add_broken_points(problem: SurfaceProblem, theta: Matrix) -> int:
    """Check the surface finely and add points of broken conditions to the problem.

    Checked are Durrleman's g of each expiry and at four times between expiries, and the growth of
    total variance from expiry to expiry: at 4,001 even points of k in [-3, 3], at 600 within
    twelve standard deviations, at 500 evenly spaced in ln|k| from there to 1,000, and beyond in
    closed form, as are Lee's bound on the wings and that they steepen from expiry to expiry.

    Returns
    -------
    int
        Points and wings at which a condition is broken; 0 for a surface free of arbitrage.
    """
    n, size = problem.years.size, _EVEN + 2 * _FAR + _DENSE
    points, condition, shares = np.empty(size), np.empty(size), np.empty(size)
    here, after, mix = np.empty((3, size)), np.empty((3, size)), np.empty((3, size))
    shape, later = np.empty(SHAPE), np.empty(SHAPE)
    broken = _broken_wings(theta, problem.deviation)
    for i in range(n):
        verification_points(problem.deviation[i], points)
        svi_shape(theta[i], problem.deviation[i], shape)
        curve_row(shape, points, here[0], here[1], here[2])
        butterfly_row(points, here[0], here[1], here[2], _SLACK_BUTTERFLY, condition)
        broken += _add_minima(problem, i, points, condition, 0.5)
        broken += _broken_tail(shape, shape, 0.0) + _bends_far_out(shape)
        if i + 1 == n:
            break
        svi_shape(theta[i + 1], problem.deviation[i + 1], later)
        curve_row(later, points, after[0], after[1], after[2])
        growth_row(here[0], after[0], _SLACK_CALENDAR, condition)
        broken += _add_minima(problem, i, points, condition, 0.5) + _crossing_tail(shape, later)
        for share in (0.5, problem.midpoint[i], *_SHARES):
            shares[:] = share
            for row in range(3):
                mix_row(here[row], after[row], shares, mix[row])
            butterfly_row(points, mix[0], mix[1], mix[2], _SLACK_BUTTERFLY, condition)
            broken += _add_minima(problem, i, points, condition, share)
            broken += _broken_tail(shape, later, share)
    return broken
