"""Potential future exposure of a netting set under a margin agreement, by Monte Carlo."""

from plimsoll.margin.exposure.agreement import MarginAgreement
from plimsoll.margin.exposure.model import ExposureMargin, PreparedExposure
from plimsoll.margin.exposure.netting_set import CoinDynamics, NettingSet, Trade, TradeKind
from plimsoll.margin.exposure.parameters import ExposureParameters
from plimsoll.margin.exposure.profile import ExposureProfile, ExposureStatistics, exposure_profile

__all__ = [
    "CoinDynamics",
    "ExposureMargin",
    "ExposureParameters",
    "ExposureProfile",
    "ExposureStatistics",
    "MarginAgreement",
    "NettingSet",
    "PreparedExposure",
    "Trade",
    "TradeKind",
    "exposure_profile",
]
