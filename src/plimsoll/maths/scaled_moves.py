"""Kernels of the scaled-move tail: moves as known on each day, and the quantiles of their tail."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.gpd import MINIMUM_EXCEEDANCES, gpd_fit_pwm, gpd_tail_quantile

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

POT, EMPIRICAL = 0, 1
SHAPE_LIMIT = 0.9  # a heavier fit is noise of the sample; the quantile is then barely affected


@njit(cache=True, nogil=True)
def _largest(
    values: Vector, start: int, stop: int, needed: int, guess: float, top: Vector, at: Index
) -> int:
    """Collect all values of ``[start, stop)`` at or above ``guess``, lowered until enough."""
    bound = guess
    while True:
        count = 0
        for i in range(start, stop):
            if values[i] >= bound:  # false for NaN
                top[count] = values[i]
                at[count] = i
                count += 1
        if count >= needed or bound == -np.inf:
            return count
        bound = 0.7 * bound if bound > 1e-6 else -np.inf


@njit(cache=True, nogil=True)
def _block_variance(
    values: Vector,
    at: Index,
    top: Vector,
    count: int,
    level: float,
    start: int,
    stop: int,
    block: int,
) -> float:
    """Variance of the number of values above ``level``, from the blocks that hold values."""
    blocks = (stop - start + block - 1) // block
    tally = np.zeros(blocks)
    for j in range(count):
        if top[j] > level:
            tally[(at[j] - start) // block] += 1.0
    held, total, squares = 0, 0.0, 0.0
    for b in range(blocks):
        for i in range(start + b * block, min(start + (b + 1) * block, stop)):
            if not np.isnan(values[i]):
                held += 1
                total += tally[b]
                squares += tally[b] * tally[b]
                break
    if held < 2:
        return np.nan
    return max(squares - total * total / held, 0.0) * held / (held - 1.0)


@njit(cache=True, nogil=True)
def _tail_quantile(
    values: Vector,
    start: int,
    stop: int,
    known: int,
    confidence: float,
    fraction: float,
    method: int,
    block: int,
    guess: float,
    top: Vector,
    at: Index,
    out: Vector,
) -> float:
    """Write quantile, standard error and exceedances to ``out``; return the threshold."""
    out[0], out[1], out[2] = np.nan, np.nan, 0.0
    share = max(fraction, 2.0 * (1.0 - confidence))
    needed = known - math.floor((known - 1) * (1.0 - share))
    if needed < MINIMUM_EXCEEDANCES:
        return guess
    count = _largest(values, start, stop, needed, guess, top, at)
    ordered = np.sort(top[:count])[count - needed :]
    # Position of the type-7 quantile of the whole sample within its upper part.
    position = (known - 1) * (1.0 - share) - (known - needed)
    threshold: float = ordered[0] + position * (ordered[1] - ordered[0])
    first = np.searchsorted(ordered, threshold, side="right")
    excesses = ordered[first:] - threshold
    out[2] = excesses.size
    if excesses.size < MINIMUM_EXCEEDANCES:
        return threshold
    xi, beta = gpd_fit_pwm(excesses)
    if np.isnan(xi):
        return threshold
    xi = min(xi, SHAPE_LIMIT)
    tail = excesses.size / known
    if method == POT:
        out[0] = gpd_tail_quantile(threshold, xi, beta, tail, confidence)
    else:
        place = (known - 1) * confidence - (known - needed)
        j = math.floor(place)
        out[0] = ordered[j] + (place - j) * (ordered[min(j + 1, needed - 1)] - ordered[j])
    # Delta method: sd of the count above the quantile over the slope of the tail there.
    slope = (1.0 - confidence) * known / (beta + xi * (out[0] - threshold))
    variance = _block_variance(values, at, top, count, out[0], start, stop, block)
    out[1] = math.sqrt(variance) / slope
    return threshold


@njit(cache=True, nogil=True)
def _score(
    start: int,
    log_price: Vector,
    mask_from_ns: Index,
    horizon: int,
    wait: int,
    volatility: float,
    stop: int,
    now: int,
    down: Vector,
    up: Vector,
) -> bool:
    """Fill the move from bar ``start`` as known at ``now``; tell whether it is still open.

    ``stop`` bars are available. The move ends at the first print at or after the horizon that is
    not condemned; without one within ``wait`` bars it has no value.
    """
    down[start], up[start] = np.nan, np.nan
    if np.isnan(log_price[start]) or mask_from_ns[start] <= now or np.isnan(volatility):
        return False
    end = start + horizon
    last = end + wait
    while end <= last and end < stop:
        if not np.isnan(log_price[end]) and mask_from_ns[end] > now:
            scaled = (log_price[end] - log_price[start]) / volatility
            down[start], up[start] = -scaled, scaled
            return False
        end += 1
    return end <= last


@njit(cache=True, nogil=True)
def _score_new(
    d: int,
    oldest: int,
    first: int,
    log_price: Vector,
    mask_from_ns: Index,
    late: Index,
    condemned: Index,
    volatility: Vector,
    day: Index,
    stop: int,
    now: int,
    horizon: int,
    wait: int,
    down: Vector,
    up: Vector,
) -> int:
    """Score moves that may have ended or changed by boundary ``d``; return the oldest open one."""
    still_open = stop
    for s in range(oldest, stop):
        waiting = _score(
            s, log_price, mask_from_ns, horizon, wait, volatility[day[s]], stop, now, down, up
        )
        if waiting and still_open == stop:
            still_open = s
    for j in range(late.size):
        if condemned[j] != d:
            continue
        begin = max(first, late[j] - horizon - wait)
        for s in range(begin, min(late[j] + 1, stop)):
            _score(
                s, log_price, mask_from_ns, horizon, wait, volatility[day[s]], stop, now, down, up
            )
        still_open = min(still_open, begin)
    return still_open


@njit(cache=True, nogil=True)
def scaled_tail_path(
    log_price: Vector,
    mask_from_ns: Index,
    late: Index,
    condemned: Index,
    volatility: Vector,
    boundary: Index,
    boundary_ns: Index,
    horizon: int,
    wait: int,
    window: int,
    confidence: float,
    fraction: float,
    method: int,
    block: int,
    minimum: int,
) -> tuple[Matrix, Matrix, Vector]:
    """Tail quantiles of falls and rises, scaled by the volatility forecast before each move.

    Parameters
    ----------
    log_price : (T,) float64
    mask_from_ns : (T,) int64
        Time from which a bar was known to be bad.
    late, condemned : (K,) int64
        Bars that were trusted for a while, and the boundary at which they no longer were.
    volatility : (D,) float64
        Volatility forecast at each boundary; a move is divided by the last one at its start.
    boundary, boundary_ns : (D,) int64
        Bars available at each boundary, and its time.
    horizon, wait, window : int
        In bars: length of a move, longest wait for a print after it, look-back.
    confidence, fraction : float
        Level of the quantile, and share of the sample taken as tail.
    method : int
        ``POT`` or ``EMPIRICAL``.
    block : int
        Bars per block of the standard error.
    minimum : int
        Fewest scaled moves an estimate is made from.

    Returns
    -------
    quantile, standard_error : (D, 2) float64
        Column 0 falls, column 1 rises; in units of volatility, positive.
    observations : (D,) float64
        Scaled moves in the window.
    """
    bars, days = log_price.size, boundary.size
    down, up = np.full(bars, np.nan), np.full(bars, np.nan)
    day = np.searchsorted(boundary, np.arange(1, bars + 1), side="right") - 1
    quantile, error = np.full((days, 2), np.nan), np.full((days, 2), np.nan)
    observations = np.zeros(days)
    top, at, out = np.empty(bars), np.empty(bars, dtype=np.int64), np.empty(3)
    guess = np.array([-np.inf, -np.inf])
    first = int(np.searchsorted(day, 0))  # moves before the first boundary have no forecast
    oldest = first
    for d in range(days):
        stop, now = boundary[d], boundary_ns[d]
        oldest = _score_new(
            d,
            oldest,
            first,
            log_price,
            mask_from_ns,
            late,
            condemned,
            volatility,
            day,
            stop,
            now,
            horizon,
            wait,
            down,
            up,
        )
        begin = max(0, stop - window)
        known = 0
        for s in range(begin, stop):
            if not np.isnan(down[s]):
                known += 1
        observations[d] = known
        if known < minimum:
            continue
        for side in range(2):
            values = down if side == 0 else up
            threshold = _tail_quantile(
                values,
                begin,
                stop,
                known,
                confidence,
                fraction,
                method,
                block,
                guess[side],
                top,
                at,
                out,
            )
            quantile[d, side], error[d, side] = out[0], out[1]
            guess[side] = 0.9 * threshold if threshold > 0.0 else -np.inf
    return quantile, error, observations
