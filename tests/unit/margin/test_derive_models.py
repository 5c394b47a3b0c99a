"""Derive's models on books: reasons, layout, explanations, parameter sets.

Numbers have their oracles in ``tests/oracles/test_derive_*`` and ``tests/cases/derive-*.yaml``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from derive_markets import (
    COLLATERAL,
    MONTH,
    PRICING,
    account,
    instruments,
    option,
    snapshot,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Pair, Spot
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import DAY_NS, Quote
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.derive import (
    CollateralRule,
    DerivePmrm1,
    DerivePmrm2,
    DeriveSrm,
    Pmrm1Parameters,
    Pmrm2Parameters,
    PmrmScenario,
    SrmParameters,
)
from plimsoll.margin.governed import to_parameters
from plimsoll.scenarios.risk_grid import VolMove

PMRM2 = Pmrm2Parameters(collateral=COLLATERAL)
MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "pmrm2": (DerivePmrm2(pricing=PRICING), {"ETH": PMRM2, "BTC": Pmrm2Parameters()}),
    "pmrm1": (DerivePmrm1(pricing=PRICING), {"ETH": Pmrm1Parameters(), "BTC": Pmrm1Parameters()}),
    "srm": (DeriveSrm(pricing=PRICING), {"ETH": SrmParameters(), "BTC": SrmParameters()}),
}
every_model = pytest.mark.parametrize("name", MODELS)


def margin(name: str, *accounts: Account, market: Any = None) -> Requirements:
    model, parameters = MODELS[name]
    prepared = model.prepare(market or snapshot(), parameters, instruments())
    found: Requirements = prepared.requirements(Book.from_accounts(accounts))
    return found


SHORT = account("short", {"ETH-M-2000-C": -2.0}, {"USDC": 500.0})
CONDOR = account(
    "condor",
    {"ETH-M-1600-P": 1.0, "ETH-M-2000-P": -1.0, "ETH-M-2000-C": -1.0, "ETH-M-2400-C": 1.0},
    {"USDC": 100.0},
)
CALENDAR = account("calendar", {"ETH-M-2000-C": -1.0, "ETH-Q-2000-C": 1.0, "ETH-PERP": 0.5})


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


@every_model
@pytest.mark.parametrize(
    "held", [SHORT, CONDOR, CALENDAR, account("coin", {"ETH-PERP": -1.0}, {"ETH": 1.0})]
)
def test_explanations_add_up(name: str, held: Account) -> None:
    found = margin(name, held)
    explained = found.explanations(held.name)[0]
    assert sum((t.initial for t in explained.terms), 0.0) == found.initial[0]
    assert sum((t.maintenance for t in explained.terms), 0.0) == found.maintenance[0]
    assert explained.equity == found.equity[0]
    by_term = {t.name: t.maintenance for t in explained.terms}
    for term in {c.of for c in explained.contributions}:
        shares = [c.contribution for c in explained.contributions if c.of == term]
        assert sum(shares, 0.0) == pytest.approx(by_term[term], rel=1e-15, abs=1e-12)


@pytest.mark.parametrize("name", ["pmrm2", "pmrm1"])
def test_the_binding_scenario_is_the_worst(name: str) -> None:
    found = margin(name, SHORT, CALENDAR, account("coin", {"ETH-PERP": -1.0}, {"ETH": 0.9}))
    for unit, held in enumerate(("short", "calendar", "coin")):
        explained = found.explanations(held)[0]
        losses = explained.scenarios[0]
        assert losses.binding == int(np.argmax(losses.losses))
        assert found.binding_scenario is not None
        assert found.scenario_names[found.binding_scenario[unit]] == losses.names[losses.binding]
        assert losses.names[losses.binding] in explained.binding
        loss = next(t for t in explained.terms if t.name == "scenario_loss")
        factor = 0.8 if name == "pmrm2" else 1.0
        assert loss.maintenance == pytest.approx(losses.losses.max() * factor, rel=1e-13)


def test_the_basis_contingency_may_bind() -> None:
    heavy = replace(PMRM2, basis_addition=Decimal(50))
    model, _ = MODELS["pmrm2"]
    found = model.prepare(snapshot(), {"ETH": heavy}, instruments()).requirements(
        Book.from_accounts([CALENDAR])
    )
    explained = found.explanations("calendar")[0]
    assert explained.binding == "ETH: basis contingency"
    assert found.binding_scenario is not None
    assert found.binding_scenario.tolist() == [-1]
    shares = {c.market: c.contribution for c in explained.contributions}
    assert shares["ETH-PERP"] == 0.0
    assert sum(shares.values()) == pytest.approx(0.8 * explained.scenarios[0].losses[-1], rel=1e-13)


def test_collateral_that_hedges_lowers_the_loss_and_has_a_share() -> None:
    bare = margin("pmrm2", account("a", {"ETH-PERP": -1.0}, {"USDC": 2000.0}))
    covered = margin("pmrm2", account("a", {"ETH-PERP": -1.0}, {"ETH": 1.0}))
    assert covered.maintenance[0] < 0.5 * bare.maintenance[0]
    shares = {c.market: c for c in covered.explanations("a")[0].contributions}
    assert shares["ETH"].value == 2000.0
    assert shares["ETH"].contribution < 0.0 < shares["ETH-PERP"].contribution


def test_the_standard_margin_names_the_better_level() -> None:
    found = margin("srm", CONDOR, SHORT)
    spread = found.explanations("condor")[0].scenarios[0]
    assert spread.names[-1] == "isolated margin"
    assert spread.names[0] == "settles at 0"
    assert found.explanations("short")[0].binding.endswith("isolated margin")


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


@pytest.mark.parametrize(
    ("name", "owner"), [("pmrm2", PMRM2), ("pmrm1", Pmrm1Parameters()), ("srm", SrmParameters())]
)
def test_a_parameter_set_gives_the_same_margin(name: str, owner: Any) -> None:
    model, _ = MODELS[name]
    held = [*to_parameters(owner, "ETH", owner="risk")]
    for asset, rule in getattr(owner, "collateral", {}).items():
        held += to_parameters(rule, f"ETH+{asset}", owner="risk")
    parameters = ParameterSet(
        venue="derive",
        valid_from="2025-01-01T00:00:00Z",
        parameters=tuple(sorted(held, key=lambda p: p.key)),
        seed=0,
        data_digest="",
        problem_digest="",
        code_version="",
        label="",
    )
    book = Book.from_accounts([SHORT, account("coin", {"ETH-PERP": -1.0}, {"ETH": 1.0})])
    by_set = model.prepare(snapshot(), parameters, instruments()).requirements(book)
    by_class = model.prepare(snapshot(), {"ETH": owner}, instruments()).requirements(book)
    assert by_set.initial.tolist() == by_class.initial.tolist()


@every_model
def test_wrong_use_is_refused(name: str) -> None:
    model, parameters = MODELS[name]
    with pytest.raises(UsageError, match="must hold a risk unit"):
        model.prepare(snapshot(), {}, instruments())
    with pytest.raises(UsageError, match="spot price"):
        model.prepare(snapshot(), {"XRP": parameters["BTC"]}, instruments())
    with pytest.raises(UsageError, match="stable_price_usd"):
        model.prepare(replace(snapshot(), stable_price_usd={}), parameters, instruments())
    prepared = model.prepare(snapshot(), parameters, instruments())
    with pytest.raises(UsageError, match="currency XRP"):
        prepared.requirements(Book.from_accounts([account("a", {}, {"XRP": 1.0})]))


def test_parameters_that_the_contract_refuses() -> None:
    one = PmrmScenario(price_multiplier=1.0, vol=VolMove.SKEW_ABS)
    with pytest.raises(ParameterError, match="skew_abs once"):
        Pmrm2Parameters(scenarios=(one, one))
    with pytest.raises(ParameterError, match="1 to 40"):
        Pmrm2Parameters(scenarios=())
    with pytest.raises(ParameterError, match="1 to 40"):
        Pmrm2Parameters(scenarios=Pmrm2Parameters().scenarios[:10] * 5)
    with pytest.raises(ParameterError, match="must not tilt"):
        Pmrm1Parameters(scenarios=(one,))
    with pytest.raises(ParameterError, match="from 0"):
        PmrmScenario(price_multiplier=-0.1, vol=VolMove.UP)
    with pytest.raises(ParameterError, match="add up to 1"):
        CollateralRule(maintenance_haircut=Decimal("0.9"), initial_extra=Decimal("0.2"))
    with pytest.raises(ParameterError, match="0 or 1"):
        CollateralRule(maintenance_haircut=Decimal("0.9"), cancels_risk=Decimal("0.5"))


def test_repeated_scenarios_are_numbered() -> None:
    one = PmrmScenario(price_multiplier=1.1, vol=VolMove.UP)
    names = Pmrm2Parameters(scenarios=(one, one)).rule().names
    assert names == ("+10 % up (1)", "+10 % up (2)")


def test_one_scenario_per_underlying_of_other_names() -> None:
    model, _ = MODELS["pmrm2"]
    own = {
        coin: Pmrm2Parameters(scenarios=(PmrmScenario(price_multiplier=price, vol=VolMove.NONE),))
        for coin, price in (("ETH", 1.1), ("BTC", 1.2))
    }
    accounts = account("eth", {"ETH-PERP": -1.0}), account("btc", {"BTC-PERP": -1.0})
    found = model.prepare(snapshot(), own, instruments()).requirements(Book.from_accounts(accounts))
    assert found.binding_scenario is not None
    named = [found.scenario_names[place] for place in found.binding_scenario]
    assert named == ["+10 % none", "+20 % none"]


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
