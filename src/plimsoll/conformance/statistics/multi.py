"""``multi_*``: covariances, copulas, DCC, jumps, bipower, Hawkes, spectral measures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.statistics.jump_sections import (
    block_measures,
    branching_process,
    daily_jumps,
)
from plimsoll.conformance.statistics.multi_rules import CONVENTIONS, RULES
from plimsoll.conformance.statistics.panel_sections import (
    copula,
    ewma_covariance,
    rank_tail_dependence,
    sample_matrix,
    second_stages,
    shrunk,
    stage_inputs,
)
from plimsoll.conformance.statistics.sections import SectionForm, Source, Table
from plimsoll.errors import DataFormatError
from plimsoll.measures import (
    expected_shortfall,
    exponential_spectrum,
    power_spectrum,
    spectral,
    value_at_risk,
)
from plimsoll.measures.spectral import spectral_weights

Inputs = Mapping[str, Any]
Found = dict[str, Any]

__all__ = ["CONVENTIONS", "RULES", "SECTIONS", "compute"]

_PANELS = ("ledoit_wolf", "oas", "t_copula")
_COPULAS = ("t_copula", "ledoit_wolf")
_SERIES = ("lee_mykland", "bipower", "hawkes_exp")


def _table(source: Source, content: Any, sections: tuple[str, ...]) -> Table:
    """The section's own input, else that of the first of its kin, else the document's."""
    document = source.document
    candidates = [content, *(document.get(name) for name in sections), document]
    for candidate in candidates:
        if isinstance(candidate, Mapping) and "input" in candidate:
            return source.table(candidate["input"])
    raise DataFormatError(
        "must name the CSV file of its input", found="nothing", field=f"{source.name}: input"
    )


def _panel(source: Source, _path: tuple[str, ...], content: Any) -> Inputs:
    return {"panel": _table(source, content, _PANELS).panel}


def _copula(source: Source, _path: tuple[str, ...], content: Any) -> Inputs:
    table = _table(source, content, _COPULAS)
    checks = content.get("lower_tail_dep_formula_checks", ())
    return {
        "panel": table.panel,
        "columns": list(table.columns),
        "pairs": [(check["rho"], check["nu"]) for check in checks],
    }


def _ranks(source: Source, _path: tuple[str, ...], content: Any) -> Inputs:
    table = _table(source, content, _COPULAS)
    return {"panel": table.panel, "counts": [content.get("k"), content.get("k_5pct")]}


def _stages(source: Source, _path: tuple[str, ...], content: Any) -> Inputs:
    table = _table(source, content, _COPULAS)
    return stage_inputs(source, table, content)


def _series(source: Source, _path: tuple[str, ...], content: Any) -> Inputs:
    table = _table(source, content, _SERIES)
    return {"returns": table.column("r"), "labels": table.labels}


def _jumps(source: Source, path: tuple[str, ...], content: Any) -> Inputs:
    return {**_series(source, path, content), "window": content["K"]}


def _blocks(source: Source, path: tuple[str, ...], content: Any) -> Inputs:
    rows = [block["rows"] for block in content["blocks"]]
    return {**_series(source, path, content), "rows": rows}


def _events(source: Source, path: tuple[str, ...], content: Any) -> Inputs:
    multiple = re.search(r"([0-9.]+)\s*\*\s*std", content.get("events", ""))
    if multiple is None:
        raise DataFormatError(
            "must say which rows are events, as in |r_i| > 1.5*std",
            found=content.get("events"),
            field=f"{source.name}: {path[-1]}.events",
        )
    return {**_series(source, path, content), "multiple": float(multiple[1])}


SECTIONS = (
    SectionForm(path="ledoit_wolf", inputs=_panel),
    SectionForm(path="oas", inputs=_panel),
    SectionForm(path="sample_*", inputs=_panel),
    SectionForm(path="ewma_cov_*", inputs=_panel),
    SectionForm(path="t_copula", inputs=_copula),
    SectionForm(path="lower_tail_dependence_empirical", inputs=_ranks),
    SectionForm(path="dcc_second_stage_independent", inputs=_stages),
    SectionForm(path="lee_mykland", inputs=_jumps),
    SectionForm(path="bipower", inputs=_blocks),
    SectionForm(path="hawkes_exp", inputs=_events),
    SectionForm(path="spectral_small", inputs=lambda _source, _path, c: {"losses": c["losses"]}),
    SectionForm(path="ES_RU_last*", inputs=_series),
    SectionForm(path="", inputs=lambda *_: {}),
)


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> Mapping[str, Any]:
    """Compute one section; see `plimsoll.conformance.contract.Compute`."""
    if kind not in _SECTIONS:
        raise UnknownCase(kind)
    return _SECTIONS[kind](inputs)


def _spectral(inputs: Inputs) -> Found:
    losses, asked = np.array(inputs["losses"]), inputs["asked"]
    found: Found = {"exp": {}, "pow": {}, "ES_rockafellar_uryasev": {}}
    for aversion in asked.get("exp") or {}:
        spectrum = exponential_spectrum(float(aversion))
        found["exp"][aversion] = {
            "weights": spectral_weights(np.ones(losses.size), spectrum),
            "M": spectral(losses, spectrum).value,
        }
    for exponent in asked.get("pow") or {}:
        found["pow"][exponent] = spectral(losses, power_spectrum(float(exponent))).value
    for level in asked.get("ES_rockafellar_uryasev") or {}:
        value = expected_shortfall(losses, float(level)).value
        found["ES_rockafellar_uryasev"][level] = {"ES_lp": value, "ES_sorted": value}
    return found


def _rockafellar_uryasev(inputs: Inputs) -> Found:
    """The section's name holds window and level: ``ES_RU_last500_0.975``."""
    window, _, level = inputs["path"][-1].removeprefix("ES_RU_last").partition("_")
    losses, confidence = -inputs["returns"][-int(window) :], float(level)
    return {
        "ES": expected_shortfall(losses, confidence).value,
        "minimiser_VaR": value_at_risk(losses, confidence).value,
    }


_SECTIONS: Mapping[str, Callable[[Inputs], Found]] = {
    "ledoit_wolf": shrunk,
    "oas": shrunk,
    "sample_*": sample_matrix,
    "ewma_cov_*": ewma_covariance,
    "t_copula": copula,
    "lower_tail_dependence_empirical": rank_tail_dependence,
    "dcc_second_stage_independent": second_stages,
    "lee_mykland": daily_jumps,
    "bipower": block_measures,
    "hawkes_exp": branching_process,
    "spectral_small": _spectral,
    "ES_RU_last*": _rockafellar_uryasev,
    "": lambda _inputs: {},
}
