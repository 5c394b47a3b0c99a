"""What no arbitrage demands of Black-76 prices, whatever the arguments."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.maths.black76 import price
from plimsoll.maths.black76_greeks import greeks

forwards = st.floats(1e-6, 1e6)
moneyness = st.floats(-30.0, 30.0)  # ln(K / F) in standard deviations, or in thirtieths
deviations = st.floats(1e-6, 10.0)
times = st.floats(1e-4, 5.0)
payoffs = st.sampled_from(["linear", "inverse"])
ROUNDING = 1e-15


def option(forward, distance, deviation, tau):
    return forward, forward * np.exp(distance * max(deviation, 1.0 / 30.0)), deviation / tau**0.5


@given(forwards, moneyness, deviations, times, st.booleans())
def test_price_lies_between_intrinsic_value_and_bound(forward, distance, deviation, tau, is_call):
    f, k, sigma = option(forward, distance, deviation, tau)
    value = float(price(f, k, tau, sigma, is_call))
    intrinsic = max(f - k, 0.0) if is_call else max(k - f, 0.0)
    # The intrinsic value plus something not negative: exact, no rounding is allowed for.
    assert value >= intrinsic
    assert value <= (f if is_call else k) * (1.0 + ROUNDING)
    coin = float(price(f, k, tau, sigma, True, payoff="inverse"))
    assert 0.0 <= coin <= 1.0 + ROUNDING


@given(forwards, moneyness, deviations, times, st.booleans(), payoffs)
def test_price_rises_with_volatility(forward, distance, deviation, tau, is_call, payoff):
    f, k, sigma = option(forward, distance, deviation, tau)
    ladder = sigma * np.array([0.0, 0.5, 0.9, 1.0, 1.1, 2.0])
    values = price(f, k, tau, ladder, is_call, payoff=payoff)
    room = ROUNDING * max(f, k) / (f if payoff == "inverse" else 1.0)
    assert np.all(np.diff(values) >= -room)


@given(forwards, moneyness, deviations, times, st.booleans(), st.floats(1e-4, 0.5))
def test_price_is_monotone_and_convex_in_strike(forward, distance, deviation, tau, is_call, step):
    f, k, sigma = option(forward, distance, deviation, tau)
    low, middle, high = price(f, k * np.array([1.0 - step, 1.0, 1.0 + step]), tau, sigma, is_call)
    room = 4.0 * ROUNDING * max(f, 2.0 * k)
    assert low - 2.0 * middle + high >= -room
    fall = (low - high) if is_call else (high - low)
    assert -room <= fall <= 2.0 * step * k + room


@given(forwards, moneyness, deviations, times, st.booleans(), payoffs)
def test_price_rises_with_time(forward, distance, deviation, tau, is_call, payoff):
    f, k, sigma = option(forward, distance, deviation, tau)
    values = price(f, k, tau * np.array([0.0, 0.3, 1.0, 1.5]), sigma, is_call, payoff=payoff)
    room = ROUNDING * max(f, k) / (f if payoff == "inverse" else 1.0)
    assert np.all(np.diff(values) >= -room)


@given(forwards, moneyness, deviations, times)
def test_puts_are_calls_seen_from_the_other_side(forward, distance, deviation, tau):
    f, k, sigma = option(forward, distance, deviation, tau)
    # A put on F at K is K over F calls the other way round, bit for bit.
    assert price(f, k, tau, sigma, False) == price(k, f, tau, sigma, True)


@given(forwards, moneyness, deviations, times, payoffs)
def test_calls_and_puts_share_vega_and_differ_by_the_forward(
    forward, distance, deviation, tau, payoff
):
    f, k, sigma = option(forward, distance, deviation, tau)
    call, put = (greeks(f, k, tau, sigma, side, payoff=payoff) for side in (True, False))
    for name in ("vega", "theta", "vanna", "volga"):
        assert getattr(call, name) == getattr(put, name), name
    assert abs(call.forward_delta - put.forward_delta - 1.0) <= 2.3e-16
    ratio = k / f
    gap = call.premium_adjusted_delta - put.premium_adjusted_delta
    assert abs(gap - ratio) <= 1e-15 * max(ratio, 1.0)


@given(forwards, moneyness, deviations, times, st.booleans(), payoffs)
def test_greeks_keep_their_signs_and_bounds(forward, distance, deviation, tau, is_call, payoff):
    f, k, sigma = option(forward, distance, deviation, tau)
    found = greeks(f, k, tau, sigma, is_call, payoff=payoff)
    side = 1.0 if is_call else -1.0
    assert 0.0 <= side * found.forward_delta <= 1.0
    assert side * found.premium_adjusted_delta >= 0.0
    assert side * found.delta >= 0.0
    assert found.vega >= 0.0
    assert found.theta <= 0.0
    if payoff == "linear":
        assert found.gamma >= 0.0
