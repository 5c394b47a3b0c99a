"""Maximum likelihood of GARCH models from one starting point.

Sequential quadratic programming on the exact gradient. The first steps use the expected
information as curvature (Fisher scoring), the later ones BFGS updates of it (Nocedal and Wright,
ch. 18, with Powell's damping). All constraints are linear, so every iterate is admissible.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.garch_constraints import (
    CONSTRAINTS,
    constraint_rows,
    constraint_slack,
    snap_step,
)
from plimsoll.maths.garch_information import garch_information
from plimsoll.maths.garch_likelihood import PARAMETERS, garch_log_likelihood
from plimsoll.maths.quadratic_program import minimise_quadratic

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SCORING_STEPS = 2
_ITERATIONS = 200
_TOLERANCE, _TOLERANCE_EXACT = 1e-8, 3e-8
_SMALLEST_STEP = 1e-10
_SAME_OPTIMUM = 0.02


@njit(cache=True, nogil=True, error_model="numpy")
def _predicted_gain(gradient: Vector, hessian: Matrix, step: Vector) -> tuple[float, float]:
    """Slope along the step and the fall of the quadratic model."""
    slope, curvature = 0.0, 0.0
    for i in range(PARAMETERS):
        slope += gradient[i] * step[i]
        for j in range(PARAMETERS):
            curvature += step[i] * hessian[i, j] * step[j]
    return slope, -slope - 0.5 * curvature


@njit(cache=True, nogil=True, error_model="numpy")
def _update_curvature(hessian: Matrix, move: Vector, change: Vector) -> None:
    """Damped BFGS update in place."""
    product = np.zeros(PARAMETERS)
    curvature, observed = 0.0, 0.0
    for i in range(PARAMETERS):
        for j in range(PARAMETERS):
            product[i] += hessian[i, j] * move[j]
        curvature += product[i] * move[i]
        observed += change[i] * move[i]
    if curvature <= 0.0:
        return
    weight = 1.0 if observed >= 0.2 * curvature else 0.8 * curvature / (curvature - observed)
    damped = weight * observed + (1.0 - weight) * curvature
    for i in range(PARAMETERS):
        change[i] = weight * change[i] + (1.0 - weight) * product[i]
    for i in range(PARAMETERS):
        for j in range(PARAMETERS):
            hessian[i, j] += change[i] * change[j] / damped - product[i] * product[j] / curvature


@njit(cache=True, nogil=True, error_model="numpy")
def _line_search(
    returns: Vector,
    presample: float,
    theta: Vector,
    step: Vector,
    value: float,
    slope: float,
    work: Matrix,
    trial: Vector,
    gradient: Vector,
) -> tuple[float, int]:
    """Shorten the step until the negative log-likelihood falls enough; value and evaluations.

    ``trial`` and ``gradient`` are those of the accepted point; the value is infinite if none is.
    """
    length, evaluations = 1.0, 0
    while length > _SMALLEST_STEP:
        for j in range(PARAMETERS):
            trial[j] = theta[j] + length * step[j]
        found = -garch_log_likelihood(returns, trial, presample, work, gradient)
        evaluations += 1
        if found <= value + 1e-4 * length * slope:
            return found, evaluations
        shorter = -slope * length * length / (2.0 * (found - value - slope * length))
        length = min(shorter, 0.5 * length) if shorter > 0.1 * length else 0.1 * length
    return np.inf, evaluations


@njit(cache=True, nogil=True, error_model="numpy")
def _is_hopeless(
    theta: Vector,
    step: Vector,
    value: float,
    gain: float,
    hessian: Matrix,
    rival: Vector,
    rival_value: float,
    patient: bool,
    iteration: int,
) -> bool:
    """True if the quadratic model leads to the rival's optimum, or promises less than it has.

    The model is trusted to point to a known optimum after one step, to bound what can be reached
    after two; a ``patient`` climb is spared the bound.
    """
    if not np.isfinite(rival_value) or iteration < 1:
        return False
    if not patient and iteration > 1 and value - 3.0 * gain - 0.1 > rival_value:
        return True
    distance = 0.0
    for i in range(PARAMETERS):
        for j in range(PARAMETERS):
            left, right = theta[i] + step[i] - rival[i], theta[j] + step[j] - rival[j]
            distance += left * hessian[i, j] * right
    return distance < _SAME_OPTIMUM


@njit(cache=True, nogil=True, error_model="numpy")
def maximise_garch(
    returns: Vector,
    presample: float,
    theta: Vector,
    limits: Vector,
    equality: Flags,
    rival: Vector,
    rival_log_likelihood: float,
    patient: bool,
    work: Matrix,
    binding: Flags,
) -> tuple[float, int, bool]:
    """Climb from ``theta`` (admissible, overwritten); log-likelihood, evaluations, converged.

    Converged means that the quadratic model promises next to nothing, with the expected
    information as curvature: what the updated curvature says is checked against it. Where there
    is a rival (``rival_log_likelihood`` finite) the climb is given up, returning minus infinity,
    once it leads to the optimum ``rival`` or, unless ``patient``, promises less.
    """
    rows, slack = constraint_rows(), np.empty(CONSTRAINTS)
    gradient, gradient_trial = np.empty(PARAMETERS), np.empty(PARAMETERS)
    step, trial = np.empty(PARAMETERS), np.empty(PARAMETERS)
    hessian = np.empty((PARAMETERS, PARAMETERS))
    value = -garch_log_likelihood(returns, theta, presample, work, gradient_trial)
    garch_information(theta, presample, work, hessian)
    evaluations, exact = 1, True
    for iteration in range(_ITERATIONS):
        for j in range(PARAMETERS):
            gradient[j] = -gradient_trial[j]
        constraint_slack(theta, rows, limits, equality, slack)
        minimise_quadratic(gradient, hessian, rows, slack, equality, binding, step)
        snap_step(theta, equality, binding, step)
        slope, gain = _predicted_gain(gradient, hessian, step)
        if exact and gain < _TOLERANCE_EXACT:
            return -value, evaluations, True
        if gain < _TOLERANCE:
            garch_information(theta, presample, work, hessian)
            exact = True
            continue
        if _is_hopeless(
            theta, step, value, gain, hessian, rival, -rival_log_likelihood, patient, iteration
        ):
            return -np.inf, evaluations, True
        found, tried = _line_search(
            returns, presample, theta, step, value, slope, work, trial, gradient_trial
        )
        evaluations += tried
        if not np.isfinite(found):
            return -value, evaluations, False
        value = found
        for j in range(PARAMETERS):
            step[j] = trial[j] - theta[j]
            gradient[j] = -gradient_trial[j] - gradient[j]
            theta[j] = trial[j]
        exact = iteration < _SCORING_STEPS
        if exact:
            garch_information(theta, presample, work, hessian)
        else:
            _update_curvature(hessian, step, gradient)
    return -value, evaluations, False
