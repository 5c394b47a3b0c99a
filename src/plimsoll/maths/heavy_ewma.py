r"""EWMA of squared returns that believes a large return less: the Student-t score recursion.

.. math::
    v' = \lambda v + (1-\lambda)\,w\,r^2, \qquad
    w = \frac{\nu + 1}{\nu - 2 + r^2 / v}

With Student-t innovations of ``nu`` degrees of freedom the score of the log-density with respect
to the variance weights each squared return by ``w``: a jump of many standard deviations raises the
variance by at most ``(1 - lambda)(nu + 1) v`` instead of without limit, and ``nu -> inf`` gives the
RiskMetrics recursion (Lucas and Zhang, *Score-driven exponentially weighted moving averages and
Value-at-Risk forecasting*, International Journal of Forecasting 32, 2016, equation for the
Student-t case). For a margin this is what keeps one bad hour from doubling the requirement for
weeks.

The first returns are averaged with gain 1 / n under the same weights, so that a listing's first
wild hour does not set the level of its first weeks.

The path is computed **as it was known**: a bar that a check condemns later is used until the
moment it could be condemned, and from then on the recursion is replayed without it. Volatilities
already forecast are never revised.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.garch_likelihood import student_t_constant

Vector = NDArray[np.float64]
Index = NDArray[np.int64]

WARM_UP_DAYS = 3
LEAST_WARM_UP = 30
HOLE_DAYS = 2
SLOW_SHARE = 0.0625
"""The variance never falls below this share of its own slow mean (a quarter of the volatility):
after a stretch of stale or frozen prices the bounded recursion would take weeks to come back."""
SLOW_GAIN = 0.1


@njit(cache=True, nogil=True)
def heavy_ewma_step(variance: float, shock: float, decay: float, nu: float) -> float:
    """Next variance of the Student-t score EWMA; ``nu = inf`` gives the plain one.

    Examples
    --------
    >>> round(heavy_ewma_step(1.0, 2.0, 0.9, np.inf), 12)
    1.3
    >>> round(heavy_ewma_step(1.0, 2.0, 0.9, 4.0), 12)
    1.233333333333
    """
    square = shock * shock
    weight = 1.0 if np.isinf(nu) else (nu + 1.0) / (nu - 2.0 + square / variance)
    return decay * variance + (1.0 - decay) * (weight * square)


@njit(cache=True, nogil=True, error_model="numpy")
def heavy_ewma_filter(shocks: Vector, first_variance: float, decay: float, nu: float) -> Vector:
    """Variances: ``n + 1`` values, the last is the forecast after the last shock."""
    variances = np.empty(shocks.size + 1)
    variances[0] = first_variance
    for t in range(shocks.size):
        variances[t + 1] = heavy_ewma_step(variances[t], shocks[t], decay, nu)
    return variances


@njit(cache=True, nogil=True, error_model="numpy")
def heavy_ewma_log_likelihood(
    shocks: Vector, first_variance: float, decay: float, nu: float
) -> float:
    """Log-likelihood of unit-variance Student-t innovations (normal for infinite nu)."""
    heavy = not np.isinf(nu)
    constant = student_t_constant(1.0 / nu if heavy else 0.0)[0]
    variance, total = first_variance, 0.0
    for t in range(shocks.size):
        square = shocks[t] * shocks[t] / variance
        tail = 0.5 * (nu + 1.0) * np.log1p(square / (nu - 2.0)) if heavy else 0.5 * square
        total += constant - 0.5 * np.log(variance) - tail
        variance = heavy_ewma_step(variance, shocks[t], decay, nu)
    return total


@njit(cache=True, nogil=True)
def _advance(
    state: Vector,
    log_price: Vector,
    mask_from_ns: Index,
    first: int,
    last: int,
    known_ns: int,
    decay: float,
    nu: float,
    warm_up: int,
    longest_hole: int,
) -> None:
    """Run bars ``first .. last - 1`` into ``state``.

    State: variance, last price, its bar, returns seen, slow mean of the variance, moves in it.
    """
    for i in range(first, last):
        price = log_price[i]
        if np.isnan(price) or mask_from_ns[i] <= known_ns:
            continue
        hole = i - state[2]
        if not np.isnan(state[1]) and hole <= longest_hole:
            # A return over a hole counts once, at its variance per bar.
            shock = (price - state[1]) / np.sqrt(hole)
            seen = state[3]
            # Gain 1 / n at first: a mean, as robust as the recursion after it.
            gain = 1.0 - decay
            if seen < warm_up:
                gain = max(1.0 / (seen + 1.0), gain)
            if state[0] > 0.0:
                state[0] = heavy_ewma_step(state[0], shock, 1.0 - gain, nu)
            else:
                state[0] = shock * shock
            if shock != 0.0:  # a price that does not move says nothing about how it moves
                slow = max(1.0 / (state[5] + 1.0), SLOW_GAIN * (1.0 - decay))
                state[4] += slow * (state[0] - state[4])
                state[5] += 1.0
            state[0] = max(state[0], SLOW_SHARE * state[4])
            state[3] = seen + 1.0
        state[1] = price
        state[2] = i


@njit(cache=True, nogil=True)
def heavy_ewma_volatility_path(
    log_price: Vector,
    mask_from_ns: Index,
    boundary: Index,
    boundary_ns: Index,
    replay_from: Index,
    decay: float,
    nu: float,
    warm_up: int,
    longest_hole: int,
) -> Vector:
    """Volatility per bar forecast at each boundary, from what was known there.

    Parameters
    ----------
    log_price : (T,) float64
        NaN where there was no print.
    mask_from_ns : (T,) int64
        Time from which a bar was known to be bad.
    boundary, boundary_ns : (D,) int64
        Number of bars available at each boundary (usually a midnight), and its time.
    replay_from : (D,) int64
        Boundary from whose state the recursion must be replayed to reach this one: the previous
        one (``d - 1``; ``-1`` = from the start), or an earlier one where a bar before it has
        meanwhile been condemned.
    decay, nu : float
    warm_up, longest_hole : int
        Returns before there is a number; bars over which a return is still one.

    Returns
    -------
    (D,) float64
        NaN until ``warm_up`` returns were seen, and while the variance is zero.
    """
    days = boundary.size
    states = np.empty((days, 6))
    out = np.full(days, np.nan)
    for d in range(days):
        state = np.array([0.0, np.nan, -1.0, 0.0, 0.0, 0.0])
        start = 0
        origin = replay_from[d]
        if origin >= 0:
            for j in range(6):  # a slice would compile numba's text of a shape error: 2 s
                state[j] = states[origin, j]
            start = boundary[origin]
        for k in range(origin + 1, d + 1):
            _advance(
                state,
                log_price,
                mask_from_ns,
                start,
                boundary[k],
                boundary_ns[d],
                decay,
                nu,
                warm_up,
                longest_hole,
            )
            for j in range(6):
                states[k, j] = state[j]
            start = boundary[k]
        if state[3] >= warm_up and state[0] > 0.0:
            out[d] = np.sqrt(state[0])
    return out


def replay_origins(late: Index, condemned: Index, boundary: Index) -> Index:
    """Boundary from which each boundary's recursion starts, so that every mask is honoured.

    ``d - 1`` unless a bar that an earlier boundary still trusted (``late``) is ``condemned`` at
    ``d``; then the last boundary before that bar was available.
    """
    origins = np.arange(boundary.size, dtype=np.int64) - 1
    for bar, known in zip(late, condemned, strict=True):
        seen = int(np.searchsorted(boundary, bar, side="right"))
        if seen < known < boundary.size:
            origins[known] = min(origins[known], seen - 1)
    return origins
