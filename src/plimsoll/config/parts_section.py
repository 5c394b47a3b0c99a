"""What is calibrated beside ratios and tiers: optional sections of ``venue.yaml``.

A section that is absent is not calibrated, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from plimsoll.calibration.add_ons.counterparty import DEFAULT_PROBABILITY_ANNUAL
from plimsoll.calibration.collateral.admission import AdmissionRules
from plimsoll.calibration.collateral.liquidation_cost import SaleRules
from plimsoll.calibration.fees.funding_clamp import ClampRule
from plimsoll.calibration.parts.collateral_assets import AssetKind
from plimsoll.calibration.parts.lending import LendingSettings
from plimsoll.config.data_section import FundingData, Interval, PriceColumns, TimeUnit
from plimsoll.config.fields import (
    Count,
    Days,
    Level,
    Multiple,
    PathText,
    PositiveShare,
    Rate,
    Section,
    Share,
    Text,
    Usd,
)
from plimsoll.config.quantities import Measure

_ADMISSION, _SALE, _CLAMP, _LENDING = AdmissionRules(), SaleRules(), ClampRule(), LendingSettings()

SpanHours = Annotated[float, Field(gt=0.0, le=24 * 90), Measure.HOURS]
Seconds = Annotated[float, Field(ge=0.0, le=86_400.0), Measure.NUMBER]
Years = Annotated[float, Field(gt=0.0, le=1000.0), Measure.NUMBER]
Accounts = Annotated[int, Field(ge=100, le=1_000_000), Measure.COUNT]
FeeRate = Annotated[Decimal, Field(ge=Decimal("-0.01"), le=Decimal("0.1")), Measure.FRACTION]
Rise = Annotated[float, Field(gt=0.0, le=100.0), Measure.FRACTION]
Fall = Annotated[float, Field(gt=0.0, lt=1.0), Measure.FRACTION]
Grade = Literal["AAA", "AA", "A", "BBB", "BB", "B", "CCC"]
assert set(Grade.__args__) == set(DEFAULT_PROBABILITY_ANNUAL)  # type: ignore[attr-defined]


class LiquidationSection(Section):
    """Thresholds, call level, steps and fee."""

    window_days: Days = Field(default=730, description="of history that is looked at")
    too_late: PositiveShare = Field(
        default=0.05, lt=0.5, description="chance of a close-out before one can react to a call"
    )
    cooldown_seconds: Seconds = Field(default=30.0, description="wait after each step")
    position_usd: Usd | None = Field(default=None, description="closed in steps; or the top cap")
    least_fee: Share = 0.0
    lowest_volatility_ratio: PositiveShare = 0.5
    highest_volatility_ratio: Annotated[float, Field(ge=1.0, le=100.0), Measure.NUMBER] = 3.0


class LegSection(Section):
    """Prices of the other leg, under the markets' own symbols: spot of perpetuals, or the other."""

    format: Literal["parquet", "csv"]
    path: PathText
    columns: PriceColumns
    time_unit: TimeUnit | None = None
    interval: Interval = "1h"


class AddOnsSection(Section):
    """Liquidity, concentration, wrong-way and gap; depeg and basis where data are named."""

    window_days: Days = 730
    far_confidence: Level = 0.999
    stressed_volatility: Level = 0.95
    depeg_symbols: tuple[Text, ...] = Field(
        default=(), description="dollar coins in the price file, in dollars"
    )
    basis: LegSection | None = None


class BridgeSection(Section):
    """Chain or bridge that an asset hangs on."""

    hazard_annual: PositiveShare
    loss_given_failure: PositiveShare


class AssetEntry(Section):
    """One asset of collateral."""

    name: Text
    kind: AssetKind
    symbol: Text = Field(description="in the price file, against dollars")
    asset_class: Text = Field(alias="class")
    adv_usd: Usd
    spread: Share = Field(description="bid-ask of mid, stressed")
    depth_usd: Usd | None = Field(default=None, description="within two per cent")
    venues: Count | None = None
    top_holder_share: Share | None = None
    synthetic: bool = Field(default=False, description="a stable coin on a hedge or an algorithm")
    redeems_into: Text | None = Field(default=None, description="asset a staked coin stands for")
    bridge: BridgeSection | None = None


class AdmissionSection(Section):
    """What an asset must meet to count."""

    least_history_days: Days = int(_ADMISSION.least_history_days)
    least_adv_usd: Usd = _ADMISSION.least_adv_usd
    least_depth_usd: Usd = _ADMISSION.least_depth_usd
    least_venues: Count = _ADMISSION.least_venues
    largest_peg_deviation: Share = _ADMISSION.largest_peg_deviation
    largest_volatility_annual: Multiple = _ADMISSION.largest_volatility_annual
    largest_top_holder_share: Share = _ADMISSION.largest_top_holder_share
    largest_haircut: Share = _ADMISSION.largest_haircut
    largest_daily_fall: Share = _ADMISSION.largest_daily_fall


class LendingSection(Section):
    """Terms of loans against collateral."""

    latency_hours: SpanHours = _LENDING.latency_hours
    user_hours: SpanHours = _LENDING.user_hours
    liquidated_share: PositiveShare = _LENDING.liquidated_share
    gas: Share = _LENDING.gas
    least_loan_to_value: PositiveShare = _LENDING.least_loan_to_value


class LentEntry(Section):
    """One asset that users borrow on margin."""

    name: Text
    reference_rate_annual: Share = Field(description="of borrowing elsewhere; holds at the kink")
    base_rate_annual: Share = 0.0
    withdrawn_share: Share | None = Field(
        default=None, description="of supply, in the worst 1 % of notice periods; or withdrawals"
    )


class BorrowingSection(Section):
    """The kinked curve of margin borrowing."""

    assets: Annotated[tuple[LentEntry, ...], Field(min_length=1, max_length=500)]
    # With less not even a rate of 1000 a year draws demand back to a kink of a thousandth.
    semi_elasticity: Annotated[float, Field(ge=0.01, le=1000.0), Measure.NUMBER] = Field(
        default=2.0, description="log change of borrowing for a rate higher by 100 % a year"
    )
    withdrawals: FundingData | None = Field(
        default=None, description="net, share of supply over each notice period, by asset"
    )


class CollateralSection(Section):
    """Haircuts, caps, admission; loans with ``lending: true`` or a mapping."""

    assets: Annotated[tuple[AssetEntry, ...], Field(min_length=1, max_length=500)]
    coverage: Level | None = Field(default=None, description="0.99, or what the appetite says")
    sale_hours: SpanHours = _SALE.horizon_hours
    participation: PositiveShare = _SALE.participation
    account_days: Years = _SALE.account_days
    venue_days: Years = _SALE.venue_days
    floor_share: Share = Field(default=0.5, description="of the worst move of the class")
    floor: Literal["class", "pooled"] = Field(
        default="pooled", description="for all in full, or as far as an asset is not known itself"
    )
    own_history_days: Days = Field(default=365, description="with fewer the floor holds in full")
    own_adv_usd: Usd = Field(default=50e6, description="with less turnover likewise")
    class_worst_loss: Mapping[Text, Share] = Field(
        default_factory=dict, description="on record before the prices begin"
    )
    watched_years: Mapping[Literal["reserves", "synthetic", "staked"], Years] = Field(
        default_factory=dict, description="of other pegged assets of a kind, beside these"
    )
    admission: AdmissionSection = Field(default_factory=AdmissionSection)
    lending: bool | LendingSection = False
    borrowing: BorrowingSection | None = None


class IncidentSection(Section):
    """How far a class moves in an incident."""

    fall: Fall
    rise: Rise


class PopulationSection(Section):
    """Who trades: stated, for nobody publishes it."""

    open_interest_usd: Annotated[Mapping[Text, Usd], Field(min_length=1)] = Field(
        description="of one side of each market, by class; or by market"
    )
    median_leverage: Annotated[float, Field(ge=1.0, le=1000.0), Measure.LEVERAGE] = 12.0
    leverage_log_sd: Annotated[float, Field(gt=0.0, le=5.0), Measure.NUMBER] = 0.7
    mean_hold_hours: SpanHours = 24.0
    answered: Share = Field(default=0.3, description="share of users who answer margin calls")
    smallest_usd: Usd = 1e3
    largest_usd: Usd = 1e6
    accounts_per_market: Accounts = Field(default=5_000, description="drawn for each book")
    books: Annotated[int, Field(ge=1, le=50), Measure.COUNT] = Field(
        default=4, description="draws of the population; the fund is their mean"
    )
    top_owner_shares: Annotated[tuple[PositiveShare, ...], Field(min_length=1, max_length=50)] = (
        0.1, 0.06, 0.04, 0.03, 0.02,
    )  # fmt: skip


class FundSection(Section):
    """The insurance fund."""

    available_usd: Usd | None = None
    ruin_probability_annual: Annotated[float, Field(gt=0.0, lt=0.5), Measure.FRACTION] | None = (
        Field(default=None, description="0.001, or what the appetite says")
    )
    cover_members: Annotated[int, Field(ge=1, le=50), Measure.COUNT] | None = Field(
        default=None, description="2, or what the appetite says"
    )
    population: PopulationSection
    incidents: Mapping[Text, IncidentSection] = Field(
        default_factory=dict, description="by class; else the worst day of the class"
    )


class ClampSection(Section):
    """Clamp of funding; needs ``data.funding``, or rates of its own that no loss counts."""

    rates: FundingData | None = Field(default=None, description="for the clamp alone")
    level: Level = _CLAMP.level
    cushion_share: PositiveShare = _CLAMP.cushion_share
    grid: Rate = _CLAMP.grid


class FeesSection(Section):
    """Fees by volatility, price of risk, funding clamp; they rest on the fund's population."""

    base_taker: FeeRate
    base_maker: FeeRate
    maker_share: Annotated[Decimal, Field(ge=0, le=Decimal("0.5")), Measure.FRACTION] = Decimal(0)
    steps: Annotated[int, Field(ge=1, le=10), Measure.COUNT] = 4
    by: Literal["venue", "class"] = "venue"
    hurdle_annual: Share = 0.15
    funding_clamp: ClampSection | None = None


class OperationsSection(Section):
    """Outages: those that all prices show together, and further ones."""

    outage_hours: tuple[SpanHours, ...] = ()
    watched_hours: Annotated[float, Field(ge=0.0), Measure.HOURS] = Field(
        default=0.0, description="over which the further ones were seen"
    )
    stress: Annotated[float, Field(ge=1.0, le=1000.0), Measure.NUMBER] = Field(
        default=1.0, description="times as frequent when liquidations happen"
    )
    apply: bool = Field(
        default=False, description="multiply the price risk of the set, not beside it"
    )


class InstitutionEntry(Section):
    """One institution; without a grade it bears the worst."""

    name: Text
    grade: Grade | None = None
    loss_given_default: Share = 0.6


class CounterpartiesSection(Section):
    """Institutions, and what may be lost to them."""

    institutions: Annotated[tuple[InstitutionEntry, ...], Field(min_length=1, max_length=1000)]
    budget: PositiveShare = Field(
        default=1e-5, description="expected loss per dollar of notional and margin period"
    )
