"""dYdX v4's integers at their edges; expected numbers by hand or from rational arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.errors import UsageError
from plimsoll.margin.dydx.liquidation import (
    FillablePriceRule,
    Holding,
    Subaccount,
    bankruptcy_quote_quantums,
    fillable_quote_price,
)
from plimsoll.margin.dydx.quantums import (
    MILLION,
    OracleMarket,
    TierPpm,
    funding_clamp_ppm,
    initial_quantums,
    maintenance_ppm,
    margin_quantums,
    scaled_initial_ppm,
)

TIER = TierPpm(
    initial_ppm=50_000, maintenance_fraction_ppm=600_000, lower_cap=40 * MILLION, upper_cap=10**8
)
BTC = OracleMarket(price=50_000, exponent=0, atomic_resolution=-8)
PPM = st.integers(0, MILLION)
AMOUNTS = st.integers(0, 2**80)


@pytest.mark.parametrize(
    ("open_interest", "expected"),
    [
        (0, 50_000),
        (40 * MILLION - 1, 50_000),
        (40 * MILLION, 50_000),
        (40 * MILLION + 1, 50_000),  # 950,000 / 60,000,000 = 0.0158 ppm, cut off
        (55 * MILLION, 287_500),
        (10**8 - 1, 999_999),
        (10**8, MILLION),
        (10**8 + 1, MILLION),
    ],
)
def test_initial_fraction_around_the_caps(open_interest: int, expected: int) -> None:
    assert scaled_initial_ppm(TIER, open_interest) == expected


def test_equal_caps_are_a_step_and_an_upper_cap_of_zero_is_none() -> None:
    step = TierPpm(initial_ppm=1, maintenance_fraction_ppm=0, lower_cap=5, upper_cap=5)
    assert [scaled_initial_ppm(step, oi) for oi in (4, 5, 6)] == [1, 1, MILLION]
    off = TierPpm(initial_ppm=1, maintenance_fraction_ppm=0, lower_cap=5, upper_cap=0)
    assert scaled_initial_ppm(off, 10**30) == 1


@given(PPM, PPM, AMOUNTS)
def test_margin_is_rounded_up_twice(initial: int, fraction: int, notional: int) -> None:
    tier = TierPpm(initial_ppm=initial, maintenance_fraction_ppm=fraction)
    found = margin_quantums(-notional, tier, 0)
    base = ceil(Fraction(notional * initial, MILLION))
    assert found.initial == base
    assert found.maintenance == ceil(Fraction(base * fraction, MILLION))
    assert found.initial >= found.maintenance >= 0


@given(PPM, PPM)
def test_fractions_are_rounded_down(initial: int, fraction: int) -> None:
    kept = floor(Fraction(initial * fraction, MILLION))
    assert maintenance_ppm(initial, fraction) == kept
    assert funding_clamp_ppm(6 * MILLION, initial, fraction) == 6 * (initial - kept)


def test_an_account_may_ask_more_of_itself_never_less() -> None:
    assert margin_quantums(10**9, TIER, 0, 200_000).initial == 200_000_000
    assert margin_quantums(10**9, TIER, 0, 10_000).initial == 50_000_000
    assert margin_quantums(10**9, TIER, 0, 200_000).maintenance == 30_000_000
    assert initial_quantums(0, MILLION) == 0


@pytest.mark.parametrize(
    ("exponent", "resolution", "base", "expected"),
    [
        (0, -6, 7, 7 * 55_550),
        (-1, -6, 1, 5_555),
        (-1, -6, -1, -5_555),
        (-5, -6, 1, 0),  # 0.5555 of a quantum
        (-5, -6, -3, -1),  # cut off towards zero, not down
        (-5, 4, 1, 55_550 * 10**5),
    ],
)
def test_notional_is_cut_off_towards_zero(
    exponent: int, resolution: int, base: int, expected: int
) -> None:
    market = OracleMarket(price=55_550, exponent=exponent, atomic_resolution=resolution)
    assert market.quote_quantums(base) == expected


@pytest.mark.parametrize(
    "bad", [{"initial_ppm": MILLION + 1}, {"maintenance_fraction_ppm": -1}, {"lower_cap": 7}]
)
def test_impossible_tiers_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="TierPpm"):
        TierPpm(**{"initial_ppm": 1, "maintenance_fraction_ppm": 1, "upper_cap": 5} | bad)


def holding(base: int) -> Holding:
    tier = TierPpm(initial_ppm=200_000, maintenance_fraction_ppm=500_000)
    return Holding(base_quantums=base, market=BTC, tier=tier)


def test_closing_in_steps_at_bankruptcy_prices_ends_at_nothing() -> None:
    """Ten closings of a tenth bring the account to a balance of zero, up to a quantum a step."""
    base, balance = 10_000_000, -4_501_000_000
    for step in range(10):
        account = Subaccount(quote_quantums=balance, holdings={"BTC": holding(base)})
        delta = -base // (10 - step)
        balance += bankruptcy_quote_quantums(account, "BTC", delta)
        base += delta
    assert base == 0
    assert abs(balance) <= 10


@pytest.mark.parametrize("delta", [0, 1, -10_000_001])
def test_a_closing_must_reduce(delta: int) -> None:
    account = Subaccount(quote_quantums=0, holdings={"BTC": holding(10_000_000)})
    with pytest.raises(UsageError, match="must reduce"):
        bankruptcy_quote_quantums(account, "BTC", delta)


def test_no_position_and_no_margin_are_refused() -> None:
    account = Subaccount(quote_quantums=0, holdings={"BTC": holding(0)})
    with pytest.raises(UsageError, match="must hold a position"):
        bankruptcy_quote_quantums(account, "BTC", -1)
    with pytest.raises(UsageError, match="must hold a position"):
        fillable_quote_price(account, "ETH")
    free = Holding(
        base_quantums=5,
        market=BTC,
        tier=TierPpm(initial_ppm=0, maintenance_fraction_ppm=0),
    )
    with pytest.raises(UsageError, match="must need maintenance"):
        fillable_quote_price(Subaccount(quote_quantums=0, holdings={"F": free}), "F")


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        # 0.1 BTC worth 5e9 quantums, maintenance 5e8; oracle 500 quantums a base quantum
        (-4_500_000_000, Fraction(500)),  # net collateral equals maintenance: at the oracle
        (-5_000_000_000, Fraction(495)),  # nothing left: a tenth of 10 % below it
        (-6_000_000_000, Fraction(495)),  # no further down
        (-4_750_000_000, Fraction(4975, 10)),  # half of maintenance left: half way
        (0, Fraction(500)),  # healthy: never better than the oracle
    ],
)
def test_fillable_price_of_a_long(balance: int, expected: Fraction) -> None:
    account = Subaccount(quote_quantums=balance, holdings={"BTC": holding(10_000_000)})
    assert fillable_quote_price(account, "BTC") == expected


def test_fillable_price_of_a_short_lies_above_the_oracle() -> None:
    account = Subaccount(quote_quantums=5_000_000_000, holdings={"BTC": holding(-10_000_000)})
    assert fillable_quote_price(account, "BTC") == 505
    fast = FillablePriceRule(bankruptcy_adjustment_ppm=2 * MILLION)
    half = Subaccount(quote_quantums=5_250_000_000, holdings={"BTC": holding(-10_000_000)})
    assert fillable_quote_price(half, "BTC", fast) == 505  # twice as fast: there already
