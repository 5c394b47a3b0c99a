"""``intraday_*``: jump flags and realised measures of bars within the day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.statistics.jump_sections import (
    day_measures,
    intraday_jumps,
    statistics_at,
)
from plimsoll.conformance.statistics.leaf_rules import exact, not_compared, relative
from plimsoll.conformance.statistics.sections import SectionForm, Source
from plimsoll.estimators.jumps.lee_mykland import LeeMykland

Inputs = Mapping[str, Any]

CONVENTIONS = (
    "Lee-Mykland: K - 2 products before the return, no 2/pi in the local variance, c in Cn and Sn; "
    "n of Cn and Sn in the section's name (all bars, or those of a day)",
    "a bar belongs to the UTC day of its time stamp; rows are counted from 0",
    "BV without a finite-sample factor; TQ and MedRV with m/(m-2), MinRV with m/(m-1)",
)

RULES = (
    not_compared("input", "K", reason="an input"),
    not_compared("window", "scaling", "conventions", reason="a note"),
    exact(
        "n",
        "tests/*/flags_0based/*",
        "tests/*/times/*",
        "days/*/day",
        "days/*/m",
        reason="flags exact",
    ),
    relative(
        "tests/*/Cn",
        "tests/*/Sn",
        "tests/*/beta",
        "tests/*/threshold_on_abs_L",
        "tests/*/L/*",
        "L_at/*",
        "days/*/*",
        within=1e-9,
    ),
)


def _series(source: Source, _path: tuple[str, ...], _content: Any) -> Inputs:
    table = source.table(source.document.get("input"))
    return {
        "returns": table.column("r"),
        "labels": table.labels,
        "window": source.document.get("K"),
    }


def _days(source: Source, path: tuple[str, ...], content: Any) -> Inputs:
    return {**_series(source, path, content), "days": [day["day"] for day in content]}


SECTIONS = (
    SectionForm(path="tests/*", inputs=_series),
    SectionForm(path="days", inputs=_days),
    SectionForm(path="", inputs=_series),
)


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> Any:
    """Compute one section; see `plimsoll.conformance.contract.Compute`."""
    if kind == "tests/*":
        return intraday_jumps(inputs)
    if kind == "days":
        return day_measures(inputs)
    if kind == "":
        return _whole(inputs)
    raise UnknownCase(kind)


def _whole(inputs: Inputs) -> Mapping[str, Any]:
    found: dict[str, Any] = {"n": inputs["returns"].size}
    rows = inputs["asked"].get("L_at")
    if rows:
        flags = LeeMykland(window=inputs["window"]).fit(inputs["returns"])
        found["L_at"] = statistics_at(flags, rows)
    return found
