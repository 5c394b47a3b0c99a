"""Laws of returns under the parameter names of vector files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.conformance.contract import UnknownCase
from plimsoll.estimators import (
    AzzaliniSkewT,
    HansenSkewT,
    JonesFaddySkewT,
    NormalInverseGaussian,
    StudentT,
)

Vector = NDArray[np.float64]
Found = dict[str, Any]


def fitted_law(name: str, returns: Vector, levels: Iterable[str]) -> Found:
    """Fit the law of that name: parameters, log-likelihood, value-at-risk and shortfall.

    Raises
    ------
    UnknownCase
    """
    if name not in LAWS:
        raise UnknownCase(name)
    law, parameters = LAWS[name](returns)
    return parameters | {
        "loglik": law.log_likelihood,
        "VaR_ES": {
            level: {
                "VaR": law.value_at_risk(float(level)),
                "ES": law.expected_shortfall(float(level)),
            }
            for level in levels
        },
    }


def _student_t(returns: Vector) -> tuple[Any, Found]:
    law = StudentT().fit(returns)
    return law, {"nu": law.degrees_of_freedom, "loc": law.location, "scale": law.scale}


def _normal_inverse_gaussian(returns: Vector) -> tuple[Any, Found]:
    law = NormalInverseGaussian().fit(returns)
    return law, {
        "alpha": law.alpha,
        "beta": law.beta,
        "delta": law.delta,
        "mu": law.mu,
        "loc": law.mu,
        "scale": law.delta,
        "scipy_a": law.alpha * law.delta,
        "scipy_b": law.beta * law.delta,
    }


def _hansen(returns: Vector) -> tuple[Any, Found]:
    law = HansenSkewT().fit(returns)
    own = law.hansen_parameters()
    return law, {
        "mean": own.mean,
        "sd": own.standard_deviation,
        "eta": own.eta,
        "lam": own.skew,
    }


def _jones_faddy(returns: Vector) -> tuple[Any, Found]:
    law = JonesFaddySkewT().fit(returns)
    return law, {"a": law.a, "b": law.b, "loc": law.location, "scale": law.scale}


def _azzalini(returns: Vector) -> tuple[Any, Found]:
    law = AzzaliniSkewT().fit(returns)
    return law, {
        "xi": law.location,
        "omega": law.scale,
        "alpha": law.alpha,
        "nu": law.degrees_of_freedom,
    }


LAWS: Mapping[str, Callable[[Vector], tuple[Any, Found]]] = {
    "student_t": _student_t,
    "nig": _normal_inverse_gaussian,
    "hansen_skewt": _hansen,
    "jones_faddy_skewt": _jones_faddy,
    "azzalini_skewt": _azzalini,
}
