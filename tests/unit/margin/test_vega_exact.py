"""Vega's published arithmetic at its edges; expected numbers by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from plimsoll.errors import UsageError
from plimsoll.margin.vega.exact_levels import (
    LevelScales,
    MarginLevels,
    MarketExposure,
    MarketRates,
    RestingOrder,
    liquidation_price,
    maintenance,
    margin_levels,
)
from plimsoll.margin.vega.order_margin import isolated_order_margin

RATES = MarketRates(
    mark_price=Decimal(100),
    risk_long=Decimal("0.1"),
    risk_short=Decimal("0.2"),
    linear_slippage=Decimal("0.05"),
    quadratic_slippage=Decimal("0.01"),
)


def order(size: str, price: str | None) -> RestingOrder:
    return RestingOrder(size=Decimal(size), price=None if price is None else Decimal(price))


def exposure(position: str, buys: list[RestingOrder], sells: list[RestingOrder]) -> MarketExposure:
    return MarketExposure(position=Decimal(position), buys=tuple(buys), sells=tuple(sells))


def test_nothing_asks_nothing() -> None:
    assert maintenance(exposure("0", [], []), RATES) == 0
    assert margin_levels(Decimal(0), LevelScales()) == MarginLevels(
        maintenance=0, search=0, initial=0, release=0
    )


@pytest.mark.parametrize(
    ("position", "buys", "sells", "expected"),
    [
        # 100 x (0.05 x 2 + 0.01 x 4 + 2 x 0.1)
        ("2", [], [], "34"),
        # 100 x (0.05 x 2 + 0.01 x 4 + 2 x 0.2)
        ("-2", [], [], "54"),
        # buys of 2 close the short exactly: the long side is not counted
        ("-2", [order("2", "90")], [], "54"),
        # buys of 9 turn it: long side 9 x 100 x 0.1 = 90, no slippage on what is not yet open
        ("-2", [order("9", "90")], [], "90"),
        # sells add risk to the short without slippage: 54 + 3 x 100 x 0.2
        ("-2", [], [order("3", "90")], "114"),
        # market orders fill at once: long 5: 100 x (0.25 + 0.25 + 0.5)
        ("2", [order("3", None)], [], "100"),
        # market orders that close leave nothing
        ("2", [], [order("2", None)], "0"),
    ],
)
def test_maintenance_of_the_costlier_side(
    position: str, buys: list[RestingOrder], sells: list[RestingOrder], expected: str
) -> None:
    assert maintenance(exposure(position, buys, sells), RATES) == Decimal(expected)


def test_orders_count_at_their_limits_in_an_auction_only() -> None:
    held = exposure("0", [order("1", "80"), order("2", "90")], [])
    auction = MarketRates(
        mark_price=Decimal(100),
        risk_long=Decimal("0.1"),
        risk_short=Decimal("0.2"),
        in_auction=True,
    )
    assert maintenance(held, RATES) == 30  # 3 x 100 x 0.1
    assert maintenance(held, auction) == 26  # (80 + 180) x 0.1


@pytest.mark.parametrize(
    ("position", "funding", "expected"),
    [("2", "3", "40"), ("2", "-3", "34"), ("-2", "3", "54"), ("-2", "-3", "60"), ("0", "3", "0")],
)
def test_only_funding_owed_is_asked(position: str, funding: str, expected: str) -> None:
    rates = MarketRates(
        mark_price=RATES.mark_price,
        risk_long=RATES.risk_long,
        risk_short=RATES.risk_short,
        linear_slippage=RATES.linear_slippage,
        quadratic_slippage=RATES.quadratic_slippage,
        funding_per_unit=Decimal(funding),
    )
    assert maintenance(exposure(position, [], []), rates) == Decimal(expected)


def test_maintenance_is_rounded_up_before_it_is_scaled_down() -> None:
    found = margin_levels(Decimal("10.000001"), LevelScales())
    assert found == MarginLevels(maintenance=11, search=12, initial=13, release=15)
    # Scaling first would give 12.0000012, 14.0000014 and 11.0000011.
    assert margin_levels(Decimal(10), LevelScales()).maintenance == 10


@pytest.mark.parametrize("scales", [("0.9", "1", "1"), ("1.3", "1.2", "1.4"), ("1", "1.5", "1.4")])
def test_scales_must_rise(scales: tuple[str, str, str]) -> None:
    search, initial, release = (Decimal(s) for s in scales)
    with pytest.raises(UsageError, match="search <= initial <= release"):
        LevelScales(search=search, initial=initial, release=release)


@pytest.mark.parametrize("position", ["5", "-5", "0.001", "-41"])
def test_at_the_liquidation_price_equity_is_maintenance(position: str) -> None:
    units, collateral = Decimal(position), Decimal(70)
    price = liquidation_price(units, collateral, RATES)
    assert price is not None
    if price > 0:
        there = MarketRates(
            mark_price=price,
            risk_long=RATES.risk_long,
            risk_short=RATES.risk_short,
            linear_slippage=RATES.linear_slippage,
            quadratic_slippage=RATES.quadratic_slippage,
        )
        equity = collateral + units * (price - RATES.mark_price)
        kept = maintenance(exposure(position, [], []), there)
        assert abs(equity - kept) < Decimal("1e-20")
    else:  # fully covered: equity exceeds maintenance at every price above zero
        assert collateral >= units * RATES.mark_price


def test_no_liquidation_price_without_a_slope() -> None:
    whole = MarketRates(mark_price=Decimal(1), risk_long=Decimal(1), risk_short=Decimal(1))
    assert liquidation_price(Decimal(1), Decimal("2.5"), whole) is None
    assert liquidation_price(Decimal(0), Decimal("2.5"), whole) is None


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        # sells 5 x 10 + 5 x 20 = 150, buys 5 x 9 + 5 x 8 = 85; half of the larger
        ("0", "75"),
        ("3", "60"),  # the cheapest 3 sells are free: 2 x 10 + 100 = 120
        ("5", "50"),  # an order exactly closed is free whole: 100
        ("7", "42.5"),  # 60 left of the sells, so the buys bind: 85
        ("100", "42.5"),
        ("-3", "75"),  # the dearest 3 buys are free: 18 + 40 = 58; the sells bind
        ("-100", "75"),
    ],
)
def test_isolated_orders_that_only_close_are_free(position: str, expected: str) -> None:
    held = exposure(
        position,
        [order("5", "8"), order("5", "9")],
        [order("5", "20"), order("5", "10")],
    )
    assert isolated_order_margin(held, Decimal("0.5")) == Decimal(expected)


def test_in_an_auction_no_isolated_order_counts_for_less_than_its_price() -> None:
    held = exposure("0", [order("2", "8"), order("1", "12")], [])
    assert isolated_order_margin(held, Decimal(1), Decimal(10)) == 32  # 2 x 10 + 12
    assert isolated_order_margin(held, Decimal(1)) == 28


def test_isolated_refusals() -> None:
    with pytest.raises(UsageError, match="margin_factor"):
        isolated_order_margin(exposure("0", [], []), Decimal(0))
    with pytest.raises(UsageError, match="must have a limit"):
        isolated_order_margin(exposure("0", [order("1", None)], []), Decimal(1))
