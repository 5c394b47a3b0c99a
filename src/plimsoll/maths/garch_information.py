"""Scores by observation and expected information of GARCH models.

Coordinates as in :mod:`plimsoll.maths.garch_likelihood`. The derivatives of the variance follow
their own forward recursions, run beside the variance itself.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.recursions import garch_first_variance
from plimsoll.maths.special import trigamma

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_NEARLY_NORMAL = 150.0
_REORDER = {"reassoc", "contract", "arcp", "nsz"}


@njit(cache=True, nogil=True, error_model="numpy")
def _information_constants(eta: float) -> tuple[float, float, float, float]:
    """Expected information of unit-variance t: log-variance, location, cross and eta terms.

    With ``w = x / (1 + x)`` Beta(1/2, nu/2) distributed, ``x = z**2 / (nu - 2)``, all terms are
    moments of ``w`` and ``log(1 - w)``. For nearly normal innovations the eta term tends to 3/2.
    """
    if eta == 0.0:
        return 0.5, 1.0, 0.0, 1.5
    nu = 1.0 / eta
    log_variance = 0.5 * nu / (nu + 3.0)
    location = nu * (nu + 1.0) / ((nu - 2.0) * (nu + 3.0))
    cross = -3.0 * nu * nu / ((nu + 1.0) * (nu - 2.0) * (nu + 3.0))
    if nu > _NEARLY_NORMAL:
        return log_variance, location, cross, 1.5
    by_nu = 0.25 * (trigamma(0.5 * nu) - trigamma(0.5 * nu + 0.5))
    by_nu += 0.5 * nu / ((nu - 2.0) ** 2 * (nu + 3.0)) - 1.0 / ((nu - 2.0) * (nu + 1.0))
    return log_variance, location, cross, by_nu * nu**4


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy")
def _fill_relative_slopes(returns: Vector, theta: Vector, presample: float, work: Matrix) -> None:
    """``(dh/dtheta_i) / h`` into ``work[i]`` for the five variance parameters, ``1/h`` last."""
    mean, omega, up, down, beta = theta[0], theta[1], theta[2], theta[3], theta[4]
    row0, row1, row2, row3, row4, row5 = work[0], work[1], work[2], work[3], work[4], work[5]
    for t in range(returns.size):
        shock = returns[t] - mean
        rise = 0.5 * (shock + abs(shock))
        fall = shock - rise
        row0[t] = -2.0 * (up * rise + down * fall)
        row2[t], row3[t] = rise * rise, fall * fall
        row5[t] = omega + up * row2[t] + down * row3[t]
    variance = garch_first_variance(presample, omega, up, down - up, beta)
    by_mean, by_omega, by_up, by_down = 0.0, 1.0, 0.5 * presample, 0.5 * presample
    by_beta = presample
    for t in range(returns.size):
        news0, news2, news3, news5 = row0[t], row2[t], row3[t], row5[t]
        row0[t], row1[t], row2[t] = by_mean, by_omega, by_up
        row3[t], row4[t], row5[t] = by_down, by_beta, variance
        by_mean = news0 + beta * by_mean
        by_omega = 1.0 + beta * by_omega
        by_up = news2 + beta * by_up
        by_down = news3 + beta * by_down
        by_beta = variance + beta * by_beta
        variance = news5 + beta * variance
    for t in range(returns.size):
        row5[t] = 1.0 / row5[t]
    for i in range(5):
        slopes = work[i]
        for t in range(returns.size):
            slopes[t] *= row5[t]


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy")
def _dot(left: Vector, right: Vector) -> float:
    total = 0.0
    for t in range(left.size):
        total += left[t] * right[t]
    return total


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy")
def _sum(values: Vector) -> float:
    total = 0.0
    for t in range(values.size):
        total += values[t]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def garch_information(
    returns: Vector, theta: Vector, presample: float, work: Matrix, information: Matrix
) -> None:
    """Expected information matrix (6, 6) of the sample, positive definite; ``work`` is (6, n)."""
    by_log_variance, location, cross, by_eta = _information_constants(theta[5])
    _fill_relative_slopes(returns, theta, presample, work)
    for i in range(5):
        for j in range(i, 5):
            value = by_log_variance * _dot(work[i], work[j])
            information[i, j] = information[j, i] = value
        information[i, 5] = information[5, i] = cross * _sum(work[i])
    information[0, 0] += location * _sum(work[5])
    information[5, 5] = by_eta * returns.size
