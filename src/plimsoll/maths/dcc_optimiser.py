"""Maximum likelihood of a DCC's few parameters by sequential quadratic programming.

Coordinates are a, b and, for a t law, eta = 1 / nu. The first curvature is the outer product of
the rows' slopes (Berndt, Hall, Hall and Hausman, 1974), later ones are damped BFGS updates of it
(Nocedal and Wright, ch. 18). All constraints are linear, so every iterate is admissible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.quadratic_program import minimise_quadratic

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# theta and whether slopes are wanted -> rows (T, 4), or None where Q is not definite
Densities = Callable[[Vector, bool], Matrix | None]

ETA_LOWEST, ETA_HIGHEST = 1.0 / 500.0, 1.0 / 2.05
PERSISTENCE_HIGHEST = 0.99999
_ITERATIONS, _TOLERANCE, _SHORTEST = 60, 1e-8, 1e-8
_STARTS = ((0.02, 0.96), (0.05, 0.9), (0.01, 0.985), (0.005, 0.9), (0.1, 0.8), (0.03, 0.6))
_CLIMBED = 2
_FIRST_ETA = 0.1
_SAME_OPTIMUM = 0.02
BINDING_NAMES = ("a=0", "b=0", "a+b", "nu=500", "nu=2.05")


@dataclass(frozen=True, slots=True, kw_only=True)
class DccOptimum:
    """Where the climb ended: parameters, log-likelihood, binding constraints, effort."""

    a: float
    b: float
    eta: float
    log_likelihood: float
    status: tuple[str, ...]
    converged: bool
    evaluations: int


def _constraints(student: bool) -> tuple[Matrix, Vector]:
    """Rows A and right sides c of ``A theta >= c``, in the order of `BINDING_NAMES`."""
    rows = np.array([[1.0, 0, 0], [0, 1.0, 0], [-1.0, -1.0, 0], [0, 0, 1.0], [0, 0, -1.0]])
    sides = np.array([0.0, 0.0, -PERSISTENCE_HIGHEST, ETA_LOWEST, -ETA_HIGHEST])
    return (rows, sides) if student else (rows[:3, :2].copy(), sides[:3])


def _summed(rows: Matrix | None, size: int) -> tuple[float, Vector]:
    """Negative log-likelihood and its gradient; infinite where there are no densities."""
    if rows is None:
        return np.inf, np.zeros(size)
    total = rows.sum(axis=0)
    return -float(total[0]), -total[1 : size + 1]


def _updated(hessian: Matrix, move: Vector, change: Vector) -> Matrix:
    """Damped BFGS update."""
    product = hessian @ move
    curvature, observed = float(move @ product), float(change @ move)
    if curvature <= 0.0:
        return hessian
    weight = 1.0
    if observed < 0.2 * curvature:
        weight = 0.8 * curvature / (curvature - observed)
    damped = weight * change + (1.0 - weight) * product
    return (
        hessian
        + np.outer(damped, damped) / float(damped @ move)
        - np.outer(product, product) / curvature
    )


def _outer_products(rows: Matrix, size: int) -> Matrix:
    slopes = rows[:, 1 : size + 1]
    curvature: Matrix = slopes.T @ slopes
    return curvature + np.diag(1e-10 + 1e-10 * np.diag(curvature))


def _climb(
    densities: Densities, start: Vector, student: bool, rival: Vector | None
) -> tuple[Vector, float, bool, int]:
    """Optimum near ``start``: parameters, negative log-likelihood, converged, evaluations.

    Given up, with an infinite value, once it leads to the optimum ``rival``.
    """
    constraints, sides = _constraints(student)
    size, equality = start.size, np.zeros(sides.size, dtype=np.bool_)
    theta, step, working = start.copy(), np.empty(start.size), np.zeros(sides.size, dtype=np.bool_)
    rows = densities(theta, True)
    if rows is None:
        return theta, np.inf, False, 1
    value, gradient = _summed(rows, size)
    hessian, evaluations = _outer_products(rows, size), 1
    for _ in range(_ITERATIONS):
        slack = np.maximum(constraints @ theta - sides, 0.0)
        minimise_quadratic(gradient, hessian, constraints, slack, equality, working, step)
        slope = float(gradient @ step)
        if rival is not None and _leads_to(rival, theta + step, hessian):
            return theta, np.inf, True, evaluations
        if -slope - 0.5 * float(step @ hessian @ step) < _TOLERANCE:
            return theta, value, True, evaluations
        length = 1.0
        while True:
            rows = densities(theta + length * step, True)
            found, gradient_found = _summed(rows, size)
            evaluations += 1
            if found <= value + 1e-4 * length * slope:
                break
            length *= 0.5 if not np.isfinite(found) else _shorter(length, slope, found - value)
            if length < _SHORTEST:
                return theta, value, False, evaluations
        move = length * step
        hessian = _updated(hessian, move, gradient_found - gradient)
        theta, value, gradient = theta + move, found, gradient_found
    return theta, value, False, evaluations


def _leads_to(rival: Vector, theta: Vector, hessian: Matrix) -> bool:
    """Whether two points differ by next to nothing in log-likelihood, by the curvature."""
    apart = theta - rival
    return float(apart @ hessian @ apart) < _SAME_OPTIMUM


def _shorter(length: float, slope: float, rise: float) -> float:
    """Factor that leads to the minimum of the parabola, between a tenth and a half."""
    return min(0.5, max(0.1, -0.5 * slope * length / (rise - slope * length)))


def maximise_dcc(densities: Densities, *, student: bool) -> DccOptimum:
    """Climb from the likeliest of several starts and take the best optimum.

    ``densities(theta, slopes)`` gives rows of log density and slopes, (T, 4), or None where the
    path is not definite; ``theta`` is (a, b) or (a, b, eta).
    """
    starts = [np.array([a, b, _FIRST_ETA])[: 3 if student else 2] for a, b in _STARTS]
    values = [_summed(densities(start, False), 0)[0] for start in starts]
    order = np.argsort(values, kind="stable")[:_CLIMBED]
    climbs = [_climb(densities, starts[int(order[0])], student, None)]
    for place in order[1:]:
        climbs.append(_climb(densities, starts[int(place)], student, climbs[0][0]))
    best = min(climbs, key=lambda climb: climb[1])
    theta, value, converged, _ = best
    constraints, sides = _constraints(student)
    binding = constraints @ theta - sides < 1e-9
    names = tuple(name for name, is_on in zip(BINDING_NAMES, binding, strict=False) if is_on)
    return DccOptimum(
        a=max(float(theta[0]), 0.0),
        b=max(float(theta[1]), 0.0),
        eta=float(theta[2]) if student else 0.0,
        log_likelihood=-value,
        status=names,
        converged=converged,
        evaluations=len(starts) + sum(climb[3] for climb in climbs),
    )
