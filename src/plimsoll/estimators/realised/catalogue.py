"""Every name of realised volatility, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.realised.blocks import Blocks, blocks_of
from plimsoll.estimators.realised.fitted_har import FittedHar, WeightTest
from plimsoll.estimators.realised.forecast_evaluation import (
    MincerZarnowitz,
    mincer_zarnowitz,
    qlike,
    squared_error,
)
from plimsoll.estimators.realised.har import Har
from plimsoll.estimators.realised.har_forecasts import HarForecasts, har_walk_forward
from plimsoll.estimators.realised.har_options import (
    BiasCorrection,
    HarRegressors,
    HarScale,
    HarWeights,
    InsanityFilter,
)
from plimsoll.estimators.realised.measures import (
    BipowerScaling,
    RealisedMeasures,
    realised_measures,
)
from plimsoll.estimators.realised.noise_robust import realised_kernel, subsampled_variance
from plimsoll.estimators.realised.seasonal_factors import SeasonalFactors, flat_factors
from plimsoll.estimators.realised.seasonality import (
    FittedSeasonality,
    HourOfWeekSeasonality,
    hourly_variance,
)
from plimsoll.estimators.realised.session_volatility import (
    FittedSessionVolatility,
    SessionForecast,
    SessionVolatility,
)
from plimsoll.estimators.realised.trading_hours import (
    TradingHours,
    TradingHoursDetector,
    always_open,
)
from plimsoll.estimators.realised.variance_record import VarianceRecord

__all__ = [
    "BiasCorrection",
    "BipowerScaling",
    "Blocks",
    "FittedHar",
    "FittedSeasonality",
    "FittedSessionVolatility",
    "Har",
    "HarForecasts",
    "HarRegressors",
    "HarScale",
    "HarWeights",
    "HourOfWeekSeasonality",
    "InsanityFilter",
    "MincerZarnowitz",
    "RealisedMeasures",
    "SeasonalFactors",
    "SessionForecast",
    "SessionVolatility",
    "TradingHours",
    "TradingHoursDetector",
    "VarianceRecord",
    "WeightTest",
    "always_open",
    "blocks_of",
    "flat_factors",
    "har_walk_forward",
    "hourly_variance",
    "mincer_zarnowitz",
    "qlike",
    "realised_kernel",
    "realised_measures",
    "squared_error",
    "subsampled_variance",
]
