"""Exposure profiles against closed forms of geometric Brownian motion and normal approximations.

Tolerance: four standard errors as the profile states them (a chance of 6e-5 per number), so each
test also fails where the stated errors are far too small; where paths are compared, 1e-9.
"""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from scipy.stats import norm

from plimsoll.margin.exposure import (
    CoinDynamics,
    MarginAgreement,
    NettingSet,
    Trade,
    exposure_profile,
)
from plimsoll.margin.exposure.profile import simulated_exposure

SPOT, VOL, PATHS = 100.0, 0.8, 40_000
ONE = CoinDynamics(coins=("BTC",), spot=np.array([SPOT]), vol_annual=np.array([VOL]))
MONTHLY = np.arange(13) / 12
DAY = 1 / 365


def black(forward: float, strike: float, deviation: np.ndarray, sign: float) -> np.ndarray:
    """Undiscounted, from the textbook."""
    d1 = math.log(forward / strike) / deviation + deviation / 2
    return sign * (forward * norm.cdf(sign * d1) - strike * norm.cdf(sign * (d1 - deviation)))


def forward(quantity: float, strike: float, **more: float) -> NettingSet:
    return NettingSet(
        trades=(Trade(kind="forward", coin="BTC", quantity=quantity, strike=strike, **more),)
    )


def agreement(**fields: object) -> MarginAgreement:
    return MarginAgreement(
        **{k: Decimal(str(v)) if not isinstance(v, dict) else v for k, v in fields.items()}
    )


NO_CALLS = agreement(threshold_usd=1_000_000_000, margin_period_hours=0)


def profile(netting_set, terms=NO_CALLS, dynamics=ONE, times=MONTHLY, paths=PATHS, **more):
    return exposure_profile(
        netting_set, dynamics, terms, times_years=times, paths=paths, seed=11, **more
    )


@pytest.mark.parametrize("strike", [80.0, 100.0, 130.0])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_expected_exposure_of_a_forward_is_a_black_option(strike: float, side: float) -> None:
    found = profile(forward(3.0 * side, strike)).without_collateral
    expected = 3.0 * black(SPOT, strike, VOL * np.sqrt(MONTHLY[1:]), side)
    gap = np.abs(found.expected[1:] - expected)
    assert np.all(gap <= 4 * found.expected_error[1:])
    start = 3.0 * max(side * (SPOT - strike), 0.0)
    assert found.expected[0] == pytest.approx(start)
    whole = np.concatenate([[start], expected])
    area = np.trapezoid(whole, MONTHLY) / MONTHLY[-1]
    assert found.expected_positive == pytest.approx(area, abs=4 * found.expected_error.max())


def test_potential_exposure_of_a_forward_is_a_lognormal_quantile() -> None:
    found = profile(forward(1.0, 90.0), confidences=(0.9, 0.99)).without_collateral
    for row, confidence in enumerate((0.9, 0.99)):
        deviation = VOL * np.sqrt(MONTHLY[1:])
        quantile = SPOT * np.exp(norm.ppf(confidence) * deviation - deviation**2 / 2)
        gap = np.abs(found.potential[row, 1:] - np.maximum(quantile - 90.0, 0.0))
        assert np.all(gap <= 4 * found.potential_error[row, 1:])


def test_carry_and_drift() -> None:
    """The forward of a year with 10 % carry; spot drifts by as much, so the forward does not."""
    drifting = CoinDynamics(
        coins=("BTC",),
        spot=np.array([SPOT]),
        vol_annual=np.array([VOL]),
        drift_annual=np.array([0.1]),
    )
    found = profile(forward(1.0, 105.0, expiry_years=1.0, carry_annual=0.1), dynamics=drifting)
    fair = SPOT * math.exp(0.1)
    error = 4 * fair * np.sqrt(np.expm1(VOL**2 * MONTHLY) / PATHS)
    assert np.all(np.abs(found.expected_value - (fair - 105.0)) <= error + 1e-9)
    expected = black(fair, 105.0, VOL * np.sqrt(MONTHLY[1:]), 1.0)
    held = found.without_collateral
    assert np.all(np.abs(held.expected[1:] - expected) <= 4 * held.expected_error[1:])


@pytest.mark.parametrize("kind", ["call", "put"])
def test_expected_exposure_of_a_bought_option_is_its_value(kind: str) -> None:
    """An option is never worth less than nothing and a martingale; at expiry it is its payoff."""
    trade = Trade(
        kind=kind, coin="BTC", quantity=2.0, strike=95.0, expiry_years=1.0, vol_annual=VOL
    )
    found = profile(NettingSet(trades=(trade,))).without_collateral
    value = 2.0 * float(black(SPOT, 95.0, np.array(VOL), 1.0 if kind == "call" else -1.0))
    assert found.expected[0] == pytest.approx(value, rel=1e-12)
    assert np.all(np.abs(found.expected - value) <= 4 * found.expected_error + 1e-9)
    sold = NettingSet(
        trades=(
            Trade(
                kind=kind, coin="BTC", quantity=-2.0, strike=95.0, expiry_years=1.0, vol_annual=VOL
            ),
        )
    )
    assert not profile(sold, paths=500).without_collateral.expected.any()


def test_settled_trades_leave_and_their_payoffs_stay_only_where_asked() -> None:
    trade = Trade(
        kind="call", coin="BTC", quantity=1.0, strike=95.0, expiry_years=0.5, vol_annual=VOL
    )
    gone = profile(NettingSet(trades=(trade,))).without_collateral
    assert not gone.expected[7:].any()
    kept = profile(NettingSet(trades=(trade,), payoffs_stay=True)).without_collateral
    np.testing.assert_array_equal(kept.expected[:7], gone.expected[:7])
    np.testing.assert_allclose(kept.expected[7:], gone.expected[6], rtol=1e-12)
    between = Trade(
        kind="call", coin="BTC", quantity=1.0, strike=95.0, expiry_years=0.49, vol_annual=VOL
    )
    late = profile(NettingSet(trades=(between,), payoffs_stay=True)).without_collateral
    np.testing.assert_allclose(late.expected[6:], gone.expected[6], rtol=1e-12)


def test_netting_is_before_the_positive_part() -> None:
    """A call sold and a put bought at one strike are a forward sold (parity)."""
    legs = tuple(
        Trade(kind=k, coin="BTC", quantity=q, strike=110.0, expiry_years=1.0, vol_annual=VOL)
        for k, q in (("call", -1.0), ("put", 1.0))
    )
    one = profile(NettingSet(trades=legs), paths=2_000)
    other = profile(forward(-1.0, 110.0), paths=2_000)
    np.testing.assert_allclose(
        one.without_collateral.expected, other.without_collateral.expected, rtol=1e-11, atol=1e-9
    )
    both = profile(NettingSet(trades=(*legs, *forward(1.0, 110.0).trades)), paths=500)
    assert both.without_collateral.potential.max() < 1e-9


def test_a_basket_of_small_moves_is_normal() -> None:
    """EE = s sqrt(t) / sqrt(2 pi) with s^2 = d' C d; at 5 % a year skew is 0.3 % of it."""
    coins, weights = ("A", "B", "C"), np.array([1.0, -2.0, 1.5])
    vol = np.array([0.05, 0.04, 0.03])
    rho = np.array([[1.0, 0.6, 0.2], [0.6, 1.0, -0.3], [0.2, -0.3, 1.0]])
    dynamics = CoinDynamics(coins=coins, spot=np.full(3, SPOT), vol_annual=vol, correlation=rho)
    trades = tuple(
        Trade(kind="forward", coin=c, quantity=float(w), strike=SPOT)
        for c, w in zip(coins, weights, strict=True)
    )
    found = profile(NettingSet(trades=trades), dynamics=dynamics).without_collateral
    d = weights * vol * SPOT
    deviation = np.sqrt(d @ rho @ d * MONTHLY[1:])
    gap = np.abs(found.expected[1:] - deviation / math.sqrt(2 * math.pi))
    assert np.all(gap <= 4 * found.expected_error[1:] + 0.005 * found.expected[1:])
    quantile = norm.ppf(0.99) * deviation
    gap = np.abs(found.potential[1, 1:] - quantile)
    assert np.all(gap <= 4 * found.potential_error[1, 1:] + 0.05 * quantile)


def test_full_collateral_leaves_the_move_of_the_margin_period() -> None:
    """Two-way, no thresholds: E (S(t) - S(t - d))^+ = S0 (2 N(vol sqrt(d) / 2) - 1), any t >= d."""
    days = np.arange(31) * DAY
    two_way = agreement(own_threshold_usd=0, margin_period_hours=240)
    found = profile(forward(1.0, SPOT), two_way, times=days).with_collateral
    expected = SPOT * (2.0 * norm.cdf(VOL * math.sqrt(10 * DAY) / 2.0) - 1.0)
    gap = np.abs(found.expected[10:] - expected)
    assert np.all(gap <= 4 * found.expected_error[10:])
    no_lag = agreement(own_threshold_usd=0, margin_period_hours=0)
    assert profile(forward(1.0, SPOT), no_lag, times=days).with_collateral.expected.max() < 1e-9


def test_collateral_against_a_plain_recursion() -> None:
    """The values of single paths recovered by thresholds no call reaches, then called by hand."""
    days = np.arange(41) * DAY
    terms = agreement(
        threshold_usd=6,
        own_threshold_usd=9,
        minimum_transfer_usd=2,
        margin_period_hours=72,
        initial_amount_usd=1.5,
        initial_coins={"BTC": 0.01},
    )
    run, _ = simulated_exposure(forward(1.0, SPOT), ONE, terms, times_years=days, paths=300, seed=5)
    value, held = run.value, np.zeros((41, 300))
    for path in range(300):
        before = 0.0
        for t in range(41):
            v = value[t, path]
            wanted = max(v - 6.0, 0.0) - max(-v - 9.0, 0.0)
            if abs(wanted - before) >= 2.0:
                before = wanted
            held[t, path] = before
    for t in range(41):
        coins = 1.5 + 0.01 * (value[t] + SPOT)
        expected = np.maximum(value[t] - held[max(t - 3, 0)] - coins, 0.0)
        np.testing.assert_allclose(run.exposure[t], expected, rtol=0, atol=1e-9)
    assert (held < 0.0).any()
    assert (held > 0.0).any()
