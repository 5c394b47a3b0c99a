"""Open orders under Deribit's portfolio margin: the worse fill, in the cross pool."""

from __future__ import annotations

import pytest

from deribit_accounts import account, coins, cross, margin, segregated
from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.requirement import Requirements

PERP = "BTC-PERPETUAL"


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
