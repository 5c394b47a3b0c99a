"""From the sections beside the ratios to the nouns of their calibration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.counterparty import Counterparty, rated
from plimsoll.calibration.collateral.admission import AdmissionRules
from plimsoll.calibration.collateral.assets import Bridge, CollateralProblem
from plimsoll.calibration.collateral.floor import FloorPolicy, FloorRule
from plimsoll.calibration.collateral.liquidation_cost import SaleRules
from plimsoll.calibration.collateral.pegged import PegKind
from plimsoll.calibration.fees.adaptive_fee import FeeRule
from plimsoll.calibration.fees.funding_clamp import ClampRule
from plimsoll.calibration.parts.borrowing import LentAsset
from plimsoll.calibration.parts.collateral_assets import StatedAsset
from plimsoll.calibration.parts.fund_replay import StatedPopulation
from plimsoll.calibration.parts.fund_scenarios import LadderMove
from plimsoll.calibration.parts.lending import LendingSettings
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.config.parts_section import (
    AssetEntry,
    CollateralSection,
    CounterpartiesSection,
    FeesSection,
    FundSection,
    LendingSection,
    PopulationSection,
)
from plimsoll.config.venue import VenueConfig
from plimsoll.validation.replay.accounts import LeverageLaw

SECTIONS = (
    "liquidation", "add_ons", "collateral", "fund", "fees", "operations", "counterparties",
)  # fmt: skip
DEFAULT_COVERAGE, DEFAULT_RUIN, DEFAULT_MEMBERS = 0.99, 0.001, 2
"""Of the moderate profile, where neither an appetite nor the section says anything."""


def stated_parts(venue: VenueConfig) -> Mapping[str, object] | None:
    """Return what the sections say as plain data; None where there are none."""
    found = {
        name: section.model_dump(mode="json", by_alias=True)
        for name in SECTIONS
        if (section := getattr(venue, name)) is not None
    }
    return found or None


def to_assets(section: CollateralSection) -> tuple[StatedAsset, ...]:
    """Return the assets of collateral."""
    return tuple(_asset(entry) for entry in section.assets)


def _asset(entry: AssetEntry) -> StatedAsset:
    bridge = entry.bridge
    return StatedAsset(
        asset=entry.name,
        asset_class=entry.asset_class,
        symbol=entry.symbol,
        kind=entry.kind,
        adv_usd=entry.adv_usd,
        spread=entry.spread,
        depth_usd=entry.depth_usd,
        venues=entry.venues,
        top_holder_share=entry.top_holder_share,
        synthetic=entry.synthetic,
        redeems_into=entry.redeems_into or "",
        bridge=None
        if bridge is None
        else Bridge(
            hazard_annual=bridge.hazard_annual, loss_given_failure=bridge.loss_given_failure
        ),
    )


def to_collateral_problem(
    section: CollateralSection, problem: CalibrationProblem, at_ns: int, bars_per_day: int
) -> CollateralProblem:
    """Return how haircuts are set; the coverage is the appetite's where one is stated."""
    appetite = problem.appetite
    coverage = section.coverage or DEFAULT_COVERAGE
    if appetite is not None:
        coverage = appetite.targets.figures.collateral_coverage
    return CollateralProblem(
        at_ns=at_ns,
        bars_per_day=bars_per_day,
        confidence=coverage,
        sale=SaleRules(
            horizon_hours=section.sale_hours,
            participation=section.participation,
            account_days=section.account_days,
            venue_days=section.venue_days,
        ),
        admission=AdmissionRules(**dict(section.admission)),
        class_worst_loss=dict(section.class_worst_loss),
        floor_share=section.floor_share,
        floor=FloorRule(
            policy=FloorPolicy(section.floor),
            own_history_days=float(section.own_history_days),
            own_adv_usd=section.own_adv_usd,
        ),
        seed=problem.seed,
        owner=problem.owner,
    )


def to_watched_years(section: CollateralSection) -> dict[PegKind, float]:
    """Years that other pegged assets were watched."""
    return {PegKind(name): years for name, years in section.watched_years.items()}


def to_lending(section: CollateralSection) -> LendingSettings | None:
    """Return what is lent on; None where nothing is."""
    if isinstance(section.lending, LendingSection):
        return LendingSettings(**dict(section.lending))
    return LendingSettings() if section.lending else None


def to_population(section: PopulationSection) -> StatedPopulation:
    """Return who trades."""
    return StatedPopulation(
        law=LeverageLaw(
            name="stated",
            about=f"median leverage {section.median_leverage:g}",
            median_leverage=section.median_leverage,
            log_sd=section.leverage_log_sd,
            mean_hold_hours=section.mean_hold_hours,
            answered=section.answered,
            least_usd=section.smallest_usd,
            most_usd=section.largest_usd,
        ),
        open_interest_usd=dict(section.open_interest_usd),
        accounts_per_market=section.accounts_per_market,
        books=section.books,
        holder_shares=section.top_owner_shares,
    )


def to_ladder(section: FundSection) -> dict[str, LadderMove]:
    """Return incident moves by class."""
    return {
        name: LadderMove(fall=move.fall, rise=move.rise) for name, move in section.incidents.items()
    }


def fund_targets(section: FundSection, problem: CalibrationProblem) -> tuple[float, int]:
    """Return ruin probability and members covered: the appetite's, or the section's."""
    if problem.appetite is not None:
        figures = problem.appetite.targets.figures
        return figures.ruin_probability_annual, figures.cover_members
    return (
        section.ruin_probability_annual or DEFAULT_RUIN,
        section.cover_members or DEFAULT_MEMBERS,
    )


def to_fee_rule(section: FeesSection) -> FeeRule:
    """Return what the venue sets of its fees."""
    return FeeRule(
        base_taker=section.base_taker,
        base_maker=section.base_maker,
        maker_share=section.maker_share,
        steps=section.steps,
    )


def to_clamp_rule(section: FeesSection) -> ClampRule | None:
    """Return the rule of the clamp; None where none is asked for."""
    clamp = section.funding_clamp
    if clamp is None:
        return None
    return ClampRule(level=clamp.level, cushion_share=clamp.cushion_share, grid=clamp.grid)


def to_lent(
    section: CollateralSection, withdrawals: Mapping[str, NDArray[np.float64]]
) -> tuple[LentAsset, ...]:
    """Return the assets that are borrowed on margin, with their record where there is one."""
    stated = section.borrowing
    return () if stated is None else tuple(
        LentAsset(
            asset=one.name,
            reference_rate_annual=one.reference_rate_annual,
            base_rate_annual=one.base_rate_annual,
            semi_elasticity=stated.semi_elasticity,
            withdrawn_share=one.withdrawn_share,
            withdrawals=withdrawals.get(one.name, np.empty(0)),
        )
        for one in stated.assets
    )  # fmt: skip


def to_counterparties(section: CounterpartiesSection) -> dict[str, Counterparty]:
    """Return institutions by name."""
    return {
        one.name: rated(one.grade, loss_given_default=one.loss_given_default)
        for one in section.institutions
    }
