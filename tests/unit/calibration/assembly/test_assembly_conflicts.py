"""What the venue's structure excludes is named with the smallest way out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from plimsoll.calibration.assembly.conflicts import conflict_of
from plimsoll.calibration.assembly.ladders import candidate
from plimsoll.calibration.assembly.needs import SideRisk, TableNeed
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.set_plan import CapsFrom, ExpiryBucket, TierPlan
from plimsoll.calibration.tier_fit import SizeCost

NEED = TableNeed(
    market="B",
    prefix="",
    risk=SideRisk(price=0.30, price_error=0.01, reaction=0.20, reaction_error=0.01),
    cost=SizeCost(cost=0.0, fee=0.0, impact=0.0, volatility_daily=0.05, adv_usd=1e8),
    caps_usd=(Decimal(10_000), Decimal(100_000)),
    horizon_hours=1,
)


def test_what_fits_has_no_conflict() -> None:
    assert conflict_of(candidate(NEED, TierPlan(), Structure()), Structure()) == ""


def test_a_bound_below_the_need_names_the_need_and_the_bound() -> None:
    tight = Structure(maximum_rate=Decimal("0.25"))
    text = conflict_of(candidate(NEED, TierPlan(), tight), tight)
    assert "B/tier[0].maintenance_rate needs at least 0.3" in text
    assert "raise the maximum of B/tier[0].maintenance_rate from 0.25 to 0.3" in text


def test_a_link_that_the_leverages_cannot_keep_is_named() -> None:
    """MM 60 % asks IM 120 % at a link of a half: no leverage is below 1."""
    need = replace(NEED, risk=replace(NEED.risk, price=0.60))
    text = conflict_of(candidate(need, TierPlan(), Structure()), Structure())
    assert "B/tier[0].maintenance_rate is at most 0.5 x B/tier[0].initial_rate" in text
    assert "Any one of these is enough" in text


def test_a_ladder_that_does_not_exist_is_refused_by_name() -> None:
    tight = Structure(maximum_rate=Decimal("0.25"))
    found = candidate(NEED, TierPlan(caps=CapsFrom.GRID), tight)
    assert found.refusal
    assert conflict_of(found, tight).startswith("B: ")


def test_a_dated_future_adds_the_move_of_its_basis() -> None:
    bucket = ExpiryBucket(up_to_days=30, basis_rate=Decimal("0.01"))
    dated = candidate(NEED.in_bucket(bucket, None), TierPlan(), Structure())
    assert dated.need.market == "B#30d"
    assert [t.tier.maintenance_rate for t in dated.tiers] == [Decimal("0.31")] * 2
