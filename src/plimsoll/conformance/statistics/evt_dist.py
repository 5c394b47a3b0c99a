"""``evt_dist_*``: Pareto tails, block maxima, Hill, and fitted laws of returns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.statistics.evt_rules import CONVENTIONS, RULES
from plimsoll.conformance.statistics.fitted_laws import fitted_law
from plimsoll.conformance.statistics.sections import SectionForm, Source
from plimsoll.estimators import BlockMaxima, Hill, PeaksOverThreshold

Inputs = Mapping[str, Any]
Found = dict[str, Any]

__all__ = ["CONVENTIONS", "RULES", "SECTIONS", "compute"]


def _returns(source: Source, _path: tuple[str, ...], _content: Any) -> Inputs:
    return {"returns": source.table(source.document.get("input")).column("r")}


SECTIONS = tuple(
    SectionForm(path=path, inputs=_returns)
    for path in ("gpd/*", "gpd_right_tail_of_gains/*", "gev_block*", "hill", "dist/*", "")
)


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> Mapping[str, Any]:
    """Compute one section; see `plimsoll.conformance.contract.Compute`."""
    if kind not in _SECTIONS:
        raise UnknownCase(kind)
    return _SECTIONS[kind](inputs)


def block_length(name: str) -> int:
    """Length of the blocks in the name of a section, as in ``gev_block21``."""
    return int(re.sub(r"\D", "", name))


def _losses_tail(inputs: Inputs) -> Found:
    return _tail(inputs, -1.0)


def _gains_tail(inputs: Inputs) -> Found:
    return _tail(inputs, 1.0)


def _tail(inputs: Inputs, sign: float) -> Found:
    losses, asked = sign * inputs["returns"], inputs["asked"]
    share = 1.0 - float(inputs["path"][-1])
    tail = PeaksOverThreshold(tail_fraction=share).fit(losses)
    found: Found = {
        "u": tail.threshold,
        "n_exc": tail.exceedances,
        "xi": tail.xi,
        "beta": tail.beta,
        "loglik": tail.log_likelihood,
        "se_observed_info": dict(zip(("xi", "beta"), tail.standard_errors(), strict=True)),
        "scipy_genpareto_fit": {"c": tail.xi, "scale": tail.beta},
        "mean_excess": tail.excesses.mean(),
        "risk": {
            level: {
                "VaR": tail.quantile(float(level)),
                "ES": tail.expected_shortfall(float(level)),
            }
            for level in asked.get("risk") or {}
        },
    }
    if "pwm_unbiased" in asked:
        moments = PeaksOverThreshold(tail_fraction=share, method="pwm").fit(losses)
        found["pwm_unbiased"] = {"xi": moments.xi, "beta": moments.beta}
    return found


def _block_maxima(inputs: Inputs) -> Found:
    fitted = BlockMaxima(block_length=block_length(inputs["path"][-1])).fit(-inputs["returns"])
    levels = inputs["asked"].get("return_level") or {}
    return {
        "blocks": fitted.observations,
        "mu": fitted.mu,
        "sigma": fitted.sigma,
        "xi": fitted.xi,
        "scipy_c": -fitted.xi,
        "loglik": fitted.log_likelihood,
        "return_level": {blocks: fitted.return_level(float(blocks)) for blocks in levels},
    }


def _hill(inputs: Inputs) -> Found:
    """Keys are numbers of order statistics; ``weissman_VaR_0_995`` holds its level."""
    losses, found = -inputs["returns"], dict[str, Any]()
    for count, names in inputs["asked"].items():
        beyond = Hill(order_statistics=int(count)).fit(losses)
        within = Hill(order_statistics=int(count), convention="k").fit(losses)
        found[count] = {
            "xi_k_plus_1_convention": beyond.xi,
            "xi_k_convention_evir": within.xi,
        }
        for name in names or {}:
            if name.startswith("weissman_VaR_"):
                level = float(name.removeprefix("weissman_VaR_").replace("_", "."))
                found[count][name] = beyond.value_at_risk(level)
    return found


_SECTIONS: Mapping[str, Callable[[Inputs], Found]] = {
    "gpd/*": _losses_tail,
    "gpd_right_tail_of_gains/*": _gains_tail,
    "gev_block*": _block_maxima,
    "hill": _hill,
    "dist/*": lambda inputs: fitted_law(
        inputs["path"][-1], inputs["returns"], inputs["asked"].get("VaR_ES") or {}
    ),
    "": lambda inputs: {"n": inputs["returns"].size},
}
