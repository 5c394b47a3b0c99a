"""Health in columns, and calls whose cures cure."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from add_on_books import INSTRUMENTS, PRICING, TABLES, account, book, position, snapshot
from plimsoll.domain.account import Account
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin import TieredMargin
from plimsoll.margin.calls.health import HealthState, health, liquidation_distance
from plimsoll.margin.calls.margin_calls import DepositTerms, margin_calls
from plimsoll.margin.liquidation import (
    STEPWISE,
    LiquidationRule,
    Liquidator,
    PlanOutcome,
    StepSize,
    cross_unit,
    isolated_unit,
)
from plimsoll.margin.liquidation.reductions import reduced

PREPARED = TieredMargin(pricing=PRICING).prepare(snapshot(), TABLES, INSTRUMENTS)
TERMS = {
    "USDT": DepositTerms(price=1.0, factor=0.98),
    "BTC": DepositTerms(price=100.0, factor=0.8),
    "OWN": DepositTerms(price=3.0, factor=0.0),
}
ACCOUNTS = (
    account({"PERP": 10}, {"USDT": 101}, "fine"),
    account({"PERP": 10}, {"USDT": 70}, "under initial"),  # asks 100, keeps 50
    account({"PERP": 10, "ETH": -30}, {"USDT": 40}, "under maintenance"),  # keeps 65
    account({"PERP": 10}, {"USDT": -1}, "bankrupt"),
    account({"CALL": 1}, {"USDT": 5}, "unknown"),
    account({}, {"USDT": 5}, "empty"),
    account({}, {"USDT": -5}, "debt"),
)


def liquidator(rule: LiquidationRule = STEPWISE) -> Liquidator:
    return Liquidator(
        prepared=PREPARED,
        snapshot=snapshot(),
        instruments=INSTRUMENTS,
        pricing=PRICING,
        rule=rule,
    )


def required(*accounts: Account) -> Requirements:
    return PREPARED.requirements(book(*accounts))


def test_health_of_a_book() -> None:
    found = health(required(*ACCOUNTS))
    assert [HealthState(s).name for s in found.state.tolist()] == [
        "HEALTHY",
        "UNDER_INITIAL",
        "UNDER_MAINTENANCE",
        "BANKRUPT",
        "UNKNOWN",
        "HEALTHY",
        "BANKRUPT",
    ]
    expected = [50 / 101, 50 / 70, 65 / 40, math.inf, math.nan, 0.0, math.inf]
    assert found.ratio.tolist() == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert found.excess[2] == pytest.approx(-25.0)


def test_distance_in_price_per_cent_and_deviations() -> None:
    found = liquidation_distance(
        np.array([100.0, 100.0]),
        np.array([120.0, np.nan]),
        volatility_annual=np.array([0.5, 0.5]),
        horizon_hours=8760.0,
    )
    assert found.price[0] == 20.0
    assert found.fraction[0] == pytest.approx(0.2)
    assert found.deviations.tolist() == pytest.approx([math.log(1.2) / 0.5, math.inf])
    with pytest.raises(UsageError, match="positive"):
        liquidation_distance(np.ones(1), np.ones(1), volatility_annual=0.0, horizon_hours=1.0)
    with pytest.raises(UsageError, match="positive"):
        liquidation_distance(np.ones(1), np.ones(1), volatility_annual=1.0, horizon_hours=0.0)


def test_calls_name_units_shortfalls_and_reasons_worst_first() -> None:
    calls = margin_calls(required(*ACCOUNTS), TERMS)
    assert [c.account for c in calls] == [
        "bankrupt",
        "debt",
        "under maintenance",
        "unknown",
        "under initial",
    ]
    by_account = {c.account: c for c in calls}
    assert by_account["under initial"].shortfall == pytest.approx(30.0)
    assert "under initial margin 100.00 USD" in by_account["under initial"].reason
    assert "largest term: Positions 65.00" in by_account["under maintenance"].reason
    assert "CALL: not a contract that this model margins" in by_account["unknown"].reason
    assert "equity is negative" in by_account["bankrupt"].reason
    assert math.isnan(by_account["unknown"].shortfall)


def test_deposits_cure_through_their_haircut() -> None:
    call = {c.account: c for c in margin_calls(required(*ACCOUNTS), TERMS)}["under maintenance"]
    assert [d.currency for d in call.deposits] == ["USDT", "BTC"]  # OWN counts for nothing
    assert call.deposits[0].amount == pytest.approx(25 / 0.98)
    assert call.deposits[1].amount == pytest.approx(25 / 80)
    assert call.deposits[1].value == pytest.approx(25 / 0.8)


def test_each_named_reduction_alone_cures() -> None:
    own = liquidator()
    calls = margin_calls(required(*ACCOUNTS), TERMS, own)
    call = {c.account: c for c in calls}["under maintenance"]
    # Closing share s of PERP: 65 - 50 s = 40 - 1,000 s x 0.005; ETH alone frees 15 of 25.
    assert [r.market for r in call.reductions] == ["PERP"]
    assert call.reductions[0].share == pytest.approx(25 / 45, rel=1e-6)
    assert call.reductions[0].cost == pytest.approx(1000 * 25 / 45 * 0.005, rel=1e-6)
    after = reduced(ACCOUNTS[2], "PERP", call.reductions[0].share, own.closing)
    assert required(after).maintenance_excess[0] >= 0.0
    assert not {c.account: c for c in calls}["under initial"].reductions


def test_an_isolated_call_looks_at_its_own_position() -> None:
    held = Account(
        name="a",
        positions=(position("PERP", 10.0, isolated_margin=40.0), position("ETH", 10.0)),
        collateral={"USDT": 1000},
    )
    call = margin_calls(required(held), TERMS, liquidator())[0]
    assert call.unit == "isolated PERP"
    assert call.reductions[0].share == pytest.approx(10 / 45, rel=1e-6)


def test_the_step_that_relieves_most_per_cost_comes_first() -> None:
    dear = {**TABLES, "ETH": TABLES["PERP"]}
    held = account({"PERP": 10, "FUT": 10}, {"USDT": 60})
    same = liquidator().plan(held)
    assert same.steps[0].market == "FUT"  # equals go by name
    assert same.outcome is PlanOutcome.RESTORED
    assert dear["ETH"] is TABLES["PERP"]


def test_realised_profit_funding_and_margin_go_where_they_belong() -> None:
    own = liquidator()
    held = Account(
        name="a",
        positions=(position("COIN", 10.0, entry=80.0, funding=0.5), position("CALL", 2.0)),
        collateral={"USDT": 1.0},
    )
    # Half of 1,000 USD: 500 (1/80 - 1/100) = 1.25 coins, 0.25 funding, cost 5 coins x 0.005
    after = reduced(held, "COIN", 0.5, own.closing)
    assert after.collateral["BTC"] == pytest.approx(1.25 + 0.25 - 0.025)
    assert after.positions[0].quantity == 5.0
    assert after.positions[0].funding == 0.25
    # An option brings its value: 2 x 14.24 less 0.5 %
    sold = reduced(held, "CALL", 1.0, own.closing)
    assert sold.collateral["USDT"] == pytest.approx(1 + 28.48 * 0.995)
    assert len(sold.positions) == 1
    alone = Account(name="i", positions=(position("PERP", 4.0, isolated_margin=9.0),))
    part = reduced(alone, "PERP", 0.5, own.closing)
    assert part.positions[0].isolated_margin == pytest.approx(9 - 1)
    whole = reduced(alone, "PERP", 1.0, own.closing)
    assert whole.collateral["USDT"] == pytest.approx(9 - 2)


def test_a_hedged_book_is_not_stripped_of_its_hedge() -> None:
    """Just enough: where no share restores health, the best one is closed, not the whole leg."""
    rule = LiquidationRule(name="exact", size=StepSize.JUST_ENOUGH, whole_below_usd=Decimal(0))
    plan = liquidator(rule).plan(account({"PERP": 10, "ETH": -80}, {"USDT": 30}))
    assert plan.outcome is PlanOutcome.RESTORED
    assert plan.end.maintenance <= plan.end.equity
    assert len(plan.steps) <= 3


def test_what_is_refused() -> None:
    mixed = Account(
        name="m",
        positions=(position("PERP", 1.0, isolated_margin=1.0), position("ETH", 1.0)),
        collateral={"USDT": 1},
    )
    with pytest.raises(UsageError, match="one margin unit"):
        liquidator().plan(mixed)
    assert [p.market for p in cross_unit(mixed).positions] == ["ETH"]
    assert isolated_unit(mixed, "PERP").collateral == {}
    with pytest.raises(UsageError, match="one isolated position"):
        isolated_unit(mixed, "ETH")
    with pytest.raises(UsageError, match="hold a position"):
        reduced(mixed, "FUT", 0.5, liquidator().closing)
    with pytest.raises(UsageError, match="lie in"):
        reduced(mixed, "ETH", 0.0, liquidator().closing)
    with pytest.raises(UsageError, match="positive price"):
        DepositTerms(price=0.0)
    with pytest.raises(ParameterError, match="must lie in"):
        replace(STEPWISE, share=Decimal(2))
    with pytest.raises(ParameterError, match="not be negative"):
        replace(STEPWISE, share_steps=-1)
    unknown = liquidator().plan(account({"CALL": 1}, {"USDT": 5}))
    assert unknown.outcome is PlanOutcome.NO_NUMBER
