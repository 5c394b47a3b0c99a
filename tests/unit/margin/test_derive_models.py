"""Derive's models on books: reasons, layout, explanations, parameter sets.

Numbers have their oracles in ``tests/oracles/test_derive_*`` and ``tests/cases/derive-*.yaml``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from derive_markets import (
    CALENDAR,
    CONDOR,
    MODELS,
    MONTH,
    SHORT,
    account,
    every_model,
    instruments,
    margin,
    option,
    snapshot,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Pair, Spot
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import DAY_NS, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.derive import (
    SrmParameters,
)


@every_model
@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"nobody's": 1.0}, MarginReason.UNKNOWN_INSTRUMENT),
        ({"ETH-GONE-2000-C": 1.0}, MarginReason.EXPIRED),
        ({"ETH-FUTURE": 1.0}, MarginReason.NOT_MARGINED),
        ({"ETH-SPOT": 1.0}, MarginReason.NOT_MARGINED),
        ({"ETH-INVERSE": 1.0}, MarginReason.WRONG_SETTLEMENT),
        ({"SOL-PERP": 1.0}, MarginReason.NO_PARAMETERS),
        ({"ETH-DARK": 1.0}, MarginReason.NO_MARK),
        ({"ETH-PERP": math.nan}, MarginReason.NO_QUANTITY),
    ],
)
def test_a_bad_position_has_a_reason_and_sinks_no_one(
    name: str, held: dict[str, float], reason: MarginReason
) -> None:
    bad = account("bad", held | {"ETH-M-2000-C": -1.0}, {"USDC": 1000.0})
    found = margin(name, SHORT, bad, CONDOR)
    assert found.unknown.tolist() == [False, True, False]
    assert int(found.parts.reason[1]) == reason
    assert math.isnan(found.initial[1])
    assert math.isnan(found.maintenance[1])
    alone = margin(name, SHORT, CONDOR)
    assert found.initial[[0, 2]].tolist() == alone.initial.tolist()
    explained = found.explanations("bad")[0]
    assert explained.scenarios == ()
    assert any(reason.text in note for note in explained.notes)


@every_model
@pytest.mark.parametrize(
    ("quotes", "expiries", "reason"),
    [
        ({"ETH-M-2000-C": Quote(mark=1.0, index=1.0)}, {}, MarginReason.NO_VOLATILITY),
        ({}, {(Pair(base="ETH", quote="USDC"), "USDC", MONTH): None}, MarginReason.NO_FORWARD),
        ({"ETH-SPOT": Quote(mark=1.0, index=math.nan)}, {}, MarginReason.NO_MARK),
    ],
)
def test_what_the_market_lacks_is_a_reason(
    name: str, quotes: dict[str, Quote], expiries: dict[Any, Any], reason: MarginReason
) -> None:
    market = snapshot(quotes=quotes)
    kept = {k: q for k, q in market.expiries.items() if k not in expiries}
    safe = account("bitcoin", {"BTC-PERP": -1.0}, {"USDC": 9000.0})
    found = margin(
        name, account("eth", {"ETH-M-2000-C": 1.0}), safe, market=replace(market, expiries=kept)
    )
    assert found.parts.reason.tolist() == [reason, 0]
    assert found.unknown.tolist() == [True, False]


@every_model
def test_collateral_without_rule_or_price_is_a_reason(name: str) -> None:
    model, parameters = MODELS[name]
    known = instruments()
    unruled = account("unruled", {"ETH-PERP": 1.0}, {"BTC": 1.0} if name != "srm" else {"WST": 1.0})
    found = margin(name, unruled, SHORT)
    assert found.unit_reason is not None
    assert found.unit_reason.tolist() == [MarginReason.NO_PARAMETERS, 0]
    assert found.unknown.tolist() == [True, False]
    worthless = model.prepare(snapshot(stable=0.0), parameters, known)
    coins = account("coins", {}, {"ETH": 1.0})
    found = worthless.requirements(Book.from_accounts([coins, SHORT]))
    assert found.unit_reason is not None
    assert found.unit_reason.tolist() == [MarginReason.NO_COLLATERAL_PRICE, 0]


@every_model
def test_coins_of_an_underlying_without_spot_price_are_a_reason(name: str) -> None:
    market = snapshot(quotes={"ETH-DARK-SPOT": Quote(mark=math.nan, index=math.nan)})
    model, parameters = MODELS[name]
    dark = replace(model, spot_markets={"ETH": "ETH-DARK-SPOT"})
    coins, cash = account("coins", {}, {"ETH": 1.0}), account("cash", {}, {"USDC": 1.0})
    found = dark.prepare(market, parameters, instruments()).requirements(
        Book.from_accounts([coins, cash])
    )
    assert found.unit_reason is not None
    assert found.unit_reason.tolist() == [MarginReason.NO_COLLATERAL_PRICE, 0]
    assert found.unknown.tolist() == [True, False]


@every_model
def test_worthless_cash_raises_initial_margin_only(name: str) -> None:
    sound, off = margin(name, SHORT), margin(name, SHORT, market=snapshot(stable=0.0))
    assert off.maintenance[0] == sound.maintenance[0]
    assert off.initial[0] > 1.5 * sound.initial[0]


@every_model
def test_an_expired_option_is_settled_where_the_price_is_known(name: str) -> None:
    found = margin(name, account("settled", {"ETH-OLD-2000-C": 3.0}))
    assert found.equity[0] == 3.0 * 150.0
    assert not found.unknown[0]


@every_model
def test_an_empty_account_needs_nothing(name: str) -> None:
    found = margin(name, account("empty", {}, {"USDC": -5.0}), account("none", {}))
    assert found.initial.tolist() == found.maintenance.tolist() == [0.0, 0.0]
    assert found.equity.tolist() == [-5.0, 0.0]
    assert found.explanations("none")[0].contributions == ()


@every_model
def test_accounts_and_positions_in_any_order(name: str) -> None:
    turned = replace(CONDOR, positions=tuple(reversed(CONDOR.positions)))
    first, second = margin(name, SHORT, CONDOR, CALENDAR), margin(name, CALENDAR, turned, SHORT)
    scale = 1e-12 * 2000.0  # sums of other orders
    assert first.initial == pytest.approx(second.initial[::-1], rel=1e-12, abs=scale)
    assert first.maintenance == pytest.approx(second.maintenance[::-1], rel=1e-12, abs=scale)


@every_model
def test_isolated_positions_stand_apart(name: str) -> None:
    both = account("a", {"ETH-PERP": 1.0, "ETH-M-2000-C": -1.0}, {"USDC": 9.0}, {"ETH-PERP": 77.0})
    found = margin(name, both)
    cross = margin(name, account("a", {"ETH-M-2000-C": -1.0}, {"USDC": 9.0}))
    alone = margin(name, account("a", {"ETH-PERP": 1.0}, {"USDC": 77.0}))
    assert found.maintenance.tolist() == [cross.maintenance[0], alone.maintenance[0]]
    assert found.equity.tolist() == [cross.equity[0], alone.equity[0]]


@every_model
def test_underlyings_are_added_and_do_not_offset(name: str) -> None:
    held = {"ETH-PERP": 2.0, "ETH-M-2000-C": -1.0}, {"BTC-PERP": -0.1, "BTC-M-50000-P": -0.1}
    both = margin(name, account("both", held[0] | held[1]))
    apart = margin(name, account("eth", held[0]), account("btc", held[1]))
    assert both.maintenance[0] == pytest.approx(apart.maintenance.sum(), rel=1e-12)
    assert both.initial[0] == pytest.approx(apart.initial.sum(), rel=1e-12)


@every_model
def test_two_contracts_of_half_the_size_are_one(name: str) -> None:
    model, parameters = MODELS[name]
    known = instruments()
    halves: dict[str, Any] = {
        market: contract
        if isinstance(contract, Spot)
        else contract.with_contract_size(Decimal("0.5"))
        for market, contract in known.items()
    }
    doubled = replace(
        CONDOR, positions=tuple(replace(p, quantity=2 * p.quantity) for p in CONDOR.positions)
    )
    whole = model.prepare(snapshot(), parameters, known).requirements(Book.from_accounts([CONDOR]))
    found = model.prepare(snapshot(), parameters, halves).requirements(
        Book.from_accounts([doubled])
    )
    assert found.initial == pytest.approx(whole.initial, rel=1e-12)
    assert found.equity == pytest.approx(whole.equity, rel=1e-12)


def test_a_requirement_is_never_negative() -> None:
    # At a cash price of 3 the coin counts more in the level (spot) than as equity (spot / 3).
    generous = SrmParameters(base_factor=Decimal(1))
    model, _ = MODELS["srm"]
    prepared = model.prepare(snapshot(stable=3.0), {"ETH": generous}, instruments())
    found = prepared.requirements(Book.from_accounts([account("coin", {}, {"ETH": 3.0})]))
    assert found.maintenance[0] == 0.0
    floor = next(t for t in found.terms if t.name == "floor")
    assert floor.maintenance[0] == pytest.approx(3.0 * 2000.0 * (1.0 - 1.0 / 3.0))


QUANTITIES = st.integers(-4, 4).map(float)
BOOKS = st.dictionaries(
    st.sampled_from([m for m in instruments() if m.startswith("ETH-M") or m == "ETH-PERP"]),
    QUANTITIES,
    max_size=6,
)


@every_model
@settings(max_examples=40)
@given(held=BOOKS, coins=st.sampled_from([0.0, 1.5]))
def test_initial_margin_covers_maintenance_and_neither_is_negative(
    name: str, held: dict[str, float], coins: float
) -> None:
    found = margin(name, account("any", held, {"ETH": coins, "USDC": 10.0}))
    slack = 1e-9 * (1.0 + abs(float(found.maintenance[0])))
    assert -slack <= found.maintenance[0] <= found.initial[0] + slack


@pytest.mark.parametrize("name", ["pmrm2", "pmrm1"])
@settings(max_examples=25)
@given(held=BOOKS)
def test_more_scenarios_never_lower_the_margin(name: str, held: dict[str, float]) -> None:
    model, parameters = MODELS[name]
    own = parameters["ETH"]
    fewer = replace(own, scenarios=own.scenarios[::3])
    book = Book.from_accounts([account("any", held)])
    whole, part = (
        model.prepare(snapshot(), {"ETH": p}, instruments()).requirements(book)
        for p in (own, fewer)
    )
    assert part.maintenance[0] <= whole.maintenance[0] + 1e-9


def test_inside_the_settlement_average_less_and_less_moves() -> None:
    pair = Pair(base="ETH", quote="USDC")
    known = instruments() | {"ETH-SOON": option("ETH", MONTH - 29 * DAY_NS, 1600, "C")}
    losses = []
    for floating in (2000.0, 1000.0, 0.0):
        quote = ExpiryQuote(floating=floating, fixed=2000.0 - floating)
        market = snapshot(
            expiries={(pair, "USDC", MONTH - 29 * DAY_NS): quote},
            quotes={"ETH-SOON": Quote(mark=1.0, index=1.0, implied_vol_annual=1e-6)},
        )
        model, parameters = MODELS["pmrm1"]
        prepared: Callable[[Book], Requirements] = model.prepare(
            market, parameters, known
        ).requirements
        found = prepared(Book.from_accounts([account("a", {"ETH-SOON": -1.0})]))
        losses.append(float(found.terms[0].maintenance[0]))
    assert losses == pytest.approx([300.0, 150.0, 0.0], abs=1e-9)  # 15 % of what floats


@every_model
def test_an_option_worth_next_to_nothing_overflows_nowhere(name: str) -> None:
    quotes = {"ETH-M-1600-P": Quote(mark=1.0, index=1.0, implied_vol_annual=0.0217)}  # 4.6e-308
    found = margin(name, account("a", {"ETH-M-1600-P": 1000.0}), market=snapshot(quotes=quotes))
    assert found.equity[0] == 0.0
    assert not found.unknown[0]
