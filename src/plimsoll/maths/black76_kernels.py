"""Kernels of Black's formula (1976) on contiguous arrays, undiscounted.

Everything is formed from the out-of-the-money side. With x = |ln(F/K)|, v = sigma sqrt(tau),
near = x/v - v/2, far = x/v + v/2, m = min(F, K) and e = exp(-near**2 / 2),

    out-of-the-money value = m e (erfcx(near / sqrt 2) - erfcx(far / sqrt 2)) / 2,
    F phi(d1) = K phi(d2) = m e / sqrt(2 pi),

with the reflection erfcx(-z) = 2 exp(z**2) - erfcx(z) where ``near`` is negative. One exponential
serves price and Greeks, and nothing cancels deep in or out of the money; the in-the-money value
is the intrinsic value plus the out-of-the-money value of its twin (put-call parity). ``x/v`` and
``v`` carry a second part, because at v = 10 their rounding alone would cost 2e-15 of the forward.

The kernels check as they go: each returns the first row outside the domain (NaN is), or -1. The
domain is F and K from 1e-300 to 1e300, tau and sigma from 0 to 1e100. Chunks are priced through
one-dimensional slices, which vectorise.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.elementary import erfcx_positive, exp_nonpositive, log_ratio_parts
from plimsoll.maths.machine_arithmetic import fma

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]

PARALLEL_FROM = 200_000
"""Options from which threads are worth starting: about a millisecond of work."""

CHUNK = 4096
SMALLEST_PRICE, LARGEST_PRICE = 1e-300, 1e300
"""Domain of forward and strike."""

LARGEST = 1e100
"""Largest time and volatility of the domain."""

_SMALLEST_DEVIATION = 1e-150
_SQRT_HALF = 0.7071067811865476
INVERSE_SQRT_2PI = 0.3989422804014327


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def at_least_smallest(v: float) -> float:
    """``v``, or 1e-150 where it is below: small enough for every limit, and never 0."""
    return v if v > _SMALLEST_DEVIATION else _SMALLEST_DEVIATION


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def near_deviation(
    forward: float, strike: float, root_tau: float, sigma: float
) -> tuple[float, float]:
    """``near`` (see the module) and 1/v, where v is at least 1e-150."""
    x, x_low = log_ratio_parts(max(forward, strike), min(forward, strike))
    product = sigma * root_tau
    v = at_least_smallest(product)
    v_low = fma(sigma, root_tau, -product)
    inverse = 1.0 / v
    h = x * inverse
    h_low = (fma(-h, v, x) + (x_low - h * v_low)) * inverse
    return (h - 0.5 * v) + (h_low - 0.5 * v_low), inverse


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def scaled_tails(near: float, far: float) -> tuple[float, float, float]:
    """e, and e/2 times erfcx of ``|near|`` and of ``far`` over root 2."""
    density = exp_nonpositive(-0.5 * near * near)
    near_tail = 0.5 * density * erfcx_positive(_SQRT_HALF * abs(near))
    return density, near_tail, 0.5 * density * erfcx_positive(_SQRT_HALF * far)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def time_value(lower: float, near: float, near_tail: float, far_tail: float) -> float:
    """Out-of-the-money value; ``lower`` is the smaller of forward and strike."""
    value = near_tail - far_tail if near >= 0.0 else (1.0 - near_tail) - far_tail
    return lower * (value if value > 0.0 else 0.0)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def intrinsic_value(forward: float, strike: float, is_call: bool) -> float:
    """What exercise at the forward is worth."""
    gap = forward - strike if is_call else strike - forward
    return gap if gap > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _value(forward: float, strike: float, v: float, near: float, is_call: bool) -> float:
    """Undiscounted value in quote currency; ``v`` is sigma sqrt(tau)."""
    _, near_tail, far_tail = scaled_tails(near, near + at_least_smallest(v))
    extra = time_value(min(forward, strike), near, near_tail, far_tail)
    return intrinsic_value(forward, strike, is_call) + (extra if v > 0.0 else 0.0)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def is_outside(forward: float, strike: float, tau: float, sigma: float) -> int:
    """1 where the formula has no value or an argument is NaN, else 0."""
    # Four comparisons do: NaN passes one of each pair of choices, and no comparison.
    low_price = forward if forward < strike else strike
    high_price = strike if strike > forward else forward
    low = tau if tau < sigma else sigma
    high = sigma if sigma > tau else tau
    inside = (low_price >= SMALLEST_PRICE) & (high_price <= LARGEST_PRICE)
    inside &= (low >= 0.0) & (high <= LARGEST)
    return 0 if inside else 1


@njit(cache=True, nogil=True, error_model="numpy")
def first_outside(forward: Vector, strike: Vector, tau: Vector, sigma: Vector, start: int) -> int:
    """Index of the first row outside the domain, from ``start`` on, or -1."""
    for i in range(start, forward.size):
        if is_outside(forward[i], strike[i], tau[i], sigma[i]):
            return i
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def _price_slice(
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    out: Vector,
) -> int:
    """Prices of a slice, in coin where ``inverse``; how many rows are outside the domain.

    In two loops, the first leaving ``near`` in ``out``: the processor sees too few operations
    ahead to overlap one long chain with the next.
    """
    outside = 0
    for i in range(out.size):
        outside += is_outside(forward[i], strike[i], tau[i], sigma[i])
        out[i], _ = near_deviation(forward[i], strike[i], math.sqrt(tau[i]), sigma[i])
    if inverse:
        for i in range(out.size):
            v = sigma[i] * math.sqrt(tau[i])
            out[i] = _value(forward[i], strike[i], v, out[i], is_call[i]) / forward[i]
    else:
        for i in range(out.size):
            v = sigma[i] * math.sqrt(tau[i])
            out[i] = _value(forward[i], strike[i], v, out[i], is_call[i])
    return outside


@njit(cache=True, nogil=True, error_model="numpy")
def _price_chunk(
    start: int,
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    out: Vector,
) -> int:
    """Price `CHUNK` options from ``start``; the first of them outside the domain, or -1."""
    part = slice(start, min(start + CHUNK, out.size))
    f, k, t, s = forward[part], strike[part], tau[part], sigma[part]
    if _price_slice(f, k, t, s, is_call[part], inverse, out[part]):
        return first_outside(forward, strike, tau, sigma, start)
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def black76_prices(
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    out: Vector,
) -> int:
    """Prices into ``out``, all arrays (N,); the first row outside the domain, or -1."""
    for start in range(0, out.size, CHUNK):
        at = _price_chunk(start, forward, strike, tau, sigma, is_call, inverse, out)
        if at >= 0:
            return at
    return -1


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def black76_prices_parallel(
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    out: Vector,
) -> int:
    """`black76_prices` by all threads, with the same bits."""
    chunks = (out.size + CHUNK - 1) // CHUNK
    faults = np.empty(chunks, dtype=np.int64)
    for c in prange(chunks):
        faults[c] = _price_chunk(c * CHUNK, forward, strike, tau, sigma, is_call, inverse, out)
    return first_fault(faults)


@njit(cache=True, nogil=True)
def first_fault(faults: Index) -> int:
    """First entry that is not -1, or -1."""
    for fault in faults:
        if fault >= 0:
            return int(fault)
    return -1
