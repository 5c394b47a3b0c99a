"""Rates for the whole notional: what is needed, published, and asked by the margin engine."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from plimsoll.calibration.assembly.conflicts import conflict_of
from plimsoll.calibration.assembly.joint import as_fitted, solve_tables
from plimsoll.calibration.assembly.ladders import Candidate, candidate
from plimsoll.calibration.assembly.needs import SideRisk, TableNeed
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.set_plan import CapsFrom, RatesFor, TierPlan
from plimsoll.calibration.tier_fit import SizeCost
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.tiers import TierTable
from plimsoll.margin.tiered import MaintenanceRule, TieredMargin

STRUCTURE = Structure()
STEP = STRUCTURE.maintenance_rate_step
NEED = TableNeed(
    market="B",
    prefix="",
    risk=SideRisk(price=0.03, price_error=0.001, reaction=0.02, reaction_error=0.001),
    cost=SizeCost(cost=0.001, fee=0.001, impact=1.0, volatility_daily=0.05, adv_usd=1e8),
    caps_usd=tuple(Decimal(cap) for cap in (10_000, 200_000, 2_000_000, 10_000_000)),
    horizon_hours=1,
)
PLANS = {
    caps: TierPlan(caps=caps, rates=RatesFor.WHOLE, count=None)
    for caps in (CapsFrom.CLASS, CapsFrom.GRID)
}


def needed_usd(size: float) -> float:
    """R(N) by hand: price, fee, cost of a small order, square-root impact."""
    return size * (0.03 + 0.001 + 0.001 + 1.0 * 0.05 * float(np.sqrt(size / 1e8)))


def tiers_of(found: Candidate) -> list[tuple[float, float, Decimal, Decimal]]:
    low, out = 0.0, []
    for fitted in found.tiers:
        tier = fitted.tier
        assert tier.cap_usd is not None
        out.append((low, float(tier.cap_usd), tier.maintenance_rate, tier.initial_rate))
        low = float(tier.cap_usd)
    return out


@pytest.mark.parametrize("caps", [CapsFrom.CLASS, CapsFrom.GRID])
def test_every_size_is_covered_by_its_tiers_rate_and_a_step_less_is_too_little(
    caps: CapsFrom,
) -> None:
    for low, high, rate, initial in tiers_of(candidate(NEED, PLANS[caps], STRUCTURE)):
        sizes = np.linspace(low, high, 400)[1:]
        assert all(float(rate) * size >= needed_usd(size) * (1 - 1e-12) for size in sizes)
        assert float(rate - STEP) * high < needed_usd(high)
        assert rate <= STRUCTURE.maintenance_initial_link * initial
        assert initial >= rate + Decimal("0.02")


def test_whole_rates_lie_below_marginal_ones_that_cover_the_same() -> None:
    """R is convex: the slope of its last chord exceeds its mean, which a whole rate is."""
    whole = candidate(NEED, PLANS[CapsFrom.CLASS], STRUCTURE)
    chords = candidate(NEED, TierPlan(), STRUCTURE)
    pairs = [
        (a.tier.maintenance_rate, b.tier.maintenance_rate)
        for a, b in zip(whole.tiers, chords.tiers, strict=True)
    ]
    assert all(mean <= slope for mean, slope in pairs)
    assert pairs[-1][0] < pairs[-1][1]


def test_the_engine_asks_the_rate_of_the_whole_position_of_the_published_table() -> None:
    found = candidate(NEED, PLANS[CapsFrom.CLASS], STRUCTURE)
    table = as_fitted(found.tiers).table
    sizes = [5_000.0, 10_000.0, 10_001.0, 150_000.0, 1_500_000.0, 10_000_000.0]
    for size, asked in zip(sizes, maintenance(table, sizes), strict=True):
        (rate,) = [float(r) for low, high, r, _ in tiers_of(found) if low < size <= high]
        assert asked == pytest.approx(rate * size, rel=1e-12)
        assert asked >= needed_usd(size)


def maintenance(table: TierTable, sizes: list[float]) -> list[float]:
    contract = Perpetual(
        pair=Pair(base="X", quote="USD"),
        settle="USD",
        payoff=Payoff.LINEAR,
        contract_size=Decimal(1),
    )
    book = Book.from_accounts(
        Account(
            name=str(index),
            positions=(Position(market="B", quantity=size / 100.0, entry_price=100.0),),
        )
        for index, size in enumerate(sizes)
    )
    model = TieredMargin(maintenance_rule=MaintenanceRule.WHOLE_NOTIONAL)
    snapshot = MarketSnapshot(at_ns=0, quotes={"B": Quote(mark=100.0, index=100.0)})
    prepared = model.prepare(snapshot, {"B": table}, {"B": contract})
    return list(prepared.requirements(book).maintenance)


def test_noise_against_whole_rates_in_force_is_frozen() -> None:
    found = candidate(NEED, PLANS[CapsFrom.CLASS], STRUCTURE)
    table = as_fitted(found.tiers).table
    nudged = TierTable(
        tuple(replace(t, maintenance_rate=t.maintenance_rate + 2 * STEP) for t in table.tiers)
    )
    held = replace(found, need=replace(NEED, incumbent=nudged))
    solved = solve_tables([held], STRUCTURE, standard_errors=1.5, coverage_rejected=False)["B"]
    assert solved.table.tiers[0].maintenance_rate == nudged.tiers[0].maintenance_rate
    assert all(solved.maintenance_frozen)


def test_a_cut_tier_says_what_the_whole_position_needs() -> None:
    tight = Structure(maximum_rate=Decimal("0.04"), leverage_grid=(Decimal(25),))
    found = candidate(NEED, PLANS[CapsFrom.CLASS], tight)
    assert found.tiers[-1].maintenance_bound
    only = replace(
        found, tiers=tuple(replace(t, initial_bound=t.maintenance_bound) for t in found.tiers)
    )
    # 10 million: 3.2 % and impact of 5 % x sqrt(0.1) = 1.58 %, 4.78 %, 4.8 on the grid.
    assert "needs at least 0.048" in conflict_of(only, tight)
