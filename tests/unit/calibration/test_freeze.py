"""Noise is frozen, the rest is solved again around it, and a failing incumbent is tightened."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.calibration.assembly.joint import FrozenTiers, solve_tables
from plimsoll.calibration.assembly.ladders import Candidate
from plimsoll.calibration.assembly.needs import SideRisk, TableNeed
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.tier_fit import FittedTier, SizeCost, fit_tier
from plimsoll.domain.tiers import TierTable

STRUCTURE = Structure()
CAPS = (Decimal(10_000), Decimal(100_000), Decimal(1_000_000))


def tiers(*rates: float, reaction: float = 0.05) -> tuple[FittedTier, ...]:
    return tuple(fit_tier(r, reaction, c, STRUCTURE) for r, c in zip(rates, CAPS, strict=True))


def table(fitted: tuple[FittedTier, ...]) -> TierTable:
    return TierTable(tuple(f.tier for f in fitted))


def freeze_tiers(
    candidate: tuple[FittedTier, ...],
    incumbent: TierTable,
    maintenance_error: float,
    reaction_error: float,
    standard_errors: float,
    structure: Structure,
    *,
    coverage_rejected: bool,
) -> FrozenTiers:
    """Solve a set of one table."""
    need = TableNeed(
        market="B",
        prefix="",
        risk=SideRisk(
            price=0.0,
            price_error=maintenance_error,
            reaction=0.0,
            reaction_error=reaction_error,
        ),
        cost=SizeCost(cost=0.0, fee=0.0, impact=0.0, volatility_daily=0.0, adv_usd=1.0),
        caps_usd=CAPS,
        horizon_hours=1,
        incumbent=incumbent,
    )
    solved = solve_tables(
        [Candidate(need=need, tiers=candidate)],
        structure,
        standard_errors=standard_errors,
        coverage_rejected=coverage_rejected,
    )
    return solved["B"]


def rates(fitted: tuple[FittedTier, ...]) -> list[Decimal]:
    return [f.tier.maintenance_rate for f in fitted]


def test_a_change_within_noise_keeps_the_incumbent() -> None:
    old, new = tiers(0.040, 0.050, 0.060), tiers(0.041, 0.051, 0.061)
    frozen = freeze_tiers(new, table(old), 0.001, 0.001, 1.5, STRUCTURE, coverage_rejected=False)
    assert rates(frozen.tiers) == rates(old)
    assert all(frozen.maintenance_frozen)


def test_a_significant_change_goes_through() -> None:
    old, new = tiers(0.040, 0.050, 0.060), tiers(0.042, 0.052, 0.062)
    frozen = freeze_tiers(new, table(old), 0.001, 0.001, 1.5, STRUCTURE, coverage_rejected=False)
    assert rates(frozen.tiers) == rates(new)
    assert not any(frozen.maintenance_frozen)


def test_loosening_is_frozen_as_readily_as_tightening() -> None:
    old, new = tiers(0.041, 0.051, 0.061), tiers(0.040, 0.050, 0.060)
    frozen = freeze_tiers(new, table(old), 0.001, 0.001, 1.5, STRUCTURE, coverage_rejected=False)
    assert rates(frozen.tiers) == rates(old)


def test_a_tightening_is_not_held_back_while_coverage_is_rejected() -> None:
    old = tiers(0.040, 0.050, 0.060)
    up, down = tiers(0.041, 0.051, 0.061), tiers(0.0395, 0.0495, 0.0595)
    held = freeze_tiers(up, table(old), 0.001, 0.001, 1.5, STRUCTURE, coverage_rejected=True)
    assert rates(held.tiers) == rates(up)
    kept = freeze_tiers(down, table(old), 0.001, 0.001, 1.5, STRUCTURE, coverage_rejected=True)
    assert rates(kept.tiers) == rates(old)


def test_a_frozen_rate_that_would_fall_below_its_neighbour_is_thawed() -> None:
    # Tier 1 rises to 5.2 % for good; tier 2 at 5.0 % would be noise, but must not lie under it.
    old, new = tiers(0.040, 0.050, 0.060), tiers(0.052, 0.0505, 0.0605)
    frozen = freeze_tiers(new, table(old), 0.001, 0.001, 1.5, STRUCTURE, coverage_rejected=False)
    assert rates(frozen.tiers) == [Decimal("0.0520"), Decimal("0.0520"), Decimal("0.0600")]
    assert frozen.maintenance_frozen == (False, False, True)


def test_other_caps_or_another_grid_freeze_nothing() -> None:
    new = tiers(0.041, 0.051, 0.061)
    others = TierTable(tuple(f.tier for f in tiers(0.040, 0.050, 0.060))[:2])
    frozen = freeze_tiers(new, others, 0.01, 0.01, 1.5, STRUCTURE, coverage_rejected=False)
    assert rates(frozen.tiers) == rates(new)


@given(
    old=st.lists(st.floats(0.01, 0.2), min_size=3, max_size=3),
    new=st.lists(st.floats(0.01, 0.2), min_size=3, max_size=3),
    error=st.floats(0.0001, 0.02),
    rejected=st.booleans(),
)
def test_whatever_is_frozen_the_tiers_hold(
    old: list[float], new: list[float], error: float, rejected: bool
) -> None:
    """Monotone, linked, and each rate is either the incumbent's or not below the candidate's."""
    before, candidate = tiers(*sorted(old)), tiers(*sorted(new))
    frozen = freeze_tiers(
        candidate, table(before), error, error, 1.5, STRUCTURE, coverage_rejected=rejected
    )
    table(frozen.tiers)
    for index, fitted in enumerate(frozen.tiers):
        assert fitted.tier.maintenance_rate <= fitted.tier.initial_rate / 2
        if frozen.maintenance_frozen[index]:
            assert fitted.tier.maintenance_rate == before[index].tier.maintenance_rate
        else:
            assert fitted.tier.maintenance_rate >= candidate[index].tier.maintenance_rate


def test_a_free_initial_rate_is_built_around_the_rate_that_stands() -> None:
    # Candidate MM 1 %, q 3 %: IM 4 %. The incumbent's 1.25 % stands (noise), so IM must be 4.25 %,
    # which is 1/20 on the leverage grid; 4 % (1/25) would leave 2.75 % for the reaction time.
    old, new = tiers(0.0125, 0.05, 0.06, reaction=0.1), tiers(0.010, 0.05, 0.06, reaction=0.03)
    frozen = freeze_tiers(new, table(old), 0.002, 1e-6, 1.5, STRUCTURE, coverage_rejected=False)
    assert frozen.maintenance_frozen[0]
    assert frozen.tiers[0].tier.maintenance_rate == Decimal("0.0125")
    assert frozen.tiers[0].tier.initial_rate == Decimal("0.05")


def test_an_incumbent_off_the_grid_or_above_the_bound_is_not_frozen() -> None:
    old, new = tiers(0.0205, 0.0205, 0.0205), tiers(0.020, 0.020, 0.020, reaction=0.0)
    tight = Structure(maximum_rate=Decimal("0.02"), leverage_grid=(Decimal(50),))
    candidate = tuple(fit_tier(0.02, 0.0, c, tight) for c in CAPS)
    frozen = freeze_tiers(candidate, table(old), 0.01, 0.01, 1.5, tight, coverage_rejected=False)
    assert rates(frozen.tiers) == [Decimal("0.0200")] * 3
    odd = TierTable(
        tuple(replace(f.tier, initial_rate=Decimal("0.045")) for f in tiers(0.02, 0.02, 0.02))
    )
    frozen = freeze_tiers(new, odd, 0.01, 0.01, 1.5, STRUCTURE, coverage_rejected=False)
    assert not any(frozen.initial_frozen)
    assert all(frozen.maintenance_frozen)
