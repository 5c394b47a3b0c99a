"""The public estimators, all of them; the package fetches its names from here on first use."""

from __future__ import annotations

from plimsoll.estimators.horizon.bootstrap import bootstrap_standard_error
from plimsoll.estimators.horizon.filtered_simulation import (
    FilteredRisk,
    filtered_risk,
    risk_of_losses,
    simulate_horizon,
)
from plimsoll.estimators.horizon.overlapping import OverlappingTail, overlapping_tail
from plimsoll.estimators.horizon.rolling_forecasts import (
    RollingForecasts,
    rolling_ewma_forecast,
    rolling_garch_forecast,
)
from plimsoll.estimators.tails.azzalini_skew_t import AzzaliniSkewT, FittedAzzaliniSkewT
from plimsoll.estimators.tails.block_maxima import BlockMaxima, FittedBlockMaxima
from plimsoll.estimators.tails.clusters import (
    Clusters,
    ExtremalIndex,
    decluster,
    extremal_index,
)
from plimsoll.estimators.tails.cornish_fisher import CornishFisher, FittedCornishFisher
from plimsoll.estimators.tails.hansen_skew_t import (
    FittedHansenSkewT,
    HansenParameters,
    HansenSkewT,
)
from plimsoll.estimators.tails.hill import FittedHill, Hill
from plimsoll.estimators.tails.jones_faddy_skew_t import FittedJonesFaddySkewT, JonesFaddySkewT
from plimsoll.estimators.tails.normal_inverse_gaussian import (
    FittedNormalInverseGaussian,
    NormalInverseGaussian,
)
from plimsoll.estimators.tails.peaks_over_threshold import FittedTail, PeaksOverThreshold
from plimsoll.estimators.tails.student_t import FittedStudentT, StudentT
from plimsoll.estimators.tails.threshold_choice import (
    MeanExcess,
    ThresholdChoice,
    ThresholdStability,
    choose_threshold,
    mean_excess,
    threshold_stability,
)
from plimsoll.estimators.tails.two_sided_tail import FittedTwoSidedTail, TwoSidedTail
from plimsoll.estimators.volatility.ewma import Ewma, FittedEwma
from plimsoll.estimators.volatility.fitted_garch import FittedGarch, GarchParameters
from plimsoll.estimators.volatility.garch import Garch, GjrGarch

__all__ = [
    "AzzaliniSkewT",
    "BlockMaxima",
    "Clusters",
    "CornishFisher",
    "Ewma",
    "ExtremalIndex",
    "FilteredRisk",
    "FittedAzzaliniSkewT",
    "FittedBlockMaxima",
    "FittedCornishFisher",
    "FittedEwma",
    "FittedGarch",
    "FittedHansenSkewT",
    "FittedHill",
    "FittedJonesFaddySkewT",
    "FittedNormalInverseGaussian",
    "FittedStudentT",
    "FittedTail",
    "FittedTwoSidedTail",
    "Garch",
    "GarchParameters",
    "GjrGarch",
    "HansenParameters",
    "HansenSkewT",
    "Hill",
    "JonesFaddySkewT",
    "MeanExcess",
    "NormalInverseGaussian",
    "OverlappingTail",
    "PeaksOverThreshold",
    "RollingForecasts",
    "StudentT",
    "ThresholdChoice",
    "ThresholdStability",
    "TwoSidedTail",
    "bootstrap_standard_error",
    "choose_threshold",
    "decluster",
    "extremal_index",
    "filtered_risk",
    "mean_excess",
    "overlapping_tail",
    "risk_of_losses",
    "rolling_ewma_forecast",
    "rolling_garch_forecast",
    "simulate_horizon",
    "threshold_stability",
]
