"""A small convex quadratic programme, solved by a primal active set.

    minimise  g'd + d'B d / 2   subject to   A d >= -slack  (equality for the rows marked so)

with B positive definite and ``slack >= 0``, so that ``d = 0`` is feasible (Nocedal and Wright,
Numerical Optimization, 2nd ed., algorithm 16.3). Meant for a handful of variables: the
optimality system is solved afresh in each round.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ACTIVE = 1e-13
_ROUNDS = 40
_SINGULAR = 1e-300


@njit(cache=True, nogil=True, error_model="numpy")
def _bring_up_pivot(matrix: Matrix, right: Vector, column: int, size: int) -> None:
    """Swap the row with the largest entry of ``column`` to the diagonal."""
    pivot = column
    for row in range(column + 1, size):
        if abs(matrix[row, column]) > abs(matrix[pivot, column]):
            pivot = row
    if pivot != column:
        for k in range(column, size):
            matrix[column, k], matrix[pivot, k] = matrix[pivot, k], matrix[column, k]
        right[column], right[pivot] = right[pivot], right[column]


@njit(cache=True, nogil=True, error_model="numpy")
def solve_linear(matrix: Matrix, right: Vector, size: int) -> bool:
    """Solve in place by Gaussian elimination with partial pivoting; False where singular."""
    for column in range(size):
        _bring_up_pivot(matrix, right, column, size)
        if abs(matrix[column, column]) < _SINGULAR:
            return False
        for row in range(column + 1, size):
            factor = matrix[row, column] / matrix[column, column]
            for k in range(column + 1, size):
                matrix[row, k] -= factor * matrix[column, k]
            right[row] -= factor * right[column]
    for row in range(size - 1, -1, -1):
        for k in range(row + 1, size):
            right[row] -= matrix[row, k] * right[k]
        right[row] /= matrix[row, row]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_on_working_set(
    gradient: Vector,
    hessian: Matrix,
    rows: Matrix,
    slack: Vector,
    working: Flags,
    system: Matrix,
    solution: Vector,
) -> bool:
    """Minimiser with the working rows held at equality; multipliers follow the variables."""
    n = gradient.size
    size = n
    for i in range(n):
        solution[i] = -gradient[i]
        for j in range(n):
            system[i, j] = hessian[i, j]
    for c in range(working.size):
        if working[c]:
            for j in range(n):
                system[size, j] = rows[c, j]
                system[j, size] = -rows[c, j]
            for j in range(n, size + 1):
                system[size, j] = 0.0
                system[j, size] = 0.0
            solution[size] = -slack[c]
            size += 1
    return solve_linear(system, solution, size)


@njit(cache=True, nogil=True, error_model="numpy")
def _step_to_boundary(
    step: Vector, target: Vector, rows: Matrix, slack: Vector, working: Flags
) -> int:
    """Move ``step`` towards ``target`` as far as feasible; the blocking row, or -1."""
    n = step.size
    fraction, blocking = 1.0, -1
    for c in range(working.size):
        if not working[c]:
            moved, wanted = slack[c], 0.0
            for j in range(n):
                moved += rows[c, j] * step[j]
                wanted += rows[c, j] * (target[j] - step[j])
            if wanted < 0.0 and max(moved, 0.0) < -wanted * fraction:
                fraction, blocking = max(moved, 0.0) / -wanted, c
    for j in range(n):
        step[j] += fraction * (target[j] - step[j])
    return blocking


@njit(cache=True, nogil=True, error_model="numpy")
def _drop_worst(solution: Vector, n: int, equality: Flags, working: Flags) -> bool:
    """Release the inequality with the most negative multiplier; False if there is none."""
    worst, index, position = 0.0, -1, n
    for c in range(working.size):
        if working[c]:
            if not equality[c] and solution[position] < worst:
                worst, index = solution[position], c
            position += 1
    if index >= 0:
        working[index] = False
    return index >= 0


@njit(cache=True, nogil=True, error_model="numpy")
def minimise_quadratic(
    gradient: Vector,
    hessian: Matrix,
    rows: Matrix,
    slack: Vector,
    equality: Flags,
    working: Flags,
    step: Vector,
) -> bool:
    """Write the minimising ``step``; ``working`` holds the binding rows on return.

    Returns False when the system is singular or the rounds run out (``step`` is then feasible
    and no worse than zero, but not optimal).
    """
    n, constraints = gradient.size, slack.size
    system = np.empty((n + constraints, n + constraints))
    solution = np.empty(n + constraints)
    for c in range(constraints):
        working[c] = equality[c] or slack[c] <= _ACTIVE
    for j in range(n):
        step[j] = 0.0
    for _ in range(_ROUNDS):
        if not _solve_on_working_set(gradient, hessian, rows, slack, working, system, solution):
            return False
        blocking = _step_to_boundary(step, solution[:n], rows, slack, working)
        if blocking >= 0:
            working[blocking] = True
        elif not _drop_worst(solution, n, equality, working):
            return True
    return False
