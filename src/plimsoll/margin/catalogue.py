"""Every public name of the package, loaded: what it imports on first use."""

from __future__ import annotations

from plimsoll.margin.add_ons import WithAddOns
from plimsoll.margin.bybit import BybitMargin, BybitParameters
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit import (
    DeribitGeneral,
    DeribitPair,
    DeribitPortfolioMargin,
    DeribitStandardMargin,
    DeribitStandardPair,
    PortfolioMode,
)
from plimsoll.margin.derive import (
    CashPricing,
    DerivePmrm1,
    DerivePmrm2,
    DeriveSrm,
    Pmrm1Parameters,
    Pmrm2Parameters,
    SrmParameters,
)
from plimsoll.margin.drift import DriftMargin, DriftRules
from plimsoll.margin.dydx import DydxMargin, LiquidityTier
from plimsoll.margin.exposure import ExposureMargin, ExposureParameters, MarginAgreement
from plimsoll.margin.greeks import Correlations, GreeksMargin, GreeksParameters, greeks_screen
from plimsoll.margin.hybrid import Combination, HybridMargin, HybridParameters
from plimsoll.margin.joint.loss_measure import LossMeasure
from plimsoll.margin.liquidation import (
    LiquidationPrice,
    LiquidationStatus,
    isolated_liquidation_price,
)
from plimsoll.margin.okx import OkxAccountParameters, OkxMargin, OkxParameters
from plimsoll.margin.paradex import ParadexPortfolioMargin, ParadexUnderlying
from plimsoll.margin.protocol import MarginModel, MarginParameters, Prepared
from plimsoll.margin.sided_tiers import SidedTiers, VenueTiers, venue_tiers
from plimsoll.margin.simulation import BrokenBetween, SimulationMargin, SimulationParameters
from plimsoll.margin.size_tiers import SizeRates, SizeTieredMargin
from plimsoll.margin.span import SpanMargin, SpanParameters
from plimsoll.margin.tiered import InitialRule, MaintenanceRule, PreparedTiered, TieredMargin
from plimsoll.margin.vega import VegaMargin, VegaMarket

__all__ = [
    "BrokenBetween",
    "BybitMargin",
    "BybitParameters",
    "CashPricing",
    "Combination",
    "Correlations",
    "CurrencyPricing",
    "DeribitGeneral",
    "DeribitPair",
    "DeribitPortfolioMargin",
    "DeribitStandardMargin",
    "DeribitStandardPair",
    "DerivePmrm1",
    "DerivePmrm2",
    "DeriveSrm",
    "DriftMargin",
    "DriftRules",
    "DydxMargin",
    "ExposureMargin",
    "ExposureParameters",
    "GreeksMargin",
    "GreeksParameters",
    "HybridMargin",
    "HybridParameters",
    "InitialRule",
    "LiquidationPrice",
    "LiquidationStatus",
    "LiquidityTier",
    "LossMeasure",
    "MaintenanceRule",
    "MarginAgreement",
    "MarginModel",
    "MarginParameters",
    "OkxAccountParameters",
    "OkxMargin",
    "OkxParameters",
    "ParadexPortfolioMargin",
    "ParadexUnderlying",
    "Pmrm1Parameters",
    "Pmrm2Parameters",
    "PortfolioMode",
    "Prepared",
    "PreparedTiered",
    "SidedTiers",
    "SimulationMargin",
    "SimulationParameters",
    "SizeRates",
    "SizeTieredMargin",
    "SpanMargin",
    "SpanParameters",
    "SrmParameters",
    "TieredMargin",
    "VegaMargin",
    "VegaMarket",
    "VenueTiers",
    "WithAddOns",
    "greeks_screen",
    "isolated_liquidation_price",
    "venue_tiers",
]
