"""Fund, fees and levels of a venue whose shorts have a table of their own, twice that of longs.

Tolerance 1e-12 relative: sums and products of a few floats.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from made_proof import proof_of, tiers
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.fees.funding_clamp import ClampRule
from plimsoll.calibration.parts.fund_replay import StatedPopulation, fund_days, published_by_side
from plimsoll.calibration.parts.fund_scenarios import LadderMove, cover_book, cover_requirements
from plimsoll.calibration.parts.funding_clamps import market_clamps
from plimsoll.calibration.parts.level_table import level_table
from plimsoll.calibration.parts.market_moves import market_moves
from plimsoll.calibration.published import PublishedPath
from plimsoll.calibration.set_plan import SetPlan, SidesName
from plimsoll.domain.tiers import TierTable
from plimsoll.validation.replay.accounts import TYPICAL
from synthetic_panel import history_of

DAYS = 40
SHORTS = tiers("0.08", "0.04")
POPULATION = StatedPopulation(
    law=TYPICAL, open_interest_usd={"large": 1e6}, accounts_per_market=400, holder_shares=(0.1,)
)
NO_OUTAGES = cast(Any, SimpleNamespace(in_level={}, errors_in_level={}))


def made(close: np.ndarray | None = None, short: TierTable | None = None) -> Proof:
    """One market; longs at 4 % initial and 2 % maintenance, shorts alike or by their own table."""
    prices = np.ones((24 * DAYS, 1)) if close is None else close
    found = proof_of(history_of(prices), {"M0": "large"}, days=DAYS)
    return found.with_solutions(tuple(replace(cast(Any, s), short=short) for s in found.solutions))


def published(proof: Proof, sides: SidesName, long_risk: float, short_risk: float) -> Proof:
    """Price risks of the sides, and the rate of each, or of the larger, with 1 % on top."""
    risk = np.tile([long_risk, short_risk], (DAYS, 1, 1))
    whole = risk + 0.01 if sides is SidesName.SEPARATE else risk.max(axis=2) + 0.01
    changes = np.zeros(whole.shape[1:], dtype=np.int64)
    path = PublishedPath(whole=whole, rate=whole - 0.01, changes=changes, snapped=whole)
    return replace(
        proof,
        problem=replace(proof.problem, plan=SetPlan(sides=sides)),
        paths=replace(proof.paths, maintenance=risk, reaction=risk),
        published=path,
        maintenance=cast(Any, SimpleNamespace(start_ns=proof.paths.time_ns)),
    )


@pytest.mark.parametrize(("short", "margin"), [(None, 4_000.0), (SHORTS, 8_000.0)])
def test_an_owner_short_of_everything_put_up_the_margin_of_shorts(
    short: TierTable | None, margin: float
) -> None:
    """100,000 short lose 60 % and 0.05 % of closing; the same long lose half."""
    proof = made(short=short)
    ladder = {"large": LadderMove(fall=0.5, rise=0.6)}
    (found,) = cover_requirements(proof, cover_book(proof, POPULATION), ladder, [1])
    assert found.required_usd == pytest.approx(60_050.0 - margin, rel=1e-12)
    ladder = {"large": LadderMove(fall=0.7, rise=0.6)}
    (found,) = cover_requirements(proof, cover_book(proof, POPULATION), ladder, [1])
    assert found.required_usd == pytest.approx(70_050.0 - 4_000.0, rel=1e-12)


def test_accounts_are_replayed_under_the_rate_published_for_their_side() -> None:
    apart, one = (
        published(made(), sides, 0.0204, 0.05) for sides in (SidesName.SEPARATE, SidesName.ONE)
    )
    rates, reaction = published_by_side(apart, [0])
    assert rates.shape == (DAYS, 1, 2)
    assert rates[0, 0].tolist() == pytest.approx([0.0304, 0.06], rel=1e-12)
    assert reaction[0, 0].tolist() == [0.0204, 0.05]
    assert [a[0, 0].tolist() for a in published_by_side(one, [0])] == [[0.05 + 0.01], [0.05]]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_a_side_costs_the_fund_is_what_its_own_table_lets_through(sign: float) -> None:
    """Jumps one way alone: shorts, or longs, lose; the other side's table does not matter."""
    jumps = np.zeros(24 * DAYS)
    jumps[::97] = 0.15
    close = 100.0 * np.exp(sign * np.cumsum(jumps))[:, None]
    own = 0.04 if sign > 0 else 0.02
    proof = made(close)
    cases = {
        "apart": published(proof, SidesName.SEPARATE, 0.02, 0.04),
        "own": published(proof, SidesName.ONE, own, own),
        "other": published(proof, SidesName.ONE, 0.06 - own, 0.06 - own),
    }
    lost = {
        name: fund_days(one, POPULATION, seed=3).losses_usd.sum() for name, one in cases.items()
    }
    assert lost["apart"] > 0.0
    assert lost["apart"] == pytest.approx(lost["own"], rel=1e-12)
    assert lost["other"] != pytest.approx(lost["own"], rel=0.01)


@pytest.mark.parametrize(
    ("short", "cushion"), [(None, 0.02), (SHORTS, 0.02), (tiers("0.05", "0.04"), 0.01)]
)
def test_the_clamp_lies_within_the_tighter_cushion(short: TierTable | None, cushion: float) -> None:
    rule = ClampRule(cushion_share=0.25)
    made_up = market_clamps(made(short=short), {"M0": np.full(200, 0.5)}, {}, rule)
    assert made_up.found["M0"].allowed == pytest.approx(0.25 * cushion, rel=1e-12)


def test_the_levels_tell_both_sides_where_they_are_apart() -> None:
    (one,), (apart,) = (
        tuple(level_table(made(short=short), NO_OUTAGES)) for short in (None, SHORTS)
    )
    names = ("maintenance", "initial")
    assert [one[name] for name in names] == [apart[name] for name in names] == [0.02, 0.04]
    assert [apart[f"{name}_short"] for name in names] == [0.04, 0.08]
    assert "maintenance_short" not in one


def test_add_ons_see_the_side_that_asks_less() -> None:
    (found,) = market_moves(made(short=tiers("0.03", "0.01")), window_days=30)
    assert (found.maintenance_rate, found.initial_rate) == (0.01, 0.03)
