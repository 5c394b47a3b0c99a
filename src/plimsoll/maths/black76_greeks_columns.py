"""Kernels that fill columns of Greeks for many options, chunk by chunk, checking as they go."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.black76_greeks_kernels import (
    inverse_main_slice,
    inverse_others_slice,
    linear_main_slice,
    linear_others_slice,
    prepare_slice,
)
from plimsoll.maths.black76_kernels import CHUNK, first_fault, first_outside

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]


class MainColumns(NamedTuple):
    """Where the main Greeks go, each (N,)."""

    price: Vector
    delta: Vector
    gamma: Vector
    vega: Vector
    theta: Vector


class OtherColumns(NamedTuple):
    """Where the others go, each (N,)."""

    forward_delta: Vector
    premium_adjusted_delta: Vector
    vanna: Vector
    volga: Vector


@njit(cache=True, nogil=True, error_model="numpy")
def _main_chunk(
    start: int,
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    main: MainColumns,
) -> int:
    """Main Greeks of `CHUNK` options from ``start``; the first of them outside, or -1."""
    part = slice(start, min(start + CHUNK, forward.size))
    f, k, s, c = forward[part], strike[part], sigma[part], is_call[part]
    price, delta, gamma = main.price[part], main.delta[part], main.gamma[part]
    vega, theta = main.vega[part], main.theta[part]
    if prepare_slice(f, k, tau[part], s, gamma, theta, vega):
        return first_outside(forward, strike, tau, sigma, start)
    if inverse:
        inverse_main_slice(f, k, s, c, price, delta, gamma, vega, theta)
    else:
        linear_main_slice(f, k, s, c, price, delta, gamma, vega, theta)
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def _all_chunk(
    start: int,
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    main: MainColumns,
    others: OtherColumns,
) -> int:
    """All Greeks of `CHUNK` options from ``start``; the first of them outside, or -1."""
    part = slice(start, min(start + CHUNK, forward.size))
    f, k, s, c = forward[part], strike[part], sigma[part], is_call[part]
    price, delta, gamma = main.price[part], main.delta[part], main.gamma[part]
    vega, theta = main.vega[part], main.theta[part]
    if prepare_slice(f, k, tau[part], s, gamma, theta, vega):
        return first_outside(forward, strike, tau, sigma, start)
    deltas = (others.forward_delta[part], others.premium_adjusted_delta[part])
    rest = (*deltas, others.vanna[part], others.volga[part])
    if inverse:
        inverse_others_slice(f, k, s, c, gamma, theta, vega, *rest)
    else:
        linear_others_slice(f, k, s, c, gamma, theta, vega, *rest)
    if inverse:
        inverse_main_slice(f, k, s, c, price, delta, gamma, vega, theta)
    else:
        linear_main_slice(f, k, s, c, price, delta, gamma, vega, theta)
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def black76_main_greeks(
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    main: MainColumns,
) -> int:
    """Fill the main Greeks of N options; the first row outside the domain, or -1."""
    for start in range(0, forward.size, CHUNK):
        at = _main_chunk(start, forward, strike, tau, sigma, is_call, inverse, main)
        if at >= 0:
            return at
    return -1


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def black76_main_greeks_parallel(
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    main: MainColumns,
) -> int:
    """`black76_main_greeks` by all threads, with the same bits."""
    chunks = (forward.size + CHUNK - 1) // CHUNK
    faults = np.empty(chunks, dtype=np.int64)
    for c in prange(chunks):
        faults[c] = _main_chunk(c * CHUNK, forward, strike, tau, sigma, is_call, inverse, main)
    return first_fault(faults)


@njit(cache=True, nogil=True, error_model="numpy")
def black76_all_greeks(
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    main: MainColumns,
    others: OtherColumns,
) -> int:
    """Fill all Greeks of N options; the first row outside the domain, or -1."""
    for start in range(0, forward.size, CHUNK):
        at = _all_chunk(start, forward, strike, tau, sigma, is_call, inverse, main, others)
        if at >= 0:
            return at
    return -1


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def black76_all_greeks_parallel(
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    is_call: Flags,
    inverse: bool,
    main: MainColumns,
    others: OtherColumns,
) -> int:
    """`black76_all_greeks` by all threads, with the same bits."""
    chunks = (forward.size + CHUNK - 1) // CHUNK
    faults = np.empty(chunks, dtype=np.int64)
    for c in prange(chunks):
        faults[c] = _all_chunk(
            c * CHUNK, forward, strike, tau, sigma, is_call, inverse, main, others
        )
    return first_fault(faults)
