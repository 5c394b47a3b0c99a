"""Modes side by side equal, bit for bit, each model alone on what it margins.

The oracle takes accounts apart as objects: cross accounts as they are, portfolio accounts without
their isolated positions, and isolated positions in accounts that hold nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deribit_accounts import MARKS, PARAMETERS, PRICING, instruments, segregated, snapshot
from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.requirement import Requirements, total_of
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit import DeribitStandardMargin, DeribitStandardPair
from plimsoll.margin.modes import ModedMargin

IN_COIN = CurrencyPricing(numeraire="BTC", pricing_markets=PRICING)
OPTIONS = [f"BTC-28JUN24-{k}-{r}" for k in (50_000, 65_000, 80_000) for r in "CP"]
CROSS = ["BTC-PERPETUAL", "BTC-28JUN24", *OPTIONS, "NOBODY"]
ASIDE = ["BTC-27SEP24", "ETH-PERPETUAL"]


def rates(slope: str) -> dict[str, DeribitStandardPair]:
    own = DeribitStandardPair(
        future_initial_rate=Decimal("0.02"),
        future_initial_slope=Decimal(slope),
        future_maintenance_rate=Decimal("0.01"),
        future_maintenance_slope=Decimal(slope),
    )
    return {"BTC_USD": own, "ETH_USD": own}


STANDARD = DeribitStandardMargin(pricing=IN_COIN)
MODELS: dict[str, tuple[Any, Any]] = {
    "cross": (STANDARD, rates("0.00005")),
    "portfolio": (segregated("BTC"), PARAMETERS),
    "isolated": (STANDARD, rates("0.001")),
}
ALONE = {
    name: model.prepare(snapshot(), parameters, instruments())
    for name, (model, parameters) in MODELS.items()
}
MODED = {
    separate: ModedMargin(
        cross=STANDARD, portfolio=MODELS["portfolio"][0], isolated=STANDARD if separate else None
    ).prepare(
        snapshot(),
        {name: p for name, (_, p) in MODELS.items() if separate or name != "isolated"},
        instruments(),
    )
    for separate in (False, True)
}
QUANTITIES = st.floats(-500, 500).filter(lambda q: abs(q) > 1e-3) | st.just(float("nan"))


def position(market: str, quantity: float, entry: float, aside: float | None) -> Position:
    return Position(
        market=market,
        quantity=quantity,
        entry_price=entry,
        mode=MarginMode.CROSS if aside is None else MarginMode.ISOLATED,
        isolated_margin=aside,
        funding=0.001,
    )


@st.composite
def accounts(draw: st.DrawFn, name: str, portfolio: bool, owner: str) -> Account:
    cross = draw(st.lists(st.sampled_from(CROSS), unique=True, max_size=3))
    aside = draw(st.lists(st.sampled_from(ASIDE), unique=True, max_size=2))
    entry = st.sampled_from([0.9, 1.0, 1.2])
    rows = [(m, None) for m in cross] + [(m, draw(st.floats(0, 2))) for m in aside]
    ordered = draw(st.lists(st.sampled_from(["BTC-PERPETUAL", OPTIONS[0]]), max_size=2))
    return Account(
        name=name,
        positions=tuple(
            position(m, draw(QUANTITIES), draw(entry) * MARKS.get(m, 0.1), margin)
            for m, margin in draw(st.permutations(rows))
        ),
        collateral={"BTC": draw(st.floats(-1, 5))},
        orders=tuple(Order(market=m, quantity=float(draw(st.integers(1, 50)))) for m in ordered),
        owner=owner,
        portfolio=portfolio,
    )


@st.composite
def listed(draw: st.DrawFn) -> tuple[Account, ...]:
    """Up to five accounts; an owner's are all of one mode."""
    found = []
    for row in range(draw(st.integers(0, 5))):
        portfolio = draw(st.booleans())
        owner = draw(st.sampled_from(["", "p" if portfolio else "c"]))
        found.append(draw(accounts(f"a{row}", portfolio, owner)))
    return tuple(found)


def isolated_only(account: Account) -> Account:
    aside = tuple(p for p in account.positions if p.isolated_margin is not None)
    return replace(account, positions=aside, collateral={}, orders=())


def pool_only(account: Account) -> Account:
    kept = tuple(p for p in account.positions if p.isolated_margin is None)
    return replace(account, positions=kept)


def units(found: Requirements, account: str) -> list[int]:
    return [int(u) for u in found.units_of(account)]


def same(
    whole: Requirements, alone: Requirements, account: str, *, pool: bool, aside: bool
) -> None:
    mine, theirs = units(whole, account), units(alone, account)
    wanted = [0] * pool + list(range(1, len(theirs))) * aside
    for k in wanted:
        one, other = mine[k], theirs[k]
        for column in ("initial", "maintenance", "unrealised", "collateral", "equity"):
            left, right = getattr(whole, column)[one], getattr(alone, column)[other]
            assert np.array_equal(left, right, equal_nan=True), (account, column)
        assert whole.unit_reason is not None
        assert alone.unit_reason is not None
        assert whole.unit_reason[one] == alone.unit_reason[other]
        if not np.isnan(alone.initial[other]):
            explained = whole.unit_explainer.explanation(one)  # type: ignore[union-attr]
            direct = alone.unit_explainer.explanation(other)  # type: ignore[union-attr]
            assert explained.terms == direct.terms
            assert explained.contributions == direct.contributions


def solve(name: str, chosen: Sequence[Account]) -> Requirements:
    found: Requirements = ALONE[name].requirements(Book.from_accounts(chosen))
    return found


def check(whole: Requirements, chosen: Sequence[Account], separate: bool) -> None:
    cross = [a for a in chosen if not a.portfolio]
    under = [a for a in chosen if a.portfolio]
    first = [pool_only(a) for a in cross] if separate else cross
    sets = [
        ("cross", first, True, not separate),
        ("portfolio", [pool_only(a) for a in under], True, False),
    ]
    if separate:
        sets.append(("isolated", [isolated_only(a) for a in chosen], False, True))
    else:  # isolated positions of portfolio accounts stand beside the cross accounts
        beside = [isolated_only(a) if a.portfolio else a for a in chosen]
        sets.append(("cross", beside, False, True))
    for name, members, pool, aside in sets:
        alone = solve(name, members)
        for account in members:
            same(whole, alone, account.name, pool=pool, aside=aside)


@given(listed(), st.booleans())
@settings(max_examples=80)
def test_modes_are_each_model_alone(chosen: tuple[Account, ...], separate: bool) -> None:
    whole = MODED[separate].requirements(Book.from_accounts(chosen))
    check(whole, chosen, separate)


@given(listed(), st.booleans())
@settings(max_examples=60)
def test_terms_add_up_to_the_bit(chosen: tuple[Account, ...], separate: bool) -> None:
    found = MODED[separate].requirements(Book.from_accounts(chosen))
    total = total_of(found.terms, len(found))
    known = ~np.isnan(found.initial)
    for column, summed in zip((found.initial, found.maintenance), total, strict=True):
        assert np.array_equal(column[known], summed[known])
        assert not np.isnan(summed[known]).any()
    assert len({term.name for term in found.terms}) == len(found.terms)


@given(listed(), st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_order_of_accounts_does_not_matter(
    chosen: tuple[Account, ...], separate: bool, shuffle: Any
) -> None:
    turned = list(chosen)
    shuffle.shuffle(turned)
    one = MODED[separate].requirements(Book.from_accounts(chosen))
    other = MODED[separate].requirements(Book.from_accounts(turned))
    for account in chosen:
        mine, theirs = units(one, account.name), units(other, account.name)
        assert one.maintenance[mine] == pytest.approx(
            other.maintenance[theirs], rel=1e-12, nan_ok=True
        )


@given(listed())
@settings(max_examples=30)
def test_explained_positions_carry_their_models_columns(chosen: tuple[Account, ...]) -> None:
    found = MODED[False].requirements(Book.from_accounts(chosen))
    for account in chosen:
        table = found.explain(account.name)
        markets = [row[1] for row in table.rows]
        held = [p.market for p in account.positions]
        assert markets[: len(held)] == held
        assert len({column.name for column in table.columns}) == len(table.columns)
