"""Rolling forecasts: refit on a moving window, forecast one step, never look ahead.

Forecast ``d`` uses returns ``d .. d + window - 1`` and is for return ``d + window``; the last one
is for the return after the sample. A row of the result holds mean, omega, alpha, gamma, beta, nu,
log-likelihood of the window, forecast volatility, then value-at-risk and expected shortfall by
filtered historical simulation for each confidence.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.garch_constraints import (
    CONSTRAINTS,
    OMEGA_MAXIMUM,
    OMEGA_MINIMUM,
    constraint_limits,
    equality_flags,
)
from plimsoll.maths.garch_fit import presample_variance, search_scaled
from plimsoll.maths.garch_likelihood import WORK_ROWS
from plimsoll.maths.garch_optimiser import maximise_garch
from plimsoll.maths.order_statistics import quantile_type7, upper_tail_mean
from plimsoll.maths.recursions import ewma_step, garch_first_variance, gjr_step
from plimsoll.maths.zero_returns import bears_zeros, is_stuck

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]

ROLL_MEAN, ROLL_OMEGA, ROLL_ALPHA, ROLL_GAMMA, ROLL_BETA, ROLL_NU = range(6)
ROLL_LOG_LIKELIHOOD, ROLL_VOLATILITY, ROLL_RISKS = 6, 7, 8


@njit(cache=True, nogil=True)
def write_filtered_risks(
    losses: Vector, mean: float, volatility: float, confidences: Vector, risks: Vector
) -> None:
    """Value-at-risk (type 7) and shortfall (tail mean) pairs of scaled losses, loss positive.

    ``losses`` are negated standardised residuals, reordered in place.
    """
    n = losses.size
    deepest = 1.0
    for confidence in confidences:
        deepest = min(deepest, confidence)
    keep = min(n, math.ceil(n * (1.0 - deepest)) + 3)
    split = np.partition(losses, n - keep)
    split[n - keep :].sort()
    for k in range(confidences.size):
        tail = _quantile_of_tail(split, keep, confidences[k])
        risks[2 * k] = volatility * tail - mean
        risks[2 * k + 1] = volatility * upper_tail_mean(split, confidences[k]) - mean


@njit(cache=True, nogil=True)
def _quantile_of_tail(split: Vector, keep: int, confidence: float) -> float:
    """Type-7 quantile where only the last ``keep`` values are in order."""
    position = (split.size - 1) * confidence
    low = int(position)
    if low < split.size - keep:
        return quantile_type7(np.sort(split), confidence)
    high = min(low + 1, split.size - 1)
    return float(split[low] + (position - low) * (split[high] - split[low]))


@njit(cache=True, nogil=True)
def filter_window(returns: Vector, theta: Vector, presample: float, losses: Vector) -> float:
    """Negated standardised residuals into ``losses``; the variance of the next return."""
    mean, omega, up, down, beta = theta[0], theta[1], theta[2], theta[3], theta[4]
    variance = garch_first_variance(presample, omega, up, down - up, beta)
    for t in range(returns.size):
        shock = returns[t] - mean
        losses[t] = -shock / math.sqrt(variance)
        variance = gjr_step(variance, shock, omega, up, down - up, beta)
    return variance


@njit(cache=True, nogil=True)
def refit_garch(
    scaled: Vector,
    presample: float,
    mean: float,
    fresh: bool,
    asymmetric: bool,
    student: bool,
    free_mean: bool,
    cap: float,
    theta: Vector,
    work: Matrix,
    binding: Flags,
) -> float:
    """Log-likelihood after a full search, or after a climb from the old optimum in ``theta``."""
    if fresh:
        best, _, _ = search_scaled(
            scaled, presample, mean, asymmetric, student, free_mean, cap, theta, work, binding
        )
        return float(best)
    theta[1] = min(max(theta[1], OMEGA_MINIMUM), OMEGA_MAXIMUM)
    best, _, _ = maximise_garch(
        scaled,
        presample,
        theta,
        constraint_limits(student, cap),
        equality_flags(asymmetric, student, free_mean),
        theta,
        -np.inf,
        False,
        work,
        binding,
    )
    return float(best)


@njit(cache=True, nogil=True)
def _write_forecast(
    theta: Vector, scale: float, value: float, volatility: float, row: Vector
) -> None:
    """Parameters in the units of the returns."""
    row[ROLL_MEAN], row[ROLL_OMEGA] = theta[0] * scale, theta[1] * scale * scale
    row[ROLL_ALPHA], row[ROLL_GAMMA], row[ROLL_BETA] = theta[2], theta[3] - theta[2], theta[4]
    row[ROLL_NU] = 1.0 / theta[5] if theta[5] > 0.0 else np.inf
    row[ROLL_LOG_LIKELIHOOD], row[ROLL_VOLATILITY] = value, volatility


@njit(cache=True, nogil=True)
def rolling_garch(
    returns: Vector,
    window: int,
    refit_every: int,
    search_every: int,
    asymmetric: bool,
    student: bool,
    free_mean: bool,
    start_rule: int,
    cap: float,
    confidences: Vector,
    forecasts: Matrix,
) -> None:
    """Forecasts of one series, shape (n - window + 1, 8 + 2 k); NaN where a window is constant, or
    holds more zeros than the law bears.

    Every ``refit_every`` forecasts the model is refitted, every ``search_every``-th refit by a
    search over all starts, the others from the previous optimum.
    """
    theta, work = np.empty(6), np.empty((WORK_ROWS, window))
    binding = np.zeros(CONSTRAINTS, dtype=np.bool_)
    losses, refits, value, held = np.empty(window), 0, np.nan, 1.0
    ready = False
    for d in range(returns.size - window + 1):
        part = returns[d : d + window]
        mean = float(np.mean(part)) if free_mean else 0.0
        scale = math.sqrt(float(np.mean((part - mean) ** 2)))
        forecasts[d, :] = np.nan
        if not (scale > 0.0 and np.min(part) < np.max(part) and bears_zeros(part, student)):
            ready = False
            continue
        scaled = part / scale
        presample = presample_variance(scaled, mean / scale, start_rule)
        theta[0] *= held / scale
        theta[1] *= (held / scale) ** 2
        held = scale
        if d % refit_every == 0 or not ready:
            fresh = refits % search_every == 0 or not ready
            value = refit_garch(
                scaled,
                presample,
                mean / scale,
                fresh,
                asymmetric,
                student,
                free_mean,
                cap,
                theta,
                work,
                binding,
            )
            value -= window * math.log(scale)
            ready, refits = True, refits + 1
        variance = filter_window(scaled, theta, presample, losses)
        volatility = scale * math.sqrt(variance)
        _write_forecast(theta, scale, value, volatility, forecasts[d])
        write_filtered_risks(
            losses, forecasts[d, ROLL_MEAN], volatility, confidences, forecasts[d, ROLL_RISKS:]
        )


@njit(cache=True, nogil=True)
def rolling_garch_rows(
    returns: Matrix,
    first: int,
    last: int,
    window: int,
    refit_every: int,
    search_every: int,
    asymmetric: bool,
    student: bool,
    free_mean: bool,
    start_rule: int,
    cap: float,
    confidences: Vector,
    forecasts: Cube,
) -> None:
    """:func:`rolling_garch` of rows ``first`` to ``last - 1``, the interpreter's lock released."""
    for row in range(first, last):
        rolling_garch(
            returns[row],
            window,
            refit_every,
            search_every,
            asymmetric,
            student,
            free_mean,
            start_rule,
            cap,
            confidences,
            forecasts[row],
        )


@njit(cache=True, nogil=True)
def rolling_ewma_rows(
    returns: Matrix,
    first: int,
    last: int,
    window: int,
    decay: float,
    confidences: Vector,
    forecasts: Cube,
) -> None:
    """EWMA volatility and filtered risks, shape (markets, n - window + 1, 1 + 2 k).

    Zero mean; the recursion starts at the mean square of the first window, so the first
    ``window`` residuals know that one number in common, and no later return. NaN where a window
    holds more than 90 % zeros, or ends in so many that the feed is stuck.
    """
    n = returns.shape[1]
    scaled = np.empty(n)
    for row in range(first, last):
        variance = float(np.mean(returns[row, :window] ** 2))
        for t in range(n + 1):
            if t >= window:
                forecast = forecasts[row, t - window]
                part = returns[row, t - window : t]
                forecast[:] = np.nan
                if bears_zeros(part, False) and not is_stuck(part, decay):
                    forecast[0] = math.sqrt(variance)
                    losses = scaled[t - window : t].copy()
                    write_filtered_risks(losses, 0.0, forecast[0], confidences, forecast[1:])
            if t < n:
                scaled[t] = -returns[row, t] / math.sqrt(variance) if variance > 0.0 else np.nan
                variance = ewma_step(variance, returns[row, t], decay)


@njit(cache=True, parallel=True)
def rolling_garch_table(
    returns: Matrix,
    parts: Index,
    window: int,
    refit_every: int,
    search_every: int,
    asymmetric: bool,
    student: bool,
    free_mean: bool,
    start_rule: int,
    cap: float,
    confidences: Vector,
    forecasts: Cube,
) -> None:
    """:func:`rolling_garch_rows` of each part of the markets, parts side by side."""
    for k in prange(parts.size - 1):
        rolling_garch_rows(
            returns,
            parts[k],
            parts[k + 1],
            window,
            refit_every,
            search_every,
            asymmetric,
            student,
            free_mean,
            start_rule,
            cap,
            confidences,
            forecasts,
        )


@njit(cache=True, parallel=True)
def rolling_ewma_table(
    returns: Matrix,
    parts: Index,
    window: int,
    decay: float,
    confidences: Vector,
    forecasts: Cube,
) -> None:
    """:func:`rolling_ewma_rows` of each part of the markets, parts side by side."""
    for k in prange(parts.size - 1):
        rolling_ewma_rows(returns, parts[k], parts[k + 1], window, decay, confidences, forecasts)
