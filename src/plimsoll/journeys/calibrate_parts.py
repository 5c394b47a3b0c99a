"""What a venue calibrates beside its ratios: sections and data in, one callable out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from plimsoll.calibration.add_ons.outage_levels import OutageLevels
from plimsoll.calibration.evidence import Proof
from plimsoll.calibration.kept import NOTHING_KEPT, Kept, kept_or_made
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.add_ons import AddOnSettings, add_ons_part
from plimsoll.calibration.parts.counterparties import CreditSettings, credit_part
from plimsoll.calibration.parts.fees import FeeInputs, FeeSettings, calibrated_fees
from plimsoll.calibration.parts.fund import FundSettings, calibrated_fund
from plimsoll.calibration.parts.fund_replay import (
    FundDays,
    StatedPopulation,
    fund_books,
    mean_days,
)
from plimsoll.calibration.parts.liquidation import LiquidationSettings, liquidation_part
from plimsoll.calibration.parts.market_moves import as_of_ns, market_moves
from plimsoll.calibration.parts.operations import operations_part
from plimsoll.calibration.parts.outages import OperationsSettings, outage_levels
from plimsoll.calibration.thresholds.publication import ThresholdGrid
from plimsoll.config.parts_convert import (
    SECTIONS,
    fund_targets,
    to_clamp_rule,
    to_counterparties,
    to_fee_rule,
    to_ladder,
    to_population,
)
from plimsoll.config.venue import VenueConfig
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.journeys.calibrate_parts_collateral import collateral_of
from plimsoll.journeys.calibrate_parts_data import PartsData, add_on_prices
from plimsoll.journeys.prices import Payments

Stage = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True, eq=False)
class VenueParts:
    """Calibrates the sections of a venue file from a proof.

    Parameters
    ----------
    config : VenueConfig
    data : PartsData
        Prices beside the markets'.
    payments : mapping or None
        Funding by market.
    parent : ParameterSet or None
        In force, for comparison.
    stage : callable
        Times a block by name.
    progress : Progress
    kept : Kept
        Parts that a run of the same inputs made before it was cut off.
    """

    config: VenueConfig
    data: PartsData
    payments: Payments | None = None
    parent: ParameterSet | None = None
    stage: Stage
    progress: Progress = field(default=SILENT)
    kept: Kept = field(default=NOTHING_KEPT)

    def __call__(self, proof: Proof) -> tuple[CalibratedPart, ...]:
        """Return the parts in the order of the sections."""
        made = _Made(config=self.config, proof=proof)
        return tuple(self._parts(made))

    def level(self, draft: Proof) -> OutageLevels | None:
        """Return what outages make of the level, where the venue has them applied to its set."""
        section = self.config.operations
        if section is None or not section.apply:
            return None
        with self._shown("calibrate operations"):
            return outage_levels(
                draft, _operations_settings(_Made(config=self.config, proof=draft))
            )

    def _parts(self, made: _Made) -> Iterator[CalibratedPart]:
        makers = {
            "liquidation": lambda: _liquidation(made),
            "add_ons": lambda: _add_ons(made, self.data),
            "collateral": lambda: collateral_of(made.config, made.proof, self.data, self.parent),
            "fund": lambda: _fund(made),
            "fees": lambda: _fees(made, self.data.clamp_rates or self.payments),
            "operations": lambda: _operations(made),
            "counterparties": lambda: _credit(made),
        }
        for name in SECTIONS:
            if getattr(self.config, name) is not None:
                with self._shown(f"calibrate {name.replace('_', '-')}"):
                    part = kept_or_made(self.kept, f"part {name}", CalibratedPart, makers[name])
                yield part

    @contextmanager
    def _shown(self, name: str) -> Iterator[None]:
        self.progress.start(name)
        try:
            with self.stage(name):
                yield
        finally:
            self.progress.finish()


@dataclass(kw_only=True, eq=False)
class _Made:
    """A proof with what several parts rest on, made once."""

    config: VenueConfig
    proof: Proof

    @property
    def label(self) -> str:
        return self.proof.price_note()

    @cached_property
    def population(self) -> StatedPopulation | None:
        fund = self.config.fund
        return None if fund is None else to_population(fund.population)

    @cached_property
    def books(self) -> tuple[FundDays, ...]:
        assert self.population is not None  # asked for by sections that need a fund
        return fund_books(self.proof, self.population, seed=self.proof.problem.seed)


def _liquidation(made: _Made) -> CalibratedPart:
    section, problem = made.config.liquidation, made.proof.problem
    assert section is not None
    moves = market_moves(made.proof, window_days=section.window_days)
    return liquidation_part(
        moves,
        LiquidationSettings(
            confidence=problem.maintenance_level,
            window_days=section.window_days,
            too_late=section.too_late,
            cooldown_seconds=section.cooldown_seconds,
            position_usd=section.position_usd,
            impact=problem.impact_coefficient,
            least_fee=section.least_fee,
            highest_maintenance=float(problem.structure.maximum_rate),
            lowest_ratio=section.lowest_volatility_ratio,
            highest_ratio=section.highest_volatility_ratio,
            grid=ThresholdGrid(rate=problem.structure.maintenance_rate_step),
            seed=problem.seed,
            owner=problem.owner,
            label=made.label,
        ),
    )


def _add_ons(made: _Made, data: PartsData) -> CalibratedPart:
    section, problem = made.config.add_ons, made.proof.problem
    assert section is not None
    moves = market_moves(made.proof, window_days=section.window_days)
    settings = AddOnSettings(
        confidence=problem.maintenance_level,
        far_confidence=section.far_confidence,
        stressed_volatility=section.stressed_volatility,
        impact=problem.impact_coefficient,
        basis=section.basis is not None,
        seed=problem.seed,
        owner=problem.owner,
        label=made.label,
    )
    return add_ons_part(moves, add_on_prices(made.proof, data, moves, made.population), settings)


def _fund(made: _Made) -> CalibratedPart:
    section, problem = made.config.fund, made.proof.problem
    assert section is not None
    assert made.population is not None
    ruin, members = fund_targets(section, problem)
    return calibrated_fund(
        made.proof,
        made.books,
        FundSettings(
            population=made.population,
            ladder=to_ladder(section),
            available_usd=section.available_usd,
            ruin_probability_annual=ruin,
            cover_members=members,
            seed=problem.seed,
            owner=problem.owner,
            label=made.label,
        ),
    )


def _fees(made: _Made, payments: Payments | None) -> CalibratedPart:
    section, problem = made.config.fees, made.proof.problem
    assert section is not None
    assert made.population is not None
    last = as_of_ns(made.proof)
    kept = {market: times <= last for market, (times, _) in (payments or {}).items()}
    paid = (payments or {}).items()
    return calibrated_fees(
        made.proof,
        FeeInputs(
            days=mean_days(made.books),
            population=made.population,
            funding_rates={market: rates[kept[market]] for market, (_, rates) in paid},
            funding_times_ns={market: times[kept[market]] for market, (times, _) in paid},
        ),
        FeeSettings(
            rule=to_fee_rule(section),
            by_class=section.by == "class",
            hurdle_annual=section.hurdle_annual,
            clamp=to_clamp_rule(section),
            owner=problem.owner,
            label=made.label,
        ),
    )


def _operations(made: _Made) -> CalibratedPart:
    return operations_part(made.proof, _operations_settings(made))


def _operations_settings(made: _Made) -> OperationsSettings:
    section, problem = made.config.operations, made.proof.problem
    assert section is not None
    return OperationsSettings(
        outage_hours=section.outage_hours,
        watched_hours=section.watched_hours,
        stress=section.stress,
        confidence=problem.maintenance_level,
        apply=section.apply,
        owner=problem.owner,
        label=made.label,
    )


def _credit(made: _Made) -> CalibratedPart:
    section, problem = made.config.counterparties, made.proof.problem
    assert section is not None
    return credit_part(
        made.proof,
        CreditSettings(
            counterparties=to_counterparties(section),
            budget=section.budget,
            confidence=problem.maintenance_level,
            owner=problem.owner,
            label=made.label,
        ),
    )
