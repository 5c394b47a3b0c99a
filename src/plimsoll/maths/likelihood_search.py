"""Maximum likelihood in a few coordinates from exact scores, within a box.

Quasi-Newton climb (BFGS, Nocedal and Wright, Numerical Optimization, 2nd ed., ch. 6) that starts
from the outer product of the scores as curvature (Berndt, Hall, Hall and Hausman, 1974), then
Newton steps whose Hessian is differenced from the exact gradient. Coordinates on a bound leave
the step while the gradient pushes them outwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
Objective = Callable[[Vector], tuple[float, Matrix]]

_CLIMB_STEPS, _POLISH_STEPS, _HALVINGS = 150, 60, 40
_LARGEST_MOVE = 1.5
_COARSE, _UNSEEN, _FINE = 1e-3, 1e-7, 1e-17
_FLAT = 1e-8
_STALLED = 10
_SMALLEST_CURVATURE = 1e-9
_DIFFERENCE = 1e-5


class Summit(NamedTuple):
    """Where a search ended: coordinates, log-likelihood, whether it is a maximum of the box."""

    coordinates: Vector
    log_likelihood: float
    converged: bool


def _newton_step(curvature: Matrix, gradient: Vector, free: Flags) -> Vector:
    """``curvature^-1 gradient`` in the free coordinates, every eigenvalue made positive."""
    step = np.zeros(gradient.size)
    if not free.any():
        return step
    inner = curvature[np.ix_(free, free)]
    scale = np.sqrt(np.maximum(np.abs(np.diag(inner)), 1e-300))
    values, vectors = np.linalg.eigh(inner / np.outer(scale, scale))
    values = np.maximum(np.abs(values), _SMALLEST_CURVATURE)
    step[free] = (vectors @ ((vectors.T @ (gradient[free] / scale)) / values)) / scale
    return step


def _free(theta: Vector, gradient: Vector, low: Vector, high: Vector) -> Flags:
    return ~(((theta <= low) & (gradient < 0.0)) | ((theta >= high) & (gradient > 0.0)))


def _updated(curvature: Matrix, move: Vector, change: Vector) -> Matrix:
    """BFGS update with Powell's damping; ``change`` is the fall of the gradient."""
    product = curvature @ move
    expected = float(move @ product)
    observed = float(move @ change)
    if not expected > 0.0:
        return curvature
    weight = 1.0 if observed >= 0.2 * expected else 0.8 * expected / (expected - observed)
    damped = weight * change + (1.0 - weight) * product
    return (
        curvature
        + np.outer(damped, damped) / float(move @ damped)
        - np.outer(product, product) / expected
    )


def _advance(
    objective: Objective, theta: Vector, value: float, slope: float, step: Vector, box: Matrix
) -> tuple[Vector, float, Vector, Matrix] | None:
    """The longest halved step that raises the likelihood enough, with value and scores there."""
    length = min(1.0, _LARGEST_MOVE / max(float(np.max(np.abs(step))), 1e-300))
    for _ in range(_HALVINGS):
        trial = np.clip(theta + length * step, box[0], box[1])
        found, scores = objective(trial)
        if np.isfinite(found) and found >= value + 1e-4 * length * slope:
            gradient = scores.sum(axis=0)
            if np.isfinite(gradient).all():
                return trial, found, gradient, scores
        length *= 0.4
    return None


def climb(
    objective: Objective, start: Vector, low: Vector, high: Vector, *, gain: float = _COARSE
) -> Summit:
    """Climb from ``start`` until a quadratic model promises less than ``gain`` log points."""
    box = np.array([low, high])
    theta = np.clip(start, low, high)
    value, scores = objective(theta)
    gradient = scores.sum(axis=0)
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        return Summit(theta, -np.inf, False)
    curvature = scores.T @ scores
    for _ in range(_CLIMB_STEPS):
        step = _newton_step(curvature, gradient, _free(theta, gradient, low, high))
        slope = float(gradient @ step)
        if slope < 2.0 * gain:
            return Summit(theta, value, True)
        found = _advance(objective, theta, value, slope, step, box)
        if found is None:
            return Summit(theta, value, False)
        move, change = found[0] - theta, gradient - found[2]
        theta, value, gradient = found[0], found[1], found[2]
        curvature = _updated(curvature, move, change)
    return Summit(theta, value, False)


def hessian_of(objective: Objective, theta: Vector, low: Vector, high: Vector) -> Matrix:
    """Second derivatives of the log-likelihood: differences of its exact gradient."""
    count = theta.size
    hessian = np.empty((count, count))
    for i in range(count):
        step = np.zeros(count)
        step[i] = _DIFFERENCE * max(1.0, abs(theta[i]))
        up, down = np.minimum(theta + step, high), np.maximum(theta - step, low)
        rise = objective(up)[1].sum(axis=0) - objective(down)[1].sum(axis=0)
        hessian[i] = rise / (up[i] - down[i])
    return np.asarray(0.5 * (hessian + hessian.T), dtype=np.float64)


def _forward_hessian(objective: Objective, theta: Vector, gradient: Vector, high: Vector) -> Matrix:
    """As :func:`hessian_of` at half the cost and fewer digits: enough to step by."""
    hessian = np.empty((theta.size, theta.size))
    for i in range(theta.size):
        trial = theta.copy()
        step = _DIFFERENCE * max(1.0, abs(theta[i]))
        trial[i] = theta[i] + step if theta[i] + step <= high[i] else theta[i] - step
        hessian[i] = (objective(trial)[1].sum(axis=0) - gradient) / (trial[i] - theta[i])
    return np.asarray(0.5 * (hessian + hessian.T), dtype=np.float64)


def polish(objective: Objective, summit: Summit, low: Vector, high: Vector) -> Summit:
    """Newton steps to the last digits; converged where they end at a maximum.

    On a ridge too flat for that, converged means that a quadratic model promises less than one
    part in 1e8 of the log-likelihood; at a kink (a mode on an observation, with a shape on its
    bound), that no step along the gradient's direction rises, or that ten rounds gained less.
    """
    box = np.array([low, high])
    theta = summit.coordinates
    value, scores = objective(theta)
    gradient = scores.sum(axis=0)
    slope, values = np.inf, [value]
    for _ in range(_POLISH_STEPS):
        free = _free(theta, gradient, low, high)
        curvature = -_forward_hessian(objective, theta, gradient, high)
        step = _newton_step(curvature, gradient, free)
        slope = float(gradient @ step)
        if slope < _UNSEEN:  # too small to be seen in the value: trust the gradient
            theta = np.clip(theta + step, low, high)
            value, scores = objective(theta)
            gradient = scores.sum(axis=0)
            if slope < max(_FINE * abs(value), 1e-12):
                return Summit(theta, value, _is_maximum(curvature, free))
            continue
        found = _advance(objective, theta, value, slope, step, box)
        if found is None:
            return Summit(theta, value, True)
        theta, value, gradient = found[0], found[1], found[2]
        values.append(value)
    gained = value - values[-min(len(values), _STALLED)]
    return Summit(theta, value, min(slope, gained) < _FLAT * max(1.0, abs(value)))


def _is_maximum(curvature: Matrix, free: Flags) -> bool:
    if not free.any():
        return True
    inner = curvature[np.ix_(free, free)]
    return bool(np.linalg.eigvalsh(inner)[0] > -1e-6 * np.max(np.abs(inner)))


def maximise(
    objective: Objective, starts: Sequence[Vector], low: Vector, high: Vector, *, climbs: int = 2
) -> Summit:
    """The best summit reached from the ``climbs`` most promising of ``starts``, polished.

    Every start is evaluated once; if none of those climbs converges, the other starts follow.
    """
    values = [objective(np.clip(start, low, high))[0] for start in starts]
    order = sorted(
        range(len(starts)), key=lambda i: -values[i] if values[i] == values[i] else 1e300
    )
    summits = [climb(objective, starts[i], low, high) for i in order[:climbs]]
    if not any(summit.converged for summit in summits):
        summits += [climb(objective, starts[i], low, high) for i in order[climbs:]]
    best = max(summits, key=lambda summit: summit.log_likelihood)
    if not np.isfinite(best.log_likelihood):
        return best
    return polish(objective, best, low, high)
