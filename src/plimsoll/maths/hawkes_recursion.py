"""Hawkes processes with one exponential decay: excitation sums, intensities, compensators.

``lambda_i(t) = mu_i + sum_j N_ij beta r_j(t)``, ``r_j(t) = sum exp(-beta (t - t_k))`` over the
events of component j strictly before t (Hawkes, 1971; the O(n) recursion is Ozaki's, 1979). ``N``
is the branching matrix: N_ij events of i follow directly from one of j. Events of one instant do
not excite each other, so that ties, within a component or across, change nothing else.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]


@njit(cache=True, nogil=True)
def hawkes_advance(state: Vector, time: float, beta: float) -> float:
    """Move ``state`` to ``time`` and return the time passed.

    ``state`` holds the time, then by component r, then ``sum (t - t_k) exp(-beta (t - t_k))``,
    then the events of this very instant, which count only once time has moved on.
    """
    count = (state.size - 1) // 3
    passed = time - state[0]
    if passed > 0.0:
        left = math.exp(-beta * passed)
        for j in range(count):
            full = state[1 + j] + state[1 + 2 * count + j]
            state[1 + count + j] = left * (state[1 + count + j] + passed * full)
            state[1 + j] = left * full
            state[1 + 2 * count + j] = 0.0
        state[0] = time
    return float(passed)


@njit(cache=True, nogil=True)
def hawkes_intensity_step(
    state: Vector, time: float, mark: int, baseline: Vector, branching: Matrix, beta: float
) -> Vector:
    """Intensities just before an event at ``time``; ``state`` takes the event up.

    A negative ``mark`` only looks.
    """
    count = baseline.size
    hawkes_advance(state, time, beta)
    out = np.empty(count)
    for i in range(count):
        total = baseline[i]
        for j in range(count):
            total += branching[i, j] * beta * state[1 + j]
        out[i] = total
    if mark >= 0:
        state[1 + 2 * count + mark] += 1.0
    return out


@njit(cache=True, nogil=True)
def hawkes_intensities(
    times: Vector, marks: Index, baseline: Vector, branching: Matrix, beta: float, state: Vector
) -> Matrix:
    """Intensities just before every event, (n, components); ``state`` ends after the last."""
    out = np.empty((times.size, baseline.size))
    for k in range(times.size):
        out[k] = hawkes_intensity_step(state, times[k], marks[k], baseline, branching, beta)
    return out


@njit(cache=True, nogil=True)
def hawkes_features(
    times: Vector, marks: Index, horizon: float, beta: float, x: Matrix, slope: Matrix, ends: Matrix
) -> None:
    """Terms of the likelihood that depend on the decay alone, for times from 0 to ``horizon``.

    ``x`` (n, components): ``beta r_j`` before each event; ``slope``: its derivative in beta.
    ``ends`` (2, components): ``sum 1 - exp(-beta (T - t_k))`` by component and its derivative.
    """
    count = x.shape[1]
    state = np.zeros(1 + 3 * count)
    ends[:] = 0.0
    for k in range(times.size):
        hawkes_advance(state, times[k], beta)
        for j in range(count):
            x[k, j] = beta * state[1 + j]
            slope[k, j] = state[1 + j] - beta * state[1 + count + j]
        state[1 + 2 * count + marks[k]] += 1.0
        rest = horizon - times[k]
        left = math.exp(-beta * rest)
        ends[0, marks[k]] += 1.0 - left
        ends[1, marks[k]] += rest * left


@njit(cache=True, nogil=True)
def hawkes_scores(
    times: Vector, marks: Index, horizon: float, theta: Vector, count: int, out: Matrix
) -> float:
    """Log-likelihood; scores by interval into ``out``, shape (n + 1, count + count^2 + 1).

    ``theta`` holds baselines, the branching matrix by rows, the decay. Row k is the event k less
    the compensator since the event before; the last row the compensator to the horizon.
    """
    beta = theta[-1]
    state = np.zeros(1 + 3 * count)
    out[:] = 0.0
    total = 0.0
    for k in range(times.size + 1):
        time = times[k] if k < times.size else horizon
        total -= _compensator_scores(state, time - state[0], theta, count, out[k])
        hawkes_advance(state, time, beta)
        if k == times.size:
            break
        i = marks[k]
        intensity = theta[i]
        for j in range(count):
            intensity += theta[count + i * count + j] * beta * state[1 + j]
        if not intensity > 0.0:
            return -np.inf
        total += math.log(intensity)
        out[k, i] += 1.0 / intensity
        for j in range(count):
            out[k, count + i * count + j] += beta * state[1 + j] / intensity
            slope = state[1 + j] - beta * state[1 + count + j]
            out[k, -1] += theta[count + i * count + j] * slope / intensity
        state[1 + 2 * count + i] += 1.0
    return total


@njit(cache=True, nogil=True)
def _compensator_scores(
    state: Vector, passed: float, theta: Vector, count: int, row: Vector
) -> float:
    """Compensator of all components over the next ``passed``; its slopes are taken from ``row``."""
    beta = theta[-1]
    left = math.exp(-beta * passed)
    total = 0.0
    for i in range(count):
        total += theta[i] * passed
        row[i] -= passed
        for j in range(count):
            full = state[1 + j] + state[1 + 2 * count + j]
            at = count + i * count + j
            total += theta[at] * full * (1.0 - left)
            row[at] -= full * (1.0 - left)
            row[-1] -= theta[at] * (full * passed * left - state[1 + count + j] * (1.0 - left))
    return total


@njit(cache=True, nogil=True)
def hawkes_residuals(
    times: Vector, marks: Index, baseline: Vector, branching: Matrix, beta: float
) -> Vector:
    """Compensator of an event's component since that component's last event (the first: since 0).

    Standard exponential and independent under the model (time change of Papangelou, 1972).
    """
    count = baseline.size
    state = np.zeros(1 + 3 * count)
    since = np.zeros(count)
    out = np.empty(times.size)
    for k in range(times.size):
        passed = times[k] - state[0]
        grown = 1.0 - math.exp(-beta * passed)
        for i in range(count):
            since[i] += baseline[i] * passed
            for j in range(count):
                full = state[1 + j] + state[1 + 2 * count + j]
                since[i] += branching[i, j] * full * grown
        hawkes_advance(state, times[k], beta)
        state[1 + 2 * count + marks[k]] += 1.0
        out[k] = since[marks[k]]
        since[marks[k]] = 0.0
    return out
