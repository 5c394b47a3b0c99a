"""One model of a ``garch_*`` file: the optimum, summaries, forecasts, risks, standard errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.conformance.statistics.volatility_models import (
    ARCH_NAMES,
    Parameters,
    arch_parameters,
    model_of,
    recursion_of,
)
from plimsoll.estimators.tails.cornish_fisher import sample_moments
from plimsoll.estimators.volatility import FittedEgarch, FittedGarch, filter_at

Inputs = Mapping[str, Any]
Found = dict[str, Any]
Fitted = FittedGarch | FittedEgarch
Vector = NDArray[np.float64]

LJUNG_BOX = "ljungbox"


def fitted_model(inputs: Inputs) -> Found:
    """Compute all that a file may ask of one model."""
    returns, asked = inputs["returns"], inputs["asked"]
    recursion, law = recursion_of(inputs["spec"]), inputs["spec"]["dist"]
    rule = {} if recursion == "egarch" else {"persistence_rule": "stationary"}
    fitted = model_of(recursion, law, variance_start="arch_backcast", **rule).fit(returns)
    backcast = fitted.presample_variance
    found: Found = _optimum(fitted, asked.get("params") or {})
    found |= {
        "backcast": np.log(backcast) if recursion == "egarch" else backcast,
        "cond_vol_at": {
            row: fitted.conditional_volatility[int(row)] for row in asked.get("cond_vol_at") or {}
        },
        "std_resid": residual_summaries(fitted.standardised_residuals, asked.get("std_resid")),
        "one_step_VaR_ES_loss_positive": _risks(
            fitted, asked.get("one_step_VaR_ES_loss_positive") or {}
        ),
    }
    if inputs["steps"]:
        found["var_forecast"] = fitted.forecast(inputs["steps"])
    if inputs["arch_fit"]:
        at = arch_parameters(recursion, inputs["arch_fit"])
        found |= _at_the_fit_of_arch(fitted, at, asked)
    if "variant_init_sample_variance" in asked:
        start = {"variance_start": "sample_variance"}
        other = model_of(recursion, law, **start, **rule).fit(returns)
        inner = asked["variant_init_sample_variance"].get("params") or {}
        found["variant_init_sample_variance"] = _optimum(other, inner) | {
            "backcast": other.presample_variance
        }
    if "unconstrained_optimum" in asked:
        free = {"variance_start": "arch_backcast", "persistence_rule": "unconstrained"}
        beyond = model_of(recursion, law, **free).fit(returns)
        inner = asked["unconstrained_optimum"].get("params") or {}
        found["unconstrained_optimum"] = {"params": _named(beyond.parameters, inner)}
        if inputs["beyond"]:
            at = arch_parameters(recursion, inputs["beyond"])
            there = filter_at(at, returns, initial=fitted.presample_variance)
            found["unconstrained_optimum"]["loglik"] = there.log_likelihood
    return found


def _optimum(fitted: Fitted, names: Mapping[str, Any]) -> Found:
    return {
        "params": _named(fitted.parameters, names),
        "loglik": fitted.log_likelihood,
        "status": status_text(fitted.status),
    }


def _named(parameters: Parameters, names: Mapping[str, Any]) -> Found:
    return {name: getattr(parameters, ARCH_NAMES[name]) for name in names if name in ARCH_NAMES}


def status_text(binding: tuple[str, ...]) -> str:
    """Our binding constraints as the files write them: ``boundary:alpha=0 persistence=1``."""
    if not binding:
        return "interior"
    names = ("persistence=1" if name == "persistence" else name for name in sorted(binding))
    return "boundary:" + " ".join(names)


def _at_the_fit_of_arch(fitted: Fitted, at: Parameters, asked: Mapping[str, Any]) -> Found:
    """Likelihood and robust errors where arch stopped, which the file gives as parameters."""
    there = filter_at(at, fitted.returns, initial=fitted.presample_variance)
    names = asked.get("std_err_robust") or {}
    errors = replace(fitted, parameters=at).standard_errors()  # type: ignore[arg-type]
    return {
        "loglik_arch_fit": there.log_likelihood,
        "std_err_robust": _named(errors, names),
    }


def _risks(fitted: Fitted, levels: Mapping[str, Any]) -> Found:
    found: Found = {}
    for level in levels:
        c = float(level)
        found[level] = {
            "VaR": fitted.value_at_risk(c),
            "ES": fitted.expected_shortfall(c),
            "FHS_VaR_type7": fitted.filtered_value_at_risk(c, convention="type7"),
            "FHS_VaR_order_stat": fitted.filtered_value_at_risk(c, convention="order_stat"),
            "FHS_ES_tailmean": fitted.filtered_expected_shortfall(c),
        }
    return found


def residual_summaries(residuals: Vector, asked: Mapping[str, Any] | None) -> Found:
    """Moments, range, type-7 quantiles and Ljung-Box of squares, of our own residuals."""
    z = np.array(residuals)
    mean, deviation, skewness, kurtosis = sample_moments(z)
    found: Found = {
        "n": z.size,
        "mean": mean,
        "sd_ddof0": deviation,
        "skew_biased": skewness,
        "exkurt_biased": kurtosis,
        "min": z.min(),
        "max": z.max(),
    }
    for name in asked or {}:
        if name.startswith(LJUNG_BOX) and name.endswith("_sq"):
            lags = int(name.removeprefix(LJUNG_BOX).removesuffix("_sq"))
            found[name] = _ljung_box(z * z, lags)
    levels = (asked or {}).get("q") or {}
    found["q"] = {level: np.quantile(z, float(level)) for level in levels}
    return found


def _ljung_box(values: Vector, lags: int) -> float:
    """Ljung and Box (1978), a summary of the residuals: no estimator of ours has it."""
    x, n = values - values.mean(), values.size
    rho = np.array([x[k:] @ x[: n - k] for k in range(1, lags + 1)]) / (x @ x)
    return float(n * (n + 2) * np.sum(rho**2 / (n - np.arange(1, lags + 1))))
