"""Implied volatility: reasons of bad quotes, shapes, ticks, and bits that do not depend on size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from plimsoll.errors import UsageError
from plimsoll.maths.implied_vol import (
    PARALLEL_FROM,
    ImpliedVolReason,
    implied_volatility,
    vol_per_tick,
)
from plimsoll.maths.implied_vol_kernel_rescue import bracketed_standard_deviation

Reason = ImpliedVolReason
NAN, INF = np.nan, np.inf


def black(forward, strike, s, is_call):
    sign = np.where(is_call, 1.0, -1.0)
    d1 = np.log(forward / strike) / s + 0.5 * s
    return sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - s)))


@pytest.mark.parametrize(
    ("price", "forward", "strike", "tau", "is_call", "reason"),
    [
        (5.0, 100.0, 100.0, 1.0, True, Reason.OK),
        (0.0, 100.0, 100.0, 1.0, True, Reason.ZERO_OR_MISSING_PRICE),
        (-0.0, 100.0, 90.0, 1.0, True, Reason.ZERO_OR_MISSING_PRICE),
        (NAN, 100.0, 100.0, 1.0, True, Reason.ZERO_OR_MISSING_PRICE),
        (-1.0, 100.0, 110.0, 1.0, True, Reason.BELOW_INTRINSIC),
        (9.0, 100.0, 90.0, 1.0, True, Reason.BELOW_INTRINSIC),
        (9.0, 90.0, 100.0, 1.0, False, Reason.BELOW_INTRINSIC),
        (10.0, 100.0, 90.0, 1.0, True, Reason.AT_INTRINSIC),
        (10.0, 90.0, 100.0, 1.0, False, Reason.AT_INTRINSIC),
        (100.0, 100.0, 90.0, 1.0, True, Reason.ABOVE_BOUND),
        (100.0, 100.0, 110.0, 1.0, True, Reason.ABOVE_BOUND),
        (90.0, 100.0, 90.0, 1.0, False, Reason.ABOVE_BOUND),
        (110.0, 100.0, 110.0, 1.0, False, Reason.ABOVE_BOUND),
        (1e308, 100.0, 110.0, 1.0, False, Reason.ABOVE_BOUND),
        (5.0, 100.0, 100.0, 0.0, True, Reason.EXPIRED),
        (5.0, 100.0, 100.0, -1.0, True, Reason.EXPIRED),
        (0.0, 100.0, 100.0, 0.0, True, Reason.EXPIRED),
        (5.0, 0.0, 100.0, 1.0, True, Reason.NON_POSITIVE_FORWARD),
        (5.0, -3.0, 100.0, 1.0, True, Reason.NON_POSITIVE_FORWARD),
        (5.0, 100.0, 0.0, 1.0, True, Reason.NON_POSITIVE_STRIKE),
        (5.0, 100.0, -1.0, 1.0, False, Reason.NON_POSITIVE_STRIKE),
        (INF, 100.0, 100.0, 1.0, True, Reason.NOT_FINITE),
        (5.0, NAN, 100.0, 1.0, True, Reason.NOT_FINITE),
        (5.0, 100.0, INF, 1.0, True, Reason.NOT_FINITE),
        (5.0, 100.0, 100.0, NAN, True, Reason.NOT_FINITE),
        (NAN, 100.0, 100.0, INF, True, Reason.NOT_FINITE),
    ],
)
@pytest.mark.parametrize("lanes", [1, 700])
def test_reasons(price, forward, strike, tau, is_call, reason, lanes) -> None:
    """Alone, and as one of a block of good quotes that it must not disturb."""
    prices = np.full(lanes, 5.0)
    prices[-1] = price
    forwards, strikes, taus = np.full(lanes, 100.0), np.full(lanes, 100.0), np.ones(lanes)
    flags = np.ones(lanes, dtype=bool)
    forwards[-1], strikes[-1], taus[-1], flags[-1] = forward, strike, tau, is_call
    found = implied_volatility(prices, forwards, strikes, taus, flags)
    assert ImpliedVolReason(found.reason[-1]) is reason
    assert np.isnan(found.sigma[-1]) == (reason is not Reason.OK)
    assert np.all(found.sigma[:-1] == implied_volatility(5.0, 100.0, 100.0, 1.0, True).sigma)


any_float = st.floats(width=64) | st.sampled_from([0.0, -0.0, 5e-324, 1e-300, 1.0, 100.0, 1e308])


@given(any_float, any_float, any_float, any_float, st.booleans(), st.booleans())
def test_never_nan_without_a_reason_and_never_an_error(p, f, k, tau, is_call, inverse) -> None:
    found = implied_volatility(p, f, k, tau, is_call, inverse=inverse)
    assert int(found.reason) in set(ImpliedVolReason)
    assert bool(np.isnan(found.sigma)) == (found.reason != Reason.OK)
    if found.solved:
        assert found.sigma >= 0.0


@given(st.floats(0.01, 3.0), st.floats(-5.0, 5.0), st.floats(1e-3, 1e6), st.floats(0.001, 3.0))
def test_round_trip(s, moneyness, forward, tau) -> None:
    strike = forward * np.exp(moneyness * s)
    is_call = bool(strike >= forward)
    price = black(forward, strike, s, is_call)
    found = implied_volatility(price, forward, strike, tau, is_call)
    # The float64 price by cumulative normals cancels: eps / b of it, b the normalised price.
    slack = 4e-15 * min(forward, strike) / price
    assert float(found.sigma) * np.sqrt(tau) == pytest.approx(s, rel=slack + 1e-13)


def test_every_way_to_the_same_volatility() -> None:
    """Call and put by parity, coin and quote currency, F and K exchanged."""
    forward, strike, s = 64_000.0, 70_000.0, 0.3
    call = black(forward, strike, s, True)
    put = call + strike - forward
    coin = implied_volatility(call / forward, forward, strike, 0.25, True, inverse=True)
    for sigma in (
        implied_volatility(put, forward, strike, 0.25, False).sigma,
        implied_volatility(call, strike, forward, 0.25, False).sigma,
        coin.sigma,
    ):
        assert sigma == pytest.approx(s / 0.5, rel=1e-13)


def test_a_quote_has_the_same_bits_alone_and_in_any_company() -> None:
    rng = np.random.default_rng(1)
    n = PARALLEL_FROM + 77
    s = np.exp(rng.uniform(np.log(1e-3), np.log(12.0), n))
    forward = rng.uniform(1.0, 100.0, n)
    strike = forward * np.exp(rng.uniform(-4.0, 4.0, n) * s)
    is_call = strike >= forward
    price = black(forward, strike, s, is_call)
    price[::1000] = 0.0
    whole = implied_volatility(price, forward, strike, 1.0, is_call)
    assert set(whole.reasons()) >= {Reason.OK, Reason.ZERO_OR_MISSING_PRICE}
    for first, last in ((0, 1), (5, 6), (100, 400), (513, 2_000), (n - 3, n)):
        part = slice(first, last)
        alone = implied_volatility(price[part], forward[part], strike[part], 1.0, is_call[part])
        np.testing.assert_array_equal(alone.sigma, whole.sigma[part])
        np.testing.assert_array_equal(alone.reason, whole.reason[part])


def test_shapes_broadcast_and_inputs_are_left_alone() -> None:
    strikes = np.array([90.0, 100.0, 110.0])
    prices = np.array([[1.0, 4.0, 1.0], [2.0, 5.0, 2.0]])
    prices.flags.writeable = strikes.flags.writeable = False
    found = implied_volatility(prices, 100.0, strikes, [[0.5], [1.0]], strikes >= 100.0)
    assert found.sigma.shape == found.reason.shape == (2, 3)
    one = implied_volatility(2.0, 100.0, 90.0, 1.0, False)
    assert one.sigma.shape == ()
    assert one.sigma == found.sigma[1, 0]
    empty = implied_volatility([], [], [], [], np.array([], dtype=bool))
    assert empty.sigma.size == 0
    assert empty.reasons() == {}


def test_wrong_use() -> None:
    with pytest.raises(UsageError, match="broadcast"):
        implied_volatility([1.0, 2.0], [1.0, 2.0, 3.0], 1.0, 1.0, True)
    with pytest.raises(UsageError, match="boolean"):
        implied_volatility(1.0, 2.0, 2.0, 1.0, 1)
    with pytest.raises(UsageError, match="real numbers"):
        implied_volatility("cheap", 2.0, 2.0, 1.0, True)
    with pytest.raises(UsageError, match="broadcast"):
        vol_per_tick([1.0, 2.0], [1.0, 2.0, 3.0], 1.0, 1.0, 0.5)


@pytest.mark.parametrize("inverse", [False, True])
def test_vol_per_tick_is_the_move_of_a_tick(inverse: bool) -> None:
    """Central difference of the inversion itself over one tick up and down."""
    forward, tau, sigma = 60_000.0, 0.2, 0.6
    strike = np.array([45_000.0, 60_000.0, 80_000.0])
    is_call = strike >= forward
    price = black(forward, strike, sigma * np.sqrt(tau), is_call)
    unit, tick = (forward, 1e-7) if inverse else (1.0, 0.01)
    up, down = (
        implied_volatility(
            price / unit + move, forward, strike, tau, is_call, inverse=inverse
        ).sigma
        for move in (tick, -tick)
    )
    found = vol_per_tick(tick, forward, strike, tau, sigma, inverse=inverse)
    np.testing.assert_allclose(found, (up - down) / 2.0, rtol=1e-5)


def test_vol_per_tick_without_a_vega() -> None:
    args = ([100.0, 100.0, -1.0, 100.0], [1e9, 100.0, 100.0, 100.0], [1e-4, 1.0, 1.0, 0.0])
    found = vol_per_tick(0.1, *args, [0.5, NAN, 0.5, 0.5])
    assert found[0] == np.inf
    assert np.all(np.isnan(found[1:]))


@pytest.mark.parametrize("start", [0.0, 1e-200, 0.01, 1.0, 500.0, NAN])
@pytest.mark.parametrize(("s", "moneyness"), [(0.02, 0.0), (0.02, 4.0), (1.0, 2.0), (8.0, 1.0)])
def test_bracketed_search_from_anywhere(start: float, s: float, moneyness: float) -> None:
    """The search for what the fast iteration leaves over, started where it should not be."""
    y = moneyness * s
    price = float(black(1.0, np.exp(y), s, True))
    side = 1.0 if price > 0.5 else -1.0
    target = np.log(1.0 - price if price > 0.5 else price)
    found = bracketed_standard_deviation(y, target, side, start)
    assert found == pytest.approx(s, rel=1e-9)


def test_what_the_fast_iteration_calls_settled_is_settled() -> None:
    """Against the bracketed search, far outside the domain that the first guess was made for."""
    rng = np.random.default_rng(9)
    n = 20_000
    moneyness = np.exp(rng.uniform(np.log(1e-200), np.log(400.0), n))
    forward = np.exp(rng.uniform(-100.0, 100.0, n))
    strike = forward * np.exp(moneyness)
    value = np.exp(-np.exp(rng.uniform(np.log(1e-3), np.log(500.0), n)))
    found = implied_volatility(value * forward, forward, strike, 1.0, True)
    assert found.reasons() == {Reason.OK: n}
    y = np.log1p((strike - forward) / forward)
    for i in range(n):
        above = value[i] > 0.5
        target = np.log1p(-value[i]) if above else np.log(value[i])
        exact = bracketed_standard_deviation(y[i], target, 1.0 if above else -1.0, 1.0)
        assert found.sigma[i] == pytest.approx(exact, rel=1e-12, abs=0.0)
