"""``r_*``: rugarch, fGarch, evd, fExtremes, MASS, fBasics and sn on one series.

At *their* parameters our filters must give *their* numbers; their optima are cross-checks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.statistics.evt_dist import block_length
from plimsoll.conformance.statistics.peer_optima import OWN
from plimsoll.conformance.statistics.r_laws import r_laws
from plimsoll.conformance.statistics.r_rules import CONVENTIONS, RULES
from plimsoll.conformance.statistics.sections import SectionForm, Source
from plimsoll.conformance.statistics.volatility_models import (
    LAWS,
    in_rugarch_names,
    model_of,
    name_parts,
    rugarch_parameters,
)
from plimsoll.estimators import BlockMaxima, PeaksOverThreshold
from plimsoll.estimators.volatility import filter_at
from plimsoll.estimators.volatility.garch_options import VarianceStart
from plimsoll.estimators.volatility.residual_law import ResidualLaw

Inputs = Mapping[str, Any]
Found = dict[str, Any]

__all__ = ["CONVENTIONS", "RULES", "SECTIONS", "compute"]

RUGARCH_CAP = 0.999


def _returns(source: Source, _path: tuple[str, ...], _content: Any) -> Inputs:
    return {"returns": source.table(source.document.get("input")).column("r")}


def _fit_inputs(source: Source, path: tuple[str, ...], content: Any) -> Inputs:
    return {**_returns(source, path, content), "at": content["params"]}


SECTIONS = (
    SectionForm(path="rugarch/fits/*", inputs=_fit_inputs),
    SectionForm(path="fGarch_garch11/*", inputs=_fit_inputs),
    SectionForm(path="gpd/*", inputs=_returns),
    SectionForm(path="gev_block*", inputs=_returns),
    SectionForm(path="dist", inputs=_returns),
    SectionForm(path="", inputs=_returns),
)


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> Mapping[str, Any]:
    """Compute one section; see `plimsoll.conformance.contract.Compute`."""
    if kind not in _SECTIONS:
        raise UnknownCase(kind)
    return _SECTIONS[kind](inputs)


def _rugarch(inputs: Inputs) -> Found:
    """Filtered at rugarch's parameters, and our optimum under its start and persistence limit."""
    returns, asked = inputs["returns"], inputs["asked"]
    recursion, law = name_parts(inputs["path"][-1])
    at = rugarch_parameters(recursion, inputs["at"])
    start: VarianceStart = "first_squared_residuals"
    seen = filter_at(at, returns, initial=start)
    volatility = np.sqrt(seen.variances)
    found: Found = {
        "loglik": seen.log_likelihood,
        "sigma_at": {row: volatility[int(row)] for row in asked.get("sigma_at") or {}},
        "next_sigma": volatility[-1],
    }
    unit = ResidualLaw.unit_variance(at.degrees_of_freedom, at.skew, skewed=LAWS[law] == "skewt")
    for name in asked:
        if name.startswith("VaR_"):
            quantile = unit.value_at_risk(float(name.removeprefix("VaR_")))
            found[name] = volatility[-1] * quantile - at.mean
    rule: Found = {"variance_start": start}
    if recursion != "eGARCH":
        rule |= {"persistence_rule": "capped", "persistence_cap": RUGARCH_CAP}
    own = model_of(recursion, law, **rule).fit(returns)
    names = in_rugarch_names(recursion, own.parameters)
    return found | {"params": names, OWN: own.log_likelihood}


def _fgarch(inputs: Inputs) -> Found:
    returns, law = inputs["returns"], inputs["path"][-1]
    start: VarianceStart = "squared_residuals"
    seen = filter_at(rugarch_parameters("sGARCH", inputs["at"]), returns, initial=start)
    own = model_of("sGARCH", law, variance_start=start, persistence_rule="unconstrained").fit(
        returns
    )
    return {
        "loglik": seen.log_likelihood,
        "params": in_rugarch_names("sGARCH", own.parameters),
        OWN: own.log_likelihood,
    }


def _pareto(inputs: Inputs) -> Found:
    share = 1.0 - float(inputs["path"][-1])
    tail = PeaksOverThreshold(tail_fraction=share).fit(-inputs["returns"])
    moments = PeaksOverThreshold(tail_fraction=share, method="pwm").fit(-inputs["returns"])
    shape, scale = tail.standard_errors()
    fit = {"xi": tail.xi, "beta": tail.beta}
    return {
        "u": tail.threshold,
        "n_exc": tail.exceedances,
        "evd_fpot": fit
        | {
            "loglik": tail.log_likelihood,
            "se": {"scale": scale, "shape": shape},
            OWN: tail.log_likelihood,
        },
        "fExtremes_mle": fit,
        "fExtremes_pwm": {"xi": moments.xi, "beta": moments.beta},
    }


def _block_maxima(inputs: Inputs) -> Found:
    fitted = BlockMaxima(block_length=block_length(inputs["path"][-1])).fit(-inputs["returns"])
    return {
        "blocks": fitted.observations,
        "evd_fgev": {
            "mu": fitted.mu,
            "sigma": fitted.sigma,
            "xi": fitted.xi,
            "loglik": fitted.log_likelihood,
            OWN: fitted.log_likelihood,
        },
        "fExtremes": {"xi": fitted.xi, "mu": fitted.mu, "beta": fitted.sigma},
    }


_SECTIONS: Mapping[str, Callable[[Inputs], Found]] = {
    "rugarch/fits/*": _rugarch,
    "fGarch_garch11/*": _fgarch,
    "gpd/*": _pareto,
    "gev_block*": _block_maxima,
    "dist": lambda inputs: r_laws(inputs["returns"], inputs["asked"]),
    "": lambda inputs: {"n": inputs["returns"].size},
}
