"""What a venue asks of its next set beyond grids and link: ladders, sides, expiries, limits, steps.

A venue that states none of it has no plan, and is calibrated at the caps of its classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from plimsoll.domain.finding import Reason
from plimsoll.errors import ParameterError

BASIS_STEP = Decimal("0.0001")
"""Grid of calibrated basis rates."""


class CapsFrom(StrEnum):
    """Where tiers may end: at the caps of the class, or on the 1-2-5 grid up to its last."""

    CLASS = "class"
    GRID = "grid"


class SizesName(StrEnum):
    """What the mean margin of a ladder is over."""

    LOG_UNIFORM = "log_uniform"
    UNIFORM = "uniform"
    TIERS = "tiers"


class CloseOut(StrEnum):
    """How a position is closed: in one order, or worked off where that needs less."""

    AT_ONCE = "at_once"
    CHEAPER = "cheaper"


class SidesName(StrEnum):
    """One table for both sides, by the larger risk, or one for longs and one for shorts."""

    ONE = "one"
    SEPARATE = "separate"


class RatesFor(StrEnum):
    """What a tier's maintenance rate holds for."""

    MARGINAL = "marginal"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class TierPlan:
    """How ladders are fitted.

    Parameters
    ----------
    caps : CapsFrom
    count : int or None
        Tiers at most; None: as many as pay (``grid``), or every cap (``class``).
    most_tiers : int
        Bound of the choice where ``count`` is None.
    least_gain : float
        Share of mean margin that a tier must save, and that other caps than those in force must.
    rates : RatesFor
    largest_step : Decimal
        Largest rise of the maintenance rate from tier to tier, where breakpoints are searched.
    step_stated : True or None
        The venue states ``largest_step``: it holds at the caps of the class too, and is proven.
    sizes : SizesName
    least_size_usd : Decimal
        Smallest position of the mean.
    lowest_cap_usd : Decimal
        First cap of the grid.
    close_out : CloseOut
    participation : float
        Largest share of turnover of a position worked off.
    """

    caps: CapsFrom = CapsFrom.CLASS
    count: int | None = None
    most_tiers: int = 12
    least_gain: float = 0.01
    rates: RatesFor = RatesFor.MARGINAL
    largest_step: Decimal = Decimal("0.05")
    step_stated: bool | None = field(default=None, metadata={"stated_only": True})
    sizes: SizesName = SizesName.LOG_UNIFORM
    least_size_usd: Decimal = Decimal(1000)
    lowest_cap_usd: Decimal = Decimal(5000)
    close_out: CloseOut = CloseOut.AT_ONCE
    participation: float = 0.1

    @property
    def is_searched(self) -> bool:
        """Whether breakpoints are looked for, not taken from the class."""
        return self.caps is CapsFrom.GRID or self.count is not None

    @property
    def step_limit(self) -> Decimal | None:
        """Largest rise from tier to tier that ladders keep; None: any."""
        return self.largest_step if self.is_searched else self.stated_step

    @property
    def stated_step(self) -> Decimal | None:
        """Largest rise from tier to tier that the venue states."""
        return self.largest_step if self.step_stated else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitPlan:
    """What bounds positions and open interest; see `calibration.tiers.LimitRules`."""

    participation: float = 0.1
    free_days: float = 1.0
    full_days: float = 5.0
    position_days: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """How far one change of a rate may go, and when changes may come.

    Parameters
    ----------
    rise, fall : Decimal or None
        Largest change per set, fraction of notional; None: no such limit. An initial rate may
        always go to the next leverage of the grid.
    rise_relative, fall_relative : Decimal or None
        The same as shares of the rate before; of both the stricter holds.
    notice_tightening_hours, notice_loosening_hours : int
        From the day of the set to the first effect.
    interval_hours : int
        Between two sets.
    urgent : bool
        Tightenings go ``urgent_factor`` times as far, after ``urgent_notice_hours``.
    most_steps : int
    """

    rise: Decimal | None = None
    fall: Decimal | None = None
    rise_relative: Decimal | None = None
    fall_relative: Decimal | None = None
    notice_tightening_hours: int = 0
    notice_loosening_hours: int = 0
    interval_hours: int = 168
    urgent: bool = False
    urgent_factor: Decimal = Decimal(4)
    urgent_notice_hours: int = 0
    most_steps: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisEstimate:
    """What a calibrated basis rate rests on.

    Parameters
    ----------
    standard_error : float
        By blocks of days.
    moves : int
    mean_hours : float
        Length of the moves.
    """

    standard_error: float
    moves: int
    mean_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryBucket:
    """Dated futures of a market up to some time to expiry.

    Parameters
    ----------
    up_to_days : int
        Longest time to expiry, inclusive.
    basis_rate : Decimal
        What maintenance adds to the underlying's price risk: the move of the basis over the
        close-out. Of a bucket to be calibrated, the default until it is.
    calibrated : bool
        Whether the rate is asked of dated futures' prices.
    estimate : BasisEstimate or None
        Of a rate that is calibrated.
    reason : Reason or None
        Why the default holds where a calibrated rate is asked.
    """

    up_to_days: int
    basis_rate: Decimal
    calibrated: bool = False
    estimate: BasisEstimate | None = None
    reason: Reason | None = None

    @property
    def label(self) -> str:
        """Suffix of the bucket's market: ``#90d`` for futures of at most 90 days."""
        return f"#{self.up_to_days}d"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlan:
    """Which tables may nowhere have lower rates than others, at equal sizes.

    Parameters
    ----------
    classes : tuple of str
        From the safest to the riskiest; markets of classes not named are not compared.
    expiries : bool
        Dated futures not below the underlying's perpetual, nor below a nearer bucket.
    """

    classes: tuple[str, ...] = ()
    expiries: bool = False

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes):
            raise ParameterError("must occur once each", found=self.classes, field="order.classes")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlan:
    """What is asked of the set.

    Parameters
    ----------
    tiers : TierPlan
    sides : SidesName
    limits : LimitPlan or None
        None: no limits are published.
    steps : StepPlan or None
        None: no schedule.
    expiry_buckets : mapping of str to tuple of ExpiryBucket
        By class, rising in time to expiry.
    order : OrderPlan

    Raises
    ------
    ParameterError
    """

    tiers: TierPlan = field(default_factory=TierPlan)
    sides: SidesName = SidesName.ONE
    limits: LimitPlan | None = None
    steps: StepPlan | None = None
    expiry_buckets: Mapping[str, tuple[ExpiryBucket, ...]] = field(default_factory=dict)
    order: OrderPlan = OrderPlan()

    def __post_init__(self) -> None:
        for name, buckets in self.expiry_buckets.items():
            days = [bucket.up_to_days for bucket in buckets]
            if days != sorted(set(days)):
                raise ParameterError("must rise", found=days, field=f"expiry_buckets of {name}")


NO_PLAN = SetPlan()
