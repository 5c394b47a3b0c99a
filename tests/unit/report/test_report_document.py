"""The JSON document: exact both ways, same bytes each time, versions migrated or refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.domain.evidence import Check, Evidence, Verdict
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import DataFormatError
from plimsoll.report import evidence_bytes, evidence_document, evidence_from_document
from report_evidence import sample_evidence

NUMBERS = st.one_of(st.none(), st.floats(), st.integers(-(2**63), 2**63 - 1))


def one_cell(cell: Cell, kind: ColumnKind) -> Evidence:
    table = Table(
        name="t", title="T", columns=(Column(name="c", title="C", kind=kind),), rows=((cell,),)
    )
    return Evidence(parameter_set_id="0", label="spot", checks=(), tables=(table,))


def through_json(evidence: Evidence) -> Evidence:
    return evidence_from_document(json.loads(evidence_bytes(evidence)))


def test_round_trip_returns_the_same_evidence() -> None:
    evidence, _ = sample_evidence(hostile=True)
    back = through_json(evidence)
    assert back.tables == evidence.tables
    assert back.checks == evidence.checks
    assert (back.label, back.limits) == (evidence.label, evidence.limits)
    assert dict(back.provenance) == dict(evidence.provenance)
    for mine, theirs in zip(back.series, evidence.series, strict=True):
        assert (mine.market, mine.side, mine.horizon) == (
            theirs.market,
            theirs.side,
            theirs.horizon,
        )
        assert mine.time_ns.dtype == np.int64
        for name in ("time_ns", "margin", "loss"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))


@given(NUMBERS)
def test_numbers_survive_exactly(value: float | int | None) -> None:
    back = through_json(one_cell(value, ColumnKind.NUMBER)).table("t").rows[0][0]
    assert type(back) is type(value)
    if isinstance(value, float) and math.isnan(value):
        assert isinstance(back, float)
        assert math.isnan(back)
    else:
        assert back == value


@given(st.integers(-9_000_000_000_000_000_000, 9_000_000_000_000_000_000))
def test_times_survive_to_the_nanosecond_as_iso_text(time_ns: int) -> None:
    evidence = one_cell(time_ns, ColumnKind.TIME)
    written = evidence_document(evidence)["tables"][0]["rows"][0][0]
    assert written.endswith("Z")
    assert int(np.datetime64(written[:-1], "ns").astype(np.int64)) == time_ns
    assert through_json(evidence).table("t").rows[0][0] == time_ns


def test_document_says_schema_version_columns_and_units() -> None:
    evidence, _ = sample_evidence()
    document = evidence_document(evidence)
    assert (document["schema"], document["schema_version"]) == ("plimsoll.evidence", 1)
    names = [table["name"] for table in document["tables"]]
    assert names == [table.name for table in evidence.tables]
    parameters = document["tables"][names.index("parameters")]
    cap = next(c for c in parameters["columns"] if c["name"] == "cap_usd")
    assert (cap["kind"], cap["unit"]) == ("money", "USD")


def test_same_evidence_gives_the_same_bytes_and_strict_json() -> None:
    first, second = (evidence_bytes(sample_evidence()[0]) for _ in range(2))
    assert first == second
    assert first.endswith(b"\n")

    def refuse(text: str) -> float:
        raise AssertionError(f"{text} is not JSON")

    json.loads(first, parse_constant=refuse)


def test_series_may_be_left_out() -> None:
    evidence, _ = sample_evidence()
    bare = evidence_from_document(evidence_document(evidence, series=False))
    assert bare.series == ()
    assert bare.tables == evidence.tables
    assert len(evidence_bytes(evidence, series=False)) < len(evidence_bytes(evidence))


def test_older_version_is_migrated_step_by_step() -> None:
    evidence, _ = sample_evidence()
    document = evidence_document(evidence)
    old: dict[str, Any] = {**document, "schema_version": -1, "caption": document["label"]}
    del old["label"]
    steps: list[int] = []

    def rename(item: dict[str, Any]) -> dict[str, Any]:
        steps.append(-1)
        return {**{k: v for k, v in item.items() if k != "caption"}, "label": item["caption"]}

    def keep(item: dict[str, Any]) -> dict[str, Any]:
        steps.append(0)
        return item

    back = evidence_from_document(old, migrations={-1: rename, 0: keep})
    assert steps == [-1, 0]
    assert evidence_document(back) == document


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schema": "plimsoll.parameter-set"}, "schema"),
        ({"schema_version": 2}, "schema_version"),
        ({"schema_version": "1"}, "schema_version"),
        ({"tables": [{"name": "x"}]}, "evidence"),
        ({"verdict": "fine"}, "evidence"),
        ({"verdict": "holds"}, "verdict"),
        ({"checks": None}, "evidence"),
    ],
)
def test_malformed_documents_are_refused_by_field(change: dict[str, Any], field: str) -> None:
    document = evidence_document(sample_evidence()[0])
    with pytest.raises(DataFormatError) as caught:
        evidence_from_document({**document, **change})
    assert caught.value.field == field


@pytest.mark.parametrize("cell", [[1], {"float": "many"}, {"double": 1}, "2024-01-01T00:00:00"])
def test_cells_of_another_form_are_refused(cell: object) -> None:
    document = evidence_document(one_cell(0, ColumnKind.TIME))
    document["tables"][0]["rows"][0][0] = cell
    with pytest.raises(DataFormatError):
        evidence_from_document(document)


def test_series_with_arrays_of_unequal_length_is_refused() -> None:
    document = evidence_document(sample_evidence()[0])
    document["series"][0]["count"] -= 1
    with pytest.raises(DataFormatError):
        evidence_from_document(document)


def test_verdict_follows_from_the_checks() -> None:
    evidence, _ = sample_evidence(breach=True)
    assert evidence_document(evidence)["verdict"] == "breach"
    held = replace(
        evidence, checks=(Check(name="a", verdict=Verdict.HOLDS, found="", demanded=""),)
    )
    assert through_json(held).verdict is Verdict.HOLDS
