"""The calibration problem: what may move, within what structure, toward which target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.instrument import Payoff
from plimsoll.errors import ParameterError


class VolatilityModel(StrEnum):
    """Volatility filter behind the margin."""

    EWMA_T = "ewma_t"
    GARCH_T = "garch_t"
    GJR_T = "gjr_t"


class TailMethod(StrEnum):
    """How the quantile of the scaled moves is read off."""

    POT = "pot"
    EMPIRICAL = "empirical"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Filter, windows and tail.

    Parameters
    ----------
    volatility : VolatilityModel
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
    """

    volatility: VolatilityModel = VolatilityModel.EWMA_T
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
    """Class floor for markets too young to speak for themselves.

    Parameters
    ----------
    minimum_days : int
        Below this age the class floor applies.
    class_quantile : float
        Quantile of the class's mature ratios that is the floor (1 = their maximum).
    minimum_donors : int
        With fewer mature markets in the class, the whole venue lends.
    """

    minimum_days: int = 90
    class_quantile: float = 1.0
    minimum_donors: int = 3


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
    """

    significance: float = 0.05
    minimum_scored_days: int = 250


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
    compare : tuple of VolatilityModel
        Models scored beside the chosen one.
    structure, short_history, anti_procyclicality, gate : constraints
    freeze_standard_errors : float
        A change below this many standard errors is noise (0 = never freeze).
    impact_coefficient : float
        Y of the square-root impact law, which gives tiers their slope.
    scored_from_ns, seed, owner : evidence start, random seed, who owns the parameters
    """

    venue: str
    label: str
    markets: tuple[MarketSpec, ...]
    classes: Mapping[str, RiskClass]
    maintenance_level: float = 0.99
    reaction_level: float = 0.95
    model: ModelSettings = field(default_factory=ModelSettings)
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

    def risk_class(self, market: MarketSpec) -> RiskClass:
        """Class of a market."""
        return self.classes[market.risk_class]
