"""Maximum likelihood of any model of the family from one starting point.

Sequential quadratic programming on exact scores. The curvature is the sum of their outer products
(Berndt, Hall, Hall and Hausman, 1974), refined by damped BFGS updates, and in the end the exact
scores' differences, so that the last steps are Newton's. All constraints are linear: every iterate
is admissible.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.garch_family_constraints import (
    ALPHA,
    ALPHA_DOWN,
    BETA,
    FAMILY_CONSTRAINTS,
    FIXED,
    family_rows,
    family_slack,
)
from plimsoll.maths.garch_family_likelihood import (
    EGARCH,
    FAMILY_PARAMETERS,
    family_scores,
)
from plimsoll.maths.quadratic_program import minimise_quadratic

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ITERATIONS = 200
_TOLERANCE = 1e-10
_STALLED = 1e-5
_POOR, _POOR_STEPS = 0.02, 6
_SAME_OPTIMUM = 0.02
_SMALLEST_STEP = 1e-9
_RIDGE = 1e-8
_DIFFERENCE = 1e-5


@njit(cache=True, nogil=True, error_model="numpy")
def _gradient_and_curvature(
    scores: Matrix, held: Flags, gradient: Vector, hessian: Matrix, outer: bool
) -> None:
    """Gradient of the negative log-likelihood and, if ``outer``, the sum of outer products."""
    n, p = scores.shape
    gradient[:] = 0.0
    for t in range(n):
        for i in range(p):
            gradient[i] -= scores[t, i]
    if not outer:
        return
    hessian[:, :] = 0.0
    for t in range(n):
        for i in range(p):
            for j in range(i, p):
                hessian[i, j] += scores[t, i] * scores[t, j]
    for i in range(p):
        for j in range(i):
            hessian[i, j] = hessian[j, i]
    _make_regular(hessian, held)


@njit(cache=True, nogil=True, error_model="numpy")
def _make_regular(hessian: Matrix, held: Flags) -> None:
    """Detach held parameters and add a small ridge."""
    p = held.size
    for i in range(p):
        if held[i]:
            for j in range(p):
                hessian[i, j] = hessian[j, i] = 0.0
            hessian[i, i] = 1.0
        else:
            hessian[i, i] += _RIDGE * hessian[i, i] + 1e-10


@njit(cache=True, nogil=True, error_model="numpy")
def _predicted_gain(gradient: Vector, hessian: Matrix, step: Vector) -> tuple[float, float]:
    """Slope along the step and the fall of the quadratic model."""
    slope, curvature = 0.0, 0.0
    for i in range(step.size):
        slope += gradient[i] * step[i]
        for j in range(step.size):
            curvature += step[i] * hessian[i, j] * step[j]
    return slope, -slope - 0.5 * curvature


@njit(cache=True, nogil=True, error_model="numpy")
def _update_curvature(hessian: Matrix, move: Vector, change: Vector) -> None:
    """Damped BFGS update in place (Nocedal and Wright, procedure 18.2)."""
    p = move.size
    product = np.zeros(p)
    curvature, observed = 0.0, 0.0
    for i in range(p):
        for j in range(p):
            product[i] += hessian[i, j] * move[j]
        curvature += product[i] * move[i]
        observed += change[i] * move[i]
    if curvature <= 0.0:
        return
    weight = 1.0 if observed >= 0.2 * curvature else 0.8 * curvature / (curvature - observed)
    damped = weight * observed + (1.0 - weight) * curvature
    for i in range(p):
        change[i] = weight * change[i] + (1.0 - weight) * product[i]
    for i in range(p):
        for j in range(p):
            hessian[i, j] += change[i] * change[j] / damped - product[i] * product[j] / curvature


@njit(cache=True, nogil=True, error_model="numpy")
def _snap(theta: Vector, held: Flags, binding: Flags, step: Vector) -> None:
    """Make the step exact where a bound fixes a parameter, so that rounding leaves no traces."""
    if binding[ALPHA]:
        step[2] = -theta[2]
    if binding[BETA]:
        step[4] = -theta[4]
    if binding[ALPHA_DOWN]:
        step[3] = -theta[3] - theta[2] - step[2]
    for i in range(theta.size):
        if held[i]:
            step[i] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def family_hessian(
    returns: Vector,
    theta: Vector,
    kind: int,
    start: int,
    presample: float,
    low: float,
    high: float,
    scores: Matrix,
    hessian: Matrix,
) -> None:
    """Hessian of the negative log-likelihood by central differences of the exact scores."""
    p = theta.size
    moved = theta.copy()
    for i in range(p):
        step = _DIFFERENCE * max(abs(theta[i]), 1e-2)
        if i == 5 and theta[5] == 0.0:
            hessian[i, :] = 0.0
            continue
        moved[i] = theta[i] + step
        family_scores(returns, moved, kind, start, presample, low, high, scores)
        up = np.zeros(p)
        for t in range(returns.size):
            for j in range(p):
                up[j] += scores[t, j]
        moved[i] = theta[i] - step
        family_scores(returns, moved, kind, start, presample, low, high, scores)
        for t in range(returns.size):
            for j in range(p):
                up[j] -= scores[t, j]
        for j in range(p):
            hessian[i, j] = -up[j] / (2.0 * step)
        moved[i] = theta[i]
    for i in range(p):
        for j in range(i):
            mean = 0.5 * (hessian[i, j] + hessian[j, i])
            hessian[i, j] = hessian[j, i] = mean


@njit(cache=True, nogil=True, error_model="numpy")
def _line_search(
    returns: Vector,
    kind: int,
    start: int,
    presample: float,
    low: float,
    high: float,
    theta: Vector,
    step: Vector,
    value: float,
    slope: float,
    trial: Vector,
    scores: Matrix,
) -> tuple[float, int]:
    """Shorten the step until the negative log-likelihood falls enough; value and evaluations.

    ``trial`` is the accepted point and ``scores`` are those there: most steps are accepted at once,
    so that a separate value would be work twice done. The value is infinite if there is none.
    """
    length, evaluations = 1.0, 0
    while length > _SMALLEST_STEP:
        for j in range(step.size):
            trial[j] = theta[j] + length * step[j]
        found = -family_scores(returns, trial, kind, start, presample, low, high, scores)
        evaluations += 1
        if found <= value + 1e-4 * length * slope:
            return found, evaluations
        length *= 0.4
    return np.inf, evaluations


@njit(cache=True, nogil=True, error_model="numpy")
def _accept(
    scores: Matrix,
    held: Flags,
    trial: Vector,
    theta: Vector,
    step: Vector,
    gradient: Vector,
    hessian: Matrix,
) -> None:
    """Move to ``trial``, whose scores are given: new gradient, updated curvature."""
    change = np.empty(theta.size)
    for j in range(theta.size):
        step[j] = trial[j] - theta[j]
        theta[j] = trial[j]
        change[j] = -gradient[j]
    _gradient_and_curvature(scores, held, gradient, hessian, False)
    for j in range(theta.size):
        change[j] += gradient[j]
    _update_curvature(hessian, step, change)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_hopeless(
    theta: Vector,
    step: Vector,
    value: float,
    gain: float,
    hessian: Matrix,
    rival: Vector,
    rival_value: float,
    iteration: int,
) -> bool:
    """True if the quadratic model leads to the rival or promises far less than it has."""
    if not np.isfinite(rival_value):
        return False
    if iteration > 3 and value - 5.0 * gain - 0.5 > rival_value:
        return True
    distance = 0.0
    for i in range(theta.size):
        for j in range(theta.size):
            left, right = theta[i] + step[i] - rival[i], theta[j] + step[j] - rival[j]
            distance += left * hessian[i, j] * right
    return distance < _SAME_OPTIMUM


@njit(cache=True, nogil=True, error_model="numpy")
def _climb(
    returns: Vector,
    kind: int,
    start: int,
    presample: float,
    low: float,
    high: float,
    theta: Vector,
    limits: Vector,
    held: Flags,
    scores: Matrix,
    binding: Flags,
    rival: Vector,
    rival_value: float,
) -> tuple[float, int, bool]:
    """Climb with ``held`` parameters fixed; log-likelihood, evaluations, converged.

    Not converged means stalled: steps gain far less than the quadratic model says. Minus infinity
    if the climb is given up for the rival, see :func:`_is_hopeless`.
    """
    rows, slack = family_rows(kind), np.empty(FAMILY_CONSTRAINTS)
    equality = np.zeros(FAMILY_CONSTRAINTS, dtype=np.bool_)
    equality[FIXED:] = held
    p = FAMILY_PARAMETERS
    gradient = np.empty(p)
    step, trial, hessian = np.empty(p), np.empty(p), np.empty((p, p))
    value = -family_scores(returns, theta, kind, start, presample, low, high, scores)
    if not np.isfinite(value):
        return -np.inf, 1, True
    _gradient_and_curvature(scores, held, gradient, hessian, True)
    evaluations, fresh, poor = 1, True, 0
    for iteration in range(_ITERATIONS):
        family_slack(theta, rows, limits, held, slack)
        minimise_quadratic(gradient, hessian, rows, slack, equality, binding, step)
        _snap(theta, held, binding, step)
        slope, gain = _predicted_gain(gradient, hessian, step)
        found, flat = np.inf, gain < _TOLERANCE or not slope < 0.0
        if flat and fresh:
            return -value, evaluations, True
        if iteration > 1 and _is_hopeless(
            theta, step, value, gain, hessian, rival, -rival_value, iteration
        ):
            return -np.inf, evaluations, True
        if not flat:
            found, tried = _line_search(
                returns,
                kind,
                start,
                presample,
                low,
                high,
                theta,
                step,
                value,
                slope,
                trial,
                scores,
            )
            evaluations += tried
            poor += 1 if not value - found > _POOR * gain else 0
        if poor > _POOR_STEPS or not (flat or np.isfinite(found) or not fresh):
            return -value, evaluations, gain < _STALLED
        if not np.isfinite(found):
            if not flat:  # the search has left the scores of its last trial
                family_scores(returns, theta, kind, start, presample, low, high, scores)
            _gradient_and_curvature(scores, held, gradient, hessian, True)
            fresh = True
            continue
        value, fresh = found, False
        _accept(scores, held, trial, theta, step, gradient, hessian)
    return -value, evaluations, False


@njit(cache=True, nogil=True, error_model="numpy")
def maximise_family(
    returns: Vector,
    kind: int,
    start: int,
    presample: float,
    low: float,
    high: float,
    theta: Vector,
    limits: Vector,
    held: Flags,
    scores: Matrix,
    binding: Flags,
    rival: Vector,
    rival_value: float,
) -> tuple[float, int, bool]:
    """Climb from ``theta`` (admissible, overwritten); log-likelihood, evaluations, converged.

    ``binding`` (17,) holds the active constraints of the last step. Converged means that the
    quadratic model promises less than 1e-10 with the curvature measured afresh. EGARCH has a kink
    in the mean at every return, at which a climb stalls: the other parameters are then optimised
    with the mean held there, and once more with it free. Where ``rival_value`` is finite the climb
    is given up, returning minus infinity, once it leads to the optimum ``rival`` or promises less.
    """
    value, evaluations, converged = _climb(
        returns,
        kind,
        start,
        presample,
        low,
        high,
        theta,
        limits,
        held,
        scores,
        binding,
        rival,
        rival_value,
    )
    if converged or kind != EGARCH or held[0]:
        return value, evaluations, converged
    pinned = held.copy()
    pinned[0] = True
    for free in (False, True):
        value, tried, fine = _climb(
            returns,
            kind,
            start,
            presample,
            low,
            high,
            theta,
            limits,
            held if free else pinned,
            scores,
            binding,
            rival,
            -np.inf,
        )
        evaluations += tried
        # Free again it converges beside the kink or stays on it: the others' optimum holds.
        converged = converged or fine
    return value, evaluations, converged
