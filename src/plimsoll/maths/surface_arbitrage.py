"""Where slices of a surface, mixtures of neighbours, and their order break no-arbitrage conditions.

Each condition is sampled on evenly spaced log-moneyness and on denser points near the money. A
number counts as a violation only where it is below zero by more than :data:`ROUNDING` of the terms
it is the difference of; NaN is a violation. Beyond the points the wings decide, in closed form:
``g`` tends to ``1/4 - slope**2/16``, and smiles whose wings are ordered do not cross far out.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.svi import svi_point_slopes

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

ROUNDING = 1e-12
"""Relative to the terms whose difference is taken; double precision leaves 1e-15 to 1e-14."""
NEAR_POINTS, NEAR_DEVIATIONS = 401, 12.0
"""Additional points, and how many standard deviations to either side of the money they reach."""
SLICE_COLUMNS, PAIR_COLUMNS = 5, 3
_LANES = 64


@njit(cache=True, nogil=True, error_model="numpy")
def even_points(bound: float, k: Vector) -> None:
    """Write evenly spaced points on [-bound, bound] into all but the last `NEAR_POINTS`."""
    even = k.size - NEAR_POINTS
    for i in range(even):
        k[i] = bound * (2.0 * i / (even - 1) - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def near_points(deviation: float, bound: float, k: Vector) -> None:
    """Write points near the money, but within the bound, into the last `NEAR_POINTS`."""
    even, reach = k.size - NEAR_POINTS, min(NEAR_DEVIATIONS * deviation, bound)
    for i in range(NEAR_POINTS):
        k[even + i] = reach * (2.0 * i / (NEAR_POINTS - 1) - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def mixture_row(
    early: Vector, late: Vector, share: float, k: Vector, variance: Vector, g: Vector, size: Vector
) -> None:
    """Total variance, ``g`` and the size of its terms for ``(1 - share) early + share late``."""
    rest = 1.0 - share
    a, b, rho, m, sigma = early[0], early[1], early[2], early[3], early[4]
    a2, b2, rho2, m2, sigma2 = late[0], late[1], late[2], late[3], late[4]
    for i in range(k.size):
        at = k[i]
        w, slope, bend = svi_point_slopes(a, b, rho, m, sigma, at)
        above, slope_above, bend_above = svi_point_slopes(a2, b2, rho2, m2, sigma2, at)
        w = rest * w + share * above
        slope = rest * slope + share * slope_above
        bend = 0.5 * (rest * bend + share * bend_above)
        inverse = 1.0 / w
        level = 1.0 - 0.5 * at * slope * inverse
        square, skew = level * level, 0.25 * slope * slope * (inverse + 0.25)
        variance[i] = w
        g[i] = square - skew + bend
        size[i] = square + skew + bend


@njit(cache=True, nogil=True, error_model="numpy")
def gap_row(early: Vector, late: Vector, k: Vector, gap: Vector, size: Vector) -> None:
    """Later total variance less the earlier one, and their size."""
    a, b, rho, m, sigma = early[0], early[1], early[2], early[3], early[4]
    a2, b2, rho2, m2, sigma2 = late[0], late[1], late[2], late[3], late[4]
    for i in range(k.size):
        x, x2 = k[i] - m, k[i] - m2
        w = a + b * (rho * x + math.sqrt(x * x + sigma * sigma))
        above = a2 + b2 * (rho2 * x2 + math.sqrt(x2 * x2 + sigma2 * sigma2))
        gap[i] = above - w
        size[i] = abs(w) + abs(above)


@njit(cache=True, nogil=True, error_model="numpy")
def _least(values: Vector, lanes: Vector) -> float:
    """Least of the values, by lanes side by side; NaN is passed over."""
    lanes[:] = np.inf
    whole = values.size - values.size % lanes.size
    for start in range(0, whole, lanes.size):
        block = values[start : start + lanes.size]
        for j in range(lanes.size):
            lanes[j] = block[j] if block[j] < lanes[j] else lanes[j]
    least = np.inf
    for value in lanes:
        least = min(least, value)
    for value in values[whole:]:
        least = value if value < least else least
    return least


@njit(cache=True, nogil=True, error_model="numpy")
def _count_below(values: Vector, size: Vector) -> int:
    """Values below zero by more than rounding; NaN counts."""
    count = 0
    for i in range(values.size):
        count += 0 if values[i] >= -ROUNDING * size[i] else 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _place(values: Vector, least: float) -> int:
    for i in range(values.size):
        if values[i] == least:
            return i
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def check_mixtures(
    raw: Matrix,
    early: Index,
    late: Index,
    share: Vector,
    points: int,
    bound: float,
    found: Matrix,
) -> None:
    """Check smiles between (or at) expiries for butterflies and positive variance.

    Parameters
    ----------
    raw : ndarray, shape (n, 5)
    early, late, share : ndarray, shape (s,)
        Smile j is ``(1 - share) raw[early] + share raw[late]`` in total variance.
    points : int
    bound : float
    found : ndarray, shape (s, 5)
        Least ``g``, where, violations of ``g >= 0``, least total variance, violations of it.
    """
    size = points + NEAR_POINTS
    k, w, g, terms = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    nothing, lanes = np.zeros(size), np.empty(_LANES)
    even_points(bound, k)
    for j in range(share.size):
        first, second = raw[early[j]], raw[late[j]]
        near_points(_deviation(first), bound, k)
        mixture_row(first, second, share[j], k, w, g, terms)
        found[j, 0] = _least(g, lanes)
        found[j, 1] = k[_place(g, found[j, 0])]
        found[j, 2] = _count_below(g, terms)
        found[j, 3] = _least(w, lanes)
        found[j, 4] = _count_below(w, nothing)


@njit(cache=True, nogil=True, error_model="numpy")
def check_order(raw: Matrix, points: int, bound: float, found: Matrix) -> None:
    """Check that total variance does not fall from each expiry to the next.

    Parameters
    ----------
    raw : ndarray, shape (n, 5)
    points : int
    bound : float
    found : ndarray, shape (n - 1, 3)
        Least rise of total variance, where, violations.
    """
    size = points + NEAR_POINTS
    k, gap, terms, lanes = np.empty(size), np.empty(size), np.empty(size), np.empty(_LANES)
    even_points(bound, k)
    for j in range(raw.shape[0] - 1):
        near_points(_deviation(raw[j]), bound, k)
        gap_row(raw[j], raw[j + 1], k, gap, terms)
        found[j, 0] = _least(gap, lanes)
        found[j, 1] = k[_place(gap, found[j, 0])]
        found[j, 2] = _count_below(gap, terms)


@njit(cache=True, nogil=True, error_model="numpy")
def _deviation(raw: Vector) -> float:
    """Standard deviation at the money, 0 where there is none."""
    w = svi_point_slopes(raw[0], raw[1], raw[2], raw[3], raw[4], 0.0)[0]
    return math.sqrt(max(w, 0.0))
