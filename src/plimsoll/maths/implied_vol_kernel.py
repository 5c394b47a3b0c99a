"""Implied volatilities of many quotes: blocks of 512 lanes, without branches inside.

A quote becomes its time value over ``min(F, K)``, which is the price of the out-of-the-money
option of the pair (put-call parity), and is solved on the side of half the bound where it lies.
One step of fifth order settles the whole usual domain; lanes that need more take up to five, and
what is left goes to the bracketed search. No lane depends on its neighbours: a quote has the same
bits alone and among a million.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.elementary import exp, log, log_ratio
from plimsoll.maths.implied_vol_kernel_guess import bachelier_guess, bent_guess, guess_above
from plimsoll.maths.implied_vol_kernel_price import (
    LOWER,
    UPPER,
    householder_step,
    inverse_slope,
    near_mills_ratio,
)
from plimsoll.maths.implied_vol_kernel_rescue import bracketed_standard_deviation
from plimsoll.maths.machine_arithmetic import fma

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

OK = 0
NOT_FINITE = 1
NON_POSITIVE_FORWARD = 2
NON_POSITIVE_STRIKE = 3
EXPIRED = 4
ZERO_OR_MISSING_PRICE = 5
BELOW_INTRINSIC = 6
AT_INTRINSIC = 7
ABOVE_BOUND = 8

LANES = 512
_BLOCKS_PER_CHUNK = 8
_MOST_STEPS = 5
_SETTLED = 1e-3
"""A lane whose last step was no larger, relatively, stays: it is now wrong by less than 5e-15."""


class QuoteColumns(NamedTuple):
    """Columns of N values, or of the one value that holds for all N quotes."""

    price: Vector  # NaN = missing
    forward: Vector
    strike: Vector
    tau: Vector  # years
    is_call: Flags


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def implied_volatilities_parallel(
    quotes: QuoteColumns, in_coin: bool, sigma: Vector, reason: Codes
) -> None:
    """`implied_volatilities` of all quotes on all threads; the same bits."""
    size = sigma.size
    chunk = _BLOCKS_PER_CHUNK * LANES
    for k in prange((size + chunk - 1) // chunk):
        implied_volatilities(quotes, in_coin, k * chunk, min(size, (k + 1) * chunk), sigma, reason)


@njit(cache=True, nogil=True, error_model="numpy")
def implied_volatilities(
    quotes: QuoteColumns, in_coin: bool, first: int, last: int, sigma: Vector, reason: Codes
) -> None:
    """Write ``sigma`` and ``reason`` of the quotes ``first .. last - 1``."""
    work = np.empty((7, LANES))
    calls = np.empty(LANES, dtype=np.bool_)
    for start in range(first, last, LANES):
        n = min(LANES, last - start)
        price, forward, strike, tau = work[0, :n], work[1, :n], work[2, :n], work[3, :n]
        y, target, side, is_call = work[4, :n], work[5, :n], work[6, :n], calls[:n]
        _load(quotes.price, start, price)
        _load(quotes.forward, start, forward)
        _load(quotes.strike, start, strike)
        _load(quotes.tau, start, tau)
        _load_flags(quotes.is_call, start, is_call)
        found, reasons = sigma[start : start + n], reason[start : start + n]
        _classify(price, forward, strike, tau, is_call, in_coin, reasons)
        _normalise(price, forward, strike, is_call, in_coin, reasons, y, target, side)
        _solve_block(y, target, side, found, price, forward, strike)
        _annualise(tau, reasons, found)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _load(source: Vector, start: int, lanes: Vector) -> None:
    """Copy the block's values, or the one value that holds for all."""
    if source.size == 1:
        lanes[:] = source[0]
    else:
        lanes[:] = source[start : start + lanes.size]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _load_flags(source: Flags, start: int, lanes: Flags) -> None:
    if source.size == 1:
        lanes[:] = source[0]
    else:
        lanes[:] = source[start : start + lanes.size]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _time_value(price: float, forward: float, strike: float, is_call: bool, in_coin: bool) -> float:
    """Price less intrinsic value, in quote currency."""
    intrinsic = forward - strike if is_call else strike - forward
    paid = price * forward if in_coin else price
    return paid - (intrinsic if intrinsic > 0.0 else 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _classify(
    price: Vector,
    forward: Vector,
    strike: Vector,
    tau: Vector,
    is_call: Flags,
    in_coin: bool,
    reason: Codes,
) -> None:
    """Why a quote has no implied volatility, the gravest reason last to be written."""
    for i in range(price.size):
        f, k, years = forward[i], strike[i], tau[i]
        time_value = _time_value(price[i], f, k, is_call[i], in_coin)
        paid = price[i] * f if in_coin else price[i]
        missing = paid == 0.0 or price[i] != price[i]
        code = ABOVE_BOUND if paid >= (f if is_call[i] else k) else OK
        code = ABOVE_BOUND if time_value >= (f if f < k else k) else code
        code = AT_INTRINSIC if time_value == 0.0 else code
        code = BELOW_INTRINSIC if time_value < 0.0 else code
        code = ZERO_OR_MISSING_PRICE if missing else code
        code = EXPIRED if years <= 0.0 else code
        code = NON_POSITIVE_STRIKE if k <= 0.0 else code
        code = NON_POSITIVE_FORWARD if f <= 0.0 else code
        # x - x is 0 for finite x and NaN for the rest.
        terms = (f - f) + (k - k) + (years - years)
        odd = terms if missing else terms + (price[i] - price[i])
        reason[i] = NOT_FINITE if odd != 0.0 else code


@njit(cache=True, nogil=True, error_model="numpy")
def _normalise(
    price: Vector,
    forward: Vector,
    strike: Vector,
    is_call: Flags,
    in_coin: bool,
    reason: Codes,
    y: Vector,
    target: Vector,
    side: Vector,
) -> None:
    """Log-moneyness, side and wanted logarithm; a harmless quote where there is a reason."""
    for i in range(y.size):
        solvable = reason[i] == OK
        f, k = forward[i], strike[i]
        value = _time_value(price[i], f, k, is_call[i], in_coin)
        f, k = f if solvable else 1.0, k if solvable else 1.0
        value = value if solvable else 0.25
        unit = f if f < k else k
        above = value > 0.5 * unit
        side[i] = UPPER if above else LOWER
        target[i] = log_ratio(unit - value if above else value, unit)
        y[i] = abs(log_ratio(f, k))


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_block(
    y: Vector,
    target: Vector,
    side: Vector,
    s: Vector,
    change: Vector,
    first: Vector,
    second: Vector,
) -> None:
    """Total standard deviations ``s`` of a block; the last three are scratch."""
    _guess_block(y, target, side, s, first, second)
    change[:] = 1.0
    for _ in range(_MOST_STEPS):
        _step_block(y, target, side, s, change, first, second)
        if _count_unsettled(change) == 0:
            return
    for i in range(s.size):
        if not change[i] <= _SETTLED:
            s[i] = bracketed_standard_deviation(y[i], target[i], side[i], s[i])


# The loops below are separate so that their chains of dependent operations are short, and the
# processor has several of them under way: a third faster than one loop.


@njit(cache=True, nogil=True, error_model="numpy")
def _guess_block(
    y: Vector, target: Vector, side: Vector, s: Vector, inverse_price: Vector, a: Vector
) -> None:
    for i in range(s.size):
        inverse_price[i] = exp(fma(0.5, y[i], -target[i]))
    for i in range(s.size):
        s[i], a[i] = bachelier_guess(y[i], inverse_price[i])
    for i in range(s.size):
        above = guess_above(y[i], target[i])
        s[i] = above if side[i] > 0.0 else bent_guess(s[i], a[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _step_block(
    y: Vector, target: Vector, side: Vector, s: Vector, change: Vector, slope: Vector, value: Vector
) -> None:
    """One step of every lane that has not settled, within a factor of four."""
    for i in range(s.size):
        slope[i] = near_mills_ratio(y[i] * (1.0 / s[i]), 0.5 * s[i], side[i])
    for i in range(s.size):
        slope[i] = inverse_slope(slope[i], y[i] * (1.0 / s[i]), 0.5 * s[i], side[i])
    for i in range(s.size):
        value[i] = log(slope[i])
    for i in range(s.size):
        at = s[i]
        step = householder_step(y[i], target[i], side[i], at, slope[i], value[i])
        step = -0.75 if step < -0.75 else step
        step = 3.0 if step > 3.0 else step
        moves = not change[i] <= _SETTLED
        s[i] = fma(at, step, at) if moves else at
        # Large s matters by its absolute change, which is that of d1.
        size = abs(step) * (0.2 * at if at > 5.0 else 1.0)
        change[i] = size if moves else change[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _count_unsettled(change: Vector) -> int:
    count = 0
    for i in range(change.size):
        count += 0 if change[i] <= _SETTLED else 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _annualise(tau: Vector, reason: Codes, sigma: Vector) -> None:
    """Annual volatility of total standard deviations; NaN where there is a reason."""
    for i in range(sigma.size):
        annual = sigma[i] / math.sqrt(tau[i])
        sigma[i] = annual if reason[i] == OK else math.nan
