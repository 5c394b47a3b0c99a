"""Every name of the nightly re-estimation, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.nightly.closed_hours import MarketSessions, SessionRisk
from plimsoll.estimators.nightly.correlation import CorrelationStream, ShrunkCorrelation
from plimsoll.estimators.nightly.dependence import DependenceEstimate
from plimsoll.estimators.nightly.estimate import ErrorPart, NightlyEstimate
from plimsoll.estimators.nightly.horizon_estimate import HorizonEstimate
from plimsoll.estimators.nightly.joint_tails import PooledCopula, SharedExtremes
from plimsoll.estimators.nightly.liquidity_rows import BarRanges
from plimsoll.estimators.nightly.market_reasons import MarketFlag
from plimsoll.estimators.nightly.market_tails import MarketTails, SideTail, TailFlag
from plimsoll.estimators.nightly.parameter_fits import TwoFits
from plimsoll.estimators.nightly.run import PARTS, nightly_estimate
from plimsoll.estimators.nightly.settings import NightlySettings

__all__ = [
    "PARTS",
    "BarRanges",
    "CorrelationStream",
    "DependenceEstimate",
    "ErrorPart",
    "HorizonEstimate",
    "MarketFlag",
    "MarketSessions",
    "MarketTails",
    "NightlyEstimate",
    "NightlySettings",
    "PooledCopula",
    "SessionRisk",
    "SharedExtremes",
    "ShrunkCorrelation",
    "SideTail",
    "TailFlag",
    "TwoFits",
    "nightly_estimate",
]
