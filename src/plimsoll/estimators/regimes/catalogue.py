"""Every name of regimes, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.regimes.break_interval import BreakDate
from plimsoll.estimators.regimes.cumulated_squares import (
    CusumTest,
    VarianceBreaks,
    cusum_of_squares,
    variance_breaks,
)
from plimsoll.estimators.regimes.fitted_switching import FittedSwitching
from plimsoll.estimators.regimes.mean_shifts import MeanBreaks, log_variance_level, mean_breaks
from plimsoll.estimators.regimes.regime_forecast import RegimeForecast
from plimsoll.estimators.regimes.switching import SwitchingVolatility

__all__ = [
    "BreakDate",
    "CusumTest",
    "FittedSwitching",
    "MeanBreaks",
    "RegimeForecast",
    "SwitchingVolatility",
    "VarianceBreaks",
    "cusum_of_squares",
    "log_variance_level",
    "mean_breaks",
    "variance_breaks",
]
