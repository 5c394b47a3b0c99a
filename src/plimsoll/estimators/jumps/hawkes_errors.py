"""Covariance of Hawkes estimates: observed information, or the sandwich over stretches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.jumps.event_times import EventTimes
from plimsoll.maths.hawkes_recursion import hawkes_scores

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_DIFFERENCE = 1e-5


def hawkes_covariance(
    events: EventTimes, baseline: Vector, branching: Matrix, decay: float, kind: str, blocks: int
) -> Matrix:
    """Covariance of (baseline, branching by rows, decay), zeros for branching numbers at 0.

    Raises
    ------
    ParameterError
        Too few or too many blocks.
    EstimationError
        The information is not positive definite.
    """
    unit = events.horizon / events.time.size
    theta = np.concatenate([baseline * unit, branching.ravel(), [decay * unit]])
    if not 2 * theta.size <= blocks <= events.time.size:
        raise ParameterError(
            f"must lie in {2 * theta.size} .. {events.time.size}", found=blocks, field="blocks"
        )
    free = np.ones(theta.size, dtype=np.bool_)
    free[baseline.size : -1] = theta[baseline.size : -1] > 0.0
    inverse = _inverse(_information(events, theta, unit)[np.ix_(free, free)])
    if kind == "sandwich":
        scores = _scores(events, theta, unit)[:, free]
        starts = (np.arange(blocks) * scores.shape[0]) // blocks
        sums = np.add.reduceat(scores, starts, axis=0)
        inverse = inverse @ (sums.T @ sums) @ inverse
    covariance = np.zeros((theta.size, theta.size))
    covariance[np.ix_(free, free)] = inverse
    scale = np.ones(theta.size)
    scale[: baseline.size] = scale[-1] = 1.0 / unit
    return covariance * np.outer(scale, scale)


def _scores(events: EventTimes, theta: Vector, unit: float) -> Matrix:
    out = np.empty((events.time.size + 1, theta.size))
    times = np.array(events.time) / unit
    hawkes_scores(times, np.array(events.mark), float(times.size), theta, events.components, out)
    return out


def _information(events: EventTimes, theta: Vector, unit: float) -> Matrix:
    """Minus the Hessian: differences of the exact gradient, one-sided at 0."""
    rows = []
    for i in range(theta.size):
        step = np.zeros(theta.size)
        step[i] = _DIFFERENCE * max(theta[i], 1e-2)
        up, down = theta + step, np.maximum(theta - step, 0.0)
        rise = _scores(events, up, unit).sum(axis=0) - _scores(events, down, unit).sum(axis=0)
        rows.append(rise / (up[i] - down[i]))
    hessian = np.array(rows)
    return np.asarray(-0.5 * (hessian + hessian.T), dtype=np.float64)


def _inverse(information: Matrix) -> Matrix:
    scale = np.sqrt(np.abs(np.diag(information)))
    flat = not (np.isfinite(information).all() and np.all(scale > 0.0))
    if flat or np.linalg.eigvalsh(information / np.outer(scale, scale))[0] < 1e-10:
        raise EstimationError(
            "the observed information must be positive definite",
            found="a flat direction of the likelihood",
            remedy="without excitation the decay is not determined: take the events as Poisson",
        )
    scaled = information / np.outer(scale, scale)
    return np.asarray(np.linalg.inv(scaled) / np.outer(scale, scale), dtype=np.float64)
