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
from plimsoll.estimators.volatility.asymmetric_ewma import AsymmetricEwma, FittedAsymmetricEwma
from plimsoll.estimators.volatility.egarch import Egarch
from plimsoll.estimators.volatility.ewma import Ewma, FittedEwma
from plimsoll.estimators.volatility.fitted_egarch import FittedEgarch
from plimsoll.estimators.volatility.fitted_garch import FittedGarch
from plimsoll.estimators.volatility.fixed_filter import FilteredReturns, filter_at
from plimsoll.estimators.volatility.garch import Garch, GjrGarch
from plimsoll.estimators.volatility.garch_parameters import EgarchParameters, GarchParameters
from plimsoll.estimators.volatility.score_ewma import FittedScoreEwma, ScoreEwma

__all__ = [
    "AsymmetricEwma",
    "AzzaliniSkewT",
    "BlockMaxima",
    "Clusters",
    "CornishFisher",
    "Egarch",
    "EgarchParameters",
    "Ewma",
    "ExtremalIndex",
    "FilteredReturns",
    "FilteredRisk",
    "FittedAsymmetricEwma",
    "FittedAzzaliniSkewT",
    "FittedBlockMaxima",
    "FittedCornishFisher",
    "FittedEgarch",
    "FittedEwma",
    "FittedGarch",
    "FittedHansenSkewT",
    "FittedHill",
    "FittedJonesFaddySkewT",
    "FittedNormalInverseGaussian",
    "FittedScoreEwma",
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
    "ScoreEwma",
    "StudentT",
    "ThresholdChoice",
    "ThresholdStability",
    "TwoSidedTail",
    "bootstrap_standard_error",
    "choose_threshold",
    "decluster",
    "extremal_index",
    "filter_at",
    "filtered_risk",
    "mean_excess",
    "overlapping_tail",
    "risk_of_losses",
    "rolling_ewma_forecast",
    "rolling_garch_forecast",
    "simulate_horizon",
    "threshold_stability",
]
