"""The section ``structure`` of the venue file: grid and links, ladders, sides, limits, steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from plimsoll.calibration.problem import Structure
from plimsoll.calibration.set_plan import (
    CapsFrom,
    CloseOut,
    ExpiryBucket,
    LimitPlan,
    OrderPlan,
    RatesFor,
    SetPlan,
    SidesName,
    SizesName,
    StepPlan,
    TierPlan,
)
from plimsoll.config.data_section import Interval, PriceColumns, TimeUnit
from plimsoll.config.fields import (
    Leverage,
    PathText,
    PositiveShare,
    Rate,
    Section,
    Text,
    UsdAmount,
    UtcTime,
)
from plimsoll.config.quantities import Measure
from plimsoll.domain.finding import Reason

_STRUCTURE = Structure()
_TIERS, _LIMITS, _STEPS = TierPlan(), LimitPlan(), StepPlan()

DayCount = Annotated[float, Field(gt=0.0, le=365.0), Measure.DAYS]
NoticeHours = Annotated[int, Field(ge=0, le=24 * 90), Measure.HOURS]
StepHours = Annotated[int, Field(ge=1, le=24 * 90), Measure.HOURS]
TierCount = Annotated[int, Field(ge=1, le=50), Measure.COUNT]
RelativeStep = Annotated[Decimal, Field(gt=0, le=10), Measure.FRACTION]
Factor = Annotated[Decimal, Field(ge=1, le=100), Measure.NUMBER]
Steps = Annotated[int, Field(ge=1, le=500), Measure.COUNT]
ExpiryDays = Annotated[int, Field(ge=1, le=3660), Measure.DAYS]
BasisRate = Annotated[Decimal, Field(ge=0, lt=1), Measure.FRACTION]


class TiersSection(Section):
    """How ladders are fitted; without it, at the caps of the class."""

    caps: CapsFrom = _TIERS.caps
    count: TierCount | Literal["auto"] = "auto"
    most_tiers: TierCount = _TIERS.most_tiers
    least_gain: PositiveShare = _TIERS.least_gain
    rates: RatesFor = _TIERS.rates
    largest_step: Rate | None = None
    sizes: SizesName = _TIERS.sizes
    least_size_usd: UsdAmount = _TIERS.least_size_usd
    lowest_cap_usd: UsdAmount = _TIERS.lowest_cap_usd
    close_out: CloseOut = _TIERS.close_out
    participation: PositiveShare = _TIERS.participation


class LimitsSection(Section):
    """What bounds positions and open interest."""

    participation: PositiveShare = _LIMITS.participation
    free_days: DayCount = _LIMITS.free_days
    full_days: DayCount = _LIMITS.full_days
    position_days: DayCount = _LIMITS.position_days


class StepLimitsSection(Section):
    """How far one change may go, and when it may come."""

    rise: Rate | None = None
    fall: Rate | None = None
    rise_relative: RelativeStep | None = None
    fall_relative: RelativeStep | None = None
    notice_tightening_hours: NoticeHours = _STEPS.notice_tightening_hours
    notice_loosening_hours: NoticeHours = _STEPS.notice_loosening_hours
    interval_hours: StepHours = _STEPS.interval_hours
    urgent: bool = _STEPS.urgent
    urgent_factor: Factor = _STEPS.urgent_factor
    urgent_notice_hours: NoticeHours = _STEPS.urgent_notice_hours
    most_steps: Steps = _STEPS.most_steps


class OrderSection(Section):
    """Which tables may nowhere have lower rates than others."""

    classes: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    expiries: bool = False


class DatedFutureEntry(Section):
    """One dated future, by the name under which its prices stand."""

    symbol: Text
    underlying: Text
    expiry: UtcTime


class ExpiryPricesSection(Section):
    """Prices of dated futures, from which calibrated basis rates are estimated.

    They are held against the venue's own prices of the underlyings at the same times.
    """

    format: Literal["parquet", "csv"]
    path: PathText
    columns: PriceColumns
    time_unit: TimeUnit | None = None
    interval: Interval = "1h"
    futures: Annotated[tuple[DatedFutureEntry, ...], Field(min_length=1, max_length=2000)]


class StructureSection(Section):
    """The venue's own grid and links, and what is asked of its next set."""

    maintenance_rate_step: Rate = _STRUCTURE.maintenance_rate_step
    maximum_rate: Rate = _STRUCTURE.maximum_rate
    leverage_grid: Annotated[tuple[Leverage, ...], Field(min_length=1, max_length=200)] = (
        _STRUCTURE.leverage_grid
    )
    maintenance_initial_link: Rate = _STRUCTURE.maintenance_initial_link
    tiers: TiersSection | None = None
    sides: SidesName = SidesName.ONE
    limits: LimitsSection | None = None
    step_limits: StepLimitsSection | None = None
    order: OrderSection | None = None
    expiry_prices: ExpiryPricesSection | None = None


class BucketSection(Section):
    """Dated futures up to a time to expiry."""

    up_to_days: ExpiryDays
    basis_rate: BasisRate | Literal["calibrated"]
    default_basis_rate: BasisRate | None = None


def to_structure(section: StructureSection) -> Structure:
    """Return grid and links."""
    return Structure(**{f.name: getattr(section, f.name) for f in fields(Structure)})


def to_plan(
    section: StructureSection, buckets: Mapping[str, tuple[BucketSection, ...]]
) -> SetPlan | None:
    """Return what is asked of the set; None where the file states nothing of it."""
    expiries = {
        name: tuple(_bucket(bucket) for bucket in listed)
        for name, listed in buckets.items()
        if listed
    }
    plan = SetPlan(
        tiers=_tiers(section.tiers),
        sides=section.sides,
        limits=None if section.limits is None else LimitPlan(**dict(section.limits)),
        steps=None if section.step_limits is None else StepPlan(**dict(section.step_limits)),
        expiry_buckets=expiries,
        order=OrderPlan() if section.order is None else OrderPlan(**dict(section.order)),
    )
    return None if plan == SetPlan() else plan


def _bucket(section: BucketSection) -> ExpiryBucket:
    stated, default = section.basis_rate, section.default_basis_rate
    if isinstance(stated, Decimal):
        return ExpiryBucket(up_to_days=section.up_to_days, basis_rate=stated)
    assert default is not None  # a rule of the file asks for it
    return ExpiryBucket(
        up_to_days=section.up_to_days,
        basis_rate=default,
        calibrated=True,
        reason=Reason.NO_DATA,
    )


def _tiers(section: TiersSection | None) -> TierPlan:
    if section is None:
        return TierPlan()
    stated = dict(section)
    count, largest = stated.pop("count"), stated.pop("largest_step")
    if largest is not None:
        stated |= {"largest_step": largest, "step_stated": True}
    return TierPlan(count=None if count == "auto" else count, **stated)
