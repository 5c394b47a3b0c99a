"""Interior-point descent for eSSVI slices of a whole chain.

Gauss-Newton steps on quotes, ties and the logarithmic barrier, whose strength falls to next to
nothing; the reach of the loss falls along, so that wild quotes let go after the slices have found
their place (graduated non-convexity). A slice meets only its neighbours: the normal matrix is block
tridiagonal and its solution linear in the number of expiries.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.essvi_fit_terms import (
    CONDITIONS,
    SLICE,
    ChainQuotes,
    Ties,
    add_barrier,
    add_quotes,
    add_ties,
    rooms,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

ROOMS = CONDITIONS + SLICE + 1
_LEVELS, _STEPS, _LAST_STEPS = 8, 4, 100
_FALL = 0.1
_FIRST_STRENGTH = 0.1
_LEAST_STRENGTH = 1e-12
_WIDEST = 27.0
_HALVINGS = 30
_CLOSE = 0.005
_TOLERANCE = 1e-9


class Equations(NamedTuple):
    """Objective with its normal equations at some slices."""

    gradient: Matrix
    diagonal: Cube
    coupling: Cube


@njit(cache=True, nogil=True, error_model="numpy")
def _factor(block: Matrix) -> bool:
    """Lower Cholesky factor in place, its diagonal inverted; False if not positive definite."""
    for j in range(SLICE):
        pivot = block[j, j]
        for m in range(j):
            pivot -= block[j, m] * block[j, m]
        if not pivot > 0.0:
            return False
        inverse = 1.0 / math.sqrt(pivot)
        block[j, j] = inverse
        for row in range(j + 1, SLICE):
            entry = block[row, j]
            for m in range(j):
                entry -= block[row, m] * block[j, m]
            block[row, j] = entry * inverse
    return True


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _forward(factor: Matrix, right: Vector) -> None:
    """Solve with the factor, its diagonal inverted, in place."""
    for i in range(SLICE):
        value = right[i]
        for m in range(i):
            value -= factor[i, m] * right[m]
        right[i] = value * factor[i, i]


@njit(cache=True, nogil=True, error_model="numpy")
def _eliminate(factor: Matrix, own: Vector, below: Matrix, block: Matrix, right: Vector) -> None:
    """Take a factored slice out of the next one's block and right-hand side."""
    for row in range(SLICE):
        _forward(factor, below[row])
        for m in range(SLICE):
            right[row] -= below[row, m] * own[m]
        for column in range(row + 1):
            for m in range(SLICE):
                block[row, column] -= below[row, m] * below[column, m]


@njit(cache=True, nogil=True, error_model="numpy")
def solve_blocks(diagonal: Cube, coupling: Cube, right: Matrix) -> bool:
    """Solve the block tridiagonal system in place (lower triangles); False if not definite."""
    n = right.shape[0]
    for i in range(n):
        if not _factor(diagonal[i]):
            return False
        _forward(diagonal[i], right[i])
        if i + 1 < n:
            _eliminate(diagonal[i], right[i], coupling[i], diagonal[i + 1], right[i + 1])
    for i in range(n - 1, -1, -1):
        for column in range(SLICE - 1, -1, -1):
            value = right[i, column]
            if i + 1 < n:
                for row in range(SLICE):
                    value -= coupling[i, row, column] * right[i + 1, row]
            for m in range(column + 1, SLICE):
                value -= diagonal[i, m, column] * right[i, m]
            right[i, column] = value * diagonal[i, column, column]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def assemble(
    slices: Matrix,
    quotes: ChainQuotes,
    ties: Ties,
    reach: float,
    strength: float,
    room: Matrix,
    equations: Equations,
    sums: Vector,
) -> tuple[float, float]:
    """Objective with and without the barrier; the equations are written."""
    equations.gradient[:] = 0.0
    equations.diagonal[:] = 0.0
    equations.coupling[:] = 0.0
    own = add_quotes(slices, quotes, reach, equations.gradient, equations.diagonal, sums)
    own += add_ties(slices, ties, equations.gradient, equations.diagonal, equations.coupling)
    barrier = add_barrier(
        slices, room, strength, equations.gradient, equations.diagonal, equations.coupling
    )
    return own + barrier, own


@njit(cache=True, nogil=True, error_model="numpy")
def _longest(
    slices: Matrix, step: Matrix, room: Matrix, trial: Matrix, trial_room: Matrix
) -> float:
    """Length at which every room keeps a share of itself; trial slices and rooms are written."""
    length = 1.0
    for _ in range(_HALVINGS):
        for i in range(slices.shape[0]):
            for j in range(SLICE):
                trial[i, j] = slices[i, j] + length * step[i, j]
        if rooms(trial, trial_room) and _keeps_room(room, trial_room):
            return length
        length *= 0.5 if length > 0.1 else 0.25
    return 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _keeps_room(room: Matrix, trial_room: Matrix) -> bool:
    n = room.shape[0]
    for i in range(n):
        for j in range(ROOMS if i + 1 < n else CONDITIONS):
            if trial_room[i, j] < _CLOSE * room[i, j]:
                return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _newton_step(here: Equations, step: Matrix) -> float:
    """Write the step; twice the fall in the objective that the equations promise, NaN if none."""
    step[:] = -here.gradient
    if not solve_blocks(here.diagonal, here.coupling, step):
        return np.nan
    promised = 0.0
    for i in range(step.shape[0]):
        for j in range(SLICE):
            promised -= here.gradient[i, j] * step[i, j]
    return promised


@njit(cache=True, nogil=True, error_model="numpy")
def _search(
    slices: Matrix,
    step: Matrix,
    room: Matrix,
    value: float,
    promised: float,
    quotes: ChainQuotes,
    ties: Ties,
    reach: float,
    strength: float,
    trial: Matrix,
    trial_room: Matrix,
    there: Equations,
    sums: Vector,
) -> tuple[float, float]:
    """Shorten the step until the objective falls enough; objective with and without barrier."""
    length = _longest(slices, step, room, trial, trial_room)
    found, own = np.inf, np.inf
    for _ in range(_HALVINGS):
        if length == 0.0:
            break
        found, own = assemble(trial, quotes, ties, reach, strength, trial_room, there, sums)
        if found <= value - 1e-4 * length * promised:
            return found, own
        length *= 0.3
        trial[:] = slices + length * step
        rooms(trial, trial_room)
    return np.inf, np.inf


@njit(cache=True, nogil=True, error_model="numpy")
def _minimise(
    slices: Matrix,
    quotes: ChainQuotes,
    ties: Ties,
    reach: float,
    strength: float,
    most_steps: int,
    enough: float,
    room: Matrix,
    trial_room: Matrix,
    here: Equations,
    there: Equations,
    trial: Matrix,
    step: Matrix,
    sums: Vector,
) -> tuple[float, int, bool]:
    """Minimise at one strength of the barrier; objective without it, steps, converged."""
    value, own = assemble(slices, quotes, ties, reach, strength, room, here, sums)
    for taken in range(most_steps):
        promised = _newton_step(here, step)
        least = max(enough, _TOLERANCE * (own + 1e-8))
        if not promised >= least:
            return own, taken, promised < least
        found, found_own = _search(
            slices,
            step,
            room,
            value,
            promised,
            quotes,
            ties,
            reach,
            strength,
            trial,
            trial_room,
            there,
            sums,
        )
        if not found < value:
            return own, taken + 1, promised < 1e-6 * (own + 1e-8)
        slices[:] = trial
        room[:] = trial_room
        here, there = there, here
        value, own = found, found_own
    return own, most_steps, False


@njit(cache=True, nogil=True, error_model="numpy")
def descend_essvi(
    slices: Matrix, quotes: ChainQuotes, ties: Ties, reach: float
) -> tuple[float, int, bool]:
    """Minimise from slices that fulfil every condition (overwritten).

    Returns
    -------
    objective : float
        Quotes and ties, without the barrier.
    steps : int
    converged : bool
    """
    n = slices.shape[0]
    here = Equations(np.empty((n, 3)), np.empty((n, 3, 3)), np.empty((n, 3, 3)))
    there = Equations(np.empty((n, 3)), np.empty((n, 3, 3)), np.empty((n, 3, 3)))
    room, trial_room = np.ones((n, ROOMS)), np.ones((n, ROOMS))
    trial, step, sums = np.empty((n, 3)), np.empty((n, 3)), np.empty(10)
    if not rooms(slices, room):
        return np.inf, 0, False
    wide = max(reach, _WIDEST)
    own = assemble(slices, quotes, ties, wide, 0.0, room, here, sums)[1]
    strength, steps, converged = _FIRST_STRENGTH * own / (ROOMS * n), 0, False
    for level in range(_LEVELS):
        last = level == _LEVELS - 1
        own, taken, converged = _minimise(
            slices,
            quotes,
            ties,
            wide,
            strength,
            _LAST_STEPS if last else _STEPS,
            0.0 if last else strength * n,
            room,
            trial_room,
            here,
            there,
            trial,
            step,
            sums,
        )
        steps += taken
        strength = max(strength * _FALL, _LEAST_STRENGTH)
        wide = max(wide / 3.0, reach)
    return own, steps, converged
