"""Implied volatility against mpmath: prices of 40 digits, rounded once to float64 and inverted.

The tolerance is the requirement, 1e-13 relative on the total standard deviation. The rounding of
the price alone moves the answer by at most ``1.1e-16 b / (s phi(d1))`` of itself (``b`` the price
over ``min(F, K)``), which over the tested domain stays below 2e-15.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.maths.implied_vol import ImpliedVolReason, implied_volatility, vol_per_tick

Vector = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)
REQUIRED = 1e-13


def exact_price(forward: float, strike: float, s: float, is_call: bool) -> mp.mpf:
    """Undiscounted Black price with 40 digits and more."""
    f, k, v = mp.mpf(float(forward)), mp.mpf(float(strike)), mp.mpf(float(s))
    d1 = mp.log(f / k) / v + v / 2
    sign = 1 if is_call else -1
    return sign * (f * normal(sign * d1) - k * normal(sign * (d1 - v)))


def normal(z: mp.mpf) -> mp.mpf:
    return mp.erfc(-z / mp.sqrt(2)) / 2


def prices(forward: Vector, strike: Vector, s: Vector, is_call: NDArray[np.bool_]) -> Vector:
    with mp.workdps(40):
        rows = zip(forward, strike, s, is_call, strict=True)
        return np.array([float(exact_price(*row)) for row in rows])


def grid() -> tuple[Vector, Vector]:
    """Standard deviations and moneyness in them, the corners of the domain included."""
    s = [
        1e-4,
        2e-4,
        1e-3,
        0.01,
        0.05,
        0.12,
        0.1249,
        0.1251,
        0.13,
        0.3,
        0.7,
        1.0,
        1.4,
        2.0,
        3.0,
        5.0,
    ]
    a = [0.0, 1e-12, 1e-6, 1e-3, 0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 19.0, 25.0]
    pairs = np.array([(x, sign * y) for x in s for y in a for sign in (-1.0, 1.0)])
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def scattered(n: int = 3_000, seed: int = 20) -> tuple[Vector, Vector]:
    rng = np.random.default_rng(seed)
    s = np.exp(rng.uniform(np.log(1e-4), np.log(5.0), n))
    s[: n // 2] = rng.uniform(1e-4, 5.0, n // 2)
    moneyness = rng.uniform(0.0, 25.0, n)
    near = rng.random(n) < 0.4
    moneyness[near] = np.exp(rng.uniform(np.log(1e-9), np.log(5.0), near.sum()))
    return s, moneyness * np.where(rng.random(n) < 0.5, -1.0, 1.0)


@pytest.mark.parametrize("points", [grid, scattered], ids=["grid", "scattered"])
@pytest.mark.parametrize("inverse", [False, True], ids=["linear", "inverse"])
def test_out_of_the_money_round_trip(points, inverse: bool) -> None:
    s, moneyness = points()
    forward = np.exp(np.random.default_rng(3).uniform(-5.0, 12.0, s.size))
    strike = forward * np.exp(moneyness * s)
    is_call = strike >= forward
    price = prices(forward, strike, s, is_call)
    assert price.min() > 0.0
    if inverse:
        # The coin price is rounded again, and the product with the forward once more.
        price = price / forward
    found = implied_volatility(price, forward, strike, 1.0, is_call, inverse=inverse)
    assert found.reasons() == {ImpliedVolReason.OK: s.size}
    assert np.abs(found.sigma / s - 1.0).max() <= REQUIRED


def test_the_tail_to_28_standard_deviations() -> None:
    s = np.array([0.05, 0.5, 1.0, 2.0, 5.0])
    strike = 100.0 * np.exp(28.2 * s)
    is_call = np.ones(5, dtype=bool)
    price = prices(np.full(5, 100.0), strike, s, is_call)
    assert price.min() < 1e-174
    found = implied_volatility(price, 100.0, strike, 1.0, is_call)
    assert np.abs(found.sigma / s - 1.0).max() <= REQUIRED


def test_far_outside_the_usual_domain() -> None:
    """Standard deviations from 1e-12 to 60, prices to 1e-300: the same accuracy, or rounding's."""
    s = np.repeat([1e-12, 1e-8, 6.0, 8.0, 10.0, 20.0, 40.0, 60.0], 9)
    moneyness = np.tile([0.0, 1e-3, 0.5, 2.0, 5.0, 10.0, 20.0, 30.0, 36.5], 8)
    within = moneyness * s < 1300.0
    s, moneyness = s[within], moneyness[within]
    forward, strike = np.exp(-0.5 * moneyness * s), np.exp(0.5 * moneyness * s)
    is_call = np.ones(s.size, dtype=bool)
    price = prices(forward, strike, s, is_call)
    # Left out: prices that round to their bound or under float64's smallest normal number.
    usable = (price < forward) & (price > 1e-300)
    assert usable.sum() >= 40
    s, price, forward, strike = s[usable], price[usable], forward[usable], strike[usable]
    found = implied_volatility(price, forward, strike, 1.0, True)
    assert found.reasons() == {ImpliedVolReason.OK: s.size}
    y = np.log(strike) - np.log(forward)
    d1 = 0.5 * s - y / s
    rounding = EPS * price / forward / (np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi))
    known = rounding < 1e-3 * s
    assert known.sum() >= 36
    assert np.all((np.abs(found.sigma - s) <= REQUIRED * s + rounding)[known])


def test_prices_near_their_bound() -> None:
    """1 - b down to 4e-15: the answer is as good as the distance from the bound is known."""
    s = np.array([5.0, 6.0, 8.0, 11.0, 14.0, 15.7])
    is_call = np.ones(6, dtype=bool)
    price = prices(np.full(6, 1.0), np.full(6, 1.0), s, is_call)
    found = implied_volatility(price, 1.0, 1.0, 1.0, is_call)
    density = np.exp(-(s**2) / 8.0) / np.sqrt(2.0 * np.pi)
    # Half the spacing below 1 (eps / 4), and as much again for the first-order bound.
    assert np.all(np.abs(found.sigma - s) <= 0.5 * EPS / density + REQUIRED * s)


def test_in_the_money_to_the_conditioning_bound() -> None:
    """By parity: never worse than one rounding, eps, of a price of the size of its bound."""
    rng = np.random.default_rng(8)
    n = 2_000
    s, depth = rng.uniform(0.01, 2.0, n), rng.uniform(0.0, 6.0, n)
    is_call = rng.random(n) < 0.5
    forward = np.exp(rng.uniform(0.0, 11.0, n))
    strike = forward * np.exp(np.where(is_call, -depth, depth) * s)
    price = prices(forward, strike, s, is_call)
    found = implied_volatility(price, forward, strike, 1.0, is_call)
    bound = vol_per_tick(EPS * np.maximum(forward, strike), forward, strike, 1.0, s)
    # Where the bound is no small part of s the first order says nothing.
    known = bound < 1e-2 * s
    assert known.sum() > 0.8 * n
    error = np.abs(found.sigma - s)[known]
    assert np.all(error <= bound[known] + REQUIRED * s[known])
    # The bound is what happens, not a loose one: some errors come near it.
    assert (error / bound[known]).max() > 0.2


def test_rounded_inputs_explain_the_error_of_the_round_trip() -> None:
    """Inverted with 40 digits, the rounded price gives nearly the same answer as the kernel."""
    s, moneyness = scattered(150, seed=4)
    strike = 100.0 * np.exp(moneyness * s)
    is_call = strike >= 100.0
    price = prices(np.full(s.size, 100.0), strike, s, is_call)
    found = implied_volatility(price, 100.0, strike, 1.0, is_call).sigma
    for row in zip(strike, s, is_call, price, found, strict=True):
        with mp.workdps(40):
            exact = inverted(*row[:4])
            assert abs(row[4] / exact - 1) <= 5e-14


def inverted(strike: float, s: float, is_call: bool, price: float) -> mp.mpf:
    """Secant iteration on the logarithm of the price with 40 digits, from the true answer."""

    def gap(x: mp.mpf) -> mp.mpf:
        f, k = mp.mpf(100), mp.mpf(float(strike))
        d1 = mp.log(f / k) / x + x / 2
        sign = 1 if is_call else -1
        value = sign * (f * normal(sign * d1) - k * normal(sign * (d1 - x)))
        return mp.log(value / mp.mpf(float(price)))

    start = mp.mpf(float(s))
    return mp.findroot(gap, (start, start * (1 + mp.mpf(10) ** -12)), tol=1e-60, verify=False)
