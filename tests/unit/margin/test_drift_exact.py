"""Drift v2's integers at their edges, against the formulas in rationals and real numbers."""

from __future__ import annotations

from fractions import Fraction
from math import floor, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.errors import UsageError
from plimsoll.margin.drift.liquidation import (
    WHOLE_POSITION,
    base_to_cover,
    insurance_fee,
    liquidation_share,
)
from plimsoll.margin.drift.scaled_ratios import (
    MONEY_SCALE,
    RATIO_SCALE,
    SIZE_SCALE,
    MarginLevel,
    ScaledMarket,
    asset_weight,
    liability_weight,
    margin_ratio,
    perpetual_requirement,
    profit_weight,
    scaled_initial_weight,
    size_premium,
    token_size,
)

MARKET = ScaledMarket(
    initial=1_000,
    maintenance=500,
    size_factor=50,
    high_leverage_initial=100,
    high_leverage_maintenance=50,
)
SIZES = st.integers(0, 2**60)
FACTORS = st.integers(0, 10**6)
WEIGHTS = st.integers(0, 3 * RATIO_SCALE)


@given(SIZES, FACTORS, WEIGHTS)
def test_integers_are_the_formula_within_a_unit(size: int, factor: int, weight: int) -> None:
    units, share = size / SIZE_SCALE, factor / 10**6
    premium = share * sqrt(units) * RATIO_SCALE
    found = liability_weight(size, factor, weight)
    grown = max(weight, 0.8 * weight + premium) if factor else weight
    # The root, the product and a fifth of the weight are each cut off: less than 2.1 units; the
    # one that is added under the root lifts it by less than a unit.
    slack = 2.1 + 1e-9 * premium + share
    assert -slack <= found - grown <= slack
    held = asset_weight(size, factor, weight)
    real = min(weight, 1.1 / (1.0 + share * sqrt(units)) * RATIO_SCALE) if factor else weight
    assert abs(held - real) <= 1.1


@given(SIZES, SIZES, FACTORS, WEIGHTS)
def test_weights_are_monotone_in_size(one: int, two: int, factor: int, weight: int) -> None:
    small, large = sorted((one, two))
    assert liability_weight(small, factor, weight) <= liability_weight(large, factor, weight)
    assert asset_weight(small, factor, weight) >= asset_weight(large, factor, weight)


def test_the_root_is_of_ten_times_the_size_and_one() -> None:
    assert size_premium(0, 10**6) == 0  # root 1 of 1e5, cut off
    assert size_premium(SIZE_SCALE, 10**6) == RATIO_SCALE
    assert size_premium(SIZE_SCALE, 0) == 0
    # 3 units: root of 3e10 + 1 = 173,205.08 -> 173,205; x 10,000 / 1e7 = 173.2
    assert size_premium(3 * SIZE_SCALE, 10_000) == 173


@given(
    SIZES,
    st.sampled_from([MarginLevel.INITIAL, MarginLevel.FILL]),
    st.integers(1, RATIO_SCALE),
    st.integers(1, RATIO_SCALE),
    st.integers(1, RATIO_SCALE),
    FACTORS,
)
def test_high_leverage_lies_between_its_own_and_the_ordinary_ratio(
    size: int, level: MarginLevel, a: int, b: int, c: int, factor: int
) -> None:
    low, kept, opened = sorted((a, b, c))
    market = ScaledMarket(
        initial=opened,
        maintenance=kept,
        size_factor=factor,
        high_leverage_initial=low,
        high_leverage_maintenance=max(low // 2, 1),
    )
    ordinary = margin_ratio(market, size, level)
    high = margin_ratio(market, size, level, high_leverage=True)
    assert market.at(level, high_leverage=True) <= high <= ordinary
    maintenance = margin_ratio(market, size, MarginLevel.MAINTENANCE, high_leverage=True)
    # Cut-off premiums climb in steps of a unit times (w - h) / (w / 5), so a unit may be missing.
    assert maintenance <= high + 1 + (market.at(level) - low) * 5 // max(market.at(level), 1)


@pytest.mark.parametrize(
    ("units", "level", "expected"),
    [
        (1, MarginLevel.FILL, 75),
        # premium 0.5 x root(3,000) = 27; 100 + 900 x 27 / 200 = 221.5
        (3_000, MarginLevel.INITIAL, 221),
        # 75 + 675 x 27 / 150 = 196.5
        (3_000, MarginLevel.FILL, 196),
        # premium 0.5 x root(160,000) = 200: the fifth is used up, the ordinary ratio holds
        (160_000, MarginLevel.INITIAL, 1_000),
        (159_000, MarginLevel.INITIAL, 995),  # premium 199: 100 + 900 x 199 / 200 = 995.5
        (1_000_000, MarginLevel.INITIAL, 1_300),
    ],
)
def test_high_leverage_climbs(units: int, level: MarginLevel, expected: int) -> None:
    found = margin_ratio(MARKET, units * SIZE_SCALE, level, high_leverage=True)
    assert found == expected


def test_no_mode_where_the_market_has_none() -> None:
    plain = ScaledMarket(initial=1_000, maintenance=500)
    assert margin_ratio(plain, 1, MarginLevel.INITIAL, high_leverage=True) == 1_000
    assert margin_ratio(plain, 1, MarginLevel.FILL) == 750


def test_requirement_of_nothing_and_of_orders() -> None:
    assert perpetual_requirement(MARKET, 0, 10**8, MarginLevel.INITIAL) == 0
    found = perpetual_requirement(MARKET, 0, 10**8, MarginLevel.INITIAL, open_orders=3)
    assert found == 3 * MONEY_SCALE // 100
    one = perpetual_requirement(MARKET, -SIZE_SCALE, 10**8, MarginLevel.MAINTENANCE)
    assert one == 5 * MONEY_SCALE  # 5 % of 100


@pytest.mark.parametrize(
    ("start", "deposits", "expected"),
    [
        (0, 10**15, 9_000),
        (500, 500, 9_000),
        (500, 501, 8_982),
        (500, 0, 9_000),
        (500, 1_000, 4_500),
    ],
)
def test_initial_weight_falls_with_deposits(start: int, deposits: int, expected: int) -> None:
    assert scaled_initial_weight(9_000, start, deposits) == expected


@pytest.mark.parametrize("profit", [0, -1, -(10**15)])
def test_losses_have_the_full_weight(profit: int) -> None:
    assert profit_weight(profit, 10**6, 9_000) == 9_000


def test_token_sizes_of_more_and_fewer_decimals() -> None:
    assert token_size(15, 10) == 1  # half a unit is cut off
    assert token_size(15, 9) == 15
    assert token_size(15, 0) == 15 * SIZE_SCALE
    with pytest.raises(UsageError, match="decimals"):
        token_size(1, -1)


def cover(shortage: int = 10 * MONEY_SCALE, **changed: int) -> int:
    terms = {"ratio": 1_000, "liquidator_fee": 0, "insurance_fee": 0, "oracle_price": 10**8}
    return base_to_cover(shortage, **(terms | changed))


def test_what_is_sold_frees_what_is_short() -> None:
    assert cover() == SIZE_SCALE  # 10 / (100 x 10 %)
    assert cover(0) == 0
    assert cover(quote_price=2 * MONEY_SCALE) == SIZE_SCALE // 2


@pytest.mark.parametrize(
    "changed",
    [
        {"liquidator_fee": 100_000},  # as large as the ratio
        {"liquidator_fee": 200_000},
        {"liquidator_fee": 50_000, "insurance_fee": 50_000},
        {"oracle_price": 0},
    ],
)
def test_where_fees_eat_it_up_everything_goes(changed: dict[str, int]) -> None:
    assert cover(**changed) == WHOLE_POSITION


@given(st.integers(0, 10**9), st.integers(1, 10**12), st.integers(0, 10**6))
def test_insurance_fee_leaves_the_account_above_water(
    shortage: int, base: int, largest: int
) -> None:
    fee = insurance_fee(
        shortage,
        base=base,
        ratio=500,
        liquidator_fee=10_000,
        oracle_price=10**8,
        largest=largest,
    )
    left = Fraction(500, 10**4) - Fraction(1, 100) - Fraction(shortage * 10, base)
    most = max(Fraction(0), left * 19 / 20) * 10**6
    assert 0 <= fee <= largest
    # The share that is short is cut off twice, so the fee may be a unit or two above.
    assert min(largest, floor(most)) <= fee <= min(largest, most + 2)


def test_no_insurance_fee_without_a_position_or_a_price() -> None:
    for base, price in ((0, 10**8), (SIZE_SCALE, 0)):
        fee = insurance_fee(
            0, base=base, ratio=500, liquidator_fee=0, oracle_price=price, largest=10**6
        )
        assert fee == 0


def test_liquidation_share_ramps_and_small_shortages_go_at_once() -> None:
    terms = {"slots_to_whole": 150, "first": 1_000}
    assert liquidation_share(50 * MONEY_SCALE - 1, slots_passed=0, **terms) == RATIO_SCALE
    assert liquidation_share(50 * MONEY_SCALE, slots_passed=0, **terms) == 1_000
    assert liquidation_share(50 * MONEY_SCALE, slots_passed=10**6, **terms) == RATIO_SCALE
    with pytest.raises(UsageError, match="slots_to_whole"):
        liquidation_share(10**9, slots_passed=0, slots_to_whole=0, first=0)
