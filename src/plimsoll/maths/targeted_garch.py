"""GARCH(1,1)-t whose long-run variance is the sample's, by likelihood over a grid.

Variance targeting (Engle and Mezrich, Risk 9(8), 1996): ``omega = s^2 (1 - persistence)`` with s^2
the mean square of the window, so that only the reaction, the persistence and the degrees of
freedom are searched. It has no optimiser that could stay on a hill: each refit climbs the grid
from its best point, the first from its middle.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]

REACTIONS = np.array([0.01, 0.02, 0.03, 0.04, 0.055, 0.07, 0.09, 0.11, 0.14, 0.18, 0.23, 0.30])
PERSISTENCES = np.array([0.80, 0.85, 0.90, 0.93, 0.95, 0.965, 0.975, 0.985, 0.99, 0.995])
DEGREES = np.array([2.5, 2.75, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 12.0])


@njit(cache=True, nogil=True)
def targeted_loss(
    returns: Vector, target: float, reaction: float, persistence: float, nu: float
) -> float:
    """Minus the mean log likelihood, constants of ``nu`` included, and variances of unit target."""
    variance, total = target, 0.0
    omega, beta = target * (1.0 - persistence), persistence - reaction
    power = 0.5 * (nu + 1.0)
    for r in returns:
        square = r * r
        total += 0.5 * math.log(variance) + power * math.log1p(square / (variance * (nu - 2.0)))
        variance = omega + reaction * square + beta * variance
    constant = math.lgamma(power) - math.lgamma(0.5 * nu) - 0.5 * math.log(math.pi * (nu - 2.0))
    return total / returns.size - constant


@njit(cache=True, nogil=True)
def climb(returns: Vector, target: float, place: Index) -> None:
    """Move ``place`` (indices of reaction, persistence, degrees) to a point no neighbour beats."""
    sizes = (REACTIONS.size, PERSISTENCES.size, DEGREES.size)
    best = targeted_loss(
        returns, target, REACTIONS[place[0]], PERSISTENCES[place[1]], DEGREES[place[2]]
    )
    moved = True
    while moved:
        moved = False
        for axis in range(3):
            for step in (-1, 1):
                while 0 <= place[axis] + step < sizes[axis]:
                    place[axis] += step
                    loss = targeted_loss(
                        returns,
                        target,
                        REACTIONS[place[0]],
                        PERSISTENCES[place[1]],
                        DEGREES[place[2]],
                    )
                    if loss >= best:
                        place[axis] -= step
                        break
                    best, moved = loss, True


@njit(cache=True, nogil=True)
def targeted_path_of_row(
    returns: Vector, known: Index, window: int, minimum: int, refit_every: int, out: Vector
) -> None:
    """Write the volatility of the next return at each boundary; see `targeted_garch_table`."""
    place = np.array([5, 7, 4])
    since, target, variance, at = refit_every, 0.0, 0.0, 0
    for d in range(known.size):
        out[d] = np.nan
        n = known[d]
        if n < minimum:
            continue
        since += 1
        if since >= refit_every or not target > 0.0:
            first = max(0, n - window)
            part = returns[first:n]
            target = float(np.mean(part * part))
            since = 0
            if not target > 0.0:
                continue
            climb(part, target, place)
            variance, at = target, first
        omega = target * (1.0 - PERSISTENCES[place[1]])
        reaction = REACTIONS[place[0]]
        beta = PERSISTENCES[place[1]] - reaction
        while at < n:
            variance = omega + reaction * returns[at] * returns[at] + beta * variance
            at += 1
        out[d] = math.sqrt(variance)


@njit(cache=True, parallel=True)
def targeted_garch_table(
    returns: Matrix,
    known: IndexMatrix,
    window: int,
    minimum: int,
    refit_every: int,
) -> Matrix:
    """(N, D) volatility of the return after the first ``known`` ones, for many markets.

    Parameters
    ----------
    returns : (N, M) float64
        Finite in the first ``known[i, -1]`` columns of each row.
    known : (N, D) int64
        Returns known at each boundary; rising.
    window, minimum, refit_every : int
        Most and fewest returns of a fit, and boundaries between fits.
    """
    out = np.empty(known.shape)
    for i in prange(returns.shape[0]):
        targeted_path_of_row(returns[i], known[i], window, minimum, refit_every, out[i])
    return out
