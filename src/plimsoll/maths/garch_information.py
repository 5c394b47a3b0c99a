"""Scores by observation and expected information of GARCH models.

Coordinates as in :mod:`plimsoll.maths.garch_likelihood`. The derivatives of the variance follow
their own forward recursions, run beside the variance itself.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

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


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy", forceinline=True)
def _fill_slopes(theta: Vector, presample: float, work: Matrix) -> None:
    """``dh/dtheta_i`` of the five variance parameters into rows 2 to 6 of ``work``."""
    up, down, beta = theta[2], theta[3], theta[4]
    shocks, variances = work[0], work[1]
    row0, row1, row2, row3, row4 = work[2], work[3], work[4], work[5], work[6]
    by_mean, by_omega, by_up, by_down = 0.0, 1.0, 0.5 * presample, 0.5 * presample
    by_beta = presample
    for t in range(shocks.size):
        row0[t], row1[t], row2[t], row3[t], row4[t] = by_mean, by_omega, by_up, by_down, by_beta
        # Written without a branch: the signs of returns cannot be predicted.
        rise = 0.5 * (shocks[t] + abs(shocks[t]))
        fall = shocks[t] - rise
        by_mean = -2.0 * (up * rise + down * fall) + beta * by_mean
        by_omega = 1.0 + beta * by_omega
        by_up = rise * rise + beta * by_up
        by_down = fall * fall + beta * by_down
        by_beta = variances[t] + beta * by_beta


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy", forceinline=True)
def _sum_products(work: Matrix, sums: Matrix) -> None:
    """Sums over time, with ``r_i = (dh/dtheta_i) / h``: ``r_i r_j`` above the diagonal of
    ``sums`` (6, 6) and on it, ``r_i`` in the last column, ``1 / h`` in the corner.

    One pass with all 21 sums in registers.
    """
    variances = work[1]
    row0, row1, row2, row3, row4 = work[2], work[3], work[4], work[5], work[6]
    s00 = s01 = s02 = s03 = s04 = s11 = s12 = s13 = s14 = 0.0
    s22 = s23 = s24 = s33 = s34 = s44 = 0.0
    t0 = t1 = t2 = t3 = t4 = inverses = 0.0
    for t in range(variances.size):
        inverse = 1.0 / variances[t]
        r0, r1, r2 = row0[t] * inverse, row1[t] * inverse, row2[t] * inverse
        r3, r4 = row3[t] * inverse, row4[t] * inverse
        inverses += inverse
        t0, t1, t2, t3, t4 = t0 + r0, t1 + r1, t2 + r2, t3 + r3, t4 + r4
        s00, s01, s02, s03, s04 = (
            s00 + r0 * r0,
            s01 + r0 * r1,
            s02 + r0 * r2,
            s03 + r0 * r3,
            s04 + r0 * r4,
        )
        s11, s12, s13, s14 = s11 + r1 * r1, s12 + r1 * r2, s13 + r1 * r3, s14 + r1 * r4
        s22, s23, s24 = s22 + r2 * r2, s23 + r2 * r3, s24 + r2 * r4
        s33, s34, s44 = s33 + r3 * r3, s34 + r3 * r4, s44 + r4 * r4
    sums[0, 0], sums[0, 1], sums[0, 2], sums[0, 3], sums[0, 4] = s00, s01, s02, s03, s04
    sums[1, 1], sums[1, 2], sums[1, 3], sums[1, 4] = s11, s12, s13, s14
    sums[2, 2], sums[2, 3], sums[2, 4] = s22, s23, s24
    sums[3, 3], sums[3, 4], sums[4, 4] = s33, s34, s44
    sums[0, 5], sums[1, 5], sums[2, 5], sums[3, 5], sums[4, 5] = t0, t1, t2, t3, t4
    sums[5, 5] = inverses


@njit(cache=True, nogil=True, error_model="numpy")
def garch_information(theta: Vector, presample: float, work: Matrix, information: Matrix) -> None:
    """Expected information matrix (6, 6) of the sample, positive definite.

    ``work`` (7, n) must hold shocks and variances at ``theta`` in its first two rows, as an
    evaluation of the likelihood at ``theta`` leaves them.
    """
    by_log_variance, location, cross, by_eta = _information_constants(theta[5])
    _fill_slopes(theta, presample, work)
    _sum_products(work, information)
    inverses = information[5, 5]
    for i in range(5):
        for j in range(i, 5):
            information[i, j] *= by_log_variance
            information[j, i] = information[i, j]
        information[i, 5] *= cross
        information[5, i] = information[i, 5]
    information[0, 0] += location * inverses
    information[5, 5] = by_eta * work.shape[1]
