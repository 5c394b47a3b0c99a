"""Every name of pooling, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.pooling.chain_diagnostics import ChainDiagnostics
from plimsoll.estimators.pooling.conjugate import (
    ConjugateVolatility,
    FittedConjugate,
    StudentPredictive,
    VarianceBelief,
)
from plimsoll.estimators.pooling.covariates import (
    CovariateDesign,
    MarketCovariates,
    covariate_design,
)
from plimsoll.estimators.pooling.hierarchy import FittedLevels, HierarchicalLevels, LevelPosterior
from plimsoll.estimators.pooling.listing_level import ListingLevels
from plimsoll.estimators.pooling.listing_panel import AgeLimits
from plimsoll.estimators.pooling.student_posterior import (
    BayesStudentT,
    FitMethod,
    ParameterFit,
    StudentPosterior,
    StudentPrior,
    fit_parameters,
    parameter_fits_table,
    student_prior,
)
from plimsoll.estimators.pooling.volatility_link import VolatilityLink
from plimsoll.estimators.pooling.young_assessment import (
    YoungMarketRisk,
    assess_young_market,
    assess_young_markets,
    young_markets_table,
)
from plimsoll.estimators.pooling.young_market import YoungMarketModel, YoungMarketPath

__all__ = [
    "AgeLimits",
    "BayesStudentT",
    "ChainDiagnostics",
    "ConjugateVolatility",
    "CovariateDesign",
    "FitMethod",
    "FittedConjugate",
    "FittedLevels",
    "HierarchicalLevels",
    "LevelPosterior",
    "ListingLevels",
    "MarketCovariates",
    "ParameterFit",
    "StudentPosterior",
    "StudentPredictive",
    "StudentPrior",
    "VarianceBelief",
    "VolatilityLink",
    "YoungMarketModel",
    "YoungMarketPath",
    "YoungMarketRisk",
    "assess_young_market",
    "assess_young_markets",
    "covariate_design",
    "fit_parameters",
    "parameter_fits_table",
    "student_prior",
    "young_markets_table",
]
