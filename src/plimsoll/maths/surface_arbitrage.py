"""Where slices of a surface, mixtures of neighbours, and their order break no-arbitrage conditions.

Each condition is sampled on evenly spaced log-moneyness within a bound, on denser points near the
money, and on points evenly spaced in ln|k| from the bound to :data:`FARTHEST`. A number counts as
a violation only where it is below zero by more than rounding of the terms it is the difference of;
NaN is a violation. From the farthest point to infinity the asymptotes decide, in closed form
(`plimsoll.maths.surface_arbitrage_tails`).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.surface_arbitrage_tails import ROUNDING, broken_tails, least_tail_gap
from plimsoll.maths.svi import svi_point_slopes

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

NEAR_POINTS, NEAR_DEVIATIONS = 401, 12.0
"""Additional points, and how many standard deviations to either side of the money they reach."""
FAR_POINTS, FARTHEST = 500, 1e7
"""Points on either side between the bound and the farthest, where smiles and asymptotes agree to
double precision: a smile leaves its asymptote by ``b sigma**2 / (2 |k - m|)``."""
SLICE_COLUMNS, PAIR_COLUMNS = 8, 6
_LANES = 64


@njit(cache=True, nogil=True, error_model="numpy")
def even_points(bound: float, k: Vector) -> None:
    """Write evenly spaced points on [-bound, bound]."""
    for i in range(k.size):
        k[i] = bound * (2.0 * i / (k.size - 1) - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def near_points(deviation: float, bound: float, k: Vector) -> None:
    """Write evenly spaced points within twelve standard deviations of the money and the bound."""
    even_points(min(NEAR_DEVIATIONS * deviation, bound), k)


@njit(cache=True, nogil=True, error_model="numpy")
def far_points(bound: float, k: Vector) -> None:
    """Write, for each side in turn, points evenly spaced in ln|k| beyond the bound."""
    half = k.size // 2
    ratio = (max(FARTHEST, 10.0 * bound) / bound) ** (1.0 / half)
    for i in range(half):
        at = bound * ratio ** (i + 1)
        k[i], k[half + i] = -at, at


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
def _tell_butterflies(
    k: Vector, w: Vector, g: Vector, terms: Vector, near: int, lanes: Vector, row: Vector
) -> None:
    """Write what was found at the first ``near`` points, and what at the others."""
    nothing = np.zeros(near)
    row[0] = _least(g[:near], lanes)
    row[1] = k[_place(g[:near], row[0])]
    row[2] = _count_below(g[:near], terms[:near])
    row[3] = _least(w[:near], lanes)
    row[4] = _count_below(w[:near], nothing)
    row[5] = _least(g[near:], lanes)
    row[6] = k[near + _place(g[near:], row[5])]
    row[7] = _count_below(g[near:], terms[near:])
    for value in w[near:]:
        row[7] += 0 if value >= 0.0 else 1


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
    found : ndarray, shape (s, 8)
        Least ``g``, where, violations of ``g >= 0``, least total variance, violations of it, all
        within the bound; beyond it least ``g``, where, violations of either.
    """
    near, size = points + NEAR_POINTS, points + NEAR_POINTS + 2 * FAR_POINTS
    k, w, g, terms = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    lanes = np.empty(_LANES)
    even_points(bound, k[:points])
    far_points(bound, k[near:])
    for j in range(share.size):
        first, second = raw[early[j]], raw[late[j]]
        near_points(_deviation(first), bound, k[points:near])
        mixture_row(first, second, share[j], k, w, g, terms)
        _tell_butterflies(k, w, g, terms, near, lanes, found[j])
        found[j, 7] += broken_tails(first, second, share[j], k[size - 1])


@njit(cache=True, nogil=True, error_model="numpy")
def later_row(raw: Vector, k: Vector, variance: Vector, g: Vector, size: Vector) -> None:
    """Least ``g`` of ``w + c`` over all ``c >= 0``, and the size of its terms.

    In ``x = 1/(w + c)``, which runs from 0 to ``1/w``, ``g`` is a parabola open upwards.
    """
    a, b, rho, m, sigma = raw[0], raw[1], raw[2], raw[3], raw[4]
    for i in range(k.size):
        w, slope, bend = svi_point_slopes(a, b, rho, m, sigma, k[i])
        half, square = 0.5 * k[i] * slope, 0.25 * slope * slope
        highest, curve = 1.0 / w, half * half
        x = highest
        if curve > 0.0:
            x = min(max((half + 0.5 * square) / curve, 0.0), highest)
        level = 1.0 - half * x
        variance[i] = w
        g[i] = level * level - square * (x + 0.25) + 0.5 * bend
        size[i] = level * level + square * (x + 0.25) + 0.5 * bend


@njit(cache=True, nogil=True, error_model="numpy")
def check_later(raw: Vector, points: int, bound: float, found: Vector) -> None:
    """Check all smiles after the last expiry, ``w + c`` with ``c >= 0``, for butterflies.

    Parameters
    ----------
    raw : ndarray, shape (5,)
        The last expiry's.
    points : int
    bound : float
    found : ndarray, shape (8,)
        As in :func:`check_mixtures`. Beyond the farthest point the last expiry decides: there
        ``k w' >= 0``, where adding to ``w`` only raises ``g``.
    """
    near, size = points + NEAR_POINTS, points + NEAR_POINTS + 2 * FAR_POINTS
    k, w, g, terms = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    even_points(bound, k[:points])
    near_points(_deviation(raw), bound, k[points:near])
    far_points(bound, k[near:])
    later_row(raw, k, w, g, terms)
    _tell_butterflies(k, w, g, terms, near, np.empty(_LANES), found)


@njit(cache=True, nogil=True, error_model="numpy")
def _far_sizes(early: Vector, late: Vector, k: Vector, size: Vector) -> None:
    """Size of the terms of both variances, which nearly cancel where a wing is flat."""
    for i in range(k.size):
        reach = 2.0 * abs(k[i])
        size[i] = abs(early[0]) + abs(late[0]) + reach * (early[1] + late[1])


@njit(cache=True, nogil=True, error_model="numpy")
def check_order(raw: Matrix, points: int, bound: float, found: Matrix) -> None:
    """Check that total variance does not fall from each expiry to the next.

    Parameters
    ----------
    raw : ndarray, shape (n, 5)
    points : int
    bound : float
    found : ndarray, shape (n - 1, 6)
        Least rise of total variance, where, violations within the bound; the same beyond it.
    """
    near, size = points + NEAR_POINTS, points + NEAR_POINTS + 2 * FAR_POINTS
    k, gap, terms, lanes = np.empty(size), np.empty(size), np.empty(size), np.empty(_LANES)
    even_points(bound, k[:points])
    far_points(bound, k[near:])
    for j in range(raw.shape[0] - 1):
        early, late = raw[j], raw[j + 1]
        near_points(_deviation(early), bound, k[points:near])
        gap_row(early, late, k, gap, terms)
        _far_sizes(early, late, k[near:], terms[near:])
        found[j, 0] = _least(gap[:near], lanes)
        found[j, 1] = k[_place(gap[:near], found[j, 0])]
        found[j, 2] = _count_below(gap[:near], terms[:near])
        found[j, 3] = _least(gap[near:], lanes)
        found[j, 4] = k[near + _place(gap[near:], found[j, 3])]
        found[j, 5] = _count_below(gap[near:], terms[near:])
        for side in (-1.0, 1.0):
            found[j, 5] += not least_tail_gap(early, late, side, k[size - 1]) >= -ROUNDING


@njit(cache=True, nogil=True, error_model="numpy")
def _deviation(raw: Vector) -> float:
    """Standard deviation at the money, 0 where there is none."""
    w = svi_point_slopes(raw[0], raw[1], raw[2], raw[3], raw[4], 0.0)[0]
    return math.sqrt(max(w, 0.0))
