"""Names that vector files and programs give to volatility models, and ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import integrate, special

from plimsoll.conformance.contract import UnknownCase
from plimsoll.estimators.volatility import (
    Egarch,
    EgarchParameters,
    Garch,
    GarchParameters,
    GjrGarch,
)
from plimsoll.estimators.volatility.residual_law import ResidualLaw, log_densities_of

Model = Garch | GjrGarch | Egarch
Parameters = GarchParameters | EgarchParameters

LAWS = {
    "n": "normal",
    "normal": "normal",
    "norm": "normal",
    "t": "t",
    "std": "t",
    "skewt": "skewt",
    "sstd": "skewt",
}
CLASSES: Mapping[str, Callable[..., Model]] = {
    "garch": Garch,
    "gjr": GjrGarch,
    "egarch": Egarch,
    "sGARCH": Garch,
    "gjrGARCH": GjrGarch,
    "eGARCH": Egarch,
}
ARCH_NAMES = {
    "mu": "mean",
    "omega": "omega",
    "alpha[1]": "alpha",
    "gamma[1]": "gamma",
    "beta[1]": "beta",
    "nu": "degrees_of_freedom",
    "eta": "degrees_of_freedom",
    "lambda": "skew",
}
"""arch's parameter names, and ours."""


def name_parts(name: str) -> tuple[str, str]:
    """Recursion and law of a name such as ``gjr_skewt`` or ``eGARCH_std``.

    Raises
    ------
    UnknownCase
    """
    recursion, _, law = name.partition("_")
    if recursion not in CLASSES or law not in LAWS:
        raise UnknownCase(name)
    return recursion, law


def model_of(recursion: str, law: str, **options: Any) -> Model:
    """Return the estimator of a recursion and a law, both as files name them."""
    return CLASSES[recursion](innovations=LAWS[law], **options)


def recursion_of(spec: Mapping[str, Any]) -> str:
    """Return our recursion of arch's specification.

    Raises
    ------
    UnknownCase
        For orders other than (1, 0 or 1, 1).
    """
    orders = (spec.get("vol"), spec.get("p"), spec.get("o"), spec.get("q"))
    known = {
        ("GARCH", 1, 0, 1): "garch",
        ("GARCH", 1, 1, 1): "gjr",
        ("EGARCH", 1, 1, 1): "egarch",
    }
    if orders not in known:
        raise UnknownCase(f"{orders}")
    return known[orders]


def arch_parameters(recursion: str, values: Mapping[str, float]) -> Parameters:
    """Return parameters from arch's names."""
    named = {"gamma": 0.0, "degrees_of_freedom": math.inf}
    named |= {ARCH_NAMES[key]: float(value) for key, value in values.items()}
    return EgarchParameters(**named) if recursion == "egarch" else GarchParameters(**named)


def listed_parameters(name: str, values: Sequence[float]) -> Parameters:
    """Return parameters in the order mu, omega, alpha, [gamma], beta, [nu], [lambda]."""
    recursion, law = name_parts(name)
    rest = [float(value) for value in values]
    if recursion == "garch":
        rest.insert(3, 0.0)
    if LAWS[law] == "normal":
        rest.append(math.inf)
    names = ("mean", "omega", "alpha", "gamma", "beta", "degrees_of_freedom", "skew")
    named = dict(zip(names, rest, strict=False))
    return EgarchParameters(**named) if recursion == "egarch" else GarchParameters(**named)


def rugarch_parameters(recursion: str, given: Mapping[str, float]) -> Parameters:
    """Return our parameters of rugarch's and fGarch's.

    Their skewed t is Fernandez and Steel's, Hansen's with ``lambda = (xi^2 - 1) / (xi^2 + 1)``.
    rugarch's EGARCH names the terms the other way round and centres ``|z|`` by its mean under the
    law instead of the normal one, which moves omega.
    """
    nu, xi = given.get("shape", math.inf), given.get("skew", 1.0)
    common = {
        "mean": given["mu"],
        "beta": given["beta1"],
        "degrees_of_freedom": nu,
        "skew": (xi * xi - 1.0) / (xi * xi + 1.0),
    }
    if recursion == "eGARCH":
        size, centre = given["gamma1"], math.sqrt(2.0 / math.pi)
        moved = size * (mean_absolute(nu, common["skew"]) - centre)
        return EgarchParameters(
            omega=given["omega"] - moved, alpha=size, gamma=given["alpha1"], **common
        )
    return GarchParameters(
        omega=given["omega"], alpha=given["alpha1"], gamma=given.get("gamma1", 0.0), **common
    )


def in_rugarch_names(recursion: str, found: Parameters) -> dict[str, float]:
    """Return our parameters under rugarch's names: the inverse of `rugarch_parameters`."""
    nu, skew = found.degrees_of_freedom, found.skew
    out = {"mu": found.mean, "omega": found.omega, "beta1": found.beta, "shape": nu}
    out["skew"] = math.sqrt((1.0 + skew) / (1.0 - skew))
    if recursion == "eGARCH":
        centre = math.sqrt(2.0 / math.pi)
        moved = found.alpha * (mean_absolute(nu, skew) - centre)
        return out | {"omega": found.omega + moved, "gamma1": found.alpha, "alpha1": found.gamma}
    return out | {"alpha1": found.alpha, "gamma1": found.gamma}


def mean_absolute(degrees_of_freedom: float, skew: float) -> float:
    """``E|z|`` of an innovation of variance 1: normal, Student-t or Hansen's skewed t."""
    nu = degrees_of_freedom
    if not math.isfinite(nu):
        return math.sqrt(2.0 / math.pi)
    if skew == 0.0:
        log_ratio = special.gammaln(0.5 * nu + 0.5) - special.gammaln(0.5 * nu)
        return float(2.0 * math.sqrt(nu - 2.0) / (nu - 1.0) / math.sqrt(math.pi)) * math.exp(
            log_ratio
        )
    law = ResidualLaw(degrees_of_freedom=nu, skew=skew, skewed=True)

    def moment(z: float) -> float:
        return abs(z) * math.exp(float(log_densities_of(law, np.array([z]))[0]))

    sides = ((-math.inf, 0.0), (0.0, math.inf))
    return float(sum(integrate.quad(moment, *side, epsabs=1e-12, limit=400)[0] for side in sides))
