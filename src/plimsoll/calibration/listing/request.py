"""What is asked of a listing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.admission import AdmissionRules
from plimsoll.calibration.collateral.liquidation_cost import SaleRules
from plimsoll.calibration.problem import CalibrationProblem, RiskClass
from plimsoll.calibration.tiers import LimitRules
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.order_book import BookSamples
from plimsoll.errors import DataFormatError, ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DepthCurve:
    """What closing sizes at once costs, as measured by somebody else.

    Parameters
    ----------
    notional_usd : (K,) float64
        Positive, rising.
    cost : (K,) float64
        Relative cost c(Q), half the spread included; not negative.
    error : (K,) float64 or None
        Standard errors.

    Raises
    ------
    DataFormatError
    """

    notional_usd: FloatArray
    cost: FloatArray
    error: FloatArray | None = None

    def __post_init__(self) -> None:
        size = self.notional_usd
        rising = size.size > 0 and size[0] > 0.0 and bool(np.all(np.diff(size) > 0.0))
        if not (rising and np.isfinite(size).all()):
            raise DataFormatError(
                "must be positive and rise", found=size[:3].tolist(), field="notional_usd"
            )
        columns = [self.cost] if self.error is None else [self.cost, self.error]
        for column in columns:
            if column.shape != size.shape or not (
                np.isfinite(column).all() and np.all(column >= 0)
            ):
                raise DataFormatError(
                    "must be one for each size, finite and not negative",
                    found=column[:3].tolist(),
                    field="cost_bps",
                )

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthFigures:
    """A book in two numbers: dollars of the thinner side near mid, whole spread over mid."""

    depth_usd: float
    relative_spread: float

    def __post_init__(self) -> None:
        for name in ("depth_usd", "relative_spread"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0.0):
                raise ParameterError("must be positive", found=value, field=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRules:
    """Settings; defaults are ours.

    Parameters
    ----------
    least_days : float
        A younger coin is refused.
    enough_days : float
        A younger one gets an answer, with a Reason: it rests on its peers.
    depth_share : float
        Of displayed depth that is there in a cascade.
    smallest_usd : float
        Smallest position that tiers are for.
    least_gain : float
        Share of mean margin that a further tier must save.
    limits : LimitRules
    sale : SaleRules
        Of collateral.
    admission : AdmissionRules
    """

    least_days: float = 1.0
    enough_days: float = 20.0
    depth_share: float = 0.3
    smallest_usd: float = 1_000.0
    least_gain: float = 0.01
    limits: LimitRules = field(default_factory=LimitRules)
    sale: SaleRules = field(default_factory=SaleRules)
    admission: AdmissionRules = field(default_factory=AdmissionRules)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListingRequest:
    """One coin, its peers, and the venue.

    Parameters
    ----------
    market : str
        Name of the coin in ``history``.
    asset : str
        The coin as collateral.
    history : MarketHistory
        Coin and peers, as known at the instant of the listing; nothing after it.
    as_of_ns : int
        That instant, a midnight (UTC).
    problem : CalibrationProblem
        Levels, structure, impact, gate, label and seed of the venue.
    risk_class : RiskClass
    class_of : mapping of str to str
        Class of each peer that the venue names.
    payoff_of : mapping of str to Payoff
        Linear where a market is not in it.
    depth : BookSamples, DepthCurve, DepthFigures or None
        None: the class's cost.
    adv_usd : float or None
        Daily turnover; None: of the coin's own bars, else the class's.
    tiers : int or None
        Most tiers; None: as many as are worth their place, at most the class's.
    rules : ListingRules
    """

    market: str
    asset: str
    history: MarketHistory
    as_of_ns: int
    problem: CalibrationProblem
    risk_class: RiskClass
    class_of: Mapping[str, str] = field(default_factory=dict)
    payoff_of: Mapping[str, Payoff] = field(default_factory=dict)
    depth: BookSamples | DepthCurve | DepthFigures | None = None
    adv_usd: float | None = None
    tiers: int | None = None
    rules: ListingRules = field(default_factory=ListingRules)

    __repr__ = field_summary

    def __post_init__(self) -> None:
        if self.adv_usd is not None and not (np.isfinite(self.adv_usd) and self.adv_usd > 0.0):
            raise ParameterError("must be positive", found=self.adv_usd, field="adv_usd")
        if self.tiers is not None and self.tiers < 1:
            raise ParameterError("must be at least 1", found=self.tiers, field="tiers")

    @property
    def payoff(self) -> Payoff:
        """Of the coin."""
        return self.payoff_of.get(self.market, Payoff.LINEAR)

    @property
    def bars_per_day(self) -> int:
        """Bars of the history in a day."""
        return int(86_400_000_000_000 // self.history.interval_ns)
