"""Linked sizes, fills of orders, and explanations of position models, at their edges."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.contracts.linked_sizes import linked_contracts, linked_sizes
from plimsoll.margin.contracts.open_interest import OpenInterestCaps
from plimsoll.margin.contracts.order_fills import order_fills
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.tiered import TieredMargin
from plimsoll.margin.tiered.columns import TierMeasure

FLAT = TierTable(
    (
        Tier(
            cap_usd=None,
            maintenance_rate=Decimal("0.01"),
            initial_rate=Decimal("0.02"),
            max_leverage=Decimal(50),
        ),
    )
)
INSTRUMENTS: dict[str, Instrument] = {
    "L": Perpetual(
        pair=Pair(base="BTC", quote="USD"),
        settle="USD",
        payoff=Payoff.LINEAR,
        contract_size=Decimal(1),
    ),
    "I": Perpetual(
        pair=Pair(base="BTC", quote="USD"),
        settle="BTC",
        payoff=Payoff.INVERSE,
        contract_size=Decimal(100),
    ),
    "Q": Perpetual(
        pair=Pair(base="ETH", quote="USD"),
        settle="BTC",
        payoff=Payoff.QUANTO,
        contract_size=Decimal("0.0001"),
    ),
}
SNAPSHOT = MarketSnapshot(
    at_ns=0, quotes={m: Quote(mark=60_000.0, index=60_000.0) for m in INSTRUMENTS}
)
PRICING = CurrencyPricing(pricing_markets={"BTC": "I"})


def account(name: str, owner: str = "", **held: float) -> Account:
    positions = tuple(Position(market=m, quantity=q, entry_price=60_000.0) for m, q in held.items())
    return Account(name=name, owner=owner, positions=positions)


def test_accounts_of_their_own_are_not_linked() -> None:
    assert linked_sizes(Book.from_accounts([account("a", L=1.0)])) is None
    apart = Book.from_accounts([account("a", "x", L=1.0), account("b", "y", L=1.0)])
    assert linked_sizes(apart) is None
    assert linked_contracts(apart, None).tolist() == [0.0, 0.0]


def test_sides_and_markets_are_summed_apart() -> None:
    book = Book.from_accounts(
        [
            account("a", "x", L=1.0, I=5.0),
            account("b", "x", L=2.0, I=-7.0),
            account("c", "x", L=-4.0),
            account("d", L=100.0),
        ]
    )
    found = linked_contracts(book, linked_sizes(book))
    assert found.tolist() == [2.0, 0.0, 1.0, 0.0, 0.0, 0.0]


def test_what_rounding_leaves_of_a_sum_is_no_size() -> None:
    """0.1 + 0.2 - 0.3 is 5e-17: an owner whose other account holds nothing is alone."""
    book = Book.from_accounts([account("a", "x", L=0.1 + 0.2), account("b", "x", L=0.0)])
    found = linked_contracts(book, linked_sizes(book))
    assert found.tolist() == [0.0, 0.1 + 0.2]


def test_orders_net_one_position_and_leave_two_apart() -> None:
    orders = (
        Order(market="L", quantity=3.0, price=1.0),
        Order(market="L", quantity=1.0),
        Order(market="L", quantity=-2.0, price=2.0),
    )
    net = Account(
        name="net",
        positions=(Position(market="L", quantity=-5.0, entry_price=1.0),),
        orders=orders,
    )
    apart = Account(
        name="apart",
        positions=(
            Position(market="L", quantity=5.0, entry_price=1.0),
            Position(market="L", quantity=-6.0, entry_price=1.0),
        ),
        orders=orders,
    )
    fills = order_fills(Book.from_accounts([net, account("none", L=1.0), apart]))
    assert fills is not None
    assert fills.account.tolist() == [0, 2]
    assert (fills.bought.tolist(), fills.sold.tolist()) == ([4.0, 4.0], [2.0, 2.0])
    assert fills.bought_at_market.tolist() == [1.0, 1.0]
    assert [side.tolist() for side in fills.after_buys()] == [[-1.0, 9.0], [0.0, -6.0]]
    assert [side.tolist() for side in fills.after_sells()] == [[-7.0, -8.0], [0.0, 5.0]]
    assert order_fills(Book.from_accounts([account("none", L=1.0)])) is None


def test_hedges_and_linked_accounts_of_the_model_page() -> None:
    """The table of ``docs/models/tiers.md``: a linear against an inverse, ten accounts of one."""
    hedged = account("hedged", L=1.0, I=-600.0)
    ten = [account(f"part {i}", "x", L=1.0) for i in range(10)]
    prepared = TieredMargin(pricing=PRICING).prepare(SNAPSHOT, {"L": FLAT, "I": FLAT}, INSTRUMENTS)
    found = prepared.requirements(Book.from_accounts([hedged, account("ten", L=10.0), *ten]))
    assert found.maintenance[:2] == pytest.approx([1_200.0, 6_000.0])
    assert found.initial[:2] == pytest.approx([2_400.0, 12_000.0])
    assert float(np.sum(found.maintenance[2:])) == pytest.approx(6_000.0)


def test_units_are_explained_by_term_and_position() -> None:
    isolated = Position(
        market="I",
        quantity=-600.0,
        entry_price=60_000.0,
        mode=MarginMode.ISOLATED,
        isolated_margin=0.5,
    )
    whole = Account(
        name="a",
        positions=(Position(market="L", quantity=1.0, entry_price=59_000.0), isolated),
        collateral={"USD": 100.0},
        orders=(Order(market="L", quantity=1.0, price=1.0),),
    )
    prepared = TieredMargin(pricing=PRICING).prepare(SNAPSHOT, {"L": FLAT, "I": FLAT}, INSTRUMENTS)
    cross, alone = prepared.requirements(Book.from_accounts([whole])).explanations("a")
    assert [(t.name, t.initial, t.maintenance) for t in cross.terms] == [
        ("positions", 1_200.0, 600.0),
        ("open_orders", 1_200.0, 0.0),
        ("open_loss", 0.0, 0.0),
    ]
    assert (cross.unit, cross.equity, cross.initial) == ("cross", 1_100.0, 2_400.0)
    assert [(c.market, c.contribution) for c in cross.contributions] == [("L", 600.0)]
    assert cross.binding == "L: tier 1, 60,000 USD"
    assert (alone.unit, alone.maintenance) == ("isolated I", pytest.approx(600.0))


def test_no_coins_of_a_quanto_and_no_caps_upside_down() -> None:
    model = TieredMargin(pricing=PRICING, measure={"Q": TierMeasure.COINS})
    with pytest.raises(UsageError, match="measure of Q"):
        model.prepare(SNAPSHOT, {"Q": FLAT}, INSTRUMENTS)
    with pytest.raises(ParameterError, match="lower <= upper"):
        OpenInterestCaps(lower_usd=Decimal(2), upper_usd=Decimal(1))
    assert OpenInterestCaps(lower_usd=Decimal(2), upper_usd=Decimal(0)).share(float("nan")) == 0.0


def test_collateral_without_a_price_is_a_reason_of_the_unit() -> None:
    held = Account(name="a", collateral={"BTC": 1.0})
    quotes = {**SNAPSHOT.quotes, "I": Quote(mark=1.0, index=float("nan"))}
    snapshot = MarketSnapshot(at_ns=0, quotes=quotes)
    prepared = TieredMargin(pricing=PRICING).prepare(snapshot, {"L": FLAT}, INSTRUMENTS)
    found = prepared.requirements(Book.from_accounts([held]))
    assert found.unit_reason is not None
    assert found.unit_reason.tolist() == [16]
    assert found.unknown.tolist() == [True]
