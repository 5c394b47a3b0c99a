"""Fit of any model of the GARCH family: scaling, starts, search.

A fit is a vector of :data:`FAMILY_FIT_SIZE` numbers in the units of the returns: mean, omega,
alpha, gamma, beta, nu (infinite for normal), skew, pre-sample variance, log-likelihood, binding
constraints (bit mask), converged (1 or 0), evaluations, lowest and highest variance (EGARCH).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.egarch_recursion import LOG_VARIANCE_SPAN
from plimsoll.maths.garch_constraints import CONSTRAINTS
from plimsoll.maths.garch_family_constraints import FAMILY_CONSTRAINTS, FIXED, family_limits
from plimsoll.maths.garch_family_likelihood import (
    EGARCH,
    FAMILY_PARAMETERS,
    START_FIXED,
    family_log_densities,
    family_presample,
)
from plimsoll.maths.garch_family_optimiser import maximise_family
from plimsoll.maths.garch_fit import presample_variance, search_scaled
from plimsoll.maths.garch_likelihood import WORK_ROWS

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

NU_AT, SKEW_AT, PRESAMPLE_AT, LOG_LIKELIHOOD_AT, BINDING_AT = 5, 6, 7, 8, 9
CONVERGED_AT, EVALUATIONS_AT, FLOOR_AT, CEILING_AT = 10, 11, 12, 13
FAMILY_FIT_SIZE = 14
NORMAL, STUDENT, SKEWED = 0, 1, 2

_FIRST_ETA = 0.2
# EGARCH: size terms, sign terms, persistences; the best of four persistences are climbed.
_SIZES = (0.08, 0.2, 0.45)
_SIGNS = (0.0, -0.12, 0.12)
_SIGNS_ALONE = (-0.05, 0.05)  # crashes under a law without tails: a size term would answer them
_PERSISTENCES = (0.995, 0.97, 0.9, 0.7, 0.3)
_CLIMBS = 4
# GARCH beside the optimum of the plain search: pairs (alpha, persistence).
_PAIRS = ((0.1, 0.97), (0.05, 0.9), (0.02, 0.99), (0.2, 0.6), (0.05, 0.995))


@njit(cache=True, nogil=True)
def held_parameters(kind: int, law: int, asymmetric: bool, free_mean: bool) -> Flags:
    """Which of the seven parameters do not move."""
    held = np.zeros(FAMILY_PARAMETERS, dtype=np.bool_)
    held[0] = not free_mean
    held[3] = kind != EGARCH and not asymmetric
    held[5], held[6] = law == NORMAL, law != SKEWED
    return held


@njit(cache=True, nogil=True, error_model="numpy")
def _value_of(
    returns: Vector, theta: Vector, start: int, presample: float, densities: Vector
) -> float:
    """Log-likelihood of an EGARCH start."""
    return float(
        family_log_densities(
            returns,
            theta,
            EGARCH,
            start,
            presample,
            -LOG_VARIANCE_SPAN,
            LOG_VARIANCE_SPAN,
            densities,
        )
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _egarch_starts(
    returns: Vector, mean: float, start: int, presample: float, law: int, cap: float
) -> Matrix:
    """The likeliest few of the combinations, best first, shape (4, 7)."""
    best = np.full(_CLIMBS, -np.inf)
    chosen = np.zeros((_CLIMBS, FAMILY_PARAMETERS))
    theta, densities = np.zeros(FAMILY_PARAMETERS), np.empty(returns.size)
    theta[0], theta[5] = mean, 0.0 if law == NORMAL else _FIRST_ETA
    for persistence in _PERSISTENCES:
        theta[4] = min(persistence, cap)
        theta[1] = -0.3 * (1.0 - theta[4])
        for size in _SIZES:
            for sign in _SIGNS:
                theta[2], theta[3] = size, sign
                value = _value_of(returns, theta, start, presample, densities)
                _keep_if_good(theta, value, best, chosen)
    # At the highest persistence a sign term without a size term too.
    theta[4] = min(_PERSISTENCES[0], cap)
    theta[1], theta[2] = -0.3 * (1.0 - theta[4]), 0.0
    for sign in _SIGNS_ALONE:
        theta[3] = sign
        value = _value_of(returns, theta, start, presample, densities)
        _keep_if_good(theta, value, best, chosen)
    return chosen


@njit(cache=True, nogil=True, error_model="numpy")
def _keep_if_good(theta: Vector, value: float, best: Vector, chosen: Matrix) -> None:
    """Insert a start into the ordered list, one for each persistence."""
    k = 0
    while k < best.size and chosen[k, 4] != theta[4]:
        k += 1
    if k == best.size:
        k -= 1
    if not value > best[k]:
        return
    best[k], chosen[k] = value, theta
    while k > 0 and best[k] > best[k - 1]:
        best[k], best[k - 1] = best[k - 1], best[k]
        for j in range(theta.size):
            chosen[k, j], chosen[k - 1, j] = chosen[k - 1, j], chosen[k, j]
        k -= 1


@njit(cache=True, nogil=True, error_model="numpy")
def _garch_starts(
    returns: Vector,
    mean: float,
    start: int,
    presample: float,
    law: int,
    asymmetric: bool,
    free_mean: bool,
    cap: float,
) -> Matrix:
    """The optimum of the plain search with a symmetric law, then the likeliest other pair."""
    found, work = np.empty(6), np.empty((WORK_ROWS, returns.size))
    binding = np.zeros(CONSTRAINTS, dtype=np.bool_)
    first, _ = family_presample(returns, mean, start, presample)
    search_scaled(
        returns, first, mean, asymmetric, law != NORMAL, free_mean, cap, found, work, binding
    )
    starts = np.zeros((2, FAMILY_PARAMETERS))
    starts[0, 0], starts[0, 1], starts[0, 2] = found[0], found[1], found[2]
    starts[0, 3], starts[0, 4], starts[0, 5] = found[3] - found[2], found[4], found[5]
    theta, densities, best = np.zeros(FAMILY_PARAMETERS), np.empty(returns.size), -np.inf
    theta[0], theta[5] = mean, 0.0 if law == NORMAL else _FIRST_ETA
    for alpha, persistence in _PAIRS:
        level = min(persistence, cap)
        theta[1], theta[2] = max(1.0 - level, 1e-6), min(alpha, level)
        theta[4] = level - theta[2]
        value = family_log_densities(
            returns, theta, 0, start, presample, -np.inf, np.inf, densities
        )
        if value > best:
            best = value
            starts[1] = theta
    return starts


@njit(cache=True, nogil=True, error_model="numpy")
def search_family(
    returns: Vector,
    kind: int,
    law: int,
    start: int,
    presample: float,
    mean: float,
    asymmetric: bool,
    free_mean: bool,
    cap: float,
    free_size: bool,
    theta: Vector,
    binding: Flags,
) -> tuple[float, int, bool]:
    """Best optimum over the starts, of returns of unit variance, into ``theta``.

    Returns the log-likelihood, the number of evaluations and whether the best climb converged.
    """
    if kind == EGARCH:
        starts = _egarch_starts(returns, mean, start, presample, law, cap)
    else:
        starts = _garch_starts(returns, mean, start, presample, law, asymmetric, free_mean, cap)
    limits = family_limits(kind, cap, free_size)
    held = held_parameters(kind, law, asymmetric, free_mean)
    scores = np.empty((returns.size, FAMILY_PARAMETERS))
    trial, bound = np.empty(FAMILY_PARAMETERS), np.zeros(FAMILY_CONSTRAINTS, dtype=np.bool_)
    best, evaluations, converged = -np.inf, 0, False
    for k in range(starts.shape[0]):
        trial[:] = starts[k]
        value, tried, fine = maximise_family(
            returns,
            kind,
            start,
            presample,
            -LOG_VARIANCE_SPAN,
            LOG_VARIANCE_SPAN,
            trial,
            limits,
            held,
            scores,
            bound,
            theta,
            best,
        )
        evaluations += tried
        if value > best:
            best, converged = value, fine
            theta[:] = trial
            binding[:] = bound
    return best, evaluations, converged


@njit(cache=True, nogil=True, error_model="numpy")
def fit_family(
    returns: Vector,
    kind: int,
    law: int,
    start: int,
    backcast: int,
    asymmetric: bool,
    free_mean: bool,
    cap: float,
    free_size: bool,
    fit: Vector,
) -> None:
    """Fit one series into ``fit`` (14,); NaN where nothing varies.

    Parameters
    ----------
    returns : ndarray, shape (n,)
        Finite returns in any unit.
    kind, law : int
        ``GARCH`` or ``EGARCH``; ``NORMAL``, ``STUDENT`` or ``SKEWED``.
    start, backcast : int
        ``START_FIXED`` with the rule ``backcast`` of :mod:`plimsoll.maths.garch_fit`, or one of
        the starts that move with the mean.
    asymmetric, free_mean : bool
        GJR term (EGARCH always has its sign term), constant mean (otherwise zero).
    cap : float
        Upper limit of the persistence.
    free_size : bool
        Whether the size term of an EGARCH may be negative.
    """
    fit[:] = np.nan
    mean = float(np.mean(returns)) if free_mean else 0.0
    scale = math.sqrt(float(np.mean((returns - mean) ** 2)))
    if not scale > 0.0 or not np.min(returns) < np.max(returns):
        return
    scaled = returns / scale
    mean /= scale
    presample = presample_variance(scaled, mean, backcast) if start == START_FIXED else 1.0
    theta, binding = np.zeros(FAMILY_PARAMETERS), np.zeros(FAMILY_CONSTRAINTS, dtype=np.bool_)
    best, evaluations, converged = search_family(
        scaled,
        kind,
        law,
        start,
        presample,
        mean,
        asymmetric,
        free_mean,
        cap,
        free_size,
        theta,
        binding,
    )
    square = scale * scale
    presample, _ = family_presample(scaled, theta[0], start, presample)
    fit[:FAMILY_PARAMETERS] = theta
    fit[0] *= scale
    fit[1] = theta[1] * square
    if kind == EGARCH:
        fit[1] = theta[1] + (1.0 - theta[4]) * math.log(square)
    fit[NU_AT] = 1.0 / theta[5] if theta[5] > 0.0 else np.inf
    fit[PRESAMPLE_AT] = presample * square
    fit[LOG_LIKELIHOOD_AT] = best - returns.size * math.log(scale)
    mask = 0
    for c in range(FIXED):
        mask += (1 << c) if binding[c] else 0
    fit[BINDING_AT], fit[CONVERGED_AT], fit[EVALUATIONS_AT] = mask, converged, evaluations
    fit[FLOOR_AT] = square * math.exp(-LOG_VARIANCE_SPAN)
    fit[CEILING_AT] = square * math.exp(LOG_VARIANCE_SPAN)
