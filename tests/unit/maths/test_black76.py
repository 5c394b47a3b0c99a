"""The public Black-76 functions at their borders: limits, shapes, refusals, threads."""

from __future__ import annotations

import math

import numpy as np
import pytest

from plimsoll.domain.instrument import Payoff
from plimsoll.errors import UsageError
from plimsoll.maths.black76 import price
from plimsoll.maths.black76_greeks import greeks, main_greeks
from plimsoll.maths.black76_kernels import PARALLEL_FROM

DENSITY = 1.0 / math.sqrt(2.0 * math.pi)
NAMES = (
    "price",
    "delta",
    "gamma",
    "vega",
    "theta",
    "forward_delta",
    "premium_adjusted_delta",
    "vanna",
    "volga",
    "rho",
)


def values(found):
    return {name: float(getattr(found, name)) for name in NAMES}


STILL = {"expiry today": (0.0, 0.6), "no volatility": (0.5, 0.0), "neither": (0.0, 0.0)}


@pytest.mark.parametrize(("tau", "sigma"), STILL.values(), ids=STILL)
@pytest.mark.parametrize("payoff", ["linear", "inverse"])
@pytest.mark.parametrize(("strike", "is_call"), [(80.0, True), (125.0, False)])
def test_in_the_money_without_deviation_there_is_intrinsic_value(
    strike, is_call, payoff, tau, sigma
):
    side, ratio = (1.0 if is_call else -1.0), strike / 100.0
    found = values(greeks(100.0, strike, tau, sigma, is_call, payoff=payoff))
    inverse = payoff == "inverse"
    intrinsic = abs(100.0 - strike)
    assert found["price"] == pytest.approx(intrinsic / 100.0 if inverse else intrinsic, rel=1e-15)
    assert found["forward_delta"] == side
    assert found["premium_adjusted_delta"] == side * ratio
    assert found["delta"] == pytest.approx(side * ratio / 100.0 if inverse else side, rel=1e-15)
    # Nothing is left of the density; the value in coin is curved all the same.
    gamma = -2.0 * side * ratio / 100.0**2 if inverse else 0.0
    assert found["gamma"] == pytest.approx(gamma, rel=1e-15)
    assert [found[name] for name in ("vega", "theta", "vanna", "volga")] == [0.0] * 4
    assert found["rho"] == -tau * found["price"]


@pytest.mark.parametrize(("tau", "sigma"), STILL.values(), ids=STILL)
@pytest.mark.parametrize("payoff", ["linear", "inverse"])
@pytest.mark.parametrize(("strike", "is_call"), [(125.0, True), (80.0, False)])
def test_out_of_the_money_without_deviation_there_is_nothing(strike, is_call, payoff, tau, sigma):
    found = values(greeks(100.0, strike, tau, sigma, is_call, payoff=payoff))
    assert found == dict.fromkeys(NAMES, 0.0)


@pytest.mark.parametrize("payoff", ["linear", "inverse"])
def test_at_the_money_at_expiry_the_deltas_are_one_half(payoff):
    money = 100.0 if payoff == "inverse" else 1.0
    for is_call, side in ((True, 1.0), (False, -1.0)):
        found = values(greeks(100.0, 100.0, 0.0, 0.6, is_call, payoff=payoff))
        assert found["price"] == 0.0
        assert found["forward_delta"] == found["premium_adjusted_delta"] == 0.5 * side
        assert found["delta"] == 0.5 * side / money
        assert found["gamma"] == math.inf
        assert found["theta"] == -math.inf
        assert [found[name] for name in ("vega", "vanna", "volga")] == [0.0] * 3


def test_at_the_money_without_volatility_the_limits_in_volatility_hold():
    root = math.sqrt(0.25)
    linear = values(greeks(100.0, 100.0, 0.25, 0.0, True))
    assert linear["price"] == linear["theta"] == linear["volga"] == 0.0
    assert linear["gamma"] == math.inf
    assert linear["vega"] == pytest.approx(100.0 * DENSITY * root, rel=1e-15)
    assert linear["vanna"] == pytest.approx(0.5 * DENSITY * root, rel=1e-15)
    coin = values(greeks(100.0, 100.0, 0.25, 0.0, True, payoff="inverse"))
    assert coin["vega"] == pytest.approx(DENSITY * root, rel=1e-15)
    assert coin["vanna"] == pytest.approx(-0.5 * DENSITY * root / 100.0, rel=1e-15)


def test_the_limits_are_where_small_deviations_go():
    for sigma in (1e-7, 1e-9):
        near = values(greeks(100.0, 100.0, 0.25, sigma, True))
        limit = values(greeks(100.0, 100.0, 0.25, 0.0, True))
        for name in ("price", "delta", "vega", "vanna", "volga"):
            assert near[name] == pytest.approx(limit[name], abs=1e-5), name
        assert near["gamma"] == pytest.approx(DENSITY / (100.0 * sigma * 0.5), rel=1e-12)


def test_enormous_deviation_gives_the_bounds():
    sigma = [1e3, 1e60, 1e100]
    np.testing.assert_array_equal(price(100.0, 250.0, 4.0, sigma, True), [100.0] * 3)
    np.testing.assert_array_equal(price(100.0, 250.0, 4.0, sigma, False), [250.0] * 3)
    found = greeks(100.0, 250.0, 4.0, sigma, True)
    np.testing.assert_array_equal(found.forward_delta, [1.0] * 3)
    for name in NAMES:
        assert np.all(np.isfinite(getattr(found, name))), name


def test_prices_of_extreme_size_and_distance_are_finite_and_right():
    found = price([1e300, 1e-300, 1e300, 1e-300], [1e-300, 1e300, 1e300, 1e-300], 1.0, 0.5, True)
    at_the_money = math.erf(0.25 / math.sqrt(2.0))
    np.testing.assert_allclose(
        found, [1e300, 0.0, at_the_money * 1e300, at_the_money * 1e-300], rtol=1e-15
    )


def test_arguments_broadcast_and_the_shape_is_kept():
    forward = np.array([[100.0], [50.0]])
    strike = [90.0, 100.0, 110.0]
    found = price(forward, strike, 0.5, 0.6, [True, False, True])
    assert found.shape == (2, 3)
    assert found[1, 2] == price(50.0, 110.0, 0.5, 0.6, True)
    scalar = greeks(100, 90, 1, 0.5, True)
    assert scalar.price.shape == scalar.rho.shape == ()
    assert price(np.empty(0), 100.0, 1.0, 0.5, True).shape == (0,)


def test_read_only_and_strided_arguments_are_taken_and_left_alone():
    forward = np.linspace(80.0, 120.0, 10)
    forward.setflags(write=False)
    strike = np.repeat(100.0, 20)[::2]
    expected = [float(price(float(f), 100.0, 0.5, 0.6, True)) for f in forward]
    np.testing.assert_array_equal(price(forward, strike, 0.5, 0.6, True), expected)


def test_many_options_by_threads_have_the_same_bits():
    rng = np.random.default_rng(5)
    count = PARALLEL_FROM + 37
    forward, strike = rng.uniform(50, 150, count), rng.uniform(50, 150, count)
    tau, sigma, is_call = (
        rng.uniform(0, 2, count),
        rng.uniform(0, 2, count),
        rng.random(count) < 0.5,
    )
    columns = (forward, strike, tau, sigma, is_call)
    halves = [slice(0, count // 2), slice(count // 2, count)]
    for payoff in ("linear", "inverse"):
        parts = [price(*(x[half] for x in columns), payoff=payoff) for half in halves]
        np.testing.assert_array_equal(price(*columns, payoff=payoff), np.concatenate(parts))
        whole = main_greeks(*columns, payoff=payoff)
        parts = [main_greeks(*(x[half] for x in columns), payoff=payoff) for half in halves]
        for name in ("gamma", "theta"):
            joined = np.concatenate([getattr(part, name) for part in parts])
            np.testing.assert_array_equal(getattr(whole, name), joined)


def test_results_are_written_over_where_asked():
    strike = np.array([[90.0, 100.0], [110.0, 120.0]])
    kept = np.empty((2, 2))
    found = price(100.0, strike, 0.5, 0.6, True, out=kept)
    assert np.shares_memory(found, kept)
    np.testing.assert_array_equal(kept, price(100.0, strike, 0.5, 0.6, True))
    earlier = main_greeks(100.0, strike, 0.5, 0.6, True)
    later = main_greeks(100.0, strike, 0.5, 0.7, True, out=earlier)
    assert np.shares_memory(later.gamma, earlier.gamma)
    np.testing.assert_array_equal(later.vega, main_greeks(100.0, strike, 0.5, 0.7, True).vega)
    for wrong in (np.empty(4), np.empty((2, 2), dtype=np.float32), np.empty((2, 2)).T[::-1]):
        with pytest.raises(UsageError, match="out: must be a contiguous"):
            price(100.0, strike, 0.5, 0.6, True, out=wrong)
    with pytest.raises(UsageError, match=r"out\.price: must be a contiguous"):
        main_greeks(100.0, 90.0, 0.5, 0.6, True, out=earlier)


GOOD = {"forward": 100.0, "strike": 100.0, "tau_years": 0.5, "sigma": 0.6}
BAD = [
    ("forward", 0.0),
    ("forward", -1.0),
    ("forward", math.inf),
    ("strike", 0.0),
    ("strike", -5.0),
    ("strike", math.nan),
    ("tau_years", -1e-9),
    ("tau_years", math.nan),
    ("sigma", -0.1),
    ("sigma", math.inf),
    ("sigma", math.nan),
]


@pytest.mark.parametrize("call", [price, greeks, main_greeks])
@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_value_outside_the_domain_is_refused_with_its_row(call, field, value):
    columns = {name: np.full(7, good) for name, good in GOOD.items()}
    columns[field][4] = value
    with pytest.raises(UsageError) as caught:
        call(**columns, is_call=True)
    error = caught.value
    assert (error.field, error.row) == (field, 4)
    assert error.found == value or math.isnan(value)
    assert error.remedy


@pytest.mark.parametrize("count", [6_000, PARALLEL_FROM + 6_000])
def test_the_first_of_several_bad_rows_is_named(count):
    sigma = np.full(count, 0.5)
    sigma[[5_555, count - 1]] = -1.0
    with pytest.raises(UsageError, match=r"row 5555"):
        price(100.0, 100.0, 0.5, sigma, True)


def test_wrong_kinds_and_shapes_are_refused():
    with pytest.raises(UsageError, match="is_call: must be boolean"):
        price(100.0, 100.0, 0.5, 0.6, 1)
    with pytest.raises(UsageError, match="forward: must be numbers"):
        price(["100"], 100.0, 0.5, 0.6, True)
    with pytest.raises(UsageError, match="broadcast"):
        price([1.0, 2.0], [1.0, 2.0, 3.0], 0.5, 0.6, True)
    with pytest.raises(UsageError, match="rate: must be finite"):
        price(100.0, 100.0, 0.5, 0.6, True, rate=math.nan)
    with pytest.raises(UsageError, match="rate: must broadcast"):
        price(100.0, 100.0, 0.5, 0.6, True, rate=[0.1, 0.2])


def test_the_payoffs_of_the_domain_are_taken_and_quanto_is_refused():
    assert price(100.0, 90.0, 0.5, 0.6, True, payoff=Payoff.LINEAR) == price(
        100.0, 90.0, 0.5, 0.6, True
    )
    for call in (price, greeks, main_greeks):
        with pytest.raises(UsageError, match="correlation") as caught:
            call(100.0, 90.0, 0.5, 0.6, True, payoff=Payoff.QUANTO)
        assert caught.value.field == "payoff"
    with pytest.raises(UsageError, match="linear or inverse"):
        price(100.0, 90.0, 0.5, 0.6, True, payoff="coin")


def test_discounting_acts_on_price_and_derivatives_but_not_on_quoted_deltas():
    years, rate = np.array([0.5, 2.0]), np.array([0.05, -0.02])
    plain = greeks(100.0, 90.0, years, 0.6, True)
    found = greeks(100.0, 90.0, years, 0.6, True, rate=rate)
    factor = np.exp(-rate * years)
    for name in ("price", "delta", "gamma", "vega", "vanna", "volga", "rho"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name) * factor)
    for name in ("forward_delta", "premium_adjusted_delta"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))
    np.testing.assert_allclose(found.theta, plain.theta * factor + rate * found.price, rtol=1e-15)
