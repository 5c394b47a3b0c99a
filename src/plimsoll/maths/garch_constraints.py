"""Linear constraints of the GARCH optimiser, one row each: ``rows @ theta >= limits``.

Coordinates as in :mod:`plimsoll.maths.garch_likelihood`, of returns scaled to unit variance.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

CONSTRAINTS = 11
OMEGA, ALPHA_UP, ALPHA_DOWN, BETA, PERSISTENCE, NU_HIGH, NU_LOW, OMEGA_HIGH = range(8)
SYMMETRY, NORMAL, ZERO_MEAN = 8, 9, 10

OMEGA_MINIMUM = 1e-8
OMEGA_MAXIMUM = 10.0
NU_MINIMUM = 2.05
NU_MAXIMUM = 500.0
_FREE = -1e6


@njit(cache=True, nogil=True)
def constraint_rows() -> Matrix:
    """Coefficients (11, 6): positivity, persistence, degrees of freedom, then equalities."""
    rows = np.zeros((CONSTRAINTS, 6))
    rows[OMEGA, 1] = rows[ALPHA_UP, 2] = rows[ALPHA_DOWN, 3] = rows[BETA, 4] = 1.0
    rows[PERSISTENCE, 2] = rows[PERSISTENCE, 3] = -0.5
    rows[PERSISTENCE, 4] = -1.0
    rows[NU_HIGH, 5], rows[NU_LOW, 5], rows[OMEGA_HIGH, 1] = 1.0, -1.0, -1.0
    rows[SYMMETRY, 2], rows[SYMMETRY, 3] = 1.0, -1.0
    rows[NORMAL, 5] = rows[ZERO_MEAN, 0] = 1.0
    return rows


@njit(cache=True, nogil=True)
def constraint_limits(student: bool, persistence_cap: float) -> Vector:
    """Right-hand sides; the equality rows are 0."""
    limits = np.zeros(CONSTRAINTS)
    limits[OMEGA], limits[OMEGA_HIGH] = OMEGA_MINIMUM, -OMEGA_MAXIMUM
    limits[PERSISTENCE] = -persistence_cap
    limits[NU_HIGH] = 1.0 / NU_MAXIMUM if student else _FREE
    limits[NU_LOW] = -1.0 / NU_MINIMUM
    return limits


@njit(cache=True, nogil=True)
def equality_flags(asymmetric: bool, student: bool, free_mean: bool) -> Flags:
    """Which rows hold with equality: symmetry, normality, zero mean."""
    flags = np.zeros(CONSTRAINTS, dtype=np.bool_)
    flags[SYMMETRY] = not asymmetric
    flags[NORMAL] = not student
    flags[ZERO_MEAN] = not free_mean
    return flags


@njit(cache=True, nogil=True)
def constraint_slack(
    theta: Vector, rows: Matrix, limits: Vector, equality: Flags, slack: Vector
) -> None:
    """Distance of each row from its limit; equalities that are off are free."""
    for c in range(CONSTRAINTS):
        value = -limits[c]
        for j in range(6):
            value += rows[c, j] * theta[j]
        if c >= SYMMETRY:
            slack[c] = 0.0 if equality[c] else -_FREE
        else:
            slack[c] = max(value, 0.0)
    if equality[SYMMETRY]:
        # Implied by the row of alpha_up; both at once would make the system singular.
        slack[ALPHA_DOWN] = -_FREE


@njit(cache=True, nogil=True)
def snap_step(theta: Vector, equality: Flags, binding: Flags, step: Vector) -> None:
    """Make the step exact where a constraint fixes it, so that rounding leaves no traces."""
    for row, at in ((ALPHA_UP, 2), (ALPHA_DOWN, 3), (BETA, 4)):
        if binding[row]:
            step[at] = -theta[at]
    if equality[SYMMETRY]:
        step[3] = step[2]
    if equality[NORMAL]:
        step[5] = 0.0
    if equality[ZERO_MEAN]:
        step[0] = 0.0
