"""Plans end in an account that holds or is flat; liquidation prices are where the sign changes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from add_on_books import (
    INSTRUMENTS,
    PRICING,
    TABLES,
    account,
    book,
    snapshot,
    tiers,
)
from plimsoll.domain.instrument import Payoff, Perpetual
from plimsoll.margin import LiquidationStatus, TieredMargin
from plimsoll.margin.liquidation import (
    BYBIT,
    DRIFT,
    DYDX,
    HYPERLIQUID,
    STEPWISE,
    WHOLE,
    LiquidationRule,
    LiquidationSolver,
    Liquidator,
    PlanOutcome,
    PricePath,
    StepOrder,
    common_path,
    tiered_cross_liquidation,
)

PATIENT = settings(deadline=None, max_examples=40)
RULES = (
    STEPWISE,
    WHOLE,
    BYBIT,
    DRIFT,
    DYDX,
    HYPERLIQUID,
    replace(STEPWISE, order=StepOrder.LARGEST_NOTIONAL, slippage_rate=Decimal("0.05")),
)
STEPS = {**TABLES, "PERP": tiers(("1500", "0.05"), ("9000", "0.1"), (None, "0.4"))}
CONTRACTS = st.integers(-1000, 1000).filter(bool).map(lambda tenths: tenths / 10)
HELD = st.dictionaries(
    st.sampled_from(["PERP", "ETH", "FUT", "COIN"]), CONTRACTS, min_size=1, max_size=4
)
SHARE = st.floats(-0.1, 1.2)


def maintenance(held: dict[str, float]) -> float:
    found = TieredMargin(pricing=PRICING).prepare(snapshot(), STEPS, INSTRUMENTS)
    return float(found.requirements(book(account(held))).maintenance[0])


@PATIENT
@given(held=HELD, share=SHARE, rule=st.sampled_from(RULES), coins=st.floats(0.0, 1.0))
def test_after_the_plan_the_account_holds_or_is_flat(
    held: dict[str, float], share: float, rule: LiquidationRule, coins: float
) -> None:
    worth = share * maintenance(held)
    own = Liquidator(
        prepared=TieredMargin(pricing=PRICING).prepare(snapshot(), STEPS, INSTRUMENTS),
        snapshot=snapshot(),
        instruments=INSTRUMENTS,
        pricing=PRICING,
        rule=rule,
    )
    held_by = account(held, {"USDT": worth * (1.0 - coins), "BTC": worth * coins / 100.0})
    plan = own.plan(held_by)
    again = own.plan(held_by)
    assert plan == again
    costs = sum(step.cost for step in plan.steps)
    # Closing at the mark moves no equity but costs (the backstop pays none).
    if plan.outcome not in (PlanOutcome.BACKSTOP, PlanOutcome.BANKRUPT):
        scale = abs(plan.start.equity) + abs(plan.start.maintenance) + costs
        assert plan.end.equity == pytest.approx(plan.start.equity - costs, abs=1e-9 * scale)
    if plan.account.positions:
        assert plan.end.equity >= plan.end.maintenance
        assert plan.outcome in (PlanOutcome.HEALTHY, PlanOutcome.RESTORED)
    elif plan.outcome is PlanOutcome.BANKRUPT:
        assert plan.end.equity < 0.0
    else:
        assert plan.end.equity >= 0.0
    for before, after in zip(plan.steps[:-1], plan.steps[1:], strict=True):
        assert before.after == after.before
    for step in plan.steps:
        assert 0.0 < step.share <= 1.0


@PATIENT
@given(
    held=HELD,
    share=st.floats(1.01, 30.0),
    coins=st.floats(0.0, 1.0),
    along=st.sampled_from(["PERP", "COIN", "all"]),
)
def test_excess_changes_sign_at_the_liquidation_price(
    held: dict[str, float], share: float, coins: float, along: str
) -> None:
    worth = share * maintenance(held)
    own = LiquidationSolver(
        model=TieredMargin(pricing=PRICING),
        parameters=STEPS,
        instruments=INSTRUMENTS,
        snapshot=snapshot(),
        pricing=PRICING,
    )
    rows = book(account(held, {"USDT": worth * (1.0 - coins), "BTC": worth * coins / 100.0}))
    path = common_path(INSTRUMENTS) if along == "all" else PricePath(betas={along: 1.0})
    found = own.growths(rows, 0, path)
    for side, hit in ((-1.0, found.down), (1.0, found.up)):
        assert hit.status in (LiquidationStatus.AT_PRICE, LiquidationStatus.NEVER)
        if hit.price is None:
            continue
        nearby = hit.price * np.exp(side * np.array([-1e-6, 1e-6]))
        inside, outside = own.excess(rows, path, nearby)[:, 0]
        assert inside > 0.0 > outside
        # Nothing fell short on the way.
        between = np.exp(np.linspace(0.0, np.log(hit.price), 40)[:-1])
        assert bool(np.all(own.excess(rows, path, between)[:, 0] >= 0.0))


@PATIENT
@given(
    market=st.sampled_from(["PERP", "COIN"]),
    quantity=CONTRACTS,
    entry=st.floats(50.0, 200.0),
    coins=st.floats(-20.0, 50.0),
    share=st.floats(0.5, 10.0),
)
def test_the_closed_form_agrees_with_a_scan(
    market: str, quantity: float, entry: float, coins: float, share: float
) -> None:
    """Excess written out here, evaluated on a fine scan of prices: an oracle without algebra."""
    instrument, table = INSTRUMENTS[market], STEPS["PERP"]
    assert isinstance(instrument, Perpetual)
    inverse = instrument.payoff is Payoff.INVERSE
    amount = quantity * float(instrument.required_contract_size())
    prices = np.geomspace(1.0, 1e4, 4001)
    notional = np.full(prices.size, abs(amount)) if inverse else abs(amount) * prices
    slices = [(0.0, 1500.0, 0.05), (1500.0, 9000.0, 0.1), (9000.0, np.inf, 0.4)]
    asked = np.zeros(prices.size)
    for low, high, rate in slices:
        asked += np.clip(notional - low, 0.0, high - low) * rate
    profit = amount * (prices - entry) / (entry if inverse else 1.0)
    at_mark = int(np.argmin(np.abs(prices - 100.0)))
    mark = float(prices[at_mark])
    still = share * float(asked[at_mark]) - float(profit[at_mark]) - coins * mark
    excess = still + coins * prices + profit - asked
    found = tiered_cross_liquidation(
        instrument,
        table,
        quantity=quantity,
        entry_price=entry,
        mark=mark,
        still=still,
        coins=coins,
    )
    if excess[at_mark] < -1e-9:
        assert found.down.status is LiquidationStatus.ALREADY
        return
    if abs(excess[at_mark]) <= 1e-9:
        return
    below = np.flatnonzero(excess[:at_mark] < 0.0)
    above = np.flatnonzero(excess[at_mark:] < 0.0) + at_mark
    for hit, cells in ((found.down, below[-1:]), (found.up, above[:1])):
        if cells.size:
            assert hit.price is not None
            step = prices[1] / prices[0]
            assert prices[cells[0]] / step <= hit.price <= prices[cells[0]] * step
        elif hit.price is not None:
            assert not prices[0] * 1.01 < hit.price < prices[-1] / 1.01
