"""What is known of an asset before its haircut is set, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.admission import Admission, AdmissionRules, AssetFacts
from plimsoll.calibration.collateral.floor import FloorRule
from plimsoll.calibration.collateral.liquidation_cost import AssetLiquidity, SaleRules
from plimsoll.calibration.collateral.pegged import INCIDENTS, DepegEvent, PegKind, PegRecord
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.finding import Reason
from plimsoll.errors import ParameterError
from plimsoll.margin.collateral.parameters import CollateralParameters

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """Chain or bridge that an asset hangs on: its hazard a year, and what a failure costs."""

    hazard_annual: float
    loss_given_failure: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetHistory:
    """One asset.

    Parameters
    ----------
    asset : str
        Currency, as margin knows it.
    asset_class : str
        Those of one class lend each other floors and defaults.
    log_price : (T,) float64
        Log of the price in dollars; of an asset with a peg, log of price over peg. NaN: no print.
    facts : AssetFacts
    liquidity : AssetLiquidity or None
        None: the class's.
    log_risk, log_rise : float or None
        Log fall (rise) exceeded with ``1 - confidence`` over the sale, by the default forecaster;
        None: the quantile of the asset's own history.
    peg : PegKind or None
    redeems_into : str
        Asset whose own price risk comes on top of the peg's; empty for dollars.
    bridge : Bridge or None
    exchange_log_risk : float
        Log fall of the currency that the asset is sold for, against the dollar.
    """

    asset: str
    asset_class: str
    log_price: FloatArray
    facts: AssetFacts
    liquidity: AssetLiquidity | None = None
    log_risk: float | None = None
    log_rise: float | None = None
    peg: PegKind | None = None
    redeems_into: str = ""
    bridge: Bridge | None = None
    exchange_log_risk: float = 0.0

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralProblem:
    """How haircuts are set.

    Parameters
    ----------
    at_ns : int
        Instant as of which; incidents known later do not count.
    bars_per_day : int
    confidence : float
    sale : SaleRules
    admission : AdmissionRules
    class_liquidity : mapping of str to AssetLiquidity
        Of assets without figures of their own.
    incidents : tuple of DepegEvent
    peg_years : mapping of PegKind to float
        Years that assets of each kind were watched, all together.
    class_worst_loss : mapping of str to float
        Worst share lost over the sale in each class on record, before the histories given.
    floor_share : float
        Of the class's worst move, below which no haircut lies.
    floor : FloorRule
        For whom that holds in full.
    reaction_hours, reaction_confidence : float
        What of collateral does not count for new risk: a fall over the user's reaction.
    """

    at_ns: int
    bars_per_day: int = 24
    confidence: float = 0.99
    sale: SaleRules = field(default_factory=SaleRules)
    admission: AdmissionRules = field(default_factory=AdmissionRules)
    class_liquidity: Mapping[str, AssetLiquidity] = field(default_factory=dict)
    incidents: tuple[DepegEvent, ...] = INCIDENTS
    peg_years: Mapping[PegKind, float] = field(default_factory=dict)
    class_worst_loss: Mapping[str, float] = field(default_factory=dict)
    floor_share: float = 0.5
    floor: FloorRule = field(default_factory=FloorRule)
    reaction_hours: float = 1.0
    reaction_confidence: float = 0.95
    seed: int = 0
    owner: str = "risk"

    def __post_init__(self) -> None:
        if not 0.5 < self.confidence < 1.0:
            raise ParameterError("must lie in (0.5, 1)", found=self.confidence, field="confidence")
        if not 0.0 <= self.floor_share <= 1.0:
            raise ParameterError("must lie in [0, 1]", found=self.floor_share, field="floor_share")

    def bars(self, hours: float) -> int:
        """Return a span in bars, at least one."""
        return max(1, round(hours * self.bars_per_day / 24.0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceLeg:
    """Log risk of an asset over the sale, with its error, and where it is from.

    Parameters
    ----------
    log_risk, log_rise, standard_error : float
    reaction : float
        Share lost over the user's reaction.
    worst : float
        Largest share lost over the sale in its own history.
    peg : PegRecord or None
    source : str
    class_weight : float
        How far its class speaks for it (`plimsoll.calibration.collateral.floor`).
    """

    log_risk: float
    log_rise: float
    standard_error: float
    reaction: float
    worst: float
    source: str
    peg: PegRecord | None = None
    class_weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetHaircut:
    """What a venue publishes of an asset, and why.

    Parameters
    ----------
    asset, asset_class : str
    parameters : CollateralParameters or None
        None: not admitted, or no number.
    admission : Admission
    reason : Reason or None
        Why the figures are the class's, or there are none.
    size_usd, haircut : (K,) float64
        Curve before rounding, floor in it.
    price : PriceLeg or None
    floor, class_floor : float
        Below which this asset's haircut does not lie, and what its class's worst move alone asks.
    standard_error : float
        Of the haircut of the first dollar; NaN where the class's stands.
    """

    asset: str
    asset_class: str
    parameters: CollateralParameters | None
    admission: Admission
    reason: Reason | None
    size_usd: FloatArray
    haircut: FloatArray
    price: PriceLeg | None
    floor: float
    standard_error: float
    class_floor: float = 0.0

    __repr__ = field_summary

    @property
    def at_floor(self) -> bool:
        """The class's worst move sets the haircut of the first dollar, not its own risk."""
        return bool(self.haircut.size) and float(self.haircut[0]) <= self.floor
