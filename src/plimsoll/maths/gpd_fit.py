"""Maximum likelihood of the generalised Pareto distribution by a one-dimensional profile.

With ``theta = xi / beta`` the likelihood is maximised at ``xi(theta) = mean log(1 + theta x)``, so
only ``theta`` is searched (Grimshaw, 1993): a coarse grid brackets the best interior maximum, the
root of the derivative is then refined by the Illinois rule. Shapes at or below -1, where the
likelihood is unbounded, are not maxima.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.gpd import gpd_log_likelihood

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_SERIES_BELOW = 0.02
_NEAR_ZERO = 1e-7
_ROUNDS = 100
_GRID_BELOW = (0.999, 0.99, 0.95, 0.85, 0.7, 0.5, 0.25)
_GRID_ABOVE = (0.05, 0.15, 0.4, 0.9, 2.0, 5.0, 15.0, 60.0, 400.0, 1e4)


@njit(cache=True, nogil=True, error_model="numpy")
def _profile(scaled: Vector, theta: float) -> tuple[float, float]:
    """Mean profile log-likelihood and its derivative, of excesses with mean one."""
    if abs(theta) < _NEAR_ZERO:
        squares = 0.0
        for x in scaled:
            squares += x * x
        return -1.0, 0.5 * squares / scaled.size - 1.0
    logs, ratios = 0.0, 0.0
    for x in scaled:
        logs += math.log1p(theta * x)
        ratios += x / (1.0 + theta * x)
    xi, slope = logs / scaled.size, ratios / scaled.size
    return -math.log(xi / theta) - xi - 1.0, 1.0 / theta - slope / xi - slope


@njit(cache=True, nogil=True, error_model="numpy")
def _shape(scaled: Vector, theta: float) -> float:
    logs = 0.0
    for x in scaled:
        logs += math.log1p(theta * x)
    return logs / scaled.size


@njit(cache=True, nogil=True, error_model="numpy")
def _bracket(scaled: Vector) -> tuple[float, float]:
    """Neighbours of the best interior maximum on the grid; NaN if there is none."""
    edge = -1.0 / np.max(scaled)
    below, above = len(_GRID_BELOW), len(_GRID_ABOVE)
    grid, values = np.empty(below + 1 + above), np.empty(below + 1 + above)
    for i in range(below):
        grid[i] = edge * _GRID_BELOW[i]
    grid[below] = 0.0
    for i in range(above):
        grid[below + 1 + i] = _GRID_ABOVE[i]
    slopes = np.empty(grid.size)
    for i in range(grid.size):
        values[i], slopes[i] = _profile(scaled, grid[i])
    best, low, high = -np.inf, np.nan, np.nan
    for i in range(grid.size - 1):
        value = max(values[i], values[i + 1])
        if slopes[i] > 0.0 >= slopes[i + 1] and value > best:
            best, low, high = value, grid[i], grid[i + 1]
    return low, high


@njit(cache=True, nogil=True, error_model="numpy")
def _root_of_slope(scaled: Vector, low: float, high: float) -> float:
    """Zero of the profile derivative between ``low`` (rising) and ``high`` (falling)."""
    _, at_low = _profile(scaled, low)
    _, at_high = _profile(scaled, high)
    side, theta = 0, low
    for _ in range(_ROUNDS):
        theta = (low * at_high - high * at_low) / (at_high - at_low)
        _, slope = _profile(scaled, theta)
        if abs(high - low) < 1e-13 * (1.0 + abs(theta)) or abs(slope) < 1e-13:
            break
        if slope > 0.0:
            low, at_low = theta, slope
            at_high *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            high, at_high = theta, slope
            at_low *= 0.5 if side == -1 else 1.0
            side = -1
    return theta


@njit(cache=True, nogil=True, error_model="numpy")
def gpd_fit_mle(excesses: Vector) -> tuple[float, float, float]:
    """Shape, scale and log-likelihood of the best interior maximum; NaN if there is none.

    Parameters
    ----------
    excesses : ndarray, shape (k,)
        Positive excesses over the threshold, any order.
    """
    mean = float(np.mean(excesses)) if excesses.size > 1 else 0.0
    if not mean > 0.0:
        return np.nan, np.nan, np.nan
    scaled = excesses / mean
    low, high = _bracket(scaled)
    if not low < high:
        return np.nan, np.nan, np.nan
    theta = _root_of_slope(scaled, low, high)
    if abs(theta) < _NEAR_ZERO:
        return theta, mean, gpd_log_likelihood(excesses, 0.0, mean)
    xi = _shape(scaled, theta)
    beta = mean * xi / theta
    return xi, beta, gpd_log_likelihood(excesses, xi, beta)


@njit(cache=True, nogil=True, error_model="numpy")
def gpd_observed_information(
    excesses: Vector, xi: float, beta: float
) -> tuple[float, float, float]:
    """Negative second derivatives of the log-likelihood: (xi xi), (xi beta), (beta beta)."""
    by_xi, cross, by_beta = 0.0, 0.0, 0.0
    for x in excesses:
        y = x / beta
        u = 1.0 + xi * y
        r = y / u
        if abs(xi) < 1e-5:
            by_xi += y * y - 2.0 / 3.0 * y**3 + xi * (1.5 * y**4 - 2.0 * y**3)
        else:
            by_xi += 2.0 * (r - math.log1p(xi * y) / xi) / (xi * xi) + (1.0 + 1.0 / xi) * r * r
        cross += (r - (1.0 + xi) * r * r) / beta
        by_beta += (1.0 - (1.0 + xi) * r * (2.0 + xi * y) / u) / (beta * beta)
    return -by_xi, -cross, -by_beta


@njit(cache=True, nogil=True, error_model="numpy")
def gpd_scores(excesses: Vector, xi: float, beta: float, scores: Matrix) -> None:
    """Derivatives of each log density in xi and beta into ``scores`` (k, 2)."""
    for i in range(excesses.size):
        y = excesses[i] / beta
        w = xi * y
        r = y / (1.0 + w)
        if abs(w) < _SERIES_BELOW:
            # log1p(w) / xi**2 - y / (xi (1 + w)) = y**2 (1/2 - 2 w / 3 + 3 w**2 / 4 - ...)
            series, power = 0.0, 1.0
            for k in range(10):
                series += power * (k + 1.0) / (k + 2.0)
                power *= -w
            scores[i, 0] = y * y * series - r
        else:
            scores[i, 0] = (math.log1p(w) / xi - r) / xi - r
        scores[i, 1] = ((1.0 + xi) * r - 1.0) / beta
