"""Deribit's portfolio margin on books: reasons, currencies, orders, hedges, explanations."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from deribit_accounts import (
    AT,
    BTC,
    END,
    INDEX,
    PARAMETERS,
    PRICING,
    account,
    coins,
    cross,
    instruments,
    margin,
    pair,
    segregated,
    snapshot,
)
from plimsoll.domain.account import MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Pair, Payoff, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit import DeribitGeneral, DeribitPortfolioMargin, PortfolioMode
from plimsoll.margin.deribit.portfolio_books import unchanged
from plimsoll.margin.deribit.portfolio_losses import risk_matrix
from plimsoll.margin.deribit.portfolio_shocks import DeltaRamp
from plimsoll.margin.governed import to_parameters
from plimsoll.margin.units.cells import unit_layout

PERP, FUTURE, NEXT = "BTC-PERPETUAL", "BTC-28JUN24", "BTC-27SEP24"
CALL, PUT = "BTC-28JUN24-65000-C", "BTC-28JUN24-65000-P"


def named(found: Requirements, name: str) -> np.ndarray:
    return next(t.initial for t in found.terms if t.name == name)


def reasons(found: Requirements) -> list[str]:
    return [MarginReason(int(r)).name for r in found.parts.reason]


def test_one_bad_position_never_sinks_the_book() -> None:
    good = account("good", {PERP: 100.0, CALL: -2.0}, {"BTC": 3.0})
    alone = margin(segregated(), good)
    bad = {
        "UNKNOWN_INSTRUMENT": account("a", {"BTC-1JAN30-1-C": 1.0, PERP: 1.0}),
        "WRONG_SETTLEMENT": account("b", {"ETH-PERPETUAL": 5.0, PERP: 1.0}),
        "NO_QUANTITY": account("c", {PERP: float("nan"), FUTURE: 1.0}),
    }
    found = margin(segregated(), bad["UNKNOWN_INSTRUMENT"], good, *list(bad.values())[1:])
    assert reasons(found) == [
        *("UNKNOWN_INSTRUMENT", "NONE"),
        *("NONE", "NONE"),
        *("WRONG_SETTLEMENT", "NONE"),
        *("NO_QUANTITY", "NONE"),
    ]
    assert found.unknown.tolist() == [True, False, True, True]
    for name in ("initial", "maintenance", "equity"):
        assert getattr(found, name)[1] == getattr(alone, name)[0]
        assert np.isnan(getattr(found, name)[[0, 2, 3]]).all()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({CALL: Quote(mark=float("nan"), index=1.0, implied_vol_annual=0.5)}, "NO_MARK"),
        ({CALL: Quote(mark=0.05, index=1.0)}, "NO_VOLATILITY"),
        ({PERP: Quote(mark=0.0, index=1.0)}, "NO_MARK"),
        ({PERP: Quote(mark=-1.0, index=1.0)}, "NO_MARK"),
    ],
)
def test_what_a_snapshot_lacks_is_a_reason(change: dict[str, Quote], reason: str) -> None:
    snap = snapshot()
    snap = replace(snap, quotes={**snap.quotes, **change})
    market = next(iter(change))
    pricing = CurrencyPricing(numeraire="BTC", pricing_markets={"BTC": NEXT})
    prepared = DeribitPortfolioMargin(pricing=pricing).prepare(snap, PARAMETERS, instruments())
    found = prepared.requirements(
        Book.from_accounts([account("a", {market: 1.0}), account("b", {FUTURE: 1.0})])
    )
    assert reasons(found) == [reason, "NONE"]
    assert found.unknown.tolist() == [True, False]
    assert found.initial[1] > 0.0


def test_without_an_index_of_the_coin_nothing_has_a_number() -> None:
    snap = snapshot()
    quote = Quote(mark=65_000.0, index=float("nan"))
    snap = replace(snap, quotes={**snap.quotes, PERP: quote})
    prepared = segregated().prepare(snap, PARAMETERS, instruments())
    found = prepared.requirements(Book.from_accounts([account("a", {FUTURE: 1.0})]))
    assert reasons(found) == ["NO_CURRENCY_PRICE"]


def test_expired_contracts_and_missing_forwards() -> None:
    late = snapshot(at_ns=AT)
    expired = replace(late, at_ns=END)
    prepared = segregated().prepare(expired, PARAMETERS, instruments())
    found = prepared.requirements(
        Book.from_accounts([account("a", {CALL: 1.0, FUTURE: 1.0, NEXT: 1.0})])
    )
    assert reasons(found) == ["EXPIRED", "EXPIRED", "NONE"]
    lost = replace(late, expiries={})
    prepared = segregated().prepare(lost, PARAMETERS, instruments())
    found = prepared.requirements(Book.from_accounts([account("a", {CALL: 1.0})]))
    assert reasons(found) == ["NO_FORWARD"]


def test_a_quanto_contract_is_not_margined() -> None:
    quanto = Perpetual(
        pair=Pair(base="BTC", quote="USD"),
        settle="USDT",
        payoff=Payoff.QUANTO,
        contract_size=Decimal("0.001"),
    )
    at = snapshot()
    at = replace(
        at,
        quotes={**at.quotes, "QUANTO": at.quotes[PERP]},
        stable_price_usd={**at.stable_price_usd, "USDT": 1.0},
    )
    prepared = cross().prepare(at, PARAMETERS, {**instruments(), "QUANTO": quanto})
    book = Book.from_accounts([account("a", {"QUANTO": 1.0}), account("b", {PERP: 1.0})])
    found = prepared.requirements(book)
    assert found.unknown.tolist() == [True, False]
    assert reasons(found) == ["NOT_MARGINED", "NONE"]


def test_a_pair_without_parameters_is_not_margined_at_nothing() -> None:
    prepared = segregated().prepare(snapshot(), {"ETH_USD": pair()}, instruments())
    found = prepared.requirements(Book.from_accounts([account("a", {PERP: 1.0})]))
    assert reasons(found) == ["NO_PARAMETERS"]
    assert found.unknown.all()


def test_other_currencies_do_not_stand_behind_a_segregated_account() -> None:
    found = margin(
        segregated(),
        account("a", {PERP: 1.0}, {"BTC": 1.0, "USDC": 5.0}),
        account("b", {PERP: 1.0}, {"BTC": 1.0}),
    )
    assert found.unknown.tolist() == [True, False]
    assert found.unit_reason is not None
    assert found.unit_reason.tolist() == [MarginReason.WRONG_SETTLEMENT, 0]
    assert found.collateral[1] == 1.0


def test_coin_collateral_moves_with_the_market_in_cross_margin() -> None:
    """A coin held against a short perpetual of one coin: in dollars nothing moves."""
    q = coins(PERP, 1.0)
    hedged = margin(cross(), account("a", {PERP: -q}, {"BTC": 1.0}))
    naked = margin(cross(), account("a", {PERP: -q}, {"USDC": 65_000.0}))
    long = margin(cross(), account("a", {PERP: q}, {"BTC": 1.0}))
    mark, index = 65_910.57, INDEX["BTC"]
    # A short inverse perpetual of N dollars, worth N x in dollars whatever the coin does.
    assert named(naked, "scenario_loss")[0] == pytest.approx(0.16 * mark * index / mark, rel=1e-9)
    assert named(hedged, "scenario_loss")[0] == pytest.approx(0.0, abs=1e-6)
    # The wrong way round: coin collateral falls with a long.
    assert named(long, "scenario_loss")[0] == pytest.approx(2 * 0.16 * index, rel=1e-9)
    shares = hedged.explanations("a")[0].contributions
    assert {c.market for c in long.explanations("a")[0].contributions} == {PERP, "collateral BTC"}
    assert [c.market for c in shares] == [PERP, "collateral BTC"]


def test_linear_and_inverse_are_one_in_dollars() -> None:
    snap = snapshot()
    even = {m: replace(q, mark=INDEX["BTC"]) for m, q in snap.quotes.items() if m[:3] == "BTC"}
    snap = replace(
        snap, quotes={**snap.quotes, **even, "ETH-PERPETUAL": Quote(mark=2e3, index=2e3)}
    )
    prepared = cross().prepare(snap, PARAMETERS, instruments())
    inverse = account("i", {PERP: 2.0 * INDEX["BTC"] / 10})
    linear = account("l", {"BTC_USDC-PERPETUAL": 2.0 * 10_000})
    found = prepared.requirements(Book.from_accounts([inverse, linear]))
    assert found.initial[0] == pytest.approx(found.initial[1], rel=1e-12)
    assert found.initial[0] == pytest.approx(2 * INDEX["BTC"] * 0.17, rel=1e-9)


def test_a_coin_that_no_scenario_moves_is_a_reason() -> None:
    prepared = cross().prepare(snapshot(), {"BTC_USD": pair()}, instruments())
    found = prepared.requirements(
        Book.from_accounts([account("a", {PERP: 1.0}, {"ETH": 1.0}), account("b", {PERP: 1.0})])
    )
    assert found.unit_reason is not None
    assert found.unit_reason.tolist() == [MarginReason.NO_PARAMETERS, 0]
    assert found.unknown.tolist() == [True, False]


def test_cross_margin_is_in_dollars() -> None:
    with pytest.raises(UsageError, match="USD"):
        DeribitPortfolioMargin(
            pricing=CurrencyPricing(numeraire="BTC", pricing_markets=PRICING),
            mode=PortfolioMode.CROSS,
        )


def test_several_pairs_agree_whatever_the_block() -> None:
    prepared = cross().prepare(snapshot(), PARAMETERS, instruments())
    rng = np.random.default_rng(11)
    markets = [PERP, "ETH-PERPETUAL", "SOL_USDC-PERPETUAL", CALL, NEXT]
    book = Book.from_accounts(
        account(str(n), {m: float(rng.normal() * 50) for m in markets if rng.random() < 0.6})
        for n in range(40)
    )
    layout = unit_layout(book)
    none = np.zeros(book.market.size, dtype=np.int64)
    cells = prepared._cells(unchanged(book), layout, none)
    whole = risk_matrix(prepared.pairs, cells, 40, per_usd=1.0, ramp=DeltaRamp.WHOLE)
    for block in (1, 7, 40):
        again = risk_matrix(
            prepared.pairs, cells, 40, per_usd=1.0, ramp=DeltaRamp.WHOLE, block=block
        )
        assert np.array_equal(again.worst_case, whole.worst_case)
        assert np.array_equal(again.binding, whole.binding)
    assert np.all(whole.stand_alone >= whole.worst_case - 1e-9)


HEDGED = {
    "delta-hedged call": ({CALL: -10.0}, {PERP: coins(PERP, 5.6)}),
    "calendar of options": ({CALL: -10.0}, {"BTC-27SEP24-65000-C": 10.0}),
    "calendar of futures": ({FUTURE: coins(FUTURE, -10.0)}, {NEXT: coins(NEXT, 10.0)}),
    "basis": ({PERP: coins(PERP, 10.0)}, {NEXT: coins(NEXT, -10.0)}),
    "box": (
        {"BTC-28JUN24-60000-C": 10.0, "BTC-28JUN24-60000-P": -10.0},
        {"BTC-28JUN24-70000-C": -10.0, "BTC-28JUN24-70000-P": 10.0},
    ),
}


@pytest.mark.parametrize("name", list(HEDGED))
def test_hedged_books_cost_something_and_less_than_their_legs(name: str) -> None:
    """Stated in ``docs/models/deribit-portfolio.md``."""
    first, second = HEDGED[name]
    found = margin(
        segregated(),
        account("both", {**first, **second}),
        account("first", first),
        account("second", second),
    )
    both, legs = found.initial[0], found.initial[1] + found.initial[2]
    assert 0.01 * legs < both < 0.75 * legs


def test_parts_and_shares_add_up() -> None:
    positions = {CALL: -3.0, PUT: -2.0, PERP: 500.0, NEXT: -200.0, "BTC-27SEP24-80000-C": 4.0}
    found = margin(segregated(), account("a", positions, {"BTC": 5.0}))
    unit = found.explanations("a")[0]
    initial = maintenance = 0.0
    for term in unit.terms:
        initial, maintenance = initial + term.initial, maintenance + term.maintenance
    assert (unit.initial, unit.maintenance) == (initial, maintenance)
    assert (unit.initial, unit.maintenance) == (found.initial[0], found.maintenance[0])
    assert unit.equity == found.equity[0]
    total = 0.0
    for share in unit.contributions:
        total += share.contribution
    assert total == pytest.approx(unit.terms[0].maintenance, abs=1e-17)
    scenarios = unit.scenarios[0]
    assert scenarios.binding == found.binding_scenario[0]  # type: ignore[index]
    worst = scenarios.losses[scenarios.binding]
    assert unit.terms[0].initial == pytest.approx(worst, abs=5.1e-10)  # rounded by the venue
    assert "binds if" in unit.would_change


def test_settlement_average_leaves_less_at_risk() -> None:
    """Fifteen minutes before expiry half of the settlement price is known."""
    snap = snapshot(at_ns=END - 900 * 10**9)
    average = ExpiryQuote(floating=33_000.0, fixed=33_000.0)
    whole = ExpiryQuote(floating=66_000.0)
    found = []
    for quote in (whole, average):
        given = replace(snap, expiries={**snap.expiries, (BTC, "BTC", END): quote})
        prepared = segregated(extended_moves=()).prepare(given, PARAMETERS, instruments())
        book = Book.from_accounts([account("a", {"BTC-28JUN24-60000-C": -1.0})])
        found.append(named(prepared.requirements(book), "scenario_loss")[0])
    assert 0.4 * found[0] < found[1] < 0.65 * found[0]


def test_parameters_come_from_a_set_as_well() -> None:
    from plimsoll.domain.parameters import parameter_set

    given = parameter_set(
        venue="deribit",
        valid_from="2026-01-01T00:00:00Z",
        parameters=(
            *to_parameters(pair(), "BTC_USD", owner="risk"),
            *to_parameters(DeribitGeneral(), "general", owner="risk"),
        ),
        seed=0,
        data_digest="",
        problem_digest="",
        code_version="",
        label="",
    )
    book = Book.from_accounts([account("a", {PERP: 100.0, CALL: -1.0})])
    one = segregated().prepare(snapshot(), given, instruments()).requirements(book)
    two = segregated().prepare(snapshot(), PARAMETERS, instruments()).requirements(book)
    assert np.array_equal(one.initial, two.initial)


def test_isolated_positions_are_units_of_their_own() -> None:
    held = account("a", {NEXT: 10.0}, {"BTC": 1.0})
    lone = Position(
        market=PERP,
        quantity=10.0,
        entry_price=65_910.57,
        mode=MarginMode.ISOLATED,
        isolated_margin=0.5,
    )
    both = replace(held, positions=(*held.positions, lone))
    found = margin(segregated(), both)
    assert found.equity.tolist() == [1.0, 0.5]
    assert found.initial[0] == margin(segregated(), held).initial[0]
    assert found.initial[1] == margin(segregated(), account("b", {PERP: 10.0})).initial[0]
    assert found.explanations("a")[1].unit == f"isolated {PERP}"


def test_snapshot_and_prepared_state_stay_unchanged() -> None:
    snap: MarketSnapshot = snapshot()
    prepared = segregated().prepare(snap, PARAMETERS, instruments())
    before = [p.table.profit.copy() for p in prepared.pairs]
    book = Book.from_accounts([account("a", {PERP: 1.0, CALL: -1.0})])
    first = prepared.requirements(book)
    second = prepared.requirements(book)
    assert np.array_equal(first.initial, second.initial)
    for one, two in zip(before, prepared.pairs, strict=True):
        assert np.array_equal(one, two.table.profit, equal_nan=True)


def test_far_calls_are_caught_by_the_extended_table() -> None:
    """Many short calls at 200,000: little within 16 %, much at +500 %, dampener and all."""
    book = account("a", {"BTC-27SEP24-200000-C": -3000.0})
    with_tails = margin(segregated(), book)
    without = margin(segregated(extended_moves=()), book)
    assert with_tails.initial[0] > 5 * without.initial[0]
    assert "extended" in with_tails.scenario_names[int(with_tails.binding_scenario[0])]  # type: ignore[index]
