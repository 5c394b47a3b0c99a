"""Events of a Hawkes process by thinning (Ogata, 1981), from a seed."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.counter_random import random_unit
from plimsoll.maths.hawkes_recursion import hawkes_advance

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]


@njit(cache=True, nogil=True)
def hawkes_simulate(
    baseline: Vector,
    branching: Matrix,
    beta: float,
    horizon: float,
    seed: int,
    times: Vector,
    marks: Index,
) -> int:
    """Fill ``times`` and ``marks`` with events on (0, horizon]; return how many.

    -1 where the arrays are too short. The process starts empty.
    """
    count = baseline.size
    state = np.zeros(1 + 3 * count)
    intensities = np.empty(count)
    counter, filled, time = 0, 0, 0.0
    while True:
        bound = _total(state, baseline, branching, beta, True, intensities)
        time -= math.log1p(-random_unit(seed, counter)) / bound
        draw = random_unit(seed, counter + 1) * bound
        counter += 2
        if not time <= horizon:
            return filled
        hawkes_advance(state, time, beta)
        total = _total(state, baseline, branching, beta, False, intensities)
        if draw >= total:
            continue
        if filled == times.size:
            return -1
        mark = 0
        while mark < count - 1 and draw >= intensities[mark]:
            draw -= intensities[mark]
            mark += 1
        times[filled], marks[filled] = time, mark
        filled += 1
        state[1 + 2 * count + mark] += 1.0


@njit(cache=True, nogil=True)
def _total(
    state: Vector,
    baseline: Vector,
    branching: Matrix,
    beta: float,
    just_after: bool,
    intensities: Vector,
) -> float:
    """Sum of the intensities now, or just after this instant's events: a bound until the next."""
    count = baseline.size
    total = 0.0
    for i in range(count):
        intensities[i] = baseline[i]
        for j in range(count):
            full = state[1 + j] + (state[1 + 2 * count + j] if just_after else 0.0)
            intensities[i] += branching[i, j] * beta * full
        total += intensities[i]
    return total
