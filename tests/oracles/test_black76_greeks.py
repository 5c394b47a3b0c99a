"""Black-76 Greeks against derivatives of the price by mpmath and QuantLib's calculator.

The price is differentiated numerically with 60 digits, so the oracle shares no formula with the
kernels. Tolerance: 1e-13 of the Greek plus 1e-15 of the largest it can be at that forward,
deviation and time; the first covers the density, whose exponent is rounded to d**2 * 1.1e-16.
"""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import QuantLib as ql

from plimsoll.maths.black76_greeks import greeks, main_greeks

COUNT = 80
DENSITY = 0.3989422804014327
RATE = 0.05


def options(seed, standard_deviations=6.0):
    rng = np.random.default_rng(seed)
    deviation = np.exp(rng.uniform(np.log(1e-3), np.log(3.0), COUNT))
    tau = 10.0 ** rng.uniform(-3.0, 0.5, COUNT)
    forward = 10.0 ** rng.uniform(-3.0, 5.0, COUNT)
    moneyness = rng.uniform(-standard_deviations, standard_deviations, COUNT)
    strike = forward * np.exp(moneyness * deviation)
    return forward, strike, tau, deviation / np.sqrt(tau), rng.random(COUNT) < 0.5


def value(forward, strike, tau, sigma, rate, is_call, inverse):
    deviation = sigma * mp.sqrt(tau)
    d1 = mp.log(forward / strike) / deviation + deviation / 2
    side = 1 if is_call else -1
    cdf_1, cdf_2 = mp.ncdf(side * d1), mp.ncdf(side * (d1 - deviation))
    linear = side * (forward * cdf_1 - strike * cdf_2)
    return mp.exp(-rate * tau) * (linear / forward if inverse else linear)


# Name: sign, and how often by (forward, sigma, tau, rate).
DERIVATIVES = {
    "price": (1, (0, 0, 0, 0)),
    "delta": (1, (1, 0, 0, 0)),
    "gamma": (1, (2, 0, 0, 0)),
    "vega": (1, (0, 1, 0, 0)),
    "theta": (-1, (0, 0, 1, 0)),
    "vanna": (1, (1, 1, 0, 0)),
    "volga": (1, (0, 2, 0, 0)),
    "rho": (1, (0, 0, 0, 1)),
}


def scale(name, forward, strike, tau, sigma, inverse):
    """About the largest the Greek gets over strikes."""
    root, deviation = math.sqrt(tau), sigma * math.sqrt(tau)
    money = max(forward, strike)
    of = {
        "price": money,
        "delta": max(1.0, strike / forward),
        "gamma": (DENSITY / deviation + 2.0) * money / forward**2,
        "vega": forward * root,
        "theta": forward * (sigma / root) + RATE * money,
        "vanna": (root + 1.0 / sigma) * 4.0,
        "volga": forward * root * (1.0 + deviation) / sigma * 4.0,
        "rho": tau * money,
    }
    return of[name] / (forward if inverse else 1.0)


@pytest.mark.parametrize("payoff", ["linear", "inverse"])
@pytest.mark.parametrize("name", DERIVATIVES)
def test_each_greek_is_the_derivative_of_the_price(name, payoff):
    inverse = payoff == "inverse"
    columns = options(31)
    found = getattr(greeks(*columns, payoff=payoff, rate=RATE), name)
    sign, orders = DERIVATIVES[name]
    with mp.workdps(60):
        for row, got in zip(zip(*columns, strict=True), found, strict=True):
            forward, strike, tau, sigma = (mp.mpf(float(x)) for x in row[:4])
            exact = sign * mp.diff(
                lambda f, s, t, r, k=strike, c=row[4]: value(f, k, t, s, r, c, inverse),
                (forward, sigma, tau, mp.mpf(RATE)),
                orders,
            )
            allowed = 1e-13 * abs(exact) + 1e-15 * scale(name, *map(float, row[:4]), inverse)
            assert abs(mp.mpf(float(got)) - exact) <= allowed, row


def test_quoted_deltas_are_normal_probabilities():
    forward, strike, tau, sigma, is_call = columns = options(32, 20.0)
    found = greeks(*columns, rate=RATE)
    with mp.workdps(60):
        for i in range(COUNT):
            f, k, t, s = (mp.mpf(float(x[i])) for x in (forward, strike, tau, sigma))
            d1 = mp.log(f / k) / (s * mp.sqrt(t)) + s * mp.sqrt(t) / 2
            side = 1 if is_call[i] else -1
            exact = side * mp.ncdf(side * d1)
            adjusted = side * k / f * mp.ncdf(side * (d1 - s * mp.sqrt(t)))
            # Small ones keep their digits: the relative error is that of the exponent, d**2 / 2.
            assert abs(mp.mpf(float(found.forward_delta[i])) / exact - 1) < 5e-13
            assert abs(mp.mpf(float(found.premium_adjusted_delta[i])) / adjusted - 1) < 5e-13


def test_premium_adjusted_delta_is_the_forward_delta_less_the_coin_price():
    columns = options(33)
    coin = greeks(*columns, payoff="inverse")
    room = 4e-16 * (1.0 + np.maximum(1.0, columns[1] / columns[0]))
    assert np.all(np.abs(coin.forward_delta - coin.price - coin.premium_adjusted_delta) <= room)
    np.testing.assert_allclose(coin.delta * columns[0], coin.premium_adjusted_delta, rtol=5e-16)


def test_inverse_greeks_follow_from_linear_ones():
    forward, *_ = columns = options(34, 3.0)
    linear, coin = greeks(*columns), greeks(*columns, payoff="inverse")
    np.testing.assert_allclose(coin.vega * forward, linear.vega, rtol=1e-15)
    np.testing.assert_allclose(coin.theta * forward, linear.theta, rtol=1e-15)
    np.testing.assert_allclose(coin.volga * forward, linear.volga, rtol=1e-15)
    # d2(V / F) = V'' / F - 2 (V' - V / F) / F**2, and d(V_sigma / F) likewise.
    part, rest = linear.gamma / forward, 2.0 * linear.premium_adjusted_delta / forward**2
    room = 1e-14 * (part + np.abs(rest))
    assert np.all(np.abs(coin.gamma - (part - rest)) <= room)
    vanna = linear.vanna / forward - linear.vega / forward**2
    room = 1e-14 * (np.abs(linear.vanna / forward) + linear.vega / forward**2)
    assert np.all(np.abs(coin.vanna - vanna) <= room)


def test_inverse_calls_deep_in_the_money_have_negative_gamma():
    coin = greeks(100_000.0, [20_000.0, 50_000.0, 100_000.0], 0.1, 0.5, True, payoff="inverse")
    assert coin.gamma[0] < 0.0
    assert coin.gamma[1] < 0.0
    assert coin.gamma[2] > 0.0


def test_agrees_with_quantlib():
    forward, strike, tau, sigma, is_call = columns = options(35, 4.0)
    found = greeks(*columns)
    for i in range(COUNT):
        side = ql.Option.Call if is_call[i] else ql.Option.Put
        payoff = ql.PlainVanillaPayoff(side, strike[i])
        deviation = sigma[i] * math.sqrt(tau[i])
        peer = ql.BlackCalculator(payoff, forward[i], deviation, 1.0)
        gamma_scale = DENSITY / (forward[i] * deviation)
        # QuantLib's formulas cancel; 1e-11 is theirs.
        assert found.delta[i] == pytest.approx(peer.deltaForward(), abs=1e-13)
        assert found.gamma[i] == pytest.approx(peer.gammaForward(), abs=1e-11 * gamma_scale)
        assert found.vega[i] == pytest.approx(
            peer.vega(tau[i]), abs=1e-13 * forward[i] * math.sqrt(tau[i])
        )


def test_main_greeks_are_the_same_numbers():
    columns = options(36)
    for payoff in ("linear", "inverse"):
        all_of_them = greeks(*columns, payoff=payoff, rate=RATE)
        main = main_greeks(*columns, payoff=payoff, rate=RATE)
        for name in ("price", "delta", "gamma", "vega", "theta"):
            np.testing.assert_array_equal(getattr(main, name), getattr(all_of_them, name))
