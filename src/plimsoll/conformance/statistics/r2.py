"""``r2_*``: rugarch's and esback's tests of forecasts, rmgarch's DCC and static t copula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.stats import rankdata

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.statistics.backtest_columns import (
    Forecasts,
    forecasts_inputs,
    forecasts_of,
)
from plimsoll.conformance.statistics.joint_models import (
    joint_inputs,
    rmgarch_copula,
    rmgarch_dcc,
)
from plimsoll.conformance.statistics.r2_rules import CONVENTIONS, RULES
from plimsoll.conformance.statistics.r_resamples import r_resamples
from plimsoll.conformance.statistics.sections import SectionForm, Source
from plimsoll.errors import PlimsollError
from plimsoll.estimators.dependence import SampleCovariance, kendall_tau
from plimsoll.validation import (
    Direction,
    ResidualLaw,
    Sides,
    conditional_calibration_test,
    conditional_coverage_test,
    kupiec_test,
    mcneil_frey_test,
    quantile_score,
    weibull_duration_test,
)
from plimsoll.validation.breaches.durations import fit_weibull_gaps, gaps_of
from plimsoll.validation.breaches.scored_hits import scored_hits
from plimsoll.validation.shortfall.mcneil_frey import bootstrap_p_value, breach_residuals

Inputs = Mapping[str, Any]
Found = dict[str, Any]

__all__ = ["CONVENTIONS", "RULES", "SECTIONS", "compute"]

RESAMPLES = 5_000


def _model_inputs(source: Source, path: tuple[str, ...], _content: Any) -> Inputs:
    return forecasts_inputs(source, path[-1])


def _panel_inputs(source: Source, _path: tuple[str, ...], _content: Any) -> Inputs:
    case = source.document.get("dcc")
    return {} if case is None else {"panel": source.table(case.get("input"), "dcc.input").panel}


SECTIONS = (
    SectionForm(path="*_[0-9]*", inputs=_model_inputs),
    SectionForm(path="dcc", inputs=joint_inputs),
    SectionForm(path="dcc_mvt", inputs=joint_inputs),
    SectionForm(path="copula_static_t", inputs=joint_inputs),
    SectionForm(path="", inputs=_panel_inputs),
)


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> Mapping[str, Any]:
    """Compute one section; see `plimsoll.conformance.contract.Compute`."""
    if kind not in _SECTIONS:
        raise UnknownCase(kind)
    return _SECTIONS[kind](inputs)


def _model(inputs: Inputs) -> Found:
    case, asked = forecasts_of(inputs), inputs["asked"]
    score = quantile_score(case.loss, case.value_at_risk, case.confidence)
    found: Found = {"pinball_mean": score.mean()}
    for name in asked:
        if name in _TESTS:
            found[name] = _tested(_TESTS[name], case, asked[name])
    return found


def _tested(test: Callable[[Forecasts], Found], case: Forecasts, asked: Any) -> Found:
    """A test that refuses its forecasts has no numbers, which files write as null."""
    try:
        return test(case)
    except PlimsollError:
        return dict.fromkeys(asked or {})


def _coverage(case: Forecasts) -> Found:
    pof = kupiec_test(case.hits, case.rate)
    joint = conditional_coverage_test(case.hits, case.rate)
    return {
        **_counts(case),
        "uc.LRstat": pof.statistic,
        "uc.LRp": pof.p_value,
        "cc.LRstat": joint.statistic,
        "cc.LRp": joint.p_value,
    }


def _counts(case: Forecasts) -> Found:
    """rugarch cuts the expected number to an integer."""
    return {
        "expected.exceed": int(case.rate * case.hits.size + 1e-9),
        "actual.exceed": scored_hits(case.hits).breaches,
    }


def _shortfall(case: Forecasts) -> Found:
    test = mcneil_frey_test(
        case.loss, case.value_at_risk, case.expected_shortfall, law=ResidualLaw.NORMAL
    )
    return _counts(case) | {"p.value": test.p_value}


def _duration(case: Forecasts) -> Found:
    fit = fit_weibull_gaps(gaps_of(case.hits))
    return {
        "b": fit.shape,
        "uLL": fit.log_likelihood,
        "rLL": fit.exponential_log_likelihood,
        "LRp": weibull_duration_test(case.hits, case.rate).p_value,
    }


def _calibration(case: Forecasts) -> Found:
    found: Found = {}
    forecasts = case.loss, case.value_at_risk, case.expected_shortfall, case.confidence
    for name, sigma in (("simple", None), ("general", case.sigma)):
        for side, sides in (("twosided", Sides.TWO_SIDED), ("onesided", Sides.ONE_SIDED)):
            has_value = name == "simple" or sigma is not None
            found[f"pvalue_{side}_{name}"] = (
                conditional_calibration_test(*forecasts, sigma=sigma, sides=sides).p_value
                if has_value
                else None
            )
    return found


def _residuals(case: Forecasts) -> Found:
    """Centred bootstrap of the residuals on breach days, on the very resamples that R draws."""
    found: Found = {}
    sides = (("twosided", Direction.TWO_SIDED), ("onesided", Direction.UNDERSTATED))
    for name, sigma in (("simple", None), ("standardized", case.sigma)):
        has_value = name == "simple" or sigma is not None
        found |= {f"pvalue_{side}_{name}": None for side, _ in sides}
        if has_value:
            residual = breach_residuals(
                case.loss, case.value_at_risk, case.expected_shortfall, sigma
            ).residual
            drawn = r_resamples(residual.size, RESAMPLES)
            for side, direction in sides:
                p_value, _ = bootstrap_p_value(residual, drawn, direction)
                found[f"pvalue_{side}_{name}"] = p_value
    return found


def _panel(inputs: Inputs) -> Found:
    if "panel" not in inputs:
        return {}
    panel = inputs["panel"]
    return {
        "kendall": kendall_tau(panel),
        "spearman": SampleCovariance().fit(rankdata(panel, axis=0)).correlation,
        "cov": np.asarray(SampleCovariance().fit(panel).covariance),
    }


_TESTS: Mapping[str, Callable[[Forecasts], Found]] = {
    "rugarch_VaRTest": _coverage,
    "rugarch_ESTest": _shortfall,
    "rugarch_VaRDurTest": _duration,
    "esback_cc": _calibration,
    "esback_er": _residuals,
}

_SECTIONS: Mapping[str, Callable[[Inputs], Found]] = {
    "*_[0-9]*": _model,
    "dcc": lambda inputs: rmgarch_dcc(inputs, "normal"),
    "dcc_mvt": lambda inputs: rmgarch_dcc(inputs, "t"),
    "copula_static_t": rmgarch_copula,
    "": _panel,
}
