"""The runner: what counts as a match, what is a fault, and that engines never see what is expected.

A toy engine doubles and adds; its vectors are made here, so every number is known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plimsoll.conformance import ConformanceResult, UnknownCase, engine, run_conformance
from plimsoll.conformance.demands import demanded
from plimsoll.conformance.report import mismatch_table, uncompared_table
from plimsoll.conformance.tolerance import Tolerance
from plimsoll.errors import DataError, UsageError

SEEN: list[tuple[object, ...]] = []


def toy(kind: str, inputs: Mapping[str, Any], sets: Mapping[str, Any]) -> Mapping[str, Any]:
    SEEN.append((kind, dict(inputs), dict(sets)))
    if kind not in ("", "sum"):
        raise UnknownCase(kind)
    if inputs["x"] == "fails":
        raise ZeroDivisionError("by zero")
    x = inputs["x"]
    return {"IM": 2 * x, "parts": {"list": [x, x]}, "worst_kind": "regular"}


@pytest.fixture(autouse=True)
def _toy_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    SEEN.clear()
    known = engine
    monkeypatch.setattr(
        "plimsoll.conformance.runner.engine", lambda name: toy if name == "toy" else known(name)
    )


def case(**changes: Any) -> dict[str, Any]:
    return {
        "id": "toy/1",
        "inputs": {"x": 1.5},
        "expected": {"IM": 3.0, "parts": {"list": [1.5, 1.5]}, "worst_kind": "regular"},
        "tolerance": {"rel": 1e-9},
    } | changes


def write(folder: Path, *cases: dict[str, Any], name: str = "toy.json", **changes: Any) -> Path:
    document = {
        "schema": "plimsoll-margin-vectors/1",
        "engine": "toy",
        "parameter_sets": {"P": {"a": 1}},
        "n_cases": len(cases),
        "cases": list(cases),
    } | changes
    (folder / name).write_text(json.dumps(document))
    return folder


def run(folder: Path, *cases: dict[str, Any], **changes: Any) -> ConformanceResult:
    return run_conformance(write(folder, *cases, **changes))


def without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in document.items() if k != key}


def test_a_match(tmp_path: Path) -> None:
    result = run(tmp_path, case())
    assert result.holds
    assert [(e.engine, e.matched, e.total) for e in result.engines] == [("toy", 1, 1)]
    assert SEEN == [("", {"x": 1.5}, {"P": {"a": 1}})]


@pytest.mark.parametrize(
    ("expected", "term"),
    [
        ({"IM": 3.1}, "IM"),
        ({"IM": 3.1, "parts": {"list": [1.5, 1.6]}}, "parts.list[1]"),  # a part before its total
        ({"parts": {"list": [1.5]}}, "parts.list (length)"),
        ({"parts": {"list": [1.5, 1.5, 1.5]}}, "parts.list[2]"),
        ({"worst_kind": "skew"}, "worst_kind"),
        ({"worst_kind": 1}, "worst_kind"),
        ({"other": 1}, "other"),
        ({"IM": "3.0"}, "IM"),
        ({"IM": True}, "IM"),
        ({"IM": None}, "IM"),
    ],
)
def test_the_first_differing_term_is_named(
    tmp_path: Path, expected: dict[str, Any], term: str
) -> None:
    result = run(tmp_path, case(expected=expected))
    assert not result.holds
    first = result.mismatches[0].first_difference
    assert first is not None
    assert first.term == term


def test_the_worst_error_is_relative_and_of_its_term(tmp_path: Path) -> None:
    result = run(tmp_path, case(expected={"IM": 3.0 * (1 + 1e-10)}), case(id="toy/2"))
    error, where = result.engines[0].worst(relative=True)
    assert error == pytest.approx(1e-10, rel=1e-4)  # 3.0 holds 16 digits, the difference six
    assert where == "toy/1: IM"
    assert result.holds


@pytest.mark.parametrize(
    "broken",
    [
        without(case(), "expected"),
        case(expected=None),
        case(expected={}),
        case(expected=[3.0]),
        case(expected={"IM": -1e9, "parts": "?"}),
    ],
)
def test_what_is_expected_changes_no_computed_number(
    tmp_path: Path, broken: dict[str, Any]
) -> None:
    whole = run(tmp_path, case()).engines[0].cases[0].computed
    result = run(tmp_path, broken)
    assert result.engines[0].cases[0].computed == whole
    assert not result.holds
    assert SEEN[0] == SEEN[1]


def test_unknown_engines_and_kinds_are_mismatches(tmp_path: Path) -> None:
    write(tmp_path, case(), name="other.json", engine="nobody's")
    result = run(tmp_path, case(kind="sum"), case(id="toy/2", kind="product"))
    assert not result.faults
    assert {(c.engine, c.id, c.problem) for c in result.mismatches} == {
        ("nobody's", "toy/1", 'no engine is called "nobody\'s"'),
        ("toy", "toy/2", "the engine knows no cases of kind 'product'"),
    }


def test_cases_that_are_not_compared_are_told_of_by_reason(tmp_path: Path) -> None:
    write(tmp_path, *(case(id=f"toy/{i}") for i in range(5)), name="other.json", engine="nobody's")
    off = case(id="toy/3", expected={"IM": 1e9})
    result = run(tmp_path, case(), case(id="toy/2", kind="product"), off)
    assert uncompared_table(result).rows == (
        ("other.json", 5, "toy/0", 'no engine is called "nobody\'s"'),
        ("toy.json", 1, "toy/2", "the engine knows no cases of kind 'product'"),
    )
    assert [row[0] for row in mismatch_table(result).rows] == ["toy/3"]


def test_an_engine_that_fails_is_a_mismatch_of_its_case_only(tmp_path: Path) -> None:
    result = run(tmp_path, case(inputs={"x": "fails"}), case(id="toy/2"))
    assert [c.problem for c in result.mismatches] == [
        "the engine failed: ZeroDivisionError: by zero"
    ]
    assert result.engines[0].matched == 1


@pytest.mark.parametrize(
    ("cases", "changes", "field"),
    [
        ([case(inputs={})], {}, "toy.json: case toy/1: inputs: x"),
        ([without(case(), "inputs")], {}, "toy.json: case toy/1: inputs"),
        ([case(inputs=[1])], {}, "toy.json: case toy/1: inputs"),
        ([without(case(), "id")], {}, "toy.json: case 0: id"),
        ([case(tolerance={"rel": "1e-8"})], {}, "toy.json: case toy/1: tolerance.rel"),
        ([case(tolerance={"abs": -1})], {}, "toy.json: case toy/1: tolerance.abs"),
        ([case(), case()], {}, "toy.json: cases.id"),
        ([case()], {"n_cases": 2}, "toy.json: n_cases"),
        ([case()], {"cases": {}}, "toy.json: cases"),
        ([case()], {"engine": 3}, "toy.json: engine"),
        ([case()], {"parameter_sets": []}, "toy.json: parameter_sets"),
        ([case()], {"schema": "plimsoll-margin-vectors/2"}, "toy.json: schema"),
    ],
)
def test_faults_name_file_case_and_field(
    tmp_path: Path, cases: list[dict[str, Any]], changes: dict[str, Any], field: str
) -> None:
    result = run(tmp_path, *cases, **changes)
    assert [fault.field for fault in result.faults] == [field]
    assert not result.holds


@pytest.mark.parametrize("text", ["", "{", '{"schema": NaN}', "\ufeff[", '"\\ud800'])
def test_files_that_are_no_json_are_faults(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.json").write_text(text)
    result = run(tmp_path, case())
    assert [fault.field for fault in result.faults] == ["broken.json"]
    assert result.engines[0].matched == 1


def test_other_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1]")
    assert run(tmp_path, case()).other_files == ("list.json",)


def test_a_folder_without_vectors_and_an_engine_without_vectors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must hold vector files"):
        run_conformance(tmp_path)
    with pytest.raises(
        DataError, match=r"found 'nothing'.*name a folder of plimsoll-margin-vectors/1"
    ):
        run_conformance(tmp_path / "absent")
    write(tmp_path, case())
    with pytest.raises(UsageError, match="there are toy"):
        run_conformance(tmp_path, only="vega")


def test_one_engine_of_several_and_one_file(tmp_path: Path) -> None:
    write(tmp_path, case(), name="other.json", engine="other")
    write(tmp_path, case())
    assert run_conformance(tmp_path, only="toy").holds
    assert run_conformance(tmp_path / "toy.json").holds
    assert not run_conformance(tmp_path).holds


def test_the_stricter_of_two_tolerances_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = Tolerance(relative=1e-12)
    monkeypatch.setattr("plimsoll.conformance.comparison.demanded", lambda *_: strict)
    loose = case(expected={"IM": 3.0 * (1 + 1e-10)}, tolerance={"rel": 1e-3})
    assert not run(tmp_path, loose).holds
    monkeypatch.setattr(
        "plimsoll.conformance.comparison.demanded", lambda *_: Tolerance(relative=1e-3)
    )
    assert not run(tmp_path, loose | {"tolerance": {"rel": 1e-12}}).holds
    assert run(tmp_path, loose).holds


def test_without_any_tolerance_numbers_must_be_equal(tmp_path: Path) -> None:
    exact = case(expected={"IM": 3.0}, tolerance={"exact": True})
    assert run(tmp_path, exact).holds
    assert not run(tmp_path, exact | {"expected": {"IM": math.nextafter(3.0, 4.0)}}).holds


def test_integers_beyond_float_are_compared_exactly() -> None:
    big = 2**53
    assert not Tolerance().allows(big, big + 1)
    assert Tolerance().allows(big, float(big))


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [(-802, -802.9, True), (-802, -801.9, False), (0, -0.9, True), (3, 2.9999, False)],
)
def test_truncated_integers(expected: float, found: float, same: bool) -> None:
    assert Tolerance(truncated=True).allows(expected, found) is same


@pytest.mark.parametrize(
    ("engine", "kind", "term", "mark", "text"),
    [
        ("derive_pmrm2", "", "IM", "", "1e-08 relative"),
        ("derive_pmrm2", "", "scenario_pnl", "", "1e-08 relative or 1e-06 absolute"),
        ("derive_pmrm1", "", "MM", "", "1e-08 relative"),
        ("derive_srm", "", "MM", "", "1e-06 relative"),
        ("derive_srm", "", "MM", "integer part", "equal as truncated integers"),
        ("vega", "margin_levels", "search", "", "exact"),
        ("vega", "lognormal_var_es", "ES", "", "1e-08 absolute"),
        ("vega", "risk_factors_forward", "rf_long", "", "1e-06 absolute"),
        ("dydx_v4", "margin_requirements", "IM", "", "exact"),
        ("drift_v2", "insurance_fee", "fee_1e6", "", "exact"),
    ],
)
def test_what_the_vectors_demand(engine: str, kind: str, term: str, mark: str, text: str) -> None:
    found = demanded(engine, kind, term, mark)
    assert found is not None
    assert found.text == text


def test_a_malformed_case_costs_itself_only(tmp_path: Path) -> None:
    """It counts as a mismatch of its engine; the cases beside it are computed and compared."""
    listed: list[Any] = [case(), case(id="toy/2", inputs="none"), 3, case(), case(id="toy/3")]
    result = run(tmp_path, *listed)
    (own,) = result.engines
    assert (own.matched, own.total) == (2, 5)
    assert [c.id for c in result.mismatches] == ["toy/2", "cases[2]", "toy/1"]
    assert [fault.must for fault in result.faults] == [
        "must be a JSON object",
        "must be an object",
        "must stand once",
    ]
    assert not result.holds
    table = uncompared_table(result)
    assert all("it cannot be read" in str(dict(row)["why"]) for row in table)
