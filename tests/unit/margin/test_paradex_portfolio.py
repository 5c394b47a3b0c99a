"""Paradex's portfolio margin on books: reasons, hedges, explanations."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from paradex_accounts import AT, SPOT, account, instruments, margin, snapshot, underlying
from plimsoll.domain.account import Account, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Option, Pair, Payoff, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.parameters import parameter_set
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import to_parameters
from plimsoll.margin.paradex import ParadexPortfolioMargin, ParadexUnderlying

PERP, CALL, PUT = "BTC-PERP", "BTC-W-100-C", "BTC-W-100-P"


def reasons(found: object) -> list[str]:
    return [MarginReason(int(r)).name for r in found.parts.reason]  # type: ignore[attr-defined]


def test_one_bad_position_never_sinks_the_book() -> None:
    held = instruments()
    inverse = Perpetual(
        pair=held[PERP].pair,
        settle="BTC",
        payoff=Payoff.INVERSE,
        contract_size=held[PERP].required_contract_size(),
    )
    option = held[CALL]
    assert isinstance(option, Option)
    old = replace(option, expiry_ns=10**18)
    snap = snapshot()
    quotes = {
        **snap.quotes,
        "INV": Quote(mark=80_000.0, index=80_000.0),
        "OLD": Quote(mark=1.0, index=80_000.0, implied_vol_annual=0.5),
        PUT: Quote(mark=float("nan"), index=80_000.0, implied_vol_annual=0.5),
        "BTC-M-100-C": Quote(mark=1.0, index=80_000.0),
    }
    prepared = ParadexPortfolioMargin(
        pricing=replace(ParadexPortfolioMargin().pricing, pricing_markets={"BTC": PERP})
    ).prepare(
        replace(snap, quotes=quotes),
        {"BTC": underlying()},
        {**held, "INV": inverse, "OLD": old},
    )
    bad = ["NEW", "INV", "OLD", PUT, "BTC-M-100-C", "ETH-PERP"]
    prices = {**SPOT, "NEW": 1.0, "INV": 1.0, "OLD": 1.0}
    accounts = [
        replace(account(m, {PERP: 1.0}), positions=(*account("x", {PERP: 1.0}).positions,))
        for m in bad
    ]
    accounts = [
        replace(
            a,
            positions=(
                *a.positions,
                replace(a.positions[0], market=m, entry_price=prices.get(m, 1.0)),
            ),
        )
        for a, m in zip(accounts, bad, strict=True)
    ]
    found = prepared.requirements(Book.from_accounts([account("good", {PERP: 1.0}), *accounts]))
    expected = [
        "UNKNOWN_INSTRUMENT",
        "NOT_MARGINED",
        "EXPIRED",
        "NO_MARK",
        "NO_VOLATILITY",
        "NO_PARAMETERS",
    ]
    assert reasons(found) == ["NONE", *(r for e in expected for r in ("NONE", e))]
    assert found.unknown.tolist() == [False, *[True] * 6]
    assert found.initial[0] == pytest.approx(12_824.0)


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_funding_rate_that_is_no_number_is_a_reason(rate: float) -> None:
    at = snapshot()
    quotes = {**at.quotes, PERP: replace(at.quotes[PERP], funding_rate=rate)}
    prepared = ParadexPortfolioMargin().prepare(
        replace(at, quotes=quotes), {"BTC": underlying()}, instruments()
    )
    book = Book.from_accounts([account("a", {PERP: 1.0}), account("b", {"BTC-W-80-C": 1.0})])
    found = prepared.requirements(book)
    assert reasons(found) == ["NO_FUNDING", "NONE"]
    assert found.unknown.tolist() == [True, False]


def test_an_order_in_an_unknown_market_is_a_reason() -> None:
    found = margin(
        account("a", {PERP: 1.0}, orders=(Order(market="NEW", quantity=1.0),)),
        account("b", {PERP: 1.0}),
    )
    assert found.unknown.tolist() == [True, False]
    assert found.unit_reason is not None
    assert found.unit_reason.tolist() == [MarginReason.UNKNOWN_INSTRUMENT, 0]


HEDGED = {
    "delta-hedged call": ({CALL: -10.0}, {PERP: 5.1}),
    "calendar": ({CALL: -10.0}, {"BTC-M-100-C": 10.0}),
    "box": (
        {"BTC-W-80-C": 10.0, "BTC-W-80-P": -10.0},
        {"BTC-W-120-C": -10.0, "BTC-W-120-P": 10.0},
    ),
    "synthetic against perpetual": ({CALL: 10.0, PUT: -10.0}, {PERP: -10.0}),
}


@pytest.mark.parametrize("name", list(HEDGED))
def test_hedged_books_cost_something_and_less_than_their_legs(name: str) -> None:
    """Stated in ``docs/models/paradex.md``."""
    first, second = HEDGED[name]
    found = margin(
        account("both", {**first, **second}), account("first", first), account("second", second)
    )
    both, legs = found.initial[0], found.initial[1] + found.initial[2]
    assert 0.02 * legs < both < 0.75 * legs


def test_parts_and_shares_add_up() -> None:
    held = {CALL: -3.0, PUT: 1.0, PERP: 0.7, "ETH-PERP": -40.0, "ETH-M-120-C": 20.0}
    found = margin(account("a", held, {"USD": 1e5}), funding=1e-4)
    unit = found.explanations("a")[0]
    assert {s.risk_unit for s in unit.scenarios} == {"BTC", "ETH"}
    total = maintenance = 0.0
    for share in unit.contributions:
        total += share.contribution
    for term in unit.terms:
        maintenance += term.maintenance
    assert total == unit.terms[0].maintenance
    assert maintenance == found.maintenance[0] == unit.maintenance
    assert [c.market for c in unit.contributions] == list(held)
    losses = {s.risk_unit: s.losses.max() for s in unit.scenarios}
    assert unit.terms[0].initial == pytest.approx(sum(losses.values()))


def test_equity_counts_options_at_their_marks() -> None:
    found = margin(account("a", {CALL: -2.0}, {"USD": 10_000.0}))
    mark = snapshot().quotes[CALL].mark
    assert found.equity[0] == pytest.approx(10_000.0 - 2 * mark)


def test_a_mark_off_the_model_is_part_of_the_loss() -> None:
    """The venue measures scenarios from the mark: what the mark is too high is lost at once."""
    snap = snapshot()
    raised = replace(snap.quotes[CALL], mark=snap.quotes[CALL].mark + 100.0)
    given = [snap, replace(snap, quotes={**snap.quotes, CALL: raised})]
    book = Book.from_accounts([account("a", {CALL: 1.0})])
    model, parameters = ParadexPortfolioMargin(), {"BTC": underlying()}
    found = [model.prepare(s, parameters, instruments()).requirements(book) for s in given]
    scans = [f.terms[0].initial[0] for f in found]
    assert scans[1] - scans[0] == pytest.approx(100.0)


def test_parameters_come_from_a_set_and_are_bounded() -> None:
    given = parameter_set(
        venue="paradex",
        valid_from="2026-01-01T00:00:00Z",
        parameters=to_parameters(underlying(), "BTC", owner="risk"),
        seed=0,
        data_digest="",
        problem_digest="",
        code_version="",
        label="",
    )
    book = Book.from_accounts([account("a", {PERP: 1.0, CALL: -1.0})])
    model = ParadexPortfolioMargin()
    one = model.prepare(snapshot(), given, instruments()).requirements(book)
    two = model.prepare(snapshot(), {"BTC": underlying()}, instruments()).requirements(book)
    assert np.array_equal(one.initial, two.initial)
    with pytest.raises(ParameterError, match="maintenance_factor"):
        underlying(maintenance_factor="0.05")


def test_two_tokens_of_one_ticker_are_two_underlyings() -> None:
    """Neither shares the other's parameters, and a long of one does not offset a short of another.

    At 2 dollars and a range of 16 %: 1,000 lose 320, which the tails do not exceed.
    """
    first, second = (
        Perpetual(
            pair=Pair(base="LUNA", quote="USD", generation=generation),
            settle="USD",
            payoff=Payoff.LINEAR,
            contract_size=Decimal(1),
        )
        for generation in (1, 2)
    )
    held: dict[str, Instrument] = {"OLD": first, "NEW": second}
    quotes = {m: Quote(mark=2.0, index=2.0, funding_rate=0.0) for m in held}
    market = MarketSnapshot(at_ns=AT, quotes=quotes)
    positions = (
        Position(market="OLD", quantity=1000.0, entry_price=2.0),
        Position(market="NEW", quantity=-1000.0, entry_price=2.0),
    )
    books = Book.from_accounts([Account(name="a", positions=positions)])

    def of(parameters: dict[str, ParadexUnderlying]) -> Requirements:
        return ParadexPortfolioMargin().prepare(market, parameters, held).requirements(books)

    both = of({"LUNA": underlying(), "LUNA.2": underlying()})
    assert both.terms[0].initial[0] == pytest.approx(640.0, rel=1e-9)
    one = of({"LUNA": underlying()})
    assert one.parts.reason.tolist() == [0, int(MarginReason.NO_PARAMETERS)]
