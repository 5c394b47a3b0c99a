"""What holds for every funding provision, and for equity by currency under any model."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from add_on_books import INSTRUMENTS, PRICING, QUOTES, TABLES, position, snapshot
from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.domain.requirement import Requirements
from plimsoll.margin import TieredMargin
from plimsoll.margin.add_ons import WithAddOns
from plimsoll.margin.funding_provision import FundingParameters, FundingProvision
from plimsoll.margin.net_equity import CurrencyWeights, WithNetEquity

PERPETUALS = ["PERP", "PERPC", "ETH", "COIN"]
RATES = st.integers(-10_000, 10_000).map(lambda r: r / 1e6)
MONEY = st.integers(-(10**6), 10**6).map(float)
MODEL = TieredMargin(pricing=PRICING)


@st.composite
def held(draw: st.DrawFn) -> Account:
    markets = draw(st.lists(st.sampled_from(PERPETUALS), unique=True, max_size=4))
    quantity = st.integers(-1000, 1000).map(float)
    entry = st.sampled_from([0.8, 1.0, 1.25])
    return Account(
        name="a",
        positions=tuple(position(m, draw(quantity), draw(entry) * QUOTES[m].mark) for m in markets),
        collateral={
            c: draw(MONEY) for c in draw(st.sets(st.sampled_from(["USDT", "USDC", "BTC"])))
        },
    )


def turned(account: Account) -> Account:
    flipped = tuple(replace(p, quantity=-p.quantity) for p in account.positions)
    return replace(account, positions=flipped)


def provision(account: Account, rates: dict[str, float], hours: int = 8) -> float:
    own = FundingParameters(horizon_hours=Decimal(hours), rate_cap=Decimal("0.005"))
    add_on = FundingProvision(parameters={"BTC": own, "ETH": own})
    at = snapshot({m: {"funding_rate": r} for m, r in rates.items()})
    model = WithAddOns(model=MODEL, pricing=PRICING, add_ons=[add_on])
    found = model.prepare(at, TABLES, INSTRUMENTS).requirements(Book.from_accounts([account]))
    return float(found.terms[-1].maintenance[0])


rate_sets = st.fixed_dictionaries(dict.fromkeys(PERPETUALS, RATES))


@given(held(), rate_sets)
@settings(max_examples=60)
def test_one_side_pays_what_the_other_would(account: Account, rates: dict[str, float]) -> None:
    """Both sides together pay every clamped rate once; neither is ever paid."""
    long, short = provision(account, rates), provision(turned(account), rates)
    gross = 0.0
    for p in account.positions:
        coins = 100.0 / 100.0 if p.market == "COIN" else 1.0
        worth = abs(p.quantity) * coins * QUOTES[p.market].mark
        gross += worth * min(abs(rates[p.market]), 0.005)
    assert min(long, short) >= 0.0
    assert long + short == pytest.approx(gross, rel=1e-12, abs=1e-9)


@given(held(), rate_sets, st.integers(0, 168))
@settings(max_examples=40)
def test_provisions_grow_with_the_horizon(
    account: Account, rates: dict[str, float], hours: int
) -> None:
    expected = provision(account, rates) * hours / 8
    assert provision(account, rates, hours) == pytest.approx(expected, rel=1e-12, abs=1e-9)


WEIGHTS = {c: CurrencyWeights() for c in ("USDT", "USDC", "BTC")}


def by_currency(account: Account, **rules: Any) -> Requirements:
    model = WithNetEquity(model=MODEL, pricing=PRICING, **({"weights": WEIGHTS} | rules))
    prepared = model.prepare(snapshot(), TABLES, INSTRUMENTS)
    return prepared.requirements(Book.from_accounts([account]))


@given(held())
@settings(max_examples=60)
def test_the_stricter_the_rule_the_less_equity(account: Account) -> None:
    plain = MODEL.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(
        Book.from_accounts([account])
    )
    found = [
        float(by_currency(account, unrealised=rule, netting=netting).equity[0])
        for rule, netting in (
            ("full", "currency"),
            ("gains_haircut", "currency"),
            ("gains_haircut", "position"),
            ("losses_only", "position"),
        )
    ]
    ladder = [float(plain.equity[0]), *found]
    slack = 1e-9 * (1.0 + np.abs(ladder).max())
    assert all(low <= high + slack for high, low in pairwise(ladder))


@given(held())
@settings(max_examples=60)
def test_weights_of_one_change_nothing(account: Account) -> None:
    neutral = CurrencyWeights(liability_weight=Decimal(1), gain_weight=Decimal(1))
    found = by_currency(
        account, weights=dict.fromkeys(WEIGHTS, neutral), unrealised="gains_haircut"
    )
    plain = MODEL.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(
        Book.from_accounts([account])
    )
    assert np.array_equal(found.equity, plain.equity)
    assert np.array_equal(found.maintenance, plain.maintenance)


@given(held())
@settings(max_examples=60)
def test_equity_is_the_sum_of_weighted_balances(account: Account) -> None:
    """Written out by currency: what is owed counts 1.05."""
    price = {"USDT": 1.0, "USDC": 1.0, "BTC": 100.0}
    balance = {c: account.collateral.get(c, 0.0) * price[c] for c in price}
    for p in account.positions:
        mark = QUOTES[p.market].mark
        if p.market == "COIN":
            balance["BTC"] += p.quantity * 100.0 * (1 / p.entry_price - 1 / mark) * 100.0
        else:
            settle = "USDC" if p.market == "PERPC" else "USDT"
            balance[settle] += p.quantity * (mark - p.entry_price)
    expected = sum(b if b >= 0.0 else 1.05 * b for b in balance.values())
    gross = sum(abs(b) for b in balance.values()) + 1e8
    assert float(by_currency(account).equity[0]) == pytest.approx(
        expected, rel=0, abs=1e-13 * gross
    )
