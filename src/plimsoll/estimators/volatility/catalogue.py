"""Every name of volatility, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.volatility.asymmetric_ewma import AsymmetricEwma, FittedAsymmetricEwma
from plimsoll.estimators.volatility.egarch import Egarch
from plimsoll.estimators.volatility.ewma import (
    Ewma,
    FittedEwma,
    decay_of_half_life,
    half_life_of_decay,
)
from plimsoll.estimators.volatility.fitted_egarch import FittedEgarch
from plimsoll.estimators.volatility.fitted_garch import FittedGarch
from plimsoll.estimators.volatility.fixed_filter import FilteredReturns, filter_at
from plimsoll.estimators.volatility.garch import Garch, GjrGarch
from plimsoll.estimators.volatility.garch_parameters import EgarchParameters, GarchParameters
from plimsoll.estimators.volatility.residual_law import ResidualLaw
from plimsoll.estimators.volatility.score_ewma import FittedScoreEwma, ScoreEwma

__all__ = [
    "AsymmetricEwma",
    "Egarch",
    "EgarchParameters",
    "Ewma",
    "FilteredReturns",
    "FittedAsymmetricEwma",
    "FittedEgarch",
    "FittedEwma",
    "FittedGarch",
    "FittedScoreEwma",
    "Garch",
    "GarchParameters",
    "GjrGarch",
    "ResidualLaw",
    "ScoreEwma",
    "decay_of_half_life",
    "filter_at",
    "half_life_of_decay",
]
