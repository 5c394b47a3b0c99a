"""The whole solve of tables: covers, ordered, linked, monotone; blind to order and units."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.calibration.assembly.joint import FrozenTiers, solve_tables
from plimsoll.calibration.assembly.ladders import candidate, rate_kind
from plimsoll.calibration.assembly.needs import SideRisk, TableNeed, requirement_of
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.set_plan import CapsFrom, CloseOut, RatesFor, TierPlan
from plimsoll.calibration.tier_fit import SizeCost
from plimsoll.calibration.tiers.ladder import Ladder

STRUCTURE = Structure()
CAPS = tuple(Decimal(c) for c in (5_000, 50_000, 500_000, 5_000_000))
PLANS = (
    TierPlan(),
    TierPlan(caps=CapsFrom.GRID),
    TierPlan(caps=CapsFrom.GRID, count=3, rates=RatesFor.WHOLE),
    TierPlan(count=2),
    TierPlan(close_out=CloseOut.CHEAPER),
)

RISKS = st.builds(
    SideRisk,
    price=st.floats(0.004, 0.12),
    price_error=st.floats(0.0001, 0.01),
    reaction=st.floats(0.005, 0.15),
    reaction_error=st.floats(0.0001, 0.01),
)
COSTS = st.builds(
    SizeCost,
    cost=st.floats(0.0, 0.003),
    fee=st.floats(0.0, 0.003),
    impact=st.just(1.0),
    volatility_daily=st.floats(0.01, 0.1),
    adv_usd=st.floats(3e7, 1e10),
)
NEEDS = st.builds(
    TableNeed,
    market=st.just("B"),
    prefix=st.just(""),
    risk=RISKS,
    cost=COSTS,
    caps_usd=st.just(CAPS),
    horizon_hours=st.just(1),
)


def solved(needs: list[TableNeed], plan: TierPlan, errors: float = 1.5) -> dict[str, FrozenTiers]:
    return solve_tables(
        [candidate(need, plan, STRUCTURE) for need in needs],
        STRUCTURE,
        standard_errors=errors,
        coverage_rejected=False,
    )


def held_against(tiers: FrozenTiers, plan: TierPlan, sizes: list[float]) -> list[float]:
    ladder = Ladder.of_table(tiers.table, rate_kind(plan))
    return np.asarray(ladder.maintenance_usd(sizes)).tolist()


@settings(deadline=None, max_examples=25)
@given(need=NEEDS, plan=st.sampled_from(PLANS))
def test_snapping_never_under_covers_and_the_structure_holds(
    need: TableNeed, plan: TierPlan
) -> None:
    tiers = solved([need], plan)["B"]
    sizes = np.geomspace(100.0, 5e6, 60).tolist()
    needed = requirement_of(need, plan).at(sizes).tolist()
    if not any(t.initial_bound for t in tiers.tiers):
        for margin, least in zip(held_against(tiers, plan, sizes), needed, strict=True):
            assert margin >= least * (1.0 - 1e-9)
    for fitted in tiers.tiers:
        tier = fitted.tier
        assert tier.maintenance_rate % STRUCTURE.maintenance_rate_step == 0
        if not fitted.initial_bound:
            assert tier.maintenance_rate * 2 <= tier.initial_rate
            assert float(tier.initial_rate - tier.maintenance_rate) >= need.risk.reaction - 1e-12


@settings(deadline=None, max_examples=20)
@given(need=NEEDS, more=st.floats(1.0, 1.6))
def test_a_higher_coverage_never_lowers_a_rate(need: TableNeed, more: float) -> None:
    """At the caps of the class, where rates can be compared tier by tier."""
    risk = replace(need.risk, price=need.risk.price * more, reaction=need.risk.reaction * more)
    low = solved([need], PLANS[0])["B"].tiers
    high = solved([replace(need, risk=risk)], PLANS[0])["B"].tiers
    for before, after in zip(low, high, strict=True):
        assert after.tier.maintenance_rate >= before.tier.maintenance_rate
        assert after.tier.initial_rate >= before.tier.initial_rate


@settings(deadline=None, max_examples=8)
@given(needs=st.lists(NEEDS, min_size=2, max_size=4), old=NEEDS, plan=st.sampled_from(PLANS[:2]))
def test_the_order_of_markets_changes_nothing(
    needs: list[TableNeed], old: TableNeed, plan: TierPlan
) -> None:
    before = solved([old], plan)["B"].table
    named = [replace(n, market=f"M{i}", incumbent=before) for i, n in enumerate(needs)]
    assert solved(named, plan) == solved(named[::-1], plan)


@settings(deadline=None, max_examples=15)
@given(need=NEEDS, power=st.integers(-2, 3))
def test_another_unit_of_money_changes_no_rate(need: TableNeed, power: int) -> None:
    """Caps, turnover and the plan's sizes in another unit: the same rates at the same caps."""
    unit = Decimal(10) ** power
    plan = TierPlan(caps=CapsFrom.GRID)
    scaled = replace(
        need,
        caps_usd=tuple(cap * unit for cap in CAPS),
        cost=replace(need.cost, adv_usd=need.cost.adv_usd * float(unit)),
    )
    other = replace(
        plan, least_size_usd=plan.least_size_usd * unit, lowest_cap_usd=plan.lowest_cap_usd * unit
    )
    plain, moved = solved([need], plan)["B"], solved([scaled], other)["B"]
    assert [f.tier.maintenance_rate for f in plain.tiers] == [
        f.tier.maintenance_rate for f in moved.tiers
    ]
    assert [(f.tier.cap_usd or 0) * unit for f in plain.tiers] == [
        f.tier.cap_usd for f in moved.tiers
    ]
