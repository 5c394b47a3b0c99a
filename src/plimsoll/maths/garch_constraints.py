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
_SYMMETRY, _NORMAL, _ZERO_MEAN = 8, 9, 10

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
    rows[_SYMMETRY, 2], rows[_SYMMETRY, 3] = 1.0, -1.0
    rows[_NORMAL, 5] = rows[_ZERO_MEAN, 0] = 1.0
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
    flags[_SYMMETRY] = not asymmetric
    flags[_NORMAL] = not student
    flags[_ZERO_MEAN] = not free_mean
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
        if c >= _SYMMETRY:
            slack[c] = 0.0 if equality[c] else -_FREE
        else:
            slack[c] = max(value, 0.0)
