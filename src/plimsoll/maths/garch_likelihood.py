"""Log-likelihood of GARCH(1,1) and GJR-GARCH(1,1) with its analytic gradient.

All kernels take one parameter vector ``theta`` of six numbers,

    (mean, omega, alpha_up, alpha_down, beta, eta)

with ``alpha_up`` the weight on squared rises, ``alpha_down`` on squared falls (GJR's
``alpha + gamma``; equal for a plain GARCH) and ``eta = 1 / nu`` the inverse degrees of freedom of
unit-variance Student-t innovations, 0 meaning normal. In these coordinates every model constraint
is linear.

The variance follows ``h[t+1] = omega + alpha_sign(e[t]) * e[t]**2 + beta * h[t]``, started by a
fixed pre-sample variance. The gradient is taken backwards: with ``s[t] = dl[t]/dh[t]``, the
adjoint ``a[t] = s[t] + beta * a[t+1]`` gives all derivatives of the recursion at once (the
forward recursions of Fiorentini, Calzolari and Panattoni, 1996, give the same numbers).

These kernels serve the optimiser: they reorder sums for speed and may differ from
:mod:`plimsoll.maths.recursions` in the last bits. Reported variances come from the latter.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.elementary import log
from plimsoll.maths.recursions import garch_first_variance
from plimsoll.maths.special import digamma, log_gamma_half_ratio

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

PARAMETERS = 6
WORK_ROWS = 7
_STRIDES = 16
_LOG_TWO_PI = math.log(2.0 * math.pi)
_REORDER = {"reassoc", "contract", "arcp", "nsz"}


@njit(cache=True, nogil=True)
def student_t_constant(eta: float) -> tuple[float, float]:
    """Constant of the unit-variance log density and its derivative in ``eta = 1 / nu``."""
    if eta == 0.0:
        return -0.5 * _LOG_TWO_PI, 0.0
    nu = 1.0 / eta
    value = log_gamma_half_ratio(0.5 * nu) - 0.5 * math.log(math.pi * (nu - 2.0))
    slope = 0.5 * (digamma(0.5 * nu + 0.5) - digamma(0.5 * nu)) - 0.5 / (nu - 2.0)
    return value, -slope * nu * nu


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy", forceinline=True)
def _decaying_sums(news: Vector, beta: float, first: float, sums: Vector) -> None:
    """``sums[0] = first``, ``sums[t+1] = news[t] + beta * sums[t]``, eight at a time.

    Each block of eight is summed from its own news before the carried value comes in, so only
    one multiplication and addition in eight waits for the last.
    """
    n = news.size
    two, three, four = beta * beta, beta * beta * beta, beta * beta * beta * beta
    eight = four * four
    blocks = n - n % 8
    carried = first
    for t in range(0, blocks, 8):
        a0, b0 = news[t], news[t + 4]
        a1, b1 = news[t + 1] + beta * a0, news[t + 5] + beta * b0
        a2, b2 = news[t + 2] + beta * a1, news[t + 6] + beta * b1
        a3, b3 = news[t + 3] + beta * a2, news[t + 7] + beta * b2
        middle = a3 + four * carried
        sums[t], sums[t + 4] = carried, middle
        sums[t + 1], sums[t + 5] = a0 + beta * carried, b0 + beta * middle
        sums[t + 2], sums[t + 6] = a1 + two * carried, b1 + two * middle
        sums[t + 3], sums[t + 7] = a2 + three * carried, b2 + three * middle
        carried = (b3 + four * a3) + eight * carried
    for t in range(blocks, n):
        sums[t] = carried
        carried = news[t] + beta * carried


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy", forceinline=True)
def _sum_of_logs(values: Vector, scratch: Vector) -> float:
    """Sum of logarithms, one logarithm for sixteen factors.

    Variances of a series scaled to unit variance lie well within 1e-16 and 1e16, so a product of
    sixteen neither overflows nor underflows.
    """
    columns = values.size // _STRIDES
    for i in range(columns):
        scratch[i] = values[i]
    for row in range(1, _STRIDES):
        offset = row * columns
        for i in range(columns):
            scratch[i] *= values[offset + i]
    rest = 1.0
    for i in range(_STRIDES * columns, values.size):
        rest *= values[i]
    total: float = math.log(rest)
    for i in range(columns):
        total += log(scratch[i])
    return total


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy", forceinline=True)
def _fill_variances(returns: Vector, theta: Vector, presample: float, work: Matrix) -> None:
    """Shocks into ``work[0]``, variances into ``work[1]``."""
    n = returns.size
    mean, omega, up, down, beta = theta[0], theta[1], theta[2], theta[3], theta[4]
    shocks, variances, news = work[0], work[1], work[4]
    for t in range(n):
        shock = returns[t] - mean
        shocks[t] = shock
        weight = down if shock < 0.0 else up
        news[t] = omega + weight * (shock * shock)
    first = garch_first_variance(presample, omega, up, down - up, beta)
    _decaying_sums(news, beta, first, variances)


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy", forceinline=True)
def _normal_pass(work: Matrix) -> float:
    """Log-likelihood; ``dl/dh`` into ``work[4]`` last first, ``dl/de`` into ``work[3]``."""
    shocks, variances, by_shock, by_variance = work[0], work[1], work[3], work[4]
    n = shocks.size
    squares = 0.0
    for t in range(n):
        inverse = 1.0 / variances[t]
        z_squared = shocks[t] * shocks[t] * inverse
        squares += z_squared
        by_variance[n - 1 - t] = 0.5 * inverse * (z_squared - 1.0)
        by_shock[t] = -shocks[t] * inverse
    return float(-0.5 * (n * _LOG_TWO_PI + _sum_of_logs(variances, work[5]) + squares))


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy", forceinline=True)
def _student_pass(eta: float, work: Matrix) -> tuple[float, float]:
    """Log-likelihood and its derivative in eta; ``work`` as in :func:`_normal_pass`.

    With ``k = 1 / (nu - 2)``, ``1 + k z**2 = (h + k e**2) / h``; one division gives both
    reciprocals.
    """
    shocks, variances, totals = work[0], work[1], work[2]
    by_shock, by_variance = work[3], work[4]
    n = shocks.size
    k = eta / (1.0 - 2.0 * eta)
    power = 0.5 * (1.0 / eta + 1.0)
    ratios = 0.0
    for t in range(n):
        shock, variance = shocks[t], variances[t]
        square = shock * shock
        total = variance + k * square
        reciprocal = 1.0 / (variance * total)
        pull = reciprocal * variance
        totals[t] = total
        ratios += square * pull
        by_variance[n - 1 - t] = power * k * square * reciprocal - 0.5 * reciprocal * total
        by_shock[t] = -2.0 * power * k * shock * pull
    logs = _sum_of_logs(variances, work[5])
    tails = _sum_of_logs(totals, work[5]) - logs
    constant, slope = student_t_constant(eta)
    k_slope = 1.0 / ((1.0 - 2.0 * eta) * (1.0 - 2.0 * eta))
    by_eta = n * slope + 0.5 * tails / (eta * eta) - power * k_slope * ratios
    return n * constant - 0.5 * logs - power * tails, by_eta


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy", forceinline=True)
def _adjoint_pass(theta: Vector, presample: float, work: Matrix, gradient: Vector) -> None:
    """Derivatives in mean, omega, alpha_up, alpha_down, beta from ``work`` into ``gradient``."""
    up, down, beta = theta[2], theta[3], theta[4]
    shocks, variances, adjoints, by_shock = work[0], work[1], work[2], work[3]
    n = shocks.size
    # Last first: adjoints[n - 1 - t] is that of the variance after t, 0 after the last return.
    _decaying_sums(work[4], beta, 0.0, adjoints)
    adjoint_first = work[4, n - 1] + beta * adjoints[n - 1]
    mean, omega, rises, falls, old = 0.0, adjoint_first, 0.0, 0.0, 0.0
    for t in range(n):
        shock, adjoint = shocks[t], adjoints[n - 1 - t]
        part = adjoint * shock
        rise = part if shock >= 0.0 else 0.0
        fall = part - rise
        omega += adjoint
        old += adjoint * variances[t]
        rises += rise * shock
        falls += fall * shock
        mean -= by_shock[t] + 2.0 * (up * rise + down * fall)
    gradient[0] = mean
    gradient[1] = omega
    gradient[2] = rises + 0.5 * presample * adjoint_first
    gradient[3] = falls + 0.5 * presample * adjoint_first
    gradient[4] = old + presample * adjoint_first


@njit(cache=True, nogil=True)
def garch_log_likelihood(
    returns: Vector, theta: Vector, presample: float, work: Matrix, gradient: Vector
) -> float:
    """Log-likelihood; its gradient goes into ``gradient`` (6), scratch into ``work`` (7, n).

    ``returns`` should be scaled to about unit variance, see :func:`_sum_of_logs`. The derivative
    in eta is 0 for normal innovations.
    """
    _fill_variances(returns, theta, presample, work)
    if theta[5] == 0.0:
        value = _normal_pass(work)
        gradient[5] = 0.0
    else:
        value, gradient[5] = _student_pass(theta[5], work)
    _adjoint_pass(theta, presample, work, gradient)
    return value


@njit(cache=True, nogil=True)
def garch_log_likelihood_value(
    returns: Vector, theta: Vector, presample: float, work: Matrix
) -> float:
    """Log-likelihood alone; scratch into ``work`` (7, n)."""
    _fill_variances(returns, theta, presample, work)
    if theta[5] == 0.0:
        return _normal_pass(work)
    value, _ = _student_pass(theta[5], work)
    return float(value)
