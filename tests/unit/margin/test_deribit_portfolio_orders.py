"""Open orders under Deribit's portfolio margin: the worse fill, in the cross pool."""

from __future__ import annotations

import pytest

from deribit_accounts import MARKS, account, coins, cross, margin, segregated
from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.requirement import Requirements

PERP = "BTC-PERPETUAL"
OPTION_ORDERS = {"BTC-28JUN24-65000-C": 10.0, "BTC-28JUN24-60000-P": -10.0}


def named(found: Requirements, name: str) -> list[float]:
    return next(t.initial.tolist() for t in found.terms if t.name == name)


def test_open_orders_add_the_worse_fill() -> None:
    one = coins(PERP, 1.0)
    flat = margin(segregated(), account("a", {PERP: one}))
    both_ways = (Order(market=PERP, quantity=one), Order(market=PERP, quantity=-one))
    more = margin(
        segregated(),
        account("a", {PERP: one}, orders=both_ways),
        account("b", {PERP: one}),
        account("c", orders=(Order(market=PERP, quantity=-one, price=70_000.0),)),
    )
    two = margin(segregated(), account("a", {PERP: 2 * one}))
    short = margin(segregated(), account("a", {PERP: -one}))
    assert more.initial[0] == pytest.approx(two.initial[0], rel=1e-12)
    assert more.maintenance[0] == flat.maintenance[0]
    assert more.initial[1] == flat.initial[0]
    assert more.initial[2] == pytest.approx(short.initial[0], rel=1e-12)
    assert more.maintenance[2] == 0.0
    unknown = margin(
        segregated(), account("a", {PERP: one}, orders=(Order(market="NEW", quantity=1.0),))
    )
    assert unknown.unknown.tolist() == [True]


def test_orders_belong_to_the_cross_pool() -> None:
    """Beside an isolated position an order asks what it asks alone, on either side of it."""
    one = coins(PERP, 1.0)
    aside = Position(
        market=PERP,
        quantity=one,
        entry_price=65_000.0,
        mode=MarginMode.ISOLATED,
        isolated_margin=0.5,
    )
    for side in (one, -one):
        order = (Order(market=PERP, quantity=side, price=None),)
        for model in (segregated(), cross()):
            found = margin(
                model,
                Account(name="beside", positions=(aside,), orders=order),
                account("alone", orders=order),
            )
            asked = named(found, "open_orders")
            assert asked[0] == asked[1] > 0.0
            assert asked[2] == 0.0


def test_orders_that_hedge_are_free() -> None:
    one = coins(PERP, 1.0)
    found = margin(
        segregated(), account("a", {PERP: one}, orders=(Order(market=PERP, quantity=-one),))
    )
    assert named(found, "open_orders")[0] == 0.0


def test_one_coin_bought_and_another_sold() -> None:
    """X:PM: not below any side of each pair, nor what all fills ask together.

    Each order is the only one of its pair, and the two lose in different scenarios.
    """
    one, other = coins(PERP, 1.0), coins("ETH-PERPETUAL", 20.0)
    orders = (Order(market=PERP, quantity=one), Order(market="ETH-PERPETUAL", quantity=-other))
    found = margin(cross(), account("a", orders=orders))
    after = [
        margin(cross(), account("a", held)).initial[0]
        for held in (
            {PERP: one, "ETH-PERPETUAL": -other},
            {PERP: one},
            {"ETH-PERPETUAL": -other},
        )
    ]
    assert found.initial[0] == pytest.approx(max(after), rel=1e-12)
    crossed = margin(
        cross(),
        account("a", {PERP: one}, orders=(orders[1], Order(market=PERP, quantity=-one))),
    )
    # The scenario that falls: a long of BTC not closed; the short of ETH gains there or is not.
    assert crossed.initial[0] >= max(after[:2]) * (1 - 1e-12)


def test_a_purchase_at_a_bad_limit_loses_at_once() -> None:
    mark, one = MARKS[PERP], coins(PERP, 1.0)
    limit = Order(market=PERP, quantity=one, price=2.0 * mark)
    found = margin(segregated(), account("a", orders=(limit,)), account("b", {PERP: one}))
    # Contracts of 10 dollars, in coins: at the mark less at twice the mark.
    lost = one * 10.0 * (1.0 / mark - 1.0 / (2.0 * mark))
    assert found.initial[0] - found.initial[1] == pytest.approx(lost, rel=1e-9)


def test_sold_puts_and_bought_calls_are_no_hedge() -> None:
    call, put = (Order(market=m, quantity=q) for m, q in OPTION_ORDERS.items())
    found = margin(cross(), account("a", orders=(call, put)))
    both = margin(cross(), account("a", OPTION_ORDERS))
    assert found.initial[0] >= both.initial[0] * (1 - 1e-12)
