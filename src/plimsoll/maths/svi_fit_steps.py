"""Newton's method for one SVI slice, by variable projection inside a trust region.

The total variance is linear in three coordinates (level and wings), so that for every centre of
the hyperbola they have one best value, found in a step. What is left is a function on the upper
half-plane (`plimsoll.maths.svi_fit_sums`), minimised by Newton steps with exact second
derivatives, the Schur complement of the full Hessian, in a trust region. The valleys of raw SVI
are long and bent, and Levenberg-Marquardt crawls along them (Golub and Pereyra, 1973, project
variables; Ruhe and Wedin, 1980, compare the ways to do it). A wing that a step would take over its
bound is put on the bound, and the step is planned again with it held there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.svi_fit_sums import COORDINATES, cost_with_derivatives, inverted, is_far

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

_ROUNDS = 80
_POLISHES = 4
_SETTLED, _WORTH = 1e-9, 1e-5
"""Gain left in the linear coordinates, as shares of the cost and of what the step promised."""
_LOST_IN_ROUNDING = 1e-9
_NOTHING = 1e-28
"""Squared relative residual of a perfect fit: rounding."""
_FIRST_RADIUS, _GREATEST_RADIUS, _SMALLEST_RADIUS = 0.3, 1.0, 1e-9
LEAST_HEIGHT = 5e-5
"""Least imaginary part of the centre, in either chart."""


class Reduced(NamedTuple):
    """The quadratic model with the linear coordinates eliminated.

    ``move`` is the best step of the linear coordinates for a fixed centre, ``gain`` its fall in
    cost; ``by_p`` and ``by_q`` are what they move per unit of the centre's coordinates. The model
    left has the gradient ``(g_p, g_q)`` and the Hessian ``((pp, pq), (pq, qq))``.
    """

    move: tuple[float, float, float]
    by_p: tuple[float, float, float]
    by_q: tuple[float, float, float]
    gain: float
    g_p: float
    g_q: float
    pp: float
    pq: float
    qq: float


class Bounds(NamedTuple):
    """Least and greatest slope of either wing."""

    least: float
    greatest: float


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _product(x: tuple[float, float, float], y: tuple[float, float, float]) -> float:
    return x[0] * y[0] + x[1] * y[1] + x[2] * y[2]


@njit(cache=True, nogil=True, error_model="numpy")
def eliminate(
    gradient: Vector, h: Matrix, right: float, left: float, right_held: bool, left_held: bool
) -> Reduced:
    """Eliminate level and wings; a held wing makes the step given, ``right`` or ``left``."""
    on, off = (0.0 if right_held else 1.0), (0.0 if left_held else 1.0)
    h11 = h[1, 1] if on else 1.0
    h22 = h[2, 2] if off else 1.0
    h01, h02, h12 = on * h[0, 1], off * h[0, 2], on * off * h[1, 2]
    inverse0 = 1.0 / h[0, 0]
    l1, l2 = h01 * inverse0, h02 * inverse0
    d1 = max(h11 - l1 * h01, 1e-15 * h11 + 1e-300)
    c12 = h12 - l1 * h02
    l3 = c12 / d1
    d2 = max(h22 - l2 * h02 - l3 * c12, 1e-15 * h22 + 1e-300)
    factor = (inverse0, 1.0 / d1, 1.0 / d2, l1, l2, l3)
    at_right, at_left = (right if right_held else 0.0), (left if left_held else 0.0)
    free = (
        gradient[0] + h[0, 1] * at_right + h[0, 2] * at_left,
        on * (gradient[1] + h[1, 2] * at_left),
        off * (gradient[2] + h[1, 2] * at_right),
    )
    p = (h[0, 3], on * h[1, 3], off * h[2, 3])
    q = (h[0, 4], on * h[1, 4], off * h[2, 4])
    move, by_p, by_q = _solved(free, factor), _solved(p, factor), _solved(q, factor)
    held = (
        gradient[1] * at_right
        + gradient[2] * at_left
        + 0.5 * (h[1, 1] * at_right * at_right + h[2, 2] * at_left * at_left)
        + h[1, 2] * at_right * at_left
    )
    return Reduced(
        (move[0], move[1] + at_right, move[2] + at_left),
        by_p,
        by_q,
        -0.5 * _product(free, move) - held,
        gradient[3] + h[1, 3] * at_right + h[2, 3] * at_left + _product(p, move),
        gradient[4] + h[1, 4] * at_right + h[2, 4] * at_left + _product(q, move),
        h[3, 3] + _product(p, by_p),
        h[3, 4] + _product(p, by_q),
        h[4, 4] + _product(q, by_q),
    )


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _solved(
    x: tuple[float, float, float], factor: tuple[float, float, float, float, float, float]
) -> tuple[float, float, float]:
    """Minus the solution of the factored linear block."""
    inverse0, inverse1, inverse2, l1, l2, l3 = factor
    y1 = x[1] - l1 * x[0]
    y2 = (x[2] - l2 * x[0] - l3 * y1) * inverse2
    y1 = y1 * inverse1 - l3 * y2
    return -(x[0] * inverse0 - l1 * y1 - l2 * y2), -y1, -y2


@njit(cache=True, nogil=True, error_model="numpy")
def trust_step(
    g1: float, g2: float, a: float, b: float, c: float, radius: float
) -> tuple[float, float]:
    """Least of ``g.x + x.H.x/2`` with ``|x| <= radius``, ``H = ((a, b), (b, c))``.

    By the two eigenvalues; where the least lies on the rim, Newton's method on the reciprocal of
    the length finds the shift of the eigenvalues (More and Sorensen, 1983).
    """
    half, mean = 0.5 * (a - c), 0.5 * (a + c)
    size = math.sqrt(half * half + b * b)
    low, high = mean - size, mean + size
    cosine, sine = 1.0, 0.0
    if size > 0.0:
        cosine = math.sqrt(max(0.5 * (1.0 + half / size), 0.0))
        sine = math.sqrt(max(0.5 * (1.0 - half / size), 0.0))
        sine = -sine if b < 0.0 else sine
    along_high, along_low = cosine * g1 + sine * g2, -sine * g1 + cosine * g2
    least = 1e-14 * (abs(low) + abs(high)) + 1e-300
    shift = least - low if low <= least else 0.0
    x_high, x_low = -along_high / (high + shift), -along_low / (low + shift)
    for _ in range(12):
        length = math.sqrt(x_high * x_high + x_low * x_low)
        if length <= radius * (1.0 + 1e-3):
            break
        slope = (x_high * x_high / (high + shift) + x_low * x_low / (low + shift)) / length
        shift += (length / radius - 1.0) * length / slope
        x_high, x_low = -along_high / (high + shift), -along_low / (low + shift)
    return cosine * x_high - sine * x_low, sine * x_high + cosine * x_low


@njit(cache=True, nogil=True, error_model="numpy")
def _step_of_centre(height: float, reduced: Reduced, radius: float) -> tuple[float, float]:
    """Trust-region step that stays in the upper half-plane."""
    p, q = trust_step(reduced.g_p, reduced.g_q, reduced.pp, reduced.pq, reduced.qq, radius)
    if height + q >= LEAST_HEIGHT:
        return p, q
    q = LEAST_HEIGHT - height
    slope = reduced.g_p + reduced.pq * q
    if reduced.pp > 0.0 and abs(slope) <= radius * reduced.pp:
        return -slope / reduced.pp, q
    return (-radius if slope > 0.0 else radius), q


@njit(cache=True, nogil=True, error_model="numpy")
def plan(
    point: Vector, bounds: Bounds, gradient: Vector, hessian: Matrix, radius: float, step: Vector
) -> tuple[float, float]:
    """Write the step in the chart; its fall in cost by the model, and that of the linear part.

    With radius zero the centre stays.
    """
    right_held, left_held = False, False
    right, left = 0.0, 0.0
    reduced = eliminate(gradient, hessian, right, left, right_held, left_held)
    height = inverted(point[3], point[4])[1] if is_far(point[3], point[4]) else point[4]
    for _ in range(3):
        p, q = (0.0, 0.0) if radius == 0.0 else _step_of_centre(height, reduced, radius)
        to_right = point[1] + reduced.move[1] + p * reduced.by_p[1] + q * reduced.by_q[1]
        to_left = point[2] + reduced.move[2] + p * reduced.by_p[2] + q * reduced.by_q[2]
        right_over = max(bounds.least - to_right, to_right - bounds.greatest)
        left_over = max(bounds.least - to_left, to_left - bounds.greatest)
        right_over = -1.0 if right_held else right_over
        left_over = -1.0 if left_held else left_over
        if right_over <= 0.0 and left_over <= 0.0:
            break
        if right_over >= left_over:
            right_held = True
            right = min(max(to_right, bounds.least), bounds.greatest) - point[1]
        else:
            left_held = True
            left = min(max(to_left, bounds.least), bounds.greatest) - point[2]
        reduced = eliminate(gradient, hessian, right, left, right_held, left_held)
    for j in range(3):
        step[j] = reduced.move[j] + p * reduced.by_p[j] + q * reduced.by_q[j]
    step[3], step[4] = p, q
    fall = reduced.gain - (
        p * (reduced.g_p + 0.5 * reduced.pp * p + reduced.pq * q)
        + q * (reduced.g_q + 0.5 * reduced.qq * q)
    )
    return fall, reduced.gain


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _move(point: Vector, bounds: Bounds, step: Vector, trial: Vector) -> None:
    """Take a step in the chart at ``point``."""
    trial[0] = point[0] + step[0]
    for j in range(1, 3):
        trial[j] = min(max(point[j] + step[j], bounds.least), bounds.greatest)
    if is_far(point[3], point[4]):
        p, q = inverted(point[3], point[4])
        trial[3], trial[4] = inverted(p + step[3], q + step[4])
    else:
        trial[3], trial[4] = point[3] + step[3], point[4] + step[4]


@njit(cache=True, nogil=True, error_model="numpy")
def _settle(
    trial: Vector,
    y: Vector,
    target: Vector,
    weight: Vector,
    of_volatility: bool,
    bounds: Bounds,
    promised: float,
    step: Vector,
    sums: Vector,
    gradient: Vector,
    hessian: Matrix,
) -> tuple[float, int]:
    """Cost at ``trial`` once its linear coordinates are as good as best; it is moved there.

    ``promised`` is what the step there was to gain: far less is not worth another pass.
    """
    cost = cost_with_derivatives(trial, y, target, weight, of_volatility, sums, gradient, hessian)
    passes = 1
    for _ in range(_POLISHES):
        gain = plan(trial, bounds, gradient, hessian, 0.0, step)[0]
        if not (np.isfinite(cost) and gain > _SETTLED * cost and gain > _WORTH * promised):
            break
        before = (trial[0], trial[1], trial[2])
        _move(trial, bounds, step, trial)
        found = cost_with_derivatives(
            trial, y, target, weight, of_volatility, sums, gradient, hessian
        )
        passes += 1
        if not found <= cost:
            trial[0], trial[1], trial[2] = before
            cost = cost_with_derivatives(
                trial, y, target, weight, of_volatility, sums, gradient, hessian
            )
            return cost, passes + 1
        cost = found
    return cost, passes


@njit(cache=True, nogil=True, error_model="numpy")
def descend(
    point: Vector,
    y: Vector,
    target: Vector,
    weight: Vector,
    of_volatility: bool,
    bounds: Bounds,
    tolerance: float,
    work: Cube,
) -> tuple[float, int, bool]:
    """Minimise from ``point`` (within the bounds, overwritten); cost, passes, converged.

    Converged means that the quadratic model promises a fall of less than ``tolerance`` times the
    cost, or that the cost is next to nothing; or, where rounding hides what little there is to
    gain, of less than 1e-9 times the cost.

    Parameters
    ----------
    work : ndarray, shape (2, 8, 25)
        Work space.
    """
    sums, gradient, hessian = work[0, 0], work[0, 1, :COORDINATES], work[0, 2:7, :COORDINATES]
    other_gradient, other_hessian = work[1, 1, :COORDINATES], work[1, 2:7, :COORDINATES]
    trial, step = work[1, 0, :COORDINATES], work[0, 7, :COORDINATES]
    nothing = _NOTHING * y.size
    cost, passes = _settle(
        point, y, target, weight, of_volatility, bounds, 0.0, step, sums, gradient, hessian
    )
    radius = _FIRST_RADIUS
    for _ in range(_ROUNDS):
        promised = plan(point, bounds, gradient, hessian, radius, step)[0]
        if not promised > tolerance * cost + nothing:
            return cost, passes, True
        length = math.sqrt(step[3] * step[3] + step[4] * step[4])
        _move(point, bounds, step, trial)
        found, used = _settle(
            trial,
            y,
            target,
            weight,
            of_volatility,
            bounds,
            promised,
            step,
            sums,
            other_gradient,
            other_hessian,
        )
        passes += used
        ratio = (cost - found) / promised
        if ratio > 1e-4:
            for j in range(COORDINATES):
                point[j] = trial[j]
            cost = found
            gradient, other_gradient = other_gradient, gradient
            hessian, other_hessian = other_hessian, hessian
        if not ratio >= 0.25:
            radius = 0.25 * min(length, radius)
        elif ratio > 0.75 and length > 0.8 * radius:
            radius = min(2.0 * radius, _GREATEST_RADIUS)
        if radius < _SMALLEST_RADIUS:
            return cost, passes, promised <= _LOST_IN_ROUNDING * cost
    return cost, passes, False
