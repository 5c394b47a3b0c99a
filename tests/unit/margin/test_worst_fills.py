"""Open orders of OKX, SPAN and Bybit: filled in books written out by hand, and in random ones.

Sums of the same numbers in another order: 1e-9 relative, and 1e-6 USD of books of 1e7.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest

import underlying_venue as venue
from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.grids.worst_fills import OPEN_ORDERS

PREPARED = {
    name: model.prepare(venue.snapshot(), parameters, venue.INSTRUMENTS)  # type: ignore[arg-type]
    for name, (model, parameters) in venue.MODELS.items()
}
every_model = pytest.mark.parametrize("name", list(PREPARED))
PERP, COIN, CALL, PUT = "BTC-USDT", "BTC-COIN", "BTC-20-100-call-BTC", "BTC-20-100-put-BTC"
ETH_PERP, ETH_CALL = "ETH-USDT", "ETH-20-100-call-ETH"
OPTIONS = (CALL, PUT, ETH_CALL)
BULLISH = {PERP: 1, COIN: 1, CALL: 1, PUT: -1, ETH_PERP: 1, ETH_CALL: 1}


def account(
    name: str, held: dict[str, float], orders: list[tuple[str, float]] = (), **more: object
) -> Account:
    return Account(
        name=name,
        positions=tuple(
            Position(market=m, quantity=q, entry_price=1_000.0) for m, q in held.items()
        ),
        orders=tuple(Order(market=m, quantity=q, price=None) for m, q in orders),
        **more,  # type: ignore[arg-type]
    )


def solve(name: str, *accounts: Account) -> Requirements:
    return PREPARED[name].requirements(Book.from_accounts(accounts))


def initial(name: str, held: dict[str, float]) -> float:
    return float(solve(name, account("a", {m: q for m, q in held.items() if q})).initial[0])


def orders_term(found: Requirements) -> np.ndarray:
    return next(t for t in found.terms if t.name == OPEN_ORDERS).initial


def kind(order: tuple[str, float]) -> tuple[bool, bool, bool]:
    """Buy or sell, raising or lowering delta, option or not."""
    market, quantity = order
    return quantity > 0, quantity * BULLISH[market] > 0, market in OPTIONS


def by_hand(name: str, held: dict[str, float], orders: list[tuple[str, float]]) -> float:
    """Initial margin of every named way, one book after another."""

    def filled(chosen: list[tuple[str, float]]) -> float:
        after = dict(held)
        for market, quantity in chosen:
            after[market] = after.get(market, 0.0) + quantity
        return initial(name, after)

    markets = {market for market, _ in orders}
    kinds = [[o for o in orders if kind(o) == one] for one in {kind(o) for o in orders}]
    ways = [
        orders,
        [o for o in orders if o[1] > 0],
        [o for o in orders if o[1] < 0],
        [o for o in orders if o[1] * BULLISH[o[0]] > 0],
        [o for o in orders if o[1] * BULLISH[o[0]] < 0],
        [o for o in orders if o[1] > 0 and o[0] in OPTIONS],
        [o for o in orders if o[1] < 0 and o[0] in OPTIONS],
        *kinds,
        *(
            [o for o in orders if o[0] == m and o[1] * side > 0]
            for m, side in product(markets, (1, -1))
        ),
    ]
    return max(0.0, max(filled(way) for way in ways) - initial(name, held))


@every_model
@pytest.mark.parametrize("seed", range(6))
def test_the_worst_of_the_named_ways(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scale = {PERP: 10.0, COIN: 600.0, CALL: 1.0, PUT: 1.0}
    held = {m: float(np.round(rng.normal() * s, 3)) or s for m, s in scale.items()}
    held = {m: q for m, q in held.items() if rng.random() < 0.6}
    orders = [
        (m, float(np.round(rng.normal() * scale[m], 3)) or 1.0)
        for m in rng.choice(list(scale), 5).tolist()
    ]
    other = account("other", {PERP: 3.0})
    found = solve(name, other, account("a", held, orders))
    assert orders_term(found).tolist() == pytest.approx(
        [0.0, by_hand(name, held, orders)], rel=1e-9, abs=1e-6
    )
    assert found.initial[0] == solve(name, other).initial[0]
    assert found.maintenance[1] == solve(name, account("a", held)).maintenance[0]


@every_model
def test_an_order_alone_asks_what_its_position_would(name: str) -> None:
    found = solve(name, account("a", {}, [(PERP, 2.0)]), account("b", {PERP: 2.0}))
    assert orders_term(found)[0] == pytest.approx(float(found.initial[1]), rel=1e-12)
    assert found.maintenance[0] == 0.0


@every_model
def test_a_hedge_that_may_not_come_saves_nothing(name: str) -> None:
    both = solve(name, account("a", {}, [(PERP, 2.0), (COIN, -120.0)]))
    alone = initial(name, {PERP: 2.0}), initial(name, {COIN: -120.0})
    assert both.initial[0] == pytest.approx(max(alone), rel=1e-12)


@every_model
def test_an_order_that_closes_asks_nothing(name: str) -> None:
    found = solve(name, account("a", {PERP: 2.0}, [(PERP, -2.0)]))
    assert orders_term(found)[0] == 0.0


@every_model
def test_a_long_and_a_short_are_not_netted_by_fills(name: str) -> None:
    held = (
        Position(market=PERP, quantity=2.0, entry_price=1e3),
        Position(market=PERP, quantity=-1.0, entry_price=1e3),
    )
    grown = (replace(held[0], quantity=5.0), held[1])
    order = (Order(market=PERP, quantity=3.0, price=None),)
    found = solve(
        name,
        Account(name="a", positions=held, orders=order),
        Account(name="b", positions=grown),
    )
    assert found.initial[0] == pytest.approx(float(found.initial[1]), rel=1e-12)


@every_model
def test_a_limit_worse_than_the_mark_loses_at_once(name: str) -> None:
    mark = venue.snapshot().quotes[PERP].mark
    limit = Order(market=PERP, quantity=2.0, price=mark + 100.0)
    found = solve(name, Account(name="a", orders=(limit,)), account("b", {}, [(PERP, 2.0)]))
    # 2 contracts of 0.1 coin, 100 USDT each, at 0.997 USD.
    assert found.initial[0] - found.initial[1] == pytest.approx(20 * 0.997, rel=1e-9)


@every_model
def test_isolated_positions_neither_move_nor_ask_for_orders(name: str) -> None:
    aside = Position(
        market=PERP,
        quantity=2.0,
        entry_price=1e3,
        mode=MarginMode.ISOLATED,
        isolated_margin=1e3,
    )
    order = (Order(market=PERP, quantity=3.0, price=None),)
    found = solve(name, Account(name="a", positions=(aside,), orders=order))
    assert found.initial[0] == pytest.approx(initial(name, {PERP: 3.0}), rel=1e-12)
    assert found.initial[1] == pytest.approx(initial(name, {PERP: 2.0}), rel=1e-12)


@every_model
def test_an_order_in_a_market_without_number_is_a_reason(name: str) -> None:
    good = account("good", {PERP: 1.0}, [(CALL, -1.0)])
    found = solve(name, good, account("bad", {PERP: 1.0}, [("NO", 1.0)]))
    assert found.unknown.tolist() == [False, True]
    assert found.unit_reason is not None
    assert found.unit_reason.tolist() == [0, MarginReason.UNKNOWN_INSTRUMENT]
    assert found.initial[0] == solve(name, good).initial[0]


@every_model
@pytest.mark.parametrize("held", [{}, {PERP: -4.0, ETH_CALL: 3.0, "ETH-F20": 40.0}])
def test_one_coin_bought_and_another_sold(name: str, held: dict[str, float]) -> None:
    """Not below what any side of each coin asks, alone or together; without credits exactly so."""
    orders = [(PERP, 7.0), (CALL, -2.0), (ETH_PERP, -90.0), (ETH_CALL, 4.0), (ETH_PERP, 30.0)]
    asked = float(solve(name, account("a", held, orders)).initial[0])
    worst = 0.0
    for chosen in product((0, 1), repeat=len(orders)):
        sides = {(o[0][:3], np.sign(o[1])) for o, one in zip(orders, chosen, strict=True) if one}
        after = dict(held)
        for (market, quantity), one in zip(orders, chosen, strict=True):
            after[market] = after.get(market, 0.0) + quantity * one
        whole = all(
            one or (o[0][:3], np.sign(o[1])) not in sides
            for o, one in zip(orders, chosen, strict=True)
        )
        if whole:
            worst = max(worst, initial(name, after))
    assert asked >= worst * (1 - 1e-12)
    apart = 0.0
    for coin in ("BTC", "ETH"):
        mine = {m: q for m, q in held.items() if m.startswith(coin)}
        here = [o for o in orders if o[0].startswith(coin)]
        apart += initial(name, mine) + by_hand(name, mine, here)
    assert asked == pytest.approx(apart, rel=1e-9)


def test_credits_of_one_coin_with_orders_stay() -> None:
    """SPAN: an order in one coin is filled beside the other, which gives it its credit."""
    held = {PERP: 4.0, ETH_PERP: -90.0}
    assert initial("span", held) < initial("span", {PERP: 4.0}) + initial("span", {ETH_PERP: -90.0})
    found = solve("span", account("a", held, [(PERP, 1.0)]))
    after = initial("span", {**held, PERP: 5.0})
    assert found.initial[0] == pytest.approx(max(after, initial("span", held)), rel=1e-12)


@every_model
def test_no_bit_depends_on_what_others_hold(name: str) -> None:
    """Another account's markets come first in the book, in either order."""
    held = {CALL: -1.37, PERP: 2.11, PUT: 0.3}
    mine = account("a", held, [(COIN, 33.3), (PERP, -1.7), (PUT, 0.77), (ETH_PERP, 1.3)])
    others = [
        account("o", dict.fromkeys(markets, 1.0)) for markets in permutations((PERP, PUT, COIN))
    ]
    found = {float(solve(name, other, mine).initial[1]) for other in others}
    assert found == {float(solve(name, mine).initial[0])}
