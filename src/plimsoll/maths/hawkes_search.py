"""Maximum likelihood of a Hawkes process: concave given the decay, one-dimensional in the decay.

Given beta the log-likelihood is a sum of logs of linear functions less a linear function of
baselines and branching numbers (Ogata and Akaike, 1982), concave, and apart by receiving component:
Newton steps within bounds find its only maximum. What is left, the profile over log beta, may have
several maxima: it is evaluated on a grid, and every one of its best local maxima is refined to a
root of its exact derivative (envelope theorem).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.hawkes_recursion import hawkes_features

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]

_NEWTON, _HALVINGS, _ROOT = 60, 40, 60
_FINE, _COARSE = 1e-13, 1e-7
_BASELINE_FLOOR = 1e-9


@njit(cache=True, nogil=True)
def _receiver_value(x: Matrix, rows: Index, cost: Vector, w: Vector) -> float:
    total = -w[0] * cost[0]
    for j in range(1, w.size):
        total -= w[j] * cost[j]
    for row in rows:
        intensity = w[0]
        for j in range(1, w.size):
            intensity += w[j] * x[row, j - 1]
        if not intensity > 0.0:
            return -np.inf
        total += math.log(intensity)
    return float(total)


@njit(cache=True, nogil=True)
def _receiver_slopes(x: Matrix, rows: Index, cost: Vector, w: Vector, g: Vector, h: Matrix) -> None:
    """Gradient and minus the Hessian."""
    size = w.size
    h[:] = 0.0
    for j in range(size):
        g[j] = -cost[j]
    for row in rows:
        intensity = w[0]
        for j in range(1, size):
            intensity += w[j] * x[row, j - 1]
        inverse = 1.0 / intensity
        for a in range(size):
            left = inverse if a == 0 else inverse * x[row, a - 1]
            g[a] += left
            for b in range(a + 1):
                h[a, b] += left * (inverse if b == 0 else inverse * x[row, b - 1])
    for a in range(size):
        for b in range(a):
            h[b, a] = h[a, b]


@njit(cache=True, nogil=True)
def _step(g: Vector, h: Matrix, w: Vector, low: Vector, high: Vector) -> Vector:
    """Newton step in the coordinates that no bound holds."""
    free = np.zeros(w.size, dtype=np.bool_)
    for j in range(w.size):
        free[j] = not ((w[j] <= low[j] and g[j] < 0.0) or (w[j] >= high[j] and g[j] > 0.0))
    step = np.zeros(w.size)
    rows = np.flatnonzero(free)
    if rows.size == 0:
        return step
    inner = np.empty((rows.size, rows.size))
    right = np.empty(rows.size)
    for a in range(rows.size):
        right[a] = g[rows[a]]
        for b in range(rows.size):
            inner[a, b] = h[rows[a], rows[b]]
        inner[a, a] = inner[a, a] * (1.0 + 1e-12) + 1e-300
    solved = np.linalg.solve(inner, right)
    for a in range(rows.size):
        step[rows[a]] = solved[a]
    return step


@njit(cache=True, nogil=True)
def _climb_receiver(
    x: Matrix, rows: Index, cost: Vector, w: Vector, low: Vector, high: Vector, gain: float
) -> float:
    """Maximise over one receiver's baseline and branching numbers; ``w`` in and out."""
    size = w.size
    g, h, trial = np.empty(size), np.empty((size, size)), np.empty(size)
    value = _receiver_value(x, rows, cost, w)
    for _ in range(_NEWTON):
        _receiver_slopes(x, rows, cost, w, g, h)
        step = _step(g, h, w, low, high)
        length, risen = 1.0, False
        promised = 0.0
        for j in range(size):
            promised += g[j] * step[j]
        if promised < gain * max(1.0, abs(value)):
            break
        for _ in range(_HALVINGS):
            for j in range(size):
                trial[j] = min(max(w[j] + length * step[j], low[j]), high[j])
            found = _receiver_value(x, rows, cost, trial)
            if found > value:
                risen = True
                break
            length *= 0.5
        if not risen:
            break
        w[:] = trial
        value = found
    return value


@njit(cache=True, nogil=True)
def hawkes_profile(
    times: Vector,
    marks: Index,
    horizon: float,
    beta: float,
    highest: float,
    weights: Matrix,
    work: Matrix,
    slopes: Matrix,
    gain: float,
) -> tuple[float, float]:
    """Best log-likelihood at a decay, and its derivative in log beta.

    ``weights`` (components, 1 + components): baseline and branching numbers, start and result;
    branching numbers stay within ``[0, highest]``; ``gain`` is the promised gain, relative to the
    log-likelihood, at which the climb ends.
    """
    count = weights.shape[0]
    ends = np.empty((2, count))
    hawkes_features(times, marks, horizon, beta, work, slopes, ends)
    cost = np.empty(count + 1)
    cost[0] = horizon
    cost[1:] = ends[0]
    low, high = np.zeros(count + 1), np.full(count + 1, highest)
    high[0] = np.inf
    value, derivative = 0.0, 0.0
    for i in range(count):
        rows = np.flatnonzero(marks == i)
        low[0] = _BASELINE_FLOOR * rows.size / horizon
        value += _climb_receiver(work, rows, cost, weights[i], low, high, gain)
        for row in rows:
            intensity, change = weights[i, 0], 0.0
            for j in range(count):
                intensity += weights[i, j + 1] * work[row, j]
                change += weights[i, j + 1] * slopes[row, j]
            derivative += change / intensity
        for j in range(count):
            derivative -= weights[i, j + 1] * ends[1, j]
    return value, beta * derivative


@njit(cache=True, nogil=True)
def hawkes_search(
    times: Vector, marks: Index, horizon: float, log_decays: Vector, highest: float, count: int
) -> tuple[float, float, Matrix]:
    """Best decay over all local maxima of the profile on the grid: value, decay, weights."""
    size = log_decays.size
    work, slopes = np.empty((times.size, count)), np.empty((times.size, count))
    weights = _start(marks, horizon, count)
    values, derivatives = np.empty(size), np.empty(size)
    kept = np.empty((size, count, count + 1))
    for g in range(size):
        values[g], derivatives[g] = hawkes_profile(
            times, marks, horizon, math.exp(log_decays[g]), highest, weights, work, slopes, _COARSE
        )
        kept[g] = weights
    top = int(np.argmax(values))
    best, decay, found = values[top], math.exp(log_decays[top]), kept[top].copy()
    for g in range(size - 1):
        if not (derivatives[g] > 0.0 >= derivatives[g + 1]):
            continue
        if max(values[g], values[g + 1]) < values[top] - 20.0:
            continue
        weights = kept[g].copy()
        value, at = _refine(
            times, marks, horizon, log_decays[g : g + 2], derivatives[g : g + 2], highest, weights,
            work, slopes,
        )  # fmt: skip
        if value > best:
            best, decay, found = value, math.exp(at), weights
    return best, decay, found


@njit(cache=True, nogil=True)
def _start(marks: Index, horizon: float, count: int) -> Matrix:
    weights = np.empty((count, count + 1))
    for i in range(count):
        weights[i, 0] = 0.5 * np.sum(marks == i) / horizon
        weights[i, 1:] = 0.5 / count
    return weights


@njit(cache=True, nogil=True)
def _refine(
    times: Vector,
    marks: Index,
    horizon: float,
    ends: Vector,
    end_slopes: Vector,
    highest: float,
    weights: Matrix,
    work: Matrix,
    slopes: Matrix,
) -> tuple[float, float]:
    """Root of the profile's derivative between two decays, by the Illinois rule."""
    a, b, at_a, at_b = ends[0], ends[1], end_slopes[0], end_slopes[1]
    value, middle, side = -np.inf, 0.5 * (a + b), 0
    for _ in range(_ROOT):
        middle = (a * at_b - b * at_a) / (at_b - at_a)
        value, slope = hawkes_profile(
            times, marks, horizon, math.exp(middle), highest, weights, work, slopes, _FINE
        )
        if abs(slope) < 1e-9 * times.size or b - a < 1e-11:
            break
        if slope > 0.0:
            a, at_a = middle, slope
            at_b *= 0.5 if side > 0 else 1.0
            side = 1
        else:
            b, at_b = middle, slope
            at_a *= 0.5 if side < 0 else 1.0
            side = -1
    return value, middle
