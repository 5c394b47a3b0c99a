"""Orders at limits worse than the mark: what the worst of their fills asks, tried one by one.

The witness fills every subset of an account's buys, and every subset of its sells, and margins what
comes of each with exact rationals. It is exact where margin is convex in size; where rates jump it
is what whole orders can do, and the model asks at least that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Pair, Payoff, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.size_tiers import SizeRates, SizeTieredMargin
from plimsoll.margin.tiered import InitialRule, TieredMargin
from plimsoll.margin.vega import VegaMargin, VegaMarket

FEW = settings(deadline=None, max_examples=60)
MARK = 100
INSTRUMENTS: dict[str, Instrument] = {
    name: Perpetual(
        pair=Pair(base="BTC", quote="USD"),
        settle="USD" if payoff is Payoff.LINEAR else "BTC",
        payoff=payoff,
        contract_size=Decimal(1),
    )
    for name, payoff in (("LINEAR", Payoff.LINEAR), ("INVERSE", Payoff.INVERSE))
}
SNAPSHOT = MarketSnapshot(at_ns=0, quotes={m: Quote(mark=MARK, index=MARK) for m in INSTRUMENTS})
PRICING = CurrencyPricing(pricing_markets={"BTC": "INVERSE"})
CAP, LOW, HIGH = 1000, Fraction(2, 100), Fraction(10, 100)
TABLE = TierTable(
    (
        Tier(
            cap_usd=Decimal(CAP),
            maintenance_rate=Decimal("0.01"),
            initial_rate=Decimal("0.02"),
            max_leverage=Decimal(50),
        ),
        Tier(
            cap_usd=None,
            maintenance_rate=Decimal("0.05"),
            initial_rate=Decimal("0.1"),
            max_leverage=Decimal(10),
        ),
    )
)
RATES = SizeRates(
    initial_rate=Decimal("0.02"),
    maintenance_rate=Decimal("0.01"),
    initial_slope=Decimal("0.001"),
    maintenance_slope=Decimal("0.001"),
)
Asked = Callable[[str, Fraction], Fraction]


def notional(market: str, quantity: Fraction) -> Fraction:
    """In dollars: one linear contract is a coin, one inverse one is a dollar."""
    return abs(quantity) * (MARK if market == "LINEAR" else 1)


def by_slices(market: str, quantity: Fraction) -> Fraction:
    n = notional(market, quantity)
    return min(n, Fraction(CAP)) * LOW + max(n - CAP, Fraction(0)) * HIGH


def by_whole(market: str, quantity: Fraction) -> Fraction:
    n = notional(market, quantity)
    return n * (LOW if n <= CAP else HIGH)


def by_size(market: str, quantity: Fraction) -> Fraction:
    n = notional(market, quantity)
    return n * (Fraction(2, 100) + n / MARK * Fraction(1, 1000))


VENUES: dict[str, tuple[Any, Any, Asked]] = {
    "slices": (
        TieredMargin(pricing=PRICING, initial_rule=InitialRule.MARGINAL),
        dict.fromkeys(INSTRUMENTS, TABLE),
        by_slices,
    ),
    "whole": (TieredMargin(pricing=PRICING), dict.fromkeys(INSTRUMENTS, TABLE), by_whole),
    "size": (SizeTieredMargin(pricing=PRICING), dict.fromkeys(INSTRUMENTS, RATES), by_size),
}


def lost(market: str, order: Order) -> Fraction:
    """Profit of the payoff from the limit to the mark, negative: in dollars."""
    if order.price is None:
        return Fraction(0)
    quantity, limit = Fraction(order.quantity), Fraction(order.price)
    if market == "LINEAR":
        return max(Fraction(0), -quantity * (MARK - limit))
    return max(Fraction(0), -quantity * (1 / limit - Fraction(1, MARK)) * MARK)


def subsets(orders: Sequence[Order]) -> Iterator[tuple[Order, ...]]:
    for side in (1.0, -1.0):
        mine = [o for o in orders if o.quantity * side > 0.0]
        for count in range(len(mine) + 1):
            yield from combinations(mine, count)


def worst(asked: Asked, market: str, held: float, orders: Sequence[Order]) -> Fraction:
    """Initial margin and losses after the worst of all fills."""
    return max(
        asked(market, Fraction(held) + sum(Fraction(o.quantity) for o in filled))
        + sum(lost(market, o) for o in filled)
        for filled in subsets(orders)
    )


def initial(venue: str, market: str, held: float, orders: Sequence[Order]) -> float:
    model, parameters, _ = VENUES[venue]
    positions = (Position(market=market, quantity=held, entry_price=MARK),) if held else ()
    account = Account(name="a", positions=positions, orders=tuple(orders))
    prepared = model.prepare(SNAPSHOT, parameters, INSTRUMENTS)
    return float(prepared.requirements(Book.from_accounts([account])).initial[0])


SIZES = {"LINEAR": st.integers(-30, 30), "INVERSE": st.integers(-3000, 3000)}
LIMITS = st.none() | st.integers(70, 140).map(float)


@st.composite
def orders(draw: st.DrawFn, market: str) -> list[Order]:
    return [
        Order(market=market, quantity=float(q), price=draw(LIMITS))
        for q in draw(st.lists(SIZES[market].filter(bool), max_size=5))
    ]


@pytest.mark.parametrize("market", list(INSTRUMENTS))
@pytest.mark.parametrize("venue", list(VENUES))
@FEW
@given(data=st.data())
def test_the_worst_of_all_fills_is_asked(venue: str, market: str, data: st.DataObject) -> None:
    held, given_orders = float(data.draw(SIZES[market])), data.draw(orders(market))
    expected = float(worst(VENUES[venue][2], market, held, given_orders))
    found = initial(venue, market, held, given_orders)
    if venue == "whole":  # orders are filled worst limit first: other subsets may free less
        asked = VENUES[venue][2]
        sides = [[o for o in given_orders if o.quantity * s > 0.0] for s in (1.0, -1.0)]
        filled = [asked(market, Fraction(held))] + [
            asked(market, Fraction(held) + sum(Fraction(o.quantity) for o in side))
            + sum(lost(market, o) for o in side)
            for side in sides
        ]
        assert float(max(filled)) - 1e-9 <= found <= expected + 1e-9
        return
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("market", list(INSTRUMENTS))
@pytest.mark.parametrize("venue", ["slices", "size"])
@FEW
@given(data=st.data())
def test_no_order_lowers_what_others_ask(venue: str, market: str, data: st.DataObject) -> None:
    held, given_orders = float(data.draw(SIZES[market])), data.draw(orders(market))
    more = [*given_orders, *data.draw(orders(market))]
    few = initial(venue, market, held, given_orders)
    assert initial(venue, market, held, more) >= few * (1 - 1e-12)


@FEW
@given(data=st.data(), others=st.integers(1, 4))
def test_company_changes_no_bit(data: st.DataObject, others: int) -> None:
    model, parameters, _ = VENUES["slices"]
    accounts = [
        Account(
            name=str(n),
            positions=(Position(market="LINEAR", quantity=1.5, entry_price=90.0),),
            orders=tuple(data.draw(orders("LINEAR")) + data.draw(orders("INVERSE"))),
        )
        for n in range(1 + others)
    ]
    prepared = model.prepare(SNAPSHOT, parameters, INSTRUMENTS)
    alone = prepared.requirements(Book.from_accounts(accounts[:1]))
    together = prepared.requirements(Book.from_accounts([*accounts[1:], accounts[0]]))
    for one, all_of in zip(alone.terms, together.terms, strict=False):
        assert one.initial[0] == all_of.initial[len(accounts) - 1], one.name


def test_a_limit_that_is_no_price_of_an_inverse_contract_is_a_reason() -> None:
    model, parameters, _ = VENUES["slices"]
    bad = Account(name="a", orders=(Order(market="INVERSE", quantity=-1.0, price=0.0),))
    found = model.prepare(SNAPSHOT, parameters, INSTRUMENTS).requirements(Book.from_accounts([bad]))
    assert np.isnan(found.initial[0])
    assert found.unit_reason is not None
    assert found.unit_reason[0] == MarginReason.NO_ORDER


@FEW
@given(data=st.data(), others=st.integers(1, 4))
def test_company_changes_no_bit_of_isolated_orders_under_vega(
    data: st.DataObject, others: int
) -> None:
    """Orders are added up to where they stop closing: each account on its own."""
    market = VegaMarket(
        volatility_annual=Decimal(1),
        tail_probability=Decimal("0.01"),
        horizon_years=Decimal("0.01"),
    )
    accounts = [
        Account(
            name=str(n),
            positions=(
                Position(
                    market="LINEAR",
                    quantity=1.3,
                    entry_price=90.0,
                    mode=MarginMode.ISOLATED,
                    isolated_margin=10.0,
                    leverage=3.0,
                ),
            ),
            orders=tuple(
                Order(market="LINEAR", quantity=q / 7.0, price=99.7)
                for q in data.draw(st.lists(SIZES["LINEAR"].filter(bool), min_size=1, max_size=4))
            ),
        )
        for n in range(1 + others)
    ]
    prepared = VegaMargin(pricing=PRICING).prepare(SNAPSHOT, {"LINEAR": market}, INSTRUMENTS)
    alone = prepared.requirements(Book.from_accounts(accounts[:1]))
    together = prepared.requirements(Book.from_accounts([*accounts[1:], accounts[0]]))
    assert alone.initial[0] == together.initial[len(accounts) - 1]
