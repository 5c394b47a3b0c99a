"""Linear constraints of the family's optimiser: ``rows @ theta >= limits``.

Coordinates as in :mod:`plimsoll.maths.garch_family_likelihood`, of returns scaled to unit variance.
The bounds on omega are far from any data of unit variance; they keep a step finite.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.garch_constraints import NU_MAXIMUM, NU_MINIMUM, OMEGA_MAXIMUM, OMEGA_MINIMUM
from plimsoll.maths.garch_family_likelihood import EGARCH, FAMILY_PARAMETERS

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

OMEGA, OMEGA_HIGH, ALPHA, ALPHA_DOWN, BETA, PERSISTENCE = range(6)
NU_HIGH, NU_LOW, SKEW_LOW, SKEW_HIGH = range(6, 10)
FIXED = 10
"""First equality row: parameter ``i`` is held where row ``FIXED + i`` is on."""
FAMILY_CONSTRAINTS = FIXED + FAMILY_PARAMETERS
SKEW_LIMIT = 0.99
_FREE = -1e6

FAMILY_BINDING_NAMES = {
    OMEGA: "omega=0",
    OMEGA_HIGH: "omega=10",
    ALPHA: "alpha=0",
    ALPHA_DOWN: "alpha+gamma=0",
    BETA: "beta=0",
    PERSISTENCE: "persistence",
    NU_HIGH: "nu=500",
    NU_LOW: "nu=2.05",
    SKEW_LOW: "skew=-0.99",
    SKEW_HIGH: "skew=0.99",
}


@njit(cache=True, nogil=True)
def family_rows(kind: int) -> Matrix:
    """Coefficients (17, 7): inequalities, then one equality for each parameter."""
    rows = np.zeros((FAMILY_CONSTRAINTS, FAMILY_PARAMETERS))
    rows[OMEGA, 1], rows[OMEGA_HIGH, 1] = 1.0, -1.0
    rows[ALPHA, 2], rows[BETA, 4], rows[PERSISTENCE, 4] = 1.0, 1.0, -1.0
    if kind != EGARCH:
        rows[ALPHA_DOWN, 2] = rows[ALPHA_DOWN, 3] = 1.0
        rows[PERSISTENCE, 2], rows[PERSISTENCE, 3] = -1.0, -0.5
    rows[NU_HIGH, 5], rows[NU_LOW, 5] = 1.0, -1.0
    rows[SKEW_LOW, 6], rows[SKEW_HIGH, 6] = 1.0, -1.0
    for i in range(FAMILY_PARAMETERS):
        rows[FIXED + i, i] = 1.0
    return rows


@njit(cache=True, nogil=True)
def family_limits(kind: int, cap: float, free_size: bool) -> Vector:
    """Right-hand sides of the inequalities; those of equalities are not used.

    ``free_size`` frees alpha of an EGARCH, its size term, from being positive.
    """
    limits = np.full(FAMILY_CONSTRAINTS, _FREE)
    limits[OMEGA], limits[OMEGA_HIGH] = OMEGA_MINIMUM, -OMEGA_MAXIMUM
    limits[BETA], limits[PERSISTENCE] = 0.0, -cap
    if kind == EGARCH:
        limits[OMEGA] = -OMEGA_MAXIMUM
        limits[ALPHA] = _FREE if free_size else 0.0
    else:
        limits[ALPHA] = limits[ALPHA_DOWN] = 0.0
    limits[NU_HIGH], limits[NU_LOW] = 1.0 / NU_MAXIMUM, -1.0 / NU_MINIMUM
    limits[SKEW_LOW] = limits[SKEW_HIGH] = -SKEW_LIMIT
    return limits


@njit(cache=True, nogil=True)
def family_slack(theta: Vector, rows: Matrix, limits: Vector, held: Flags, slack: Vector) -> None:
    """Distance of each row from its limit; rows of held parameters and of free equalities are off.

    ``held`` (7,) marks parameters that do not move.
    """
    for c in range(FIXED):
        value = -limits[c]
        for j in range(theta.size):
            value += rows[c, j] * theta[j]
        slack[c] = max(value, 0.0)
    for i in range(theta.size):
        slack[FIXED + i] = 0.0 if held[i] else -_FREE
    if held[3]:
        slack[ALPHA_DOWN] = -_FREE  # the row of alpha; both at once would be singular
    if held[5]:
        slack[NU_HIGH] = slack[NU_LOW] = -_FREE
    if held[6]:
        slack[SKEW_LOW] = slack[SKEW_HIGH] = -_FREE
    if held[2] and held[4]:
        slack[ALPHA] = slack[ALPHA_DOWN] = slack[BETA] = slack[PERSISTENCE] = -_FREE
