"""Every name of dependence, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.dependence.correlation_stress import (
    broken_correlation,
    stressed_between,
    stressed_correlation,
)
from plimsoll.estimators.dependence.covariance import (
    LedoitWolf,
    OracleApproximating,
    SampleCovariance,
)
from plimsoll.estimators.dependence.covariance_estimate import CovarianceEstimate
from plimsoll.estimators.dependence.dcc import Dcc
from plimsoll.estimators.dependence.ewma_covariance import EwmaCovariance, FittedEwmaCovariance
from plimsoll.estimators.dependence.factor_model import FactorModel
from plimsoll.estimators.dependence.fitted_dcc import FittedDcc
from plimsoll.estimators.dependence.fitted_factor_model import (
    FittedFactorModel,
    ResidualCorrelations,
)
from plimsoll.estimators.dependence.fitted_t_copula import FittedTCopula
from plimsoll.estimators.dependence.gaussian_copula import GaussianCopula, fit_gaussian_copula
from plimsoll.estimators.dependence.pairwise_covariance import (
    PairwiseCovariance,
    nearest_correlation,
)
from plimsoll.estimators.dependence.rank_correlation import kendall_tau, pseudo_observations
from plimsoll.estimators.dependence.t_copula import TCopula
from plimsoll.estimators.dependence.tail_dependence import (
    cfg_tail_dependence,
    empirical_tail_dependence,
    tail_dependence_of_t,
)

__all__ = [
    "CovarianceEstimate",
    "Dcc",
    "EwmaCovariance",
    "FactorModel",
    "FittedDcc",
    "FittedEwmaCovariance",
    "FittedFactorModel",
    "FittedTCopula",
    "GaussianCopula",
    "LedoitWolf",
    "OracleApproximating",
    "PairwiseCovariance",
    "ResidualCorrelations",
    "SampleCovariance",
    "TCopula",
    "broken_correlation",
    "cfg_tail_dependence",
    "empirical_tail_dependence",
    "fit_gaussian_copula",
    "kendall_tau",
    "nearest_correlation",
    "pseudo_observations",
    "stressed_between",
    "stressed_correlation",
    "tail_dependence_of_t",
]
