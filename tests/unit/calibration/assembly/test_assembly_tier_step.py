"""A stated largest step between tiers holds for every table, searched or at its class's caps."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from plimsoll.calibration.assembly.joint import FrozenTiers, solve_tables
from plimsoll.calibration.assembly.ladders import Candidate, candidate
from plimsoll.calibration.assembly.needs import SideRisk, TableNeed
from plimsoll.calibration.evidence.gate import _table_faults as table_faults
from plimsoll.calibration.identity import plain, problem_digest
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.set_plan import CapsFrom, CloseOut, RatesFor, TierPlan
from plimsoll.calibration.solve import SolvedTable
from plimsoll.calibration.tier_fit import SizeCost
from plimsoll.config.structure_section import StructureSection, TiersSection, to_plan
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit
from plimsoll.domain.tiers import TierTable

STRUCTURE = Structure()
NEED = TableNeed(
    market="B",
    prefix="",
    risk=SideRisk(price=0.02, price_error=0.001, reaction=0.01, reaction_error=0.001),
    cost=SizeCost(cost=0.0, fee=0.0, impact=1.0, volatility_daily=0.05, adv_usd=1e8),
    caps_usd=(Decimal(10_000), Decimal(1_000_000), Decimal(50_000_000)),
    horizon_hours=1,
)
STEP = Decimal("0.01")
PLANS = {
    "class caps": TierPlan(largest_step=STEP, step_stated=True),
    "whole": TierPlan(largest_step=STEP, step_stated=True, rates=RatesFor.WHOLE),
    "worked off": TierPlan(largest_step=STEP, step_stated=True, close_out=CloseOut.CHEAPER),
    "searched": TierPlan(largest_step=2 * STEP, step_stated=True, caps=CapsFrom.GRID, count=4),
}


def rises(table: TierTable) -> list[Decimal]:
    return [b.maintenance_rate - a.maintenance_rate for a, b in pairwise(table.tiers)]


def solved(found: Candidate, step: Decimal | None, structure: Structure = STRUCTURE) -> FrozenTiers:
    (tiers,) = solve_tables(
        [found], structure, standard_errors=1.5, coverage_rejected=False, largest_step=step
    ).values()
    return tiers


@pytest.mark.parametrize("name", PLANS)
def test_a_stated_step_holds_and_every_size_stays_covered(name: str) -> None:
    plan = PLANS[name]
    found = candidate(NEED, plan, STRUCTURE)
    free = candidate(NEED, replace(plan, largest_step=Decimal(1)), STRUCTURE)
    table = solved(found, plan.step_limit).table
    assert 0 < max(rises(table)) <= plan.largest_step
    if plan.caps is CapsFrom.CLASS:  # the lower tiers alone are lifted, and no further
        assert max(rises(solved(free, None).table)) > STEP
        assert [t.maintenance_rate for t in table.tiers] == least_rates(free)


def least_rates(free: Candidate) -> list[Decimal]:
    """From the last tier down: the need, or the next one's rate less the step."""
    rates = [t.tier.maintenance_rate for t in free.tiers]
    for index in (1, 0):
        rates[index] = max(rates[index], rates[index + 1] - STEP)
    return rates


def test_without_a_stated_step_class_caps_have_none_and_searched_ladders_the_usual_one() -> None:
    assert TierPlan().step_limit is None
    assert TierPlan(rates=RatesFor.WHOLE).step_limit is None
    assert (
        TierPlan(count=3).step_limit == TierPlan(caps=CapsFrom.GRID).step_limit == Decimal("0.05")
    )
    assert TierPlan(count=3, largest_step=STEP, step_stated=True).step_limit == STEP


@pytest.mark.parametrize("stated", [STEP, TierPlan().largest_step])
def test_a_step_that_the_venue_file_states_is_stated_in_the_plan(stated: Decimal) -> None:
    """The usual step, stated, holds at the caps of the class, too; unstated, the digest stays."""
    plan = to_plan(StructureSection(tiers=TiersSection(largest_step=stated)), {})
    assert plan is not None
    assert plan.tiers.step_limit == plan.tiers.stated_step == stated
    unstated = to_plan(StructureSection(tiers=TiersSection(caps=CapsFrom.GRID)), {})
    assert unstated is not None
    assert unstated.tiers.stated_step is None
    assert problem_digest(plan.tiers) != problem_digest(TierPlan())
    assert "step_stated" not in str(plain(unstated.tiers))


def test_rates_in_force_that_miss_a_stated_step_are_not_frozen() -> None:
    """What is in force lies within its errors of what is needed, but not within the step."""
    free = candidate(NEED, TierPlan(), STRUCTURE)
    need = replace(NEED, incumbent=TierTable(tuple(t.tier for t in free.tiers)))
    found = candidate(need, PLANS["class caps"], STRUCTURE)
    assert max(rises(solved(found, STEP).table)) <= STEP
    kept = candidate(need, TierPlan(), STRUCTURE)
    assert solved(kept, None).table == need.incumbent


def test_below_a_tier_that_the_bound_cuts_the_step_counts_from_the_bound() -> None:
    tight = Structure(maximum_rate=Decimal("0.05"), maintenance_initial_link=Decimal(1))
    risk = replace(NEED.risk, price_error=0.02)  # all is noise
    found = candidate(replace(NEED, risk=risk), PLANS["class caps"], tight)
    assert [t.maintenance_bound for t in found.tiers] == [False, False, True]
    old = [
        replace(t.tier, maintenance_rate=t.tier.maintenance_rate - 2 * STEP) for t in found.tiers
    ]
    held = replace(found, need=replace(found.need, incumbent=TierTable(tuple(old))))
    assert rises(solved(held, STEP, tight).table) == [STEP, STEP]


@pytest.mark.parametrize(("stated", "faults"), [(None, 0), ("0.04", 0), ("0.02", 1)])
def test_the_set_as_published_is_held_against_a_stated_step(
    stated: str | None, faults: int
) -> None:
    found = candidate(NEED, TierPlan(), STRUCTURE)
    tiers = solved(found, None)
    assert max(rises(tiers.table)) == Decimal("0.0305")
    told = [
        text
        for text in table_faults(
            SolvedTable(found=found, tiers=tiers),
            published(tiers),
            STRUCTURE.maintenance_initial_link,
            None if stated is None else Decimal(stated),
        )
        if "more than" in text
    ]
    assert len(told) == faults
    assert all("B tier 3: MM more than 0.02 above the tier before" in text for text in told)


def published(found: FrozenTiers) -> ParameterSet:
    values = [
        (f"tier[{index}].{name}", getattr(tier, name))
        for index, tier in enumerate(found.table.tiers)
        for name in ("cap_usd", "initial_rate", "maintenance_rate", "max_leverage")
    ]
    listed = [
        Parameter(
            market="B",
            name=name,
            value=value,
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=Decimal(10) ** 12,
            owner="risk",
            origin=Origin.VENUE,
        )
        for name, value in values
    ]
    return ParameterSet(
        venue="test",
        valid_from="2026-01-01T00:00:00Z",
        parameters=tuple(listed),
        seed=0,
        data_digest="",
        problem_digest="",
        code_version="",
        label="",
    )
