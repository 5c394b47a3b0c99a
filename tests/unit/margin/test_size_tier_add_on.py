"""Size tiers beside a model: what the tier model asks as maintenance, and reasons of its own."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from add_on_books import INSTRUMENTS, PRICING, TABLES, account, book, position, snapshot, tiers
from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.margin import TieredMargin
from plimsoll.margin.add_ons import Charged, SizeTierAddOn, WithAddOns

STEPS = tiers(("1000", "0.01"), ("5000", "0.02"), ("20000", "0.05"))
EVERY = dict.fromkeys(TABLES, STEPS)


def beside(held: Book, add_on: SizeTierAddOn) -> Requirements:
    model = WithAddOns(model=TieredMargin(pricing=PRICING), pricing=PRICING, add_ons=(add_on,))
    return model.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(held)


def tiered(held: Book) -> Requirements:
    model = TieredMargin(pricing=PRICING)
    return model.prepare(snapshot(), EVERY, INSTRUMENTS).requirements(held)


def test_it_asks_what_the_tier_model_asks_as_maintenance() -> None:
    sizes = np.random.default_rng(5).normal(size=len(TABLES)) * 40.0
    alone = account(dict(zip(TABLES, sizes.tolist(), strict=True)))
    isolated = Account(
        name="b",
        positions=(position("PERP", 30.0), position("ETH", -200.0, isolated_margin=50.0)),
    )
    owned = [
        Account(name=n, positions=(position("PERP", q),), owner="o")
        for n, q in (("x", 20.0), ("y", 50.0))
    ]
    held = book(alone, isolated, *owned)
    found = beside(held, SizeTierAddOn(tables=EVERY))
    # Inverse contracts too: their tiers count dollars, and a coin is worth its mark here.
    assert found.terms[-1].maintenance == pytest.approx(tiered(held).maintenance, rel=1e-13)
    assert found.terms[-1].initial.tolist() == found.terms[-1].maintenance.tolist()


def test_by_hand() -> None:
    # 30 at 100 in the second tier: 3,000 x 0.02 - 10
    found = beside(book(account({"PERP": -30})), SizeTierAddOn(tables=EVERY))
    assert found.terms[-1].maintenance.tolist() == pytest.approx([50.0], rel=1e-14)


def test_new_risk_only() -> None:
    add_on = SizeTierAddOn(tables=EVERY, charged=Charged.INITIAL)
    term = beside(book(account({"PERP": 30})), add_on).terms[-1]
    assert (term.initial.tolist(), term.maintenance.tolist()) == ([50.0], [0.0])


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"PERP": 201.0}, MarginReason.BEYOND_LAST_TIER),
        ({"ETH": 1.0, "PERP": 200.0}, MarginReason.NO_TIERS),
    ],
)
def test_what_has_no_number_has_a_reason(held: dict[str, float], reason: MarginReason) -> None:
    good = account({"PERP": 30}, name="good")
    add_on = SizeTierAddOn(tables={"PERP": STEPS})
    found = beside(book(good, account(held, name="bad")), add_on)
    assert reason in found.parts.reason
    assert found.unknown.tolist() == [False, True]
    assert found.terms[-1].maintenance[0] == pytest.approx(50.0)


def test_an_owner_of_unknown_size_has_a_reason_in_all_of_his_accounts() -> None:
    accounts = [
        Account(name=n, positions=(position("PERP", q),), owner="o")
        for n, q in (("x", 20.0), ("y", float("nan")))
    ]
    found = beside(book(*accounts, account({"PERP": 30})), SizeTierAddOn(tables=EVERY))
    assert found.unknown.tolist() == [True, True, False]


def test_caps_are_in_dollars_whatever_the_numeraire() -> None:
    in_coin = type(PRICING)(numeraire="BTC", pricing_markets=PRICING.pricing_markets)
    add_on = SizeTierAddOn(tables=EVERY)
    model = WithAddOns(model=TieredMargin(pricing=in_coin), pricing=in_coin, add_ons=(add_on,))
    prepared = model.prepare(snapshot(), TABLES, INSTRUMENTS)
    found = prepared.requirements(book(account({"PERP": 30})))
    assert float(found.terms[-1].maintenance[0]) * 100.0 == pytest.approx(50.0, rel=1e-13)
    assert STEPS.tiers[0].cap_usd == Decimal(1000)
