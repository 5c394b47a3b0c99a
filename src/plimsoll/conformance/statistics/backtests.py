"""``backtests_*``: tests of rolling forecasts, scores, traffic light and Kupiec tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.statistics.backtest_columns import (
    Forecasts,
    forecasts_inputs,
    forecasts_of,
)
from plimsoll.conformance.statistics.backtest_rules import CONVENTIONS, RULES
from plimsoll.conformance.statistics.sections import SectionForm, Source
from plimsoll.errors import PlimsollError
from plimsoll.validation import (
    ConditionalCoverage,
    ForecastTest,
    acerbi_szekely_tests,
    conditional_calibration_test,
    conditional_coverage_test,
    dynamic_quantile_test,
    first_failure_test,
    fz0_score,
    haas_test,
    independence_test,
    kupiec_test,
    mcneil_frey_test,
    quantile_score,
    student_draws,
)
from plimsoll.validation.breaches.scored_hits import scored_hits
from plimsoll.validation.coverage import kupiec_pof
from plimsoll.validation.shortfall.acerbi_szekely import shortfall_ratios
from plimsoll.validation.shortfall.mcneil_frey import breach_residuals
from plimsoll.validation.shortfall.shortfall_regression import shortfall_regression
from plimsoll.validation.traffic_light import basel_plus_factor, traffic_light, zone_table

Inputs = Mapping[str, Any]
Found = dict[str, Any]

__all__ = ["CONVENTIONS", "RULES", "SECTIONS", "compute"]

_PATHS, _SEED = 20_000, 20_260_601


def _model_inputs(source: Source, path: tuple[str, ...], content: Any) -> Inputs:
    simulated = content.get("acerbi_szekely", {}).get("sim", "")
    paths, seed = re.search(r"(\d+) paths", simulated), re.search(r"seed (\d+)", simulated)
    return {
        **forecasts_inputs(source, path[-1]),
        "simulated": bool(simulated),
        "paths": int(paths[1]) if paths else _PATHS,
        "seed": int(seed[1]) if seed else _SEED,
        "first": len(content.get("fz0_first3", ())),
    }


def _zone_inputs(_source: Source, path: tuple[str, ...], content: Any) -> Inputs:
    """The name holds sample and level: ``basel_table_250_99``."""
    sample, level = path[-1].removeprefix("basel_table_").split("_")
    counts = [row["x"] for row in content]
    return {"observations": int(sample), "rate": 1.0 - float(f"0.{level}"), "counts": counts}


def _grid_inputs(_source: Source, _path: tuple[str, ...], content: Any) -> Inputs:
    return {"rows": [{key: row[key] for key in ("n", "x", "p")} for row in content]}


SECTIONS = (
    SectionForm(path="tests/*", inputs=_model_inputs),
    SectionForm(path="basel_table_*", inputs=_zone_inputs),
    SectionForm(path="kupiec_grid", inputs=_grid_inputs),
    SectionForm(path="", inputs=lambda *_: {}),
)


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> Any:
    """Compute one section; see `plimsoll.conformance.contract.Compute`."""
    if kind == "tests/*":
        return _model(inputs)
    if kind == "basel_table_*":
        return _zones(inputs)
    if kind == "kupiec_grid":
        return _grid(inputs)
    if kind == "":
        return {}
    raise UnknownCase(kind)


def _model(inputs: Inputs) -> Found:
    case, asked = forecasts_of(inputs), inputs["asked"]
    found = _counts(case) | _scores(case, inputs["first"])
    for name in asked:
        try:
            found |= _test(name, case, inputs)
        except PlimsollError:  # a test that refuses has no numbers, which files write as null
            found[name] = dict.fromkeys(asked[name] or {})
    return found


def _test(name: str, case: Forecasts, inputs: Inputs) -> Found:
    if name in _TESTS:
        return {name: _TESTS[name](case)}
    if name == "acerbi_szekely":
        return {name: _acerbi_szekely(case, inputs)}
    if name.startswith("dq_lag"):
        return {name: _dynamic_quantile(case, name)}
    if name.startswith("basel_last"):
        return {name: _light(case, int(name.removeprefix("basel_last")))}
    return {}


def _counts(case: Forecasts) -> Found:
    series = scored_hits(case.hits)
    first = int(np.argmax(case.hits)) + 1 if series.breaches else None
    return {
        "q": case.confidence,
        "n": series.observations,
        "exceptions": series.breaches,
        "first_exception_1based": first,
    }


def _scores(case: Forecasts, first: int) -> Found:
    level, mean = case.value_at_risk, case.expected_shortfall
    fz0 = fz0_score(case.loss, level, mean, case.confidence)
    return {
        "fz0_mean": fz0.mean(),
        "fz0_first3": fz0[:first],
        "pinball_mean": quantile_score(case.loss, level, case.confidence).mean(),
    }


def _ratio(test: ForecastTest, statistic: str = "LR") -> Found:
    return {statistic: test.statistic, "p": test.p_value}


def _freedom(test: ForecastTest) -> int:
    return int(re.sub(r"\D", "", test.reference_law.removeprefix("chi2")))


def _christoffersen(case: Forecasts) -> Found:
    pairs = scored_hits(case.hits).transitions()
    joint = ConditionalCoverage.FROM_TRANSITIONS
    tests = {
        "ind": independence_test(case.hits, case.rate),
        "cc_as_sum": conditional_coverage_test(case.hits, case.rate),
        "cc_from_transitions": conditional_coverage_test(case.hits, case.rate, joint),
    }
    found: Found = {name: getattr(pairs, name) for name in ("n00", "n01", "n10", "n11")}
    for name, test in tests.items():
        found |= {f"LR_{name}": test.statistic, f"p_{name}": test.p_value}
    return found


def _first_failure(case: Forecasts) -> Found:
    return _ratio(first_failure_test(case.hits, case.rate)) | {"v": int(np.argmax(case.hits)) + 1}


def _haas(case: Forecasts) -> Found:
    test = haas_test(case.hits, case.rate)
    return _ratio(test) | {"df": _freedom(test)}


def _dynamic_quantile(case: Forecasts, name: str) -> Found:
    lags = int(re.sub(r"\D", "", name))
    level = case.value_at_risk if name.endswith("VaR") else None
    test = dynamic_quantile_test(case.hits, case.rate, lags=lags, value_at_risk=level)
    return _ratio(test, "stat") | {"df": _freedom(test)}


def _mcneil_frey(case: Forecasts, *, standardised: bool) -> Found:
    sigma = case.sigma if standardised else None
    forecasts = case.loss, case.value_at_risk, case.expected_shortfall
    test = mcneil_frey_test(*forecasts, sigma=sigma)
    residual = breach_residuals(*forecasts, sigma).residual
    return {"mean": residual.mean(), "t": test.statistic, "p_one_sided_t": test.p_value}


def _acerbi_szekely(case: Forecasts, inputs: Inputs) -> Found:
    """The statistics, and where the file simulates, p-values by numpy's own draws and its seed."""
    forecasts = case.loss, case.value_at_risk, case.expected_shortfall, case.confidence
    ratios = shortfall_ratios(*forecasts)
    found: Found = {"Z1": ratios.z1, "Z2": ratios.z2}
    if not inputs["simulated"] or case.degrees_of_freedom is None:
        return found
    assert case.mean is not None
    assert case.sigma is not None
    draws = student_draws(case.mean, case.sigma, case.degrees_of_freedom)
    tests = acerbi_szekely_tests(*forecasts, law=draws, paths=inputs["paths"], seed=inputs["seed"])
    for name, test in zip(("Z1", "Z2"), tests, strict=True):
        found |= {f"p_{name}": test.p_value, f"crit05_{name}": test.critical_value}
    return found


def _calibration(case: Forecasts) -> Found:
    test = conditional_calibration_test(
        case.loss, case.value_at_risk, case.expected_shortfall, case.confidence
    )
    return {"T": test.statistic, "p": test.p_value}


def _shortfall_regression(case: Forecasts) -> Found:
    fit = shortfall_regression(case.loss, case.expected_shortfall, case.confidence)
    return {"b": [*fit.quantile, *fit.shortfall], "loss": fit.loss}


def _light(case: Forecasts, window: int) -> Found:
    count = int(case.hits[-window:].sum())
    return {"exceptions": count, "zone": str(traffic_light(count, window, case.rate))}


def _zones(inputs: Inputs) -> list[Found]:
    counts = inputs["counts"]
    rows = zone_table(inputs["observations"], inputs["rate"], up_to=max(counts))
    return [
        {
            "x": rows[count].breaches,
            "pmf": rows[count].probability,
            "cdf": rows[count].cumulative,
            "zone": str(rows[count].zone),
            "add_on": basel_plus_factor(count),
        }
        for count in counts
    ]


def _grid(inputs: Inputs) -> list[Found]:
    found = []
    for row in inputs["rows"]:
        ratio = kupiec_pof(row["x"], row["n"], row["p"])
        found.append(row | {"LR": ratio.statistic, "pvalue": ratio.p_value})
    return found


_TESTS: Mapping[str, Callable[[Forecasts], Found]] = {
    "kupiec_pof": lambda case: _ratio(kupiec_test(case.hits, case.rate)),
    "christoffersen": _christoffersen,
    "tuff": _first_failure,
    "haas_tbf_ind": _haas,
    "mcneil_frey": lambda case: _mcneil_frey(case, standardised=False),
    "mcneil_frey_standardised": lambda case: _mcneil_frey(case, standardised=True),
    "nolde_ziegel_simple_two_sided": _calibration,
    "esr_strict_point": _shortfall_regression,
}
