"""Derive's models: explanations that add up, parameter sets, what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from derive_markets import (
    CALENDAR,
    CONDOR,
    MODELS,
    PMRM2,
    SHORT,
    account,
    every_model,
    instruments,
    margin,
    snapshot,
)

from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.domain.parameters import ParameterSet
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.derive import (
    CollateralRule,
    Pmrm1Parameters,
    Pmrm2Parameters,
    PmrmScenario,
    SrmParameters,
)
from plimsoll.margin.governed import to_parameters
from plimsoll.scenarios.risk_grid import VolMove


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
    by_term = {t.name: (t.initial, t.maintenance) for t in explained.terms}
    for term in {c.of for c in explained.contributions}:
        own = [c for c in explained.contributions if c.of == term]
        sums = sum((c.initial for c in own), 0.0), sum((c.contribution for c in own), 0.0)
        assert sums == pytest.approx(by_term[term], rel=1e-15, abs=1e-12)


@every_model
@pytest.mark.parametrize("held", [SHORT, CONDOR, CALENDAR])
def test_the_smallest_trade_makes_another_scenario_bind(name: str, held: Account) -> None:
    """Margined again after the trade another scenario binds; with a thousandth less, the same."""
    (told,) = margin(name, held).explanations(held.name)
    trades = [c for c in told.changes if c.market]
    assert trades or name == "srm"
    for change in trades:
        tied = abs(change.contracts) < 1e-6  # where two lose as much, any trade decides
        before = () if tied else ((0.999, change.now),)
        for share, expected in ((1.0 + 1e-6, change.then), *before):
            traded = replace(
                held,
                positions=tuple(
                    replace(p, quantity=p.quantity + share * change.contracts)
                    if p.market == change.market
                    else p
                    for p in held.positions
                ),
            )
            (after,) = margin(name, traded).explanations(held.name)
            found = next(s for s in after.scenarios if s.risk_unit == change.where)
            assert found.binding is not None
            assert found.names[found.binding] == expected, (change, share)


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
    short = found.explanations("short")[0]
    assert ": isolated margin" in short.binding
    assert "the smaller of it and settles at" in short.binding
    losses = short.scenarios[0]
    assert losses.cap is not None
    assert losses.binding == losses.cap
    assert losses.losses[losses.cap] == min(losses.losses[losses.cap], losses.losses[:-1].max())
    assert losses.risk_unit == "ETH 2025-01-31"  # 30 days after the first of January
    assert short.changes[0].then.startswith("settles at")
    assert short.changes[0].gap == losses.losses[losses.cap] - losses.losses[:-1].max()


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


@every_model
def test_an_unpriced_coin_is_a_reason_of_those_who_hold_it(name: str) -> None:
    model, parameters = MODELS[name]
    prepared = model.prepare(snapshot(), parameters, instruments())
    book = Book.from_accounts([account("a", {}, {"XRP": 1.0}), SHORT])
    found = prepared.requirements(book)
    assert found.unknown.tolist() == [True, False]
    alone = prepared.requirements(Book.from_accounts([SHORT]))
    assert found.maintenance[1] == alone.maintenance[0]


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
