"""The calibration problem: what may move, within what structure, toward which target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from plimsoll.calibration.appetite.stated import StatedAppetite
from plimsoll.calibration.set_plan import SetPlan
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.instrument import Payoff
from plimsoll.errors import ParameterError


class VolatilityModel(StrEnum):
    """Forecaster behind the margin: the whole panel's, or a filter of each market alone."""

    LOG_BLEND = "log_blend"
    EWMA_T = "ewma_t"
    GARCH_T = "garch_t"
    GJR_T = "gjr_t"


class CorrectionName(StrEnum):
    """What is done to the forecast margins, day by day, in view of the losses known by then."""

    NONE = "none"
    CONFORMAL = "conformal"


class TailMethod(StrEnum):
    """How the quantile of the scaled moves is read off."""

    POT = "pot"
    EMPIRICAL = "empirical"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Filter, windows and tail; those of filters do not concern the panel's forecaster.

    Parameters
    ----------
    volatility : VolatilityModel
        ``log_blend`` is the default forecaster of `plimsoll.estimators.reference` on all markets
        together, its constants those in force at each day; the others filter each market alone.
    half_life_days : float
        Of the EWMA filter.
    score_degrees : float
        Student-t degrees of freedom of its score; large values give the plain EWMA.
    step_hours : int
        Length of the returns a GARCH filter runs on; divides 24.
    fit_window_days : int
        Look-back of the GARCH likelihood.
    refit_every_days : int
        Days between GARCH refits in the walk-forward.
    tail : TailMethod
    tail_fraction : float
        Share of scaled moves above the POT threshold.
    tail_window_days : int
        Look-back of the scaled moves.
    persistence_rule, variance_start : str
        Named options of the GARCH fit, recorded with the parameters.
    correction : CorrectionName
        Applied to the forecast before anything is published.
    """

    volatility: VolatilityModel = VolatilityModel.LOG_BLEND
    half_life_days: float = 11.0
    score_degrees: float = 4.0
    step_hours: int = 8
    fit_window_days: int = 730
    refit_every_days: int = 1
    tail: TailMethod = TailMethod.POT
    tail_fraction: float = 0.06
    tail_window_days: int = 365
    persistence_rule: str = "capped"
    variance_start: str = "sample_variance"
    correction: CorrectionName = CorrectionName.NONE

    def __post_init__(self) -> None:
        if self.step_hours < 1 or 24 % self.step_hours:
            raise ParameterError("must divide 24", found=self.step_hours, field="model.step_hours")
        if not 0.0 < self.tail_fraction <= 0.5:
            raise ParameterError(
                "must lie in (0, 0.5]", found=self.tail_fraction, field="model.tail_fraction"
            )
        if self.half_life_days <= 0.0:
            raise ParameterError(
                "must be positive", found=self.half_life_days, field="model.half_life_days"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskClass:
    """What markets of one class share.

    Parameters
    ----------
    name : str
    maintenance_horizon_hours : int
        Engine's reaction plus close-out: the MPOR of the maintenance margin.
    reaction_horizon_hours : int
        Time a user has to react: what initial margin adds.
    liquidation_cost, liquidation_fee : float
        Fractions of notional: half-spread plus impact of a small order; fee. Assumptions of the
        venue, not estimates.
    adv_usd : float
        Daily volume assumed where a market states none.
    tier_caps_usd : tuple of Decimal
        Upper ends of the tiers; a position above the last is not margined.
    """

    name: str
    maintenance_horizon_hours: int
    reaction_horizon_hours: int
    liquidation_cost: float
    liquidation_fee: float
    adv_usd: float
    tier_caps_usd: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpec:
    """One market of the venue.

    Parameters
    ----------
    symbol : str
        As in the price source.
    instrument : str
        ccxt unified name, for people and for the margin engine.
    risk_class : str
    payoff : Payoff
    adv_usd : float or None
        Average daily volume; None takes the class's.
    """

    symbol: str
    instrument: str
    risk_class: str
    payoff: Payoff
    adv_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The venue's own grid and links; a constraint of the problem, not a rounding afterthought.

    Parameters
    ----------
    maintenance_rate_step : Decimal
        Rates are published on multiples of it, rounded up.
    maximum_rate : Decimal
        Hard bound of any rate.
    leverage_grid : tuple of Decimal
        Leverages a venue offers, ascending; initial rate = 1 / leverage.
    maintenance_initial_link : Decimal
        MM / IM at most; initial margin is raised to MM / link.
    """

    maintenance_rate_step: Decimal = Decimal("0.0005")
    maximum_rate: Decimal = Decimal(1)
    leverage_grid: tuple[Decimal, ...] = tuple(
        Decimal(x) for x in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 125)
    )
    maintenance_initial_link: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortHistory:
    """Numbers of markets too young to speak for themselves.

    Parameters
    ----------
    minimum_days : int
        Below this age peers lend, with ``log_blend`` as `plimsoll.estimators.pooling` has it and
        the class floor where that has no number, else the class floor alone.
    class_quantile : float
        Quantile of the class's mature ratios that is the floor (1 = their maximum).
    minimum_donors : int
        With fewer mature markets in the class, the whole venue lends.
    """

    minimum_days: int = 90
    class_quantile: float = 1.0
    minimum_donors: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageLines:
    """Bands of the walk-forward's breach rates, as shares of the target rate.

    Parameters
    ----------
    pooled, side, year : (float, float)
        Lowest and highest, of all market-sides, of longs or shorts, of a calendar year.
    worst_quartile : float
        Highest mean of the quarter of the markets that break most.
    kupiec_share : float
        Largest share of market-sides that Kupiec's test rejects at 5 %.
    least_year_share : float
        A calendar year with less of all scored starts is too short to be held to a line.
    most_errors : float
        A rate whose standard error, so many times, exceeds the half width of its band, proves
        nothing.
    least_market_sides : int
        The quartile and Kupiec's line are asked of venues with so many of enough scored days.
    """

    pooled: tuple[float, float] = (0.85, 1.15)
    side: tuple[float, float] = (0.80, 1.20)
    year: tuple[float, float] = (0.70, 1.30)
    worst_quartile: float = 1.20
    kupiec_share: float = 0.08
    least_year_share: float = 0.1
    most_errors: float = 1.0
    least_market_sides: int = 25

    def __post_init__(self) -> None:
        for name in ("pooled", "side", "year"):
            low, high = getattr(self, name)
            if not 0.0 <= low < 1.0 < high:
                raise ParameterError("must enclose 1", found=(low, high), field=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the evidence must show before a set may be proposed.

    Parameters
    ----------
    significance : float
        A coverage shortfall is a breach where it is rejected at this level, one-sided, with
        day-clustered standard errors, pooled over markets.
    minimum_scored_days : int
        Fewer scored days prove nothing; markets with fewer are tested together.
    lines : CoverageLines
    """

    significance: float = 0.05
    minimum_scored_days: int = 250
    lines: CoverageLines = field(default_factory=CoverageLines)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationProblem:
    """Everything that decides the result, apart from the data.

    Parameters
    ----------
    venue, label : str
        Name, and a label shown on every table (price source; SYNTHETIC for generated data).
    markets, classes : what is calibrated
    maintenance_level, reaction_level : float
        Coverage of MM over its horizon, and of what IM adds over the user's reaction time.
    model : ModelSettings
    lend : tuple of str
        Further markets of the prices that inform the panel's forecaster and are not calibrated;
        ``("*",)`` for all there are.
    compare : tuple of VolatilityModel
        Models scored beside the chosen one.
    structure, short_history, anti_procyclicality, gate : constraints
    freeze_standard_errors : float
        A change below this many standard errors is noise (0 = never freeze).
    impact_coefficient : float
        Y of the square-root impact law, which gives tiers their slope.
    scored_from_ns, seed, owner : evidence start, random seed, who owns the parameters
    plan : SetPlan or None
        Ladders, sides, expiries, limits and steps of the set; None: none is stated.
    appetite : StatedAppetite or None
        Chooses the margin policy among many; None: the forecaster as it is.
    beside : mapping of str to object, or None
        What the venue file says of everything that is calibrated beside the ratios, as plain
        data; it identifies the problem, and is read where the parts are made.
    """

    venue: str
    label: str
    markets: tuple[MarketSpec, ...]
    classes: Mapping[str, RiskClass]
    maintenance_level: float = 0.99
    reaction_level: float = 0.95
    model: ModelSettings = field(default_factory=ModelSettings)
    lend: tuple[str, ...] = ()
    compare: tuple[VolatilityModel, ...] = ()
    structure: Structure = field(default_factory=Structure)
    short_history: ShortHistory = field(default_factory=ShortHistory)
    anti_procyclicality: AntiProcyclicality = field(default_factory=AntiProcyclicality)
    gate: Gate = field(default_factory=Gate)
    freeze_standard_errors: float = 1.5
    impact_coefficient: float = 1.0
    scored_from_ns: int | None = None
    seed: int = 0
    owner: str = "risk"
    plan: SetPlan | None = field(default=None, metadata={"stated_only": True})
    appetite: StatedAppetite | None = field(default=None, metadata={"stated_only": True})
    beside: Mapping[str, object] | None = field(default=None, metadata={"stated_only": True})

    def risk_class(self, market: MarketSpec) -> RiskClass:
        """Class of a market."""
        return self.classes[market.risk_class]
