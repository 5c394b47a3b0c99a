"""Maximum-likelihood fit of GARCH(1,1) and GJR-GARCH(1,1): scaling, starts, search.

A fit is a vector of :data:`FIT_SIZE` numbers in the units of the returns, so that many fits make
a table: mean, omega, alpha, gamma, beta, nu (infinite for normal), pre-sample variance,
log-likelihood, binding constraints (bit mask), converged (1 or 0), evaluations.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.garch_constraints import (
    ALPHA_DOWN,
    ALPHA_UP,
    BETA,
    CONSTRAINTS,
    NU_HIGH,
    NU_LOW,
    OMEGA,
    OMEGA_HIGH,
    OMEGA_MINIMUM,
    PERSISTENCE,
    constraint_limits,
    equality_flags,
)
from plimsoll.maths.garch_information import garch_information
from plimsoll.maths.garch_likelihood import WORK_ROWS, garch_log_likelihood_value
from plimsoll.maths.garch_optimiser import maximise_garch
from plimsoll.maths.quadratic_program import solve_linear
from plimsoll.maths.recursions import arch_backcast

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

MEAN, OMEGA_AT, ALPHA_AT, GAMMA_AT, BETA_AT, NU_AT = range(6)
PRESAMPLE_AT, LOG_LIKELIHOOD_AT, BINDING_AT, CONVERGED_AT, EVALUATIONS_AT = range(6, 11)
FIT_SIZE = 11

START_ARCH_BACKCAST, START_SAMPLE_VARIANCE = 0, 1

# Pairs (alpha, persistence); the first climb begins at the likeliest of the first three.
_STARTS = (
    (0.1, 0.97),
    (0.05, 0.9),
    (0.02, 0.99),
    (0.2, 0.6),
    (0.01, 0.95),
    (0.3, 0.999),
    (0.1, 0.3),
    (0.05, 0.98),
    (0.01, 0.7),
    (0.4, 0.8),
    (0.01, 0.98),
    (0.01, 0.5),
)
_COMPARED = 3
_FIRST_ETA = 0.2
# How many of `_OTHERS` are climbed from too, by the t-value of alpha at the first optimum, in
# falling order of the t-value. Measured on 5,500 windows of 500 to 2,000 real and simulated
# returns: what these rungs leave unfound is a better optimum in one window of a thousand. Below
# the last rung the data hardly tell alpha from 0, the likelihood has ridges, and all starts are
# followed to their end.
_OTHERS = (3, 2, 4, 5, 1, 0, 6, 7, 8, 9, 10, 11)
_RUNGS_STUDENT = ((5.0, 0), (4.0, 1), (2.5, 2))
_RUNGS_NORMAL = ((12.0, 0), (8.0, 2), (5.0, 3))

BINDING_NAMES = {
    OMEGA: "omega=0",
    ALPHA_UP: "alpha=0",
    ALPHA_DOWN: "alpha+gamma=0",
    BETA: "beta=0",
    PERSISTENCE: "persistence",
    NU_HIGH: "nu=500",
    NU_LOW: "nu=2.05",
    OMEGA_HIGH: "omega=10",
}


@njit(cache=True, nogil=True)
def presample_variance(returns: Vector, mean: float, rule: int) -> float:
    """Variance before the first return, of the returns less ``mean``, by the named rule."""
    shocks = returns - mean
    if rule == START_SAMPLE_VARIANCE:
        return float(np.mean(shocks * shocks))
    return arch_backcast(shocks)


@njit(cache=True, nogil=True)
def _starting_point(i: int, mean: float, student: bool, cap: float, theta: Vector) -> None:
    """The i-th start: variance 1 in the long run, alpha and persistence of the list."""
    alpha, persistence = _STARTS[i]
    persistence = min(persistence, cap)
    alpha = min(alpha, persistence)
    theta[0], theta[1] = mean, max(1.0 - persistence, 10.0 * OMEGA_MINIMUM)
    theta[2] = theta[3] = alpha
    theta[4] = persistence - alpha
    theta[5] = _FIRST_ETA if student else 0.0


@njit(cache=True, nogil=True)
def _likeliest_start(
    returns: Vector, presample: float, mean: float, student: bool, cap: float, work: Matrix
) -> int:
    """Index of the start with the highest likelihood among the first three."""
    theta = np.empty(6)
    best, index = -np.inf, 0
    for i in range(_COMPARED):
        _starting_point(i, mean, student, cap, theta)
        value = garch_log_likelihood_value(returns, theta, presample, work)
        if value > best:
            best, index = value, i
    return index


@njit(cache=True, nogil=True)
def alpha_t_value(
    theta: Vector, presample: float, asymmetric: bool, student: bool, work: Matrix
) -> float:
    """Sum of the news weights over its standard error by the expected information.

    ``work`` as :func:`~plimsoll.maths.garch_information.garch_information` needs it.
    """
    information = np.empty((6, 6))
    garch_information(theta, presample, work, information)
    if not student:
        information[5, :5] = 0.0
        information[:5, 5] = 0.0
    for j in range(6):
        information[3, j] += 0.0 if asymmetric else information[2, j]
    for j in range(6):
        information[j, 3] += 0.0 if asymmetric else information[j, 2]
    if not asymmetric:
        information[2, :] = 0.0
        information[:, 2] = 0.0
        information[2, 2] = 1.0
    right = np.zeros(6)
    right[3] = 1.0
    right[2] = 1.0 if asymmetric else 0.0
    if not solve_linear(information, right, 6):
        return 0.0
    variance = right[3] + (right[2] if asymmetric else 0.0)
    weight = theta[3] + (theta[2] if asymmetric else 0.0)
    return weight / math.sqrt(variance) if variance > 0.0 else 0.0


@njit(cache=True, nogil=True)
def _how_many_others(t_value: float, student: bool) -> int:
    """Number of further starts worth a climb."""
    for least, count in _RUNGS_STUDENT if student else _RUNGS_NORMAL:
        if t_value > least:
            return count
    return len(_OTHERS)


@njit(cache=True, nogil=True)
def search_scaled(
    returns: Vector,
    presample: float,
    mean: float,
    asymmetric: bool,
    student: bool,
    free_mean: bool,
    cap: float,
    theta: Vector,
    work: Matrix,
    binding: Flags,
) -> tuple[float, int, bool]:
    """Best optimum over the starts, of returns of unit variance, into ``theta``.

    One climb from the likeliest start. Where the data say little about alpha (small t-value),
    several optima occur and climbs from other starts follow. Returns the log-likelihood, the
    number of evaluations and whether the best climb converged.
    """
    limits = constraint_limits(student, cap)
    equality = equality_flags(asymmetric, student, free_mean)
    trial, trial_binding = np.empty(6), np.empty(CONSTRAINTS, dtype=np.bool_)
    start = first = _likeliest_start(returns, presample, mean, student, cap, work)
    best, evaluations, converged, others, k = -np.inf, 0, False, 1, 0
    while k <= others:
        if k == 0 or start != first:
            _starting_point(start, mean, student, cap, trial)
            value, tried, fine = maximise_garch(
                returns,
                presample,
                trial,
                limits,
                equality,
                theta,
                best,
                others == len(_OTHERS),
                work,
                trial_binding,
            )
            evaluations += tried
            if value > best:
                best, converged = value, fine
                for j in range(theta.size):
                    theta[j] = trial[j]
                for j in range(CONSTRAINTS):
                    binding[j] = trial_binding[j]
        if k == 0:
            t_value = alpha_t_value(theta, presample, asymmetric, student, work)
            others = _how_many_others(t_value, student)
        if k < others:
            start = _OTHERS[k]
        k += 1
    return best, evaluations, converged


@njit(cache=True, nogil=True)
def write_fit(
    theta: Vector,
    scale: float,
    presample: float,
    log_likelihood: float,
    count: int,
    evaluations: int,
    converged: bool,
    binding: Flags,
    fit: Vector,
) -> None:
    """Translate an optimum of scaled returns into the units of the returns."""
    square = scale * scale
    fit[MEAN], fit[OMEGA_AT] = theta[0] * scale, theta[1] * square
    fit[ALPHA_AT], fit[GAMMA_AT], fit[BETA_AT] = theta[2], theta[3] - theta[2], theta[4]
    fit[NU_AT] = 1.0 / theta[5] if theta[5] > 0.0 else np.inf
    fit[PRESAMPLE_AT] = presample * square
    fit[LOG_LIKELIHOOD_AT] = log_likelihood - count * math.log(scale)
    mask = 0
    for c in range(OMEGA_HIGH + 1):
        mask += (1 << c) if binding[c] else 0
    fit[BINDING_AT], fit[CONVERGED_AT], fit[EVALUATIONS_AT] = mask, converged, evaluations


@njit(cache=True, nogil=True)
def fit_garch_rows(
    returns: Matrix,
    first: int,
    last: int,
    asymmetric: bool,
    student: bool,
    free_mean: bool,
    start_rule: int,
    cap: float,
    fits: Matrix,
) -> None:
    """Fit rows ``first`` to ``last - 1`` of ``returns`` into ``fits``; NaN where nothing varies.

    The lock of the interpreter is released, so threads can share the rows of one table.

    Parameters
    ----------
    returns : ndarray, shape (markets, n)
        Finite returns in any unit.
    asymmetric, student, free_mean : bool
        GJR term, Student-t innovations, constant mean (otherwise zero).
    start_rule : int
        ``START_ARCH_BACKCAST`` or ``START_SAMPLE_VARIANCE``.
    cap : float
        Upper limit of ``alpha + gamma / 2 + beta``.
    fits : ndarray, shape (markets, 11)
        Result, see the module text.
    """
    n = returns.shape[1]
    work, theta = np.empty((WORK_ROWS, n)), np.empty(6)
    binding = np.zeros(CONSTRAINTS, dtype=np.bool_)
    for row in range(first, last):
        fits[row, :] = np.nan
        mean = float(np.mean(returns[row])) if free_mean else 0.0
        scale = math.sqrt(float(np.mean((returns[row] - mean) ** 2)))
        if scale > 0.0 and np.min(returns[row]) < np.max(returns[row]):
            scaled = returns[row] / scale
            mean /= scale
            presample = presample_variance(scaled, mean, start_rule)
            best, evaluations, converged = search_scaled(
                scaled,
                presample,
                mean,
                asymmetric,
                student,
                free_mean,
                cap,
                theta,
                work,
                binding,
            )
            write_fit(theta, scale, presample, best, n, evaluations, converged, binding, fits[row])
