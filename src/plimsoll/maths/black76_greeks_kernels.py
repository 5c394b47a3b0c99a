"""Black-76 prices and Greeks of slices; see :mod:`plimsoll.maths.black76_kernels`.

With S = F phi(d1) =
K phi(d2), n = 1 / (sigma sqrt(tau)) and R = sqrt(tau):

====================  ==============================  ==========================================
Greek                 linear                          inverse (value in coin, V / F)
====================  ==============================  ==========================================
delta                 N(d1), N(d1) - 1                (K/F^2) N(d2), -(K/F^2) N(-d2)
gamma                 S n / F^2                       S n / F^3 -+ 2 (K/F^3) N(+-d2)
vega                  S R                             S R / F
theta                 -S sigma^2 n / 2                the same / F
vanna                 -S d2 n R / F                   -S d1 n R / F^2
volga                 S R^2 d1 d2 n                   the same / F
====================  ==============================  ==========================================

A first loop leaves what takes long to compute in three of the result's arrays, the next ones read
it there and write over it: the processor sees too few operations ahead to overlap longer loops.

Where sigma sqrt(tau) is 0 these are the limits: off the money nothing but delta is left; at the
money N is one half, gamma is infinite, and so is -theta unless sigma is 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.black76_kernels import (
    INVERSE_SQRT_2PI,
    at_least_smallest,
    intrinsic_value,
    is_outside,
    near_deviation,
    scaled_tails,
    time_value,
)

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Terms(NamedTuple):
    """What price and Greeks of one option are made of."""

    price: float
    weighted_density: float  # F phi(d1) = K phi(d2)
    forward_delta: float
    premium_adjusted_delta: float
    root_tau: float
    inverse_deviation: float  # 1 / (sigma sqrt(tau)), capped
    inverse_forward: float
    d1: float
    d2: float
    pinned: bool  # at the money without any deviation left


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _terms(
    forward: float,
    strike: float,
    sigma: float,
    is_call: bool,
    near: float,
    inverse_deviation: float,
    root_tau: float,
) -> Terms:
    """One option, value in quote currency."""
    inverse_forward = 1.0 / forward
    ratio = strike * inverse_forward
    far = near + at_least_smallest(sigma * root_tau)
    density, near_tail, far_tail = scaled_tails(near, far)
    still = not sigma * root_tau > 0.0
    lower = min(forward, strike)
    extra = time_value(lower, near, near_tail, far_tail)
    price = intrinsic_value(forward, strike, is_call) + (0.0 if still else extra)
    # Each delta is a small tail or its complement: neither is formed by cancellation.
    below = forward <= strike
    tail = near_tail if below else ratio * far_tail
    adjusted_tail = far_tail if below else ratio * near_tail
    likely = (near < 0.0) | (not below)
    likely_adjusted = (near >= 0.0) & (not below)
    size = 1.0 - tail if is_call == likely else tail
    adjusted_size = ratio - adjusted_tail if is_call == likely_adjusted else adjusted_tail
    return Terms(
        price,
        INVERSE_SQRT_2PI * lower * density,
        size if is_call else -size,
        adjusted_size if is_call else -adjusted_size,
        root_tau,
        inverse_deviation,
        inverse_forward,
        -near if below else far,
        -far if below else near,
        still & (forward == strike),
    )


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _decay(terms: Terms, sigma: float) -> float:
    """Theta of a linear option."""
    decay = -0.5 * terms.weighted_density * sigma * sigma * terms.inverse_deviation
    return -math.inf if terms.pinned & (sigma > 0.0) else decay


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _curvature(terms: Terms) -> float:
    """Gamma of a linear option times the forward."""
    curvature = terms.weighted_density * terms.inverse_deviation * terms.inverse_forward
    return math.inf if terms.pinned else curvature


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _slope(deviation: float, at_the_money: float, terms: Terms) -> float:
    """``d / (sigma sqrt(tau))``, whose limit at the money is -+ 1/2."""
    return at_the_money if terms.pinned else deviation * terms.inverse_deviation


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _convexity(terms: Terms) -> float:
    """Volga of a linear option; the density first, so that 0 stays 0."""
    part = terms.weighted_density * terms.root_tau * terms.d1 * terms.d2
    return 0.0 if terms.pinned else part * terms.inverse_deviation * terms.root_tau


@njit(cache=True, nogil=True, error_model="numpy")
def prepare_slice(
    forward: Vector,
    strike: Vector,
    tau: Vector,
    sigma: Vector,
    near: Vector,
    inverse_deviation: Vector,
    root_tau: Vector,
) -> int:
    """The long computations of a slice; how many rows are outside the domain."""
    outside = 0
    for i in range(forward.size):
        outside += is_outside(forward[i], strike[i], tau[i], sigma[i])
        root_tau[i] = math.sqrt(tau[i])
        near[i], inverse_deviation[i] = near_deviation(forward[i], strike[i], root_tau[i], sigma[i])
    return outside


@njit(cache=True, nogil=True, error_model="numpy")
def linear_main_slice(
    forward: Vector,
    strike: Vector,
    sigma: Vector,
    is_call: Flags,
    price: Vector,
    delta: Vector,
    gamma: Vector,
    vega: Vector,
    theta: Vector,
) -> None:
    """Main Greeks of a slice; enters with near in gamma, 1/v in theta, the root in vega."""
    for i in range(price.size):
        held = (gamma[i], theta[i], vega[i])
        terms = _terms(forward[i], strike[i], sigma[i], is_call[i], *held)
        price[i] = terms.price
        delta[i] = terms.forward_delta
        gamma[i] = _curvature(terms) * terms.inverse_forward
        vega[i] = terms.weighted_density * terms.root_tau
        theta[i] = _decay(terms, sigma[i])


@njit(cache=True, nogil=True, error_model="numpy")
def inverse_main_slice(
    forward: Vector,
    strike: Vector,
    sigma: Vector,
    is_call: Flags,
    price: Vector,
    delta: Vector,
    gamma: Vector,
    vega: Vector,
    theta: Vector,
) -> None:
    """`linear_main_slice` of inverse options."""
    for i in range(price.size):
        held = (gamma[i], theta[i], vega[i])
        terms = _terms(forward[i], strike[i], sigma[i], is_call[i], *held)
        per_forward = terms.inverse_forward
        price[i] = terms.price / forward[i]
        delta[i] = terms.premium_adjusted_delta * per_forward
        curvature = _curvature(terms) - 2.0 * terms.premium_adjusted_delta
        gamma[i] = curvature * per_forward * per_forward
        vega[i] = terms.weighted_density * terms.root_tau * per_forward
        theta[i] = _decay(terms, sigma[i]) * per_forward


@njit(cache=True, nogil=True, error_model="numpy")
def linear_others_slice(
    forward: Vector,
    strike: Vector,
    sigma: Vector,
    is_call: Flags,
    near: Vector,
    inverse_deviation: Vector,
    root_tau: Vector,
    forward_delta: Vector,
    premium_adjusted_delta: Vector,
    vanna: Vector,
    volga: Vector,
) -> None:
    """The other Greeks of a slice of linear options."""
    for i in range(vanna.size):
        held = (near[i], inverse_deviation[i], root_tau[i])
        terms = _terms(forward[i], strike[i], sigma[i], is_call[i], *held)
        forward_delta[i] = terms.forward_delta
        premium_adjusted_delta[i] = terms.premium_adjusted_delta
        vega = terms.weighted_density * terms.root_tau
        vanna[i] = -vega * terms.inverse_forward * _slope(terms.d2, -0.5, terms)
        volga[i] = _convexity(terms)


@njit(cache=True, nogil=True, error_model="numpy")
def inverse_others_slice(
    forward: Vector,
    strike: Vector,
    sigma: Vector,
    is_call: Flags,
    near: Vector,
    inverse_deviation: Vector,
    root_tau: Vector,
    forward_delta: Vector,
    premium_adjusted_delta: Vector,
    vanna: Vector,
    volga: Vector,
) -> None:
    """The other Greeks of a slice of inverse options."""
    for i in range(vanna.size):
        held = (near[i], inverse_deviation[i], root_tau[i])
        terms = _terms(forward[i], strike[i], sigma[i], is_call[i], *held)
        forward_delta[i] = terms.forward_delta
        premium_adjusted_delta[i] = terms.premium_adjusted_delta
        coin_vega = terms.weighted_density * terms.root_tau * terms.inverse_forward
        vanna[i] = -coin_vega * terms.inverse_forward * _slope(terms.d1, 0.5, terms)
        volga[i] = _convexity(terms) * terms.inverse_forward
