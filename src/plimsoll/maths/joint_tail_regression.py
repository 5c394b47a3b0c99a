"""Kernels of the joint linear regression of value-at-risk and expected shortfall.

One regressor and an intercept each: ``q = b0 + b1 x``, ``e = g0 + g1 z``. Given e, the score is a
weighted quantile regression in (b0, b1), whose minimum is a line through two observations (convex,
piecewise linear), found by turning the line about one of them after the other. Given q, it is
smooth in (g0, g1): Newton with halved steps. The two in turn, until the same two observations
come back. No step needs a tolerance in the unit of the data.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Index = NDArray[np.int64]

_TURNS = 200
_ROUNDS = 60
_NEWTON_STEPS = 200
_DECREMENT = 1e-16
_CURVED = 1e-10
_SHORTEST_STEP = 1e-9


@njit(cache=True, nogil=True, error_model="numpy")
def turned_about(x: Vector, y: Vector, weight: Vector, tail: float, pivot: int) -> int:
    """Observation that the best line through ``pivot`` meets; -1 where all x are alike.

    The slope of that line is a weighted quantile of the slopes to the other observations.
    """
    slopes, mass = np.empty(x.size), np.empty(x.size)
    row = np.empty(x.size, dtype=np.int64)
    count, rise = 0, 0.0
    for t in range(x.size):
        run = x[t] - x[pivot]
        if run == 0.0:
            continue
        slopes[count] = (y[t] - y[pivot]) / run
        mass[count] = weight[t] * abs(run)
        row[count] = t
        rise -= mass[count] * (tail if run > 0.0 else 1.0 - tail)
        count += 1
    if count == 0:
        return -1
    order = np.argsort(slopes[:count])
    for k in range(count):
        rise += mass[order[k]]
        if rise >= 0.0:
            return int(row[order[k]])
    return int(row[order[count - 1]])


@njit(cache=True, nogil=True, error_model="numpy")
def best_line(x: Vector, y: Vector, weight: Vector, tail: float, first: int, met: Index) -> bool:
    """Put into ``met`` the two observations on the line of least weighted quantile loss."""
    i, j = first, turned_about(x, y, weight, tail, first)
    if j < 0:
        return False
    for _ in range(_TURNS):
        k = turned_about(x, y, weight, tail, j)
        if k == i or (y[k] - y[j]) / (x[k] - x[j]) == (y[i] - y[j]) / (x[i] - x[j]):
            break
        i, j = j, k
    met[0], met[1] = min(i, j), max(i, j)
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def shortfall_loss(charge: Vector, z: Vector, g0: float, g1: float, least: float) -> float:
    """Mean of ``charge / -e + ln(-e)``; infinite where ``-e`` is anywhere under ``least``."""
    total = 0.0
    for t in range(charge.size):
        depth = -(g0 + g1 * z[t])
        if not depth >= least:
            return math.inf
        total += charge[t] / depth + math.log(depth)
    return total / charge.size


@njit(cache=True, nogil=True, error_model="numpy")
def newton_step(charge: Vector, z: Vector, line: Vector, step: Vector) -> float:
    """Put the step of (g0, g1) from ``line[2:]`` into ``step``; return the decrease it promises.

    The expected second derivative stands in where the observed one is not positive.
    """
    d0, d1, a, b, c, ea, eb, ec = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(charge.size):
        depth = -(line[2] + line[3] * z[t])
        share = charge[t] / depth
        expected = 1.0 / (depth * depth)
        seen = (2.0 * share - 1.0) * expected
        slope = (share - 1.0) / depth
        d0 += slope
        d1 += slope * z[t]
        a, b, c = a + seen, b + seen * z[t], c + seen * z[t] * z[t]
        ea, eb, ec = ea + expected, eb + expected * z[t], ec + expected * z[t] * z[t]
    if not (a > 0.0 and a * c - b * b > _CURVED * a * c):
        a, b, c = ea, eb, ec
    determinant = a * c - b * b
    step[0] = -(c * d0 - b * d1) / determinant
    step[1] = -(a * d1 - b * d0) / determinant
    promised: float = -(d0 * step[0] + d1 * step[1]) / charge.size
    return promised


@njit(cache=True, nogil=True, error_model="numpy")
def descend_shortfall(charge: Vector, z: Vector, line: Vector, least: float) -> float:
    """Minimise over (g0, g1) in place, from a feasible place; return the loss."""
    step = np.empty(2)
    value: float = shortfall_loss(charge, z, line[2], line[3], least)
    for _ in range(_NEWTON_STEPS):
        if not newton_step(charge, z, line, step) > _DECREMENT:
            break
        length, found = 1.0, math.inf
        while length > _SHORTEST_STEP:
            found = shortfall_loss(
                charge, z, line[2] + length * step[0], line[3] + length * step[1], least
            )
            if found < value:
                break
            length *= 0.5
        if not found < value:
            break
        line[2] += length * step[0]
        line[3] += length * step[1]
        value = found
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def charges(x: Vector, y: Vector, line: Vector, tail: float, charge: Vector) -> None:
    """Put ``(q - y)+ / a - q`` into ``charge``, no less than zero.

    It falls under zero only where a quantile does not forecast a loss, and would there draw the
    shortfall to zero, where the score has no bottom.
    """
    for t in range(y.size):
        q = line[0] + line[1] * x[t]
        charge[t] = max(max(q - y[t], 0.0) / tail - q, 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def nearest_row(x: Vector, y: Vector, line: Vector) -> int:
    """Observation nearest to the line of the quantile."""
    best, least = 0, math.inf
    for t in range(y.size):
        gap = abs(y[t] - line[0] - line[1] * x[t])
        if gap < least:
            best, least = t, gap
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def descend_jointly(
    x: Vector, z: Vector, y: Vector, tail: float, least: float, line: Vector, met: Index
) -> float:
    """Minimise over ``line`` = (b0, b1, g0, g1) in place from a feasible place.

    Parameters
    ----------
    x, z, y : (n,) float64
        Regressors of quantile and shortfall, and returns.
    tail : float
    least : float
        Smallest admitted ``-e``.
    line : (4,) float64
        Start in, minimum out.
    met : (2,) int64
        Out: the observations on the line of the quantile.

    Returns
    -------
    float
        Mean score, infinite where the start was not feasible or x does not vary.
    """
    if not math.isfinite(shortfall_loss(np.zeros(z.size), z, line[2], line[3], least)):
        return math.inf
    weight, charge = np.empty(y.size), np.empty(y.size)
    value = math.inf
    before = np.full(2, -1, dtype=np.int64)
    for _ in range(_ROUNDS):
        for t in range(y.size):
            weight[t] = -1.0 / (line[2] + line[3] * z[t])
        if not best_line(x, y, weight, tail, nearest_row(x, y, line), met):
            return math.inf
        line[1] = (y[met[1]] - y[met[0]]) / (x[met[1]] - x[met[0]])
        line[0] = y[met[0]] - line[1] * x[met[0]]
        if met[0] == before[0] and met[1] == before[1]:
            break
        before[0], before[1] = met[0], met[1]
        charges(x, y, line, tail, charge)
        value = descend_shortfall(charge, z, line, least)
    return value
