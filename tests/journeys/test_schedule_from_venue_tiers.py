"""Schedules from a venue's real tiers of 2024-10, of which many miss the link of one half.

Targets are the venue's own rates three times as high, on the grid; tables that occur under several
names are scheduled once. Limits, link and order are held against each pair of neighbouring sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from plimsoll.adapters.venues.binance_tiers import read_leverage_tiers
from plimsoll.calibration.assembly.dated import DatedPath, dated_tables, slices
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import initial_rate_of, leverage_down, rate_up
from plimsoll.calibration.set_evidence.checks import schedule_check
from plimsoll.calibration.set_plan import StepPlan
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.tiers import Tier, TierTable

TIERS = Path("tiers") / "binance_usdm_leverage_tiers_2024-10.json"
STRUCTURE = Structure()
HOUR_NS = 3_600_000_000_000
NARROW = StepPlan(rise=Decimal("0.01"), rise_relative=Decimal("0.25"))
Tables = Mapping[str, TierTable]


@pytest.fixture(scope="module")
def in_force(market_data_dir: Path) -> Tables:
    """Each table once, by the first contract that has it."""
    by_table: dict[TierTable, str] = {}
    for contract, table in read_leverage_tiers(market_data_dir / TIERS).items():
        by_table.setdefault(table, contract)
    return {contract: table for table, contract in by_table.items()}


@pytest.fixture(scope="module")
def wanted(in_force: Tables) -> Tables:
    return {key: scaled(table) for key, table in in_force.items()}


def scaled(table: TierTable) -> TierTable:
    tiers = []
    for tier in table.tiers:
        rate = rate_up(min(3.0 * float(tier.maintenance_rate), 0.5), Decimal("0.0005"))
        leverage = leverage_down(2 * rate, STRUCTURE.leverage_grid)
        initial = initial_rate_of(leverage)
        tiers.append(
            replace(tier, maintenance_rate=rate, initial_rate=initial, max_leverage=leverage)
        )
    return TierTable(tuple(tiers))


def test_every_contract_has_a_proven_schedule_under_narrow_weekly_limits(
    in_force: Tables, wanted: Tables
) -> None:
    found = dated_tables(in_force, wanted, STRUCTURE, NARROW, 0)
    assert len(in_force) == 151
    assert len(found.missed_in_force) == sum(missed(t) > 0 for t in in_force.values()) > 60
    assert schedule_check(found).verdict is Verdict.HOLDS
    hold(found, in_force, wanted, NARROW)


def hold(found: DatedPath, old: Tables, new: Tables, plan: StepPlan) -> None:
    times = [dated.effective_at_ns for dated in found.sets]
    assert all(b - a >= plan.interval_hours * HOUR_NS for a, b in pairwise(times))
    assert dict(found.sets[-1].tables) == dict(new)
    for key, table in old.items():
        for before, after in pairwise([table, *(dated.tables[key] for dated in found.sets)]):
            for _, now, then in slices(before, after):
                assert link_miss(then) <= max(link_miss(now), 0)
                rise = then.maintenance_rate - now.maintenance_rate
                assert 0 <= rise <= (plan.rise or 1)
                assert rise <= (plan.rise_relative or 1) * now.maintenance_rate
                assert then.initial_rate - now.initial_rate >= 0


def link_miss(tier: Tier) -> Decimal:
    return tier.maintenance_rate - STRUCTURE.maintenance_initial_link * tier.initial_rate


def missed(table: TierTable) -> Decimal:
    return max(link_miss(tier) for tier in table.tiers)


def test_a_limit_below_a_step_of_the_grid_is_told_with_the_least_that_is_not(
    in_force: Tables, wanted: Tables
) -> None:
    """0.4 % goes to 0.45 % at the least, an eighth more: by hand the least limit is 0.125."""
    plan = replace(NARROW, rise_relative=Decimal("0.1"))
    lowest = {k: t for k, t in in_force.items() if t.tiers[0].maintenance_rate <= Decimal("0.005")}
    found = dated_tables(lowest, {k: wanted[k] for k in lowest}, STRUCTURE, plan, 0)
    (relief,) = found.reliefs
    assert relief.advice == "rise_relative 0.125 instead of 0.1"
    check = schedule_check(found)
    assert check.verdict is Verdict.BREACH
    assert check.found.startswith("Enough, and no less is: rise_relative 0.125 instead of 0.1.")
    assert "has a largest relative rise of 0.1 per step" in check.found
    again = dated_tables(lowest, {k: wanted[k] for k in lowest}, STRUCTURE, relief.plan, 0)
    hold(again, lowest, {k: wanted[k] for k in lowest}, relief.plan)


def test_too_few_steps_are_told_with_the_least_limits_that_reach(
    in_force: Tables, wanted: Tables
) -> None:
    plan = StepPlan(rise=Decimal("0.01"), rise_relative=Decimal("0.5"), most_steps=12)
    some = {key: in_force[key] for key in list(in_force)[::80]}
    target = {key: wanted[key] for key in some}
    found = dated_tables(some, target, STRUCTURE, plan, 0)
    assert found.refused
    assert {relief.changes[0][0] for relief in found.reliefs} == {"rise", "most_steps"}
    for relief in found.reliefs:
        hold(dated_tables(some, target, STRUCTURE, relief.plan, 0), some, target, relief.plan)
        ((name, _, needed),) = relief.changes
        tiny = 1 if name == "most_steps" else Decimal("0.000001")
        less = replace(plan, **{name: getattr(relief.plan, name) - tiny})
        assert dated_tables(some, target, STRUCTURE, less, 0).refused, needed
