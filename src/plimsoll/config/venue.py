"""The schema of ``venue.yaml``, version 1. Units and defaults are explained in the template."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from plimsoll.calibration.problem import (
    CalibrationProblem,
    CorrectionName,
    CoverageLines,
    Gate,
    ModelSettings,
    ShortHistory,
    TailMethod,
    VolatilityModel,
)
from plimsoll.config.appetite_section import AppetiteSection
from plimsoll.config.data_section import DataSection
from plimsoll.config.fields import (
    Count,
    Days,
    Degrees,
    HalfLife,
    Hours,
    Level,
    Multiple,
    PathText,
    PositiveShare,
    Section,
    Seed,
    Share,
    SmallShare,
    TailShare,
    Text,
    Usd,
    UsdAmount,
    UtcTime,
)
from plimsoll.config.parts_section import (
    AddOnsSection,
    CollateralSection,
    CounterpartiesSection,
    FeesSection,
    FundSection,
    LiquidationSection,
    OperationsSection,
)
from plimsoll.config.structure_section import BucketSection, StructureSection

VENUE_VERSION = 1

_CORE = CalibrationProblem(venue="", label="", markets=(), classes={})  # the defaults' only home
_MODEL = ModelSettings()
_SHORT = ShortHistory()
_GATE = Gate()
_LINES = CoverageLines()

StepHours = Annotated[int, Field(ge=1, le=24)]


class PayoffName(StrEnum):
    """Payoff of a perpetual."""

    LINEAR = "linear"
    INVERSE = "inverse"


class VenueSection(Section):
    """Who the parameters are for."""

    name: Text
    label: Annotated[str, Field(max_length=200)] = ""


class MarketEntry(Section):
    """One market."""

    symbol: Text
    instrument: Text
    risk_class: Text = Field(alias="class")
    payoff: PayoffName = PayoffName.LINEAR
    adv_usd: Usd | None = None


class ClassEntry(Section):
    """What the markets of a class share."""

    maintenance_horizon_hours: Hours
    reaction_horizon_hours: Hours
    liquidation_cost: SmallShare
    liquidation_fee: SmallShare
    adv_usd: Usd
    tier_caps_usd: Annotated[tuple[UsdAmount, ...], Field(min_length=1, max_length=50)]
    expiry_buckets: Annotated[tuple[BucketSection, ...], Field(max_length=20)] = ()


class TargetSection(Section):
    """Coverage target."""

    maintenance_level: Level = _CORE.maintenance_level
    reaction_level: Level = _CORE.reaction_level


class TailSection(Section):
    """Tail of the scaled moves."""

    method: TailMethod = _MODEL.tail
    fraction: TailShare = _MODEL.tail_fraction
    window_days: Days = _MODEL.tail_window_days


class ModelSection(Section):
    """Filter and windows."""

    volatility: VolatilityModel = _MODEL.volatility
    half_life_days: HalfLife = _MODEL.half_life_days
    score_degrees: Degrees = _MODEL.score_degrees
    step_hours: StepHours = _MODEL.step_hours
    fit_window_days: Days = _MODEL.fit_window_days
    refit_every_days: Days = _MODEL.refit_every_days
    tail: TailSection = Field(default_factory=TailSection)
    persistence_rule: Literal["stationary", "capped"] = "capped"
    variance_start: Literal["arch_backcast", "sample_variance"] = "sample_variance"
    correction: CorrectionName = _MODEL.correction


class ShortHistorySection(Section):
    """Class floor for young markets."""

    minimum_days: Days = _SHORT.minimum_days
    class_quantile: Share = _SHORT.class_quantile
    minimum_donors: Count = _SHORT.minimum_donors


class ImpactSection(Section):
    """Square-root impact: cost = coefficient * daily volatility * sqrt(size / daily volume)."""

    coefficient: Multiple = _CORE.impact_coefficient


class AntiProcyclicalitySection(Section):
    """EMIR Article 28 tools; all off by default."""

    buffer: Share = 0.0
    stress_weight: Share = 0.0
    long_floor: bool = False


class FreezeSection(Section):
    """When a change is noise."""

    standard_errors: Multiple = _CORE.freeze_standard_errors


class LinesSection(Section):
    """Bands of walk-forward breach rates, as shares of the target's."""

    pooled: tuple[Share, Multiple] = _LINES.pooled
    side: tuple[Share, Multiple] = _LINES.side
    year: tuple[Share, Multiple] = _LINES.year
    worst_quartile: Multiple = _LINES.worst_quartile
    kupiec_share: Share = _LINES.kupiec_share
    least_year_share: Share = _LINES.least_year_share
    most_errors: Multiple = _LINES.most_errors
    least_market_sides: Count = _LINES.least_market_sides


class GateSection(Section):
    """What the evidence must show."""

    significance: Annotated[PositiveShare, Field(lt=0.5)] = _GATE.significance
    minimum_scored_days: Days = _GATE.minimum_scored_days
    lines: LinesSection = Field(default_factory=LinesSection)


class IncumbentSection(Section):
    """Parameters in force today, for comparison."""

    path: PathText
    format: Literal["binance_usdm_tiers", "parameter_set"]
    valid_from: UtcTime


class EvidenceSection(Section):
    """What is scored, and against what."""

    from_: UtcTime | None = Field(default=None, alias="from")
    compare: tuple[VolatilityModel, ...] = ()
    gate: GateSection = Field(default_factory=GateSection)
    incumbent: IncumbentSection | None = None


class VenueConfig(Section):
    """A venue file that passed every check of its own text."""

    version: Literal[1]
    venue: VenueSection
    data: DataSection
    markets: Annotated[tuple[MarketEntry, ...], Field(min_length=1)]
    classes: Annotated[Mapping[Text, ClassEntry], Field(min_length=1)]
    target: TargetSection = Field(default_factory=TargetSection)
    model: ModelSection = Field(default_factory=ModelSection)
    structure: StructureSection = Field(default_factory=StructureSection)
    short_history: ShortHistorySection = Field(default_factory=ShortHistorySection)
    impact: ImpactSection = Field(default_factory=ImpactSection)
    anti_procyclicality: AntiProcyclicalitySection = Field(
        default_factory=AntiProcyclicalitySection
    )
    freeze: FreezeSection = Field(default_factory=FreezeSection)
    evidence: EvidenceSection = Field(default_factory=EvidenceSection)
    appetite: AppetiteSection | None = None
    liquidation: LiquidationSection | None = None
    add_ons: AddOnsSection | None = None
    collateral: CollateralSection | None = None
    fund: FundSection | None = None
    fees: FeesSection | None = None
    operations: OperationsSection | None = None
    counterparties: CounterpartiesSection | None = None
    seed: Seed = _CORE.seed
    owner: Text = _CORE.owner
