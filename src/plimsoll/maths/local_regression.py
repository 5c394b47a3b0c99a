"""What its neighbours say of each point of a curve: robust local fits that leave the point out.

For each point the nearest others, up to a number, are fitted by a parabola (a line where they are
few) around it, weighted by nearness (tricube) and by the inverse square of each one's own unit of
error, and reweighted against outliers; the fit at the point is what the neighbours imply.
Source: Cleveland, *Robust locally weighted regression*, JASA 74 (1979), here leaving one out and
with Cauchy's weights.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]

_CAUCHY = 2.0
_ROUNDS = 6
_ABSOLUTE_ROUNDS = 3
_SMALLEST = 0.1
_PARABOLA_FROM = 5
_WIDER = 1.25
_RIDGE = 1e-9


@njit(cache=True, nogil=True, error_model="numpy")
def leave_one_out(
    x: Vector, y: Vector, unit: Vector, active: Flags, most: int, implied: Vector, error: Vector
) -> None:
    """Write what the neighbours of each point imply, and its standard error.

    Parameters
    ----------
    x : (n,) float64, rising
    y, unit : (n,) float64
        Values, and the positive unit of error of each.
    active : (n,) bool
        Points that may be neighbours; every point gets a value.
    most : int
        Neighbours to a point, at most.
    implied, error : (n,) float64
        Written: the fit at the point, and its error were each value wrong by its unit; NaN for
        points with fewer than two neighbours.
    """
    near = np.empty(most, dtype=np.int64)
    offset, value, weight = np.empty(most), np.empty(most), np.empty(most)
    for i in range(len(x)):
        count = _nearest(x, active, i, near)
        implied[i], error[i] = math.nan, math.nan
        if count < 2:
            continue
        reach = _WIDER * abs(x[near[count - 1]] - x[i])
        reach = reach if reach > 0.0 else 1.0
        for j in range(count):
            offset[j], value[j] = (x[near[j]] - x[i]) / reach, y[near[j]]
            weight[j] = (1.0 - abs(offset[j]) ** 3) ** 3 / unit[near[j]] ** 2
        implied[i], error[i] = _fit(
            offset[:count], value[:count], weight[:count], unit, near[:count]
        )


@njit(cache=True, nogil=True, error_model="numpy")
def _nearest(x: Vector, active: Flags, i: int, near: Index) -> int:
    """Fill ``near`` with active points other than ``i``, the nearest first; return how many."""
    left, right, count = i - 1, i + 1, 0
    while count < len(near):
        while left >= 0 and not active[left]:
            left -= 1
        while right < len(x) and not active[right]:
            right += 1
        if left < 0 and right >= len(x):
            break
        if right >= len(x) or (left >= 0 and x[i] - x[left] <= x[right] - x[i]):
            near[count] = left
            left -= 1
        else:
            near[count] = right
            right += 1
        count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _fit(d: Vector, y: Vector, weight: Vector, unit: Vector, near: Index) -> tuple[float, float]:
    """Fit at ``d = 0`` and its standard error, reweighted against outliers."""
    count = len(d)
    parabola = count >= _PARABOLA_FROM
    robust, share = np.ones(count), np.empty(count)
    value = 0.0
    for turn in range(_ROUNDS):
        s = np.zeros(5)
        t = np.zeros(3)
        for j in range(count):
            power = weight[j] * robust[j]
            for order in range(5):
                s[order] += power
                if order < 3:
                    t[order] += power * y[j]
                power *= d[j]
        # First rows of the inverse by cofactors; a line is the parabola without its third row.
        e, f, g, c = s[2] + _RIDGE * s[0], s[3], s[4] + _RIDGE * s[0], s[2]
        if not parabola:
            f, g, c, t[2] = 0.0, s[0], 0.0, 0.0
        a, b = s[0], s[1]
        c00, c01, c02 = e * g - f * f, c * f - b * g, b * f - c * e
        determinant = a * c00 + b * c01 + c * c02
        c11, c12, c22 = a * g - c * c, b * c - a * f, a * e - b * b
        value = (c00 * t[0] + c01 * t[1] + c02 * t[2]) / determinant
        slope = (c01 * t[0] + c11 * t[1] + c12 * t[2]) / determinant
        bend = (c02 * t[0] + c12 * t[1] + c22 * t[2]) / determinant
        variance = 0.0
        for j in range(count):
            share[j] = (
                weight[j] * robust[j] * (c00 + d[j] * (c01 + (c02 * d[j] if parabola else 0.0)))
            )
            variance += (share[j] / determinant * unit[near[j]]) ** 2
            off = (y[j] - value - d[j] * (slope + (bend * d[j] if parabola else 0.0))) / unit[
                near[j]
            ]
            # Absolute deviations first: from a plain start an outlier would hold the fit.
            robust[j] = (
                1.0 / max(abs(off), _SMALLEST)
                if turn < _ABSOLUTE_ROUNDS
                else 1.0 / (1.0 + (off / _CAUCHY) ** 2)
            )
    return value, math.sqrt(variance)
