"""Maximum likelihood of location-scale Student-t by Fisher scoring.

Coordinates are location, log scale and log degrees of freedom; the expected information is that
of Lange, Little and Taylor (1989, appendix B). Steps are halved until the likelihood rises; nu is
held where a step would leave its bounds. Start and steps of ``-x`` mirror those of ``x``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.quadratic_program import solve_linear
from plimsoll.maths.special import digamma, trigamma
from plimsoll.maths.student_t import student_t_log_likelihood

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

NU_LOWEST, NU_HIGHEST = 0.2, 500.0
_ITERATIONS = 500
_TOLERANCE = 1e-11


@njit(cache=True, nogil=True, error_model="numpy")
def _score(values: Vector, location: float, log_scale: float, log_nu: float, score: Vector) -> None:
    """Derivatives of the log-likelihood in location, log scale and log nu."""
    scale, nu = math.exp(log_scale), math.exp(log_nu)
    by_location, weights, logs = 0.0, 0.0, 0.0
    for x in values:
        z = (x - location) / scale
        weight = (nu + 1.0) / (nu + z * z)
        by_location += weight * z
        weights += weight * z * z
        logs += math.log1p(z * z / nu)
    n = values.size
    score[0] = by_location / scale
    score[1] = weights - n
    constant = 0.5 * (digamma(0.5 * nu + 0.5) - digamma(0.5 * nu) - 1.0 / nu)
    score[2] = nu * (n * constant - 0.5 * logs + 0.5 * weights / nu)


@njit(cache=True, nogil=True, error_model="numpy")
def student_t_scores(values: Vector, theta: Vector, scores: Matrix) -> float:
    """Log-likelihood; derivatives by observation into ``scores`` (n, 3), coordinates as above."""
    location, scale, nu = theta[0], math.exp(theta[1]), math.exp(theta[2])
    constant = 0.5 * (digamma(0.5 * nu + 0.5) - digamma(0.5 * nu) - 1.0 / nu)
    for i in range(values.size):
        z = (values[i] - location) / scale
        weight = (nu + 1.0) / (nu + z * z)
        scores[i, 0] = weight * z / scale
        scores[i, 1] = weight * z * z - 1.0
        scores[i, 2] = nu * (constant - 0.5 * math.log1p(z * z / nu) + 0.5 * weight * z * z / nu)
    return float(student_t_log_likelihood(values, nu, location, scale))


@njit(cache=True, nogil=True, error_model="numpy")
def student_t_information(scale: float, nu: float, count: int) -> Matrix:
    """Expected information (3, 3) of ``count`` observations in location, log scale, log nu."""
    information = np.zeros((3, 3))
    by_nu = 0.25 * (trigamma(0.5 * nu) - trigamma(0.5 * nu + 0.5))
    by_nu -= 0.5 * (nu + 5.0) / (nu * (nu + 1.0) * (nu + 3.0))
    information[0, 0] = count * (nu + 1.0) / ((nu + 3.0) * scale * scale)
    information[1, 1] = count * 2.0 * nu / (nu + 3.0)
    information[1, 2] = information[2, 1] = -2.0 * count * nu / ((nu + 1.0) * (nu + 3.0))
    information[2, 2] = count * max(by_nu, 1e-14) * nu * nu
    return information


@njit(cache=True, nogil=True, error_model="numpy")
def _improve(values: Vector, theta: Vector, value: float, step: Vector, low: float) -> float:
    """Move ``theta`` along the step as far as the likelihood rises; the new value."""
    largest = max(abs(step[1]), abs(step[2]))
    length = 1.0 if largest < 1.0 else 1.0 / largest
    high = math.log(NU_HIGHEST)
    for _ in range(40):
        location, log_scale = theta[0] + length * step[0], theta[1] + length * step[1]
        log_nu = min(max(theta[2] + length * step[2], low), high)
        found = student_t_log_likelihood(values, math.exp(log_nu), location, math.exp(log_scale))
        if found >= value:
            theta[0], theta[1], theta[2] = location, log_scale, log_nu
            return float(found)
        length *= 0.5
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def student_t_fit(values: Vector) -> tuple[float, float, float, float, bool]:
    """Location, scale, nu, log-likelihood and whether the search converged.

    Degrees of freedom are kept within 0.2 and 500. NaN where the values do not vary.
    """
    return student_t_fit_above(values, NU_LOWEST)


@njit(cache=True, nogil=True, error_model="numpy")
def _step(values: Vector, theta: Vector, low: float, step: Vector) -> None:
    """Scoring step; of location and scale alone where nu stands on the bound it would leave by."""
    _score(values, theta[0], theta[1], theta[2], step)
    information = student_t_information(math.exp(theta[1]), math.exp(theta[2]), values.size)
    scale_alone = step[1] / information[1, 1]
    solve_linear(information, step, 3)
    leaves_high = theta[2] >= math.log(NU_HIGHEST) and step[2] > 0.0
    if leaves_high or (theta[2] <= low and step[2] < 0.0):
        step[1], step[2] = scale_alone, 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def student_t_fit_above(
    values: Vector, nu_lowest: float
) -> tuple[float, float, float, float, bool]:
    """The same with degrees of freedom within ``nu_lowest`` (under 5) and 500."""
    ordered = np.sort(values)
    n = ordered.size
    spread = ordered[n - 1 - n // 4] - ordered[n // 4]
    spread = spread if spread > 0.0 else float(np.std(values))
    if not spread > 0.0:
        return np.nan, np.nan, np.nan, np.nan, False
    middle = 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])
    theta, low = np.array([middle, math.log(spread / 1.5), math.log(5.0)]), math.log(nu_lowest)
    value = student_t_log_likelihood(values, 5.0, theta[0], math.exp(theta[1]))
    step, converged = np.empty(3), False
    for _ in range(_ITERATIONS):
        _step(values, theta, low, step)
        found = _improve(values, theta, value, step, low)
        converged = found - value < _TOLERANCE
        value = found
        if converged:
            break
    return theta[0], math.exp(theta[1]), math.exp(theta[2]), value, converged
