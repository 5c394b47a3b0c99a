"""Our laws of returns in the parameters of R's packages."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.conformance.statistics.peer_optima import OWN
from plimsoll.estimators import AzzaliniSkewT, HansenSkewT, NormalInverseGaussian, StudentT

Vector = NDArray[np.float64]
Found = dict[str, Any]


def r_laws(returns: Vector, asked: Mapping[str, Any]) -> Found:
    """Fit each law once; a mapping for each of R's fits that is asked for."""
    found: Found = {}
    for law in _LAWS:
        names = {name for names in law.values() for name in names}
        if names & set(asked):
            (fit,) = law
            found |= fit(returns)
    return found


def _student_t(returns: Vector) -> Found:
    law = StudentT().fit(returns)
    nu, unit, mean = law.degrees_of_freedom, law.scale, law.location
    deviation = unit * math.sqrt(nu / (nu - 2.0)) if nu > 2.0 else math.inf
    own = {"loglik": law.log_likelihood, OWN: law.log_likelihood}
    return {
        "t_MASS": {"m": mean, "s": unit, "df": nu, **own},
        "rugarch_std": {"mu": mean, "sigma": deviation, "shape": nu, **own},
        "fGarch_std": {"mean": mean, "sd": deviation, "nu": nu, **own},
    }


def _fernandez_steel(returns: Vector) -> Found:
    """Their skewness is ``sqrt((1 + lambda) / (1 - lambda))``; mean, sd and shape are Hansen's."""
    law = HansenSkewT().fit(returns)
    own = law.hansen_parameters()
    mean, deviation, nu = own.mean, own.standard_deviation, own.eta
    skew = math.sqrt((1.0 + own.skew) / (1.0 - own.skew))
    value = law.log_likelihood
    return {
        "rugarch_sstd": {"mu": mean, "sigma": deviation, "skew": skew, "shape": nu}
        | {"loglik": value, OWN: value},
        "fGarch_sstd": {"par": {"mean": mean, "sd": deviation, "nu": nu, "xi": skew}}
        | {"minimum": -value, OWN: value},
    }


def _normal_inverse_gaussian(returns: Vector) -> Found:
    """rugarch: mean, standard deviation, ``beta / alpha`` and ``delta * gamma``."""
    law = NormalInverseGaussian().fit(returns)
    gamma = math.sqrt(law.alpha**2 - law.beta**2)
    value = law.log_likelihood
    return {
        "fBasics_nig": {
            "alpha": law.alpha,
            "beta": law.beta,
            "delta": law.delta,
            "mu": law.mu,
        },
        "rugarch_nig": {
            "mu": law.mu + law.delta * law.beta / gamma,
            "sigma": math.sqrt(law.delta * law.alpha**2 / gamma**3),
            "skew": law.beta / law.alpha,
            "shape": law.delta * gamma,
            "loglik": value,
            OWN: value,
        },
    }


def _azzalini(returns: Vector) -> Found:
    law = AzzaliniSkewT().fit(returns)
    return {
        "sn_st_azzalini": {
            "xi": law.location,
            "omega": law.scale,
            "alpha": law.alpha,
            "nu": law.degrees_of_freedom,
            "loglik": law.log_likelihood,
            OWN: law.log_likelihood,
        }
    }


_LAWS: tuple[Mapping[Callable[[Vector], Found], tuple[str, ...]], ...] = (
    {_student_t: ("t_MASS", "rugarch_std", "fGarch_std")},
    {_fernandez_steel: ("rugarch_sstd", "fGarch_sstd")},
    {_normal_inverse_gaussian: ("fBasics_nig", "rugarch_nig")},
    {_azzalini: ("sn_st_azzalini",)},
)
