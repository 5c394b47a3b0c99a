"""What the venue's structure excludes is named with the smallest way out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

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


THIN = replace(
    NEED, risk=replace(NEED.risk, price=0.021, reaction=0.0312), caps_usd=(Decimal(50_000),)
)
"""MM 2.1 %, and IM at least 5.22 %: both bounds below leave MM and cut IM."""


def test_a_maximum_rate_that_cuts_the_initial_rate_is_named_and_its_remedy_suffices() -> None:
    tight = Structure(maximum_rate=Decimal("0.03"))
    text = conflict_of(candidate(THIN, TierPlan(), tight), tight)
    assert "B/tier[0].initial_rate is at most 0.03, the maximum rate" in text
    assert "raise the maximum rate from 0.03 to 0.0522" in text
    wide, short = (Structure(maximum_rate=Decimal(x)) for x in ("0.0522", "0.052199"))
    assert conflict_of(candidate(THIN, TierPlan(), wide), wide) == ""
    assert conflict_of(candidate(THIN, TierPlan(), short), short)


def test_a_lowest_leverage_that_cuts_the_initial_rate_is_named_and_its_remedy_suffices() -> None:
    tight = Structure(leverage_grid=(Decimal(50),))
    text = conflict_of(candidate(THIN, TierPlan(), tight), tight)
    assert "is at most 0.020000, the rate of 50x, the lowest leverage offered" in text
    assert "offer 19x for B/tier[0].initial_rate" in text
    assert " -0" not in text
    wide, short = (Structure(leverage_grid=(Decimal(x), Decimal(50))) for x in (19, 20))
    assert conflict_of(candidate(THIN, TierPlan(), wide), wide) == ""
    assert conflict_of(candidate(THIN, TierPlan(), short), short)


@pytest.mark.parametrize("leverage", [50, 30])
def test_a_cover_of_the_reaction_time_is_never_lowered_below_nothing(leverage: int) -> None:
    """At 30x there is room for a cover of 1.2 % above MM; at 50x IM is below MM itself."""
    tight = Structure(leverage_grid=(Decimal(leverage),), maintenance_initial_link=Decimal(1))
    text = conflict_of(candidate(THIN, TierPlan(), tight), tight)
    assert ("lower the cover of the reaction time" in text) is (leverage == 30)
    assert " -0" not in text


def test_where_both_bounds_cut_no_remedy_is_below_nothing() -> None:
    tight = Structure(maximum_rate=Decimal("0.03"), leverage_grid=(Decimal(50),))
    text = conflict_of(candidate(THIN, TierPlan(), tight), tight)
    assert "raise the maximum rate from 0.03 to 0.0522" in text
    assert "offer 19x" in text
    assert " -0" not in text


STEEP = replace(
    NEED,
    risk=replace(NEED.risk, price=0.02, reaction=0.01),
    cost=replace(NEED.cost, impact=1.0),
    caps_usd=(Decimal(10_000), Decimal(1_000_000), Decimal(50_000_000)),
)


def test_a_step_between_tiers_that_lifts_a_tier_to_the_bound_is_named() -> None:
    """Tiers need 2.05 %, 2.55 % and 5.6 %; steps of 0.05 % lift the first to 5.5 %, IM to 11 %."""
    tight, step = Structure(maximum_rate=Decimal("0.10")), Decimal("0.0005")
    lifted = candidate(STEEP, TierPlan(largest_step=step, step_stated=True), tight)
    text = conflict_of(lifted, tight, step)
    assert "B/tier[0].initial_rate is at most 0.10, the maximum rate" in text
    assert "B/tier[2].maintenance_rate needs at least 0.056" in text
    assert "tiers.largest_step is at most 0.0005" in text
    assert "raise the maximum of tiers.largest_step from 0.0005 to 0.003" in text


@pytest.mark.parametrize(("step", "cut"), [("0.003", False), ("0.0025", True)])
def test_the_step_advised_is_enough_for_the_tier_and_no_less_is(step: str, cut: bool) -> None:
    """5.6 % less two steps of 0.3 % is 5 %, half of IM 10 %."""
    tight = Structure(maximum_rate=Decimal("0.10"))
    found = candidate(STEEP, TierPlan(largest_step=Decimal(step), step_stated=True), tight)
    assert found.tiers[0].initial_bound is cut
