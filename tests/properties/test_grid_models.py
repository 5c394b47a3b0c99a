"""What holds for every book under the portfolio margins of Deribit and Paradex."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deribit_accounts as deribit
import paradex_accounts as paradex
from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit.portfolio_prepared import PreparedPortfolio
from plimsoll.margin.paradex import ParadexPortfolioMargin
from plimsoll.margin.paradex.model import PreparedParadex

Prepared = PreparedPortfolio | PreparedParadex
OPTIONS = [f"BTC-28JUN24-{k}-{r}" for k in (50_000, 65_000, 80_000, 200_000) for r in "CP"]
MARKETS = {
    "S:PM": ["BTC-PERPETUAL", "BTC-28JUN24", "BTC-27SEP24", "BTC-27SEP24-60000-P", *OPTIONS],
    "X:PM": ["BTC-PERPETUAL", "ETH-PERPETUAL", "SOL_USDC-PERPETUAL", *OPTIONS],
    "Paradex": list(paradex.instruments()),
}


def prepared(name: str, **more: object) -> Prepared:
    if name == "Paradex":
        parameters = {base: paradex.underlying() for base in paradex.SPOT}
        snapshot = paradex.snapshot(funding=1e-4)
        return ParadexPortfolioMargin().prepare(snapshot, parameters, paradex.instruments())
    model = deribit.segregated("BTC", **more) if name == "S:PM" else deribit.cross(**more)
    return model.prepare(deribit.snapshot(), deribit.PARAMETERS, deribit.instruments())


PREPARED = {name: prepared(name, worst_case_decimals=None) for name in MARKETS}
SCALE = {"S:PM": 1.0, "X:PM": 65_000.0, "Paradex": 80_000.0}
names = st.sampled_from(sorted(MARKETS))


@st.composite
def held(draw: st.DrawFn, name: str) -> dict[str, float]:
    chosen = draw(st.lists(st.sampled_from(MARKETS[name]), max_size=6, unique=True))
    quantity = st.floats(-200, 200).filter(lambda q: abs(q) > 1e-3)
    return {market: draw(quantity) for market in chosen}


def account(name: str, who: str, positions: dict[str, float]) -> Account:
    if name == "Paradex":
        return paradex.account(who, positions, {"USD": 1e5})
    return deribit.account(who, positions, {"BTC": 3.0})


def solve(name: str, *accounts: Account) -> Requirements:
    return PREPARED[name].requirements(Book.from_accounts(accounts))


@given(st.data(), names)
@settings(max_examples=120)
def test_initial_covers_maintenance_and_neither_is_negative(data: st.DataObject, name: str) -> None:
    found = solve(name, account(name, "a", data.draw(held(name))))
    assert not found.unknown[0]
    assert found.initial[0] >= found.maintenance[0] >= 0.0
    for term in found.terms:
        assert term.initial[0] >= 0.0
        assert term.maintenance[0] >= 0.0


@given(st.data(), names)
@settings(max_examples=60)
def test_order_of_accounts_and_positions_does_not_matter(data: st.DataObject, name: str) -> None:
    one, two = data.draw(held(name)), data.draw(held(name))
    first, second = account(name, "a", one), account(name, "b", two)
    found = solve(name, first, second)
    turned = replace(first, positions=first.positions[::-1])
    again = solve(name, second, turned)
    tolerance = 1e-12 * SCALE[name] * 200
    for column in ("initial", "maintenance", "equity"):
        assert getattr(found, column) == pytest.approx(
            getattr(again, column)[::-1], rel=1e-12, abs=tolerance
        )


@given(st.data(), names)
@settings(max_examples=60)
def test_parts_and_shares_add_up(data: st.DataObject, name: str) -> None:
    found = solve(name, account(name, "a", data.draw(held(name))))
    unit = found.explanations("a")[0]
    initial = maintenance = shared = 0.0
    for term in unit.terms:
        initial, maintenance = initial + term.initial, maintenance + term.maintenance
    assert (initial, maintenance) == (found.initial[0], found.maintenance[0])
    for part in unit.contributions:
        shared += part.contribution
    loss = unit.terms[0].maintenance
    largest = sum((abs(c.contribution) for c in unit.contributions), 0.0)
    assert shared == pytest.approx(loss, rel=0, abs=1e-15 * largest)
    worst = sum(max(s.losses.max(), 0.0) for s in unit.scenarios)
    assert worst == pytest.approx(unit.terms[0].initial, rel=1e-12, abs=1e-12 * SCALE[name])


@given(st.data(), st.sampled_from(["S:PM", "X:PM"]))
@settings(max_examples=40)
def test_more_scenarios_never_lower_the_margin(data: st.DataObject, name: str) -> None:
    positions = data.draw(held(name))
    fewer = prepared(name, worst_case_decimals=None, extended_moves=(0.5, 2.0))
    some = fewer.requirements(Book.from_accounts([account(name, "a", positions)]))
    every = solve(name, account(name, "a", positions))
    assert every.initial[0] >= some.initial[0] - 1e-12 * SCALE[name]


@given(st.data())
@settings(max_examples=80)
def test_paradex_asks_no_more_of_a_whole_than_of_its_parts(data: st.DataObject) -> None:
    one, two = data.draw(held("Paradex")), data.draw(held("Paradex"))
    both = {m: one.get(m, 0.0) + two.get(m, 0.0) for m in {**one, **two}}
    found = solve(
        "Paradex",
        account("Paradex", "both", both),
        account("Paradex", "one", one),
        account("Paradex", "two", two),
    )
    for column in (found.initial, found.maintenance):
        assert column[0] <= (column[1] + column[2]) * (1 + 1e-12) + 1e-7


@given(st.data(), st.floats(0.01, 50.0))
@settings(max_examples=60)
def test_paradex_is_proportional_to_size(data: st.DataObject, times: float) -> None:
    positions = data.draw(held("Paradex"))
    larger = {market: quantity * times for market, quantity in positions.items()}
    found = solve("Paradex", account("Paradex", "a", positions), account("Paradex", "b", larger))
    assert found.initial[1] == pytest.approx(times * found.initial[0], rel=1e-9, abs=1e-6)


@given(st.data())
@settings(max_examples=40)
def test_the_unit_of_the_currency_does_not_matter(data: st.DataObject) -> None:
    """In a coin of half a dollar everything is twice as many."""
    positions = data.draw(held("Paradex"))
    snapshot = replace(paradex.snapshot(funding=1e-4), stable_price_usd={"HALF": 0.5})
    model = ParadexPortfolioMargin(pricing=CurrencyPricing(numeraire="HALF"))
    parameters = {base: paradex.underlying() for base in paradex.SPOT}
    other = model.prepare(snapshot, parameters, paradex.instruments())
    mine = account("Paradex", "a", positions)
    halves = other.requirements(Book.from_accounts([mine]))
    dollars = solve("Paradex", mine)
    for column in ("initial", "maintenance", "equity"):
        assert getattr(halves, column)[0] == pytest.approx(
            2 * getattr(dollars, column)[0], rel=1e-12, abs=1e-6
        )


@given(st.floats(0.001, 300.0), st.sampled_from([1.0, -1.0]))
@settings(max_examples=40)
def test_a_lone_future_asks_more_the_larger_it_is(size: float, sign: float) -> None:
    q = sign * deribit.coins("BTC-PERPETUAL", size)
    for name in ("S:PM", "X:PM"):
        found = PREPARED[name].requirements(
            Book.from_accounts(
                deribit.account(who, {"BTC-PERPETUAL": times * q})
                for who, times in (("a", 1.0), ("b", 1.01))
            )
        )
        assert found.initial[1] > found.initial[0]
        assert found.maintenance[1] > found.maintenance[0]


@given(st.data())
@settings(max_examples=40)
def test_a_book_of_many_is_each_account_alone(data: st.DataObject) -> None:
    books = [data.draw(held("X:PM")) for _ in range(4)]
    accounts = [account("X:PM", str(n), positions) for n, positions in enumerate(books)]
    together = solve("X:PM", *accounts)
    for n, one in enumerate(accounts):
        alone = solve("X:PM", one)
        assert np.array_equal(together.initial[n], alone.initial[0])
        assert np.array_equal(together.maintenance[n], alone.maintenance[0])
