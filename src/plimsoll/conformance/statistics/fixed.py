"""``fixed_*``: log-likelihood and filtered variance at given parameters, no optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.statistics.leaf_rules import exact, not_compared, relative
from plimsoll.conformance.statistics.sections import SectionForm, Source
from plimsoll.conformance.statistics.volatility_models import listed_parameters, model_of
from plimsoll.estimators.volatility import GarchParameters, filter_at

Inputs = Mapping[str, Any]

CONVENTIONS = (
    "GARCH, GJR: the given value is the pre-sample variance and squared shock (half of it as a "
    "fall); EGARCH: its logarithm is the pre-sample log variance, no shock before the sample",
    "EGARCH order as arch's: alpha is the size term |z| - sqrt(2/pi), gamma the sign term",
    "t and Hansen skew-t innovations have variance 1",
    "rows are counted from 0",
)

RULES = (
    not_compared(
        "input", "tolerance", "initial/**", "models/*/params/**", reason="an input, or a note"
    ),
    not_compared("models/*/order", "fcp_benchmark/rule", reason="a note"),
    not_compared("models/*/diff", reason="the other programs' difference between each other"),
    not_compared("fcp_benchmark/own/*", reason="an input: the parameters filtered at"),
    not_compared("fcp_benchmark/published_source", reason="a note"),
    exact("n"),
    relative(
        "models/*/loglik_*",
        "models/*/h_at/*",
        "models/*/z_last",
        "fcp_benchmark/loglik",
        within=1e-9,
    ),
    relative(
        "fcp_benchmark/published/*",
        within=2e-5,
        reason="published to six digits, and mu to -0.00619041; ours is the maximum itself",
    ),
)


def _model_inputs(source: Source, path: tuple[str, ...], content: Any) -> Inputs:
    return {
        "returns": source.table(source.document.get("input")).column("r"),
        "initial": source.document["initial"]["value"],
        "parameters": content["params"],
        "model": path[-1],
    }


def _benchmark_inputs(source: Source, _path: tuple[str, ...], content: Any) -> Inputs:
    return {
        "returns": source.table(source.document.get("input")).column("r"),
        "parameters": content["own"],
    }


def _file_inputs(source: Source, _path: tuple[str, ...], _content: Any) -> Inputs:
    return {"returns": source.table(source.document.get("input")).column("r")}


SECTIONS = (
    SectionForm(path="models/*", inputs=_model_inputs),
    SectionForm(path="fcp_benchmark", inputs=_benchmark_inputs),
    SectionForm(path="", inputs=_file_inputs),
)


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> Mapping[str, Any]:
    """Compute one section; see `plimsoll.conformance.contract.Compute`."""
    if kind == "models/*":
        return _filtered(inputs)
    if kind == "fcp_benchmark":
        return _benchmark(inputs)
    if kind == "":
        return {"n": inputs["returns"].size}
    raise UnknownCase(kind)


def _filtered(inputs: Inputs) -> Mapping[str, Any]:
    parameters = listed_parameters(inputs["model"], inputs["parameters"])
    seen = filter_at(parameters, inputs["returns"], initial=inputs["initial"])
    rows = inputs["asked"].get("h_at") or {}
    return {
        "loglik_loop": seen.log_likelihood,
        "loglik_arch": seen.log_likelihood,
        "z_last": seen.standardised_residuals[-1],
        "h_at": {row: seen.variances[int(row)] for row in rows},
    }


def _benchmark(inputs: Inputs) -> Mapping[str, Any]:
    """Fiorentini, Calzolari and Panattoni: the likelihood at the parameters, and our optimum."""
    given = inputs["parameters"]
    at = GarchParameters(
        mean=given["mu"],
        omega=given["omega"],
        alpha=given["alpha"],
        gamma=0.0,
        beta=given["beta"],
        degrees_of_freedom=float("inf"),
    )
    seen = filter_at(at, inputs["returns"], initial="squared_residuals")
    fitted = model_of(
        "garch", "n", variance_start="squared_residuals", persistence_rule="stationary"
    ).fit(inputs["returns"])
    found = fitted.parameters
    return {
        "loglik": seen.log_likelihood,
        "published": {
            "mu": found.mean,
            "omega": found.omega,
            "alpha": found.alpha,
            "beta": found.beta,
        },
    }
