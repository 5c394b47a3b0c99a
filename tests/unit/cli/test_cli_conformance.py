"""``plimsoll conformance`` on vectors made here: output, exit codes, JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from plimsoll.cli.main import application

# dYdX's worked figure: 20 % and an open interest half way between its caps give 60 %.
CASE: dict[str, Any] = {
    "id": "dydx_v4/one",
    "kind": "oi_scaled_imf_ppm",
    "inputs": {
        "initial_margin_ppm": 200_000,
        "oi_lower_cap": 1_000_000,
        "oi_upper_cap": 2_000_000,
        "open_interest_notional": 1_500_000,
    },
    "expected": {"imf_ppm": 600_000},
    "tolerance": {"exact": True},
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application(), ["conformance", *arguments])


def write(folder: Path, *cases: dict[str, Any], engine: str = "dydx_v4") -> str:
    document = {"schema": "plimsoll-margin-vectors/1", "engine": engine, "cases": list(cases)}
    (folder / f"{engine}.json").write_text(json.dumps(document))
    return str(folder)


def test_vectors_that_match_exit_with_0(tmp_path: Path) -> None:
    found = run(write(tmp_path, CASE))
    assert found.exit_code == 0, found.output
    assert "1/1" in found.output
    assert "exact" in found.output
    last = found.output.splitlines()[-1]
    assert last == f"verdict: HOLDS  (1 of 1 cases match (dydx_v4); {tmp_path})"


def test_a_mismatch_is_shown_and_exits_with_1(tmp_path: Path) -> None:
    folder = write(tmp_path, CASE, CASE | {"id": "dydx_v4/two", "expected": {"imf_ppm": 600_001}})
    found = run(folder)
    assert found.exit_code == 1
    assert "1/2" in found.output
    for shown in ("dydx_v4/two", "imf_ppm", "600001", "600000"):
        assert shown in found.output
    assert found.stdout.splitlines()[-1].startswith("verdict: FAILS  (1 of 2 cases match")


def test_what_cannot_be_read_fails_the_verdict(tmp_path: Path) -> None:
    folder = write(tmp_path, CASE)
    (tmp_path / "broken.json").write_text("{")
    found = run(folder)
    assert found.exit_code == 3
    last = found.stdout.splitlines()[-1]
    assert last.startswith("verdict: FAILS  (1 of 1 cases match (dydx_v4); 1 not readable")


@pytest.mark.parametrize(
    ("case", "engine", "said"),
    [(CASE, "someone_else", "no engine"), (CASE | {"kind": "new"}, "dydx_v4", "knows no cases")],
)
def test_what_nobody_knows_is_a_mismatch(
    tmp_path: Path, case: dict[str, Any], engine: str, said: str
) -> None:
    found = run(write(tmp_path, case, engine=engine))
    assert found.exit_code == 1
    assert said in found.output


def test_json_holds_what_was_computed_whatever_is_expected(tmp_path: Path) -> None:
    bare = {key: value for key, value in CASE.items() if key != "expected"}
    found = run(write(tmp_path, bare), "--json")
    assert found.exit_code == 1
    document = json.loads(found.stdout)
    assert document["command"] == "conformance"
    assert document["exit_code"] == 1
    assert document["result"]["verdict"] == "fails"
    assert document["result"]["counts"] == {"cases": {"matched": 0, "total": 1}}
    engine = document["result"]["engines"][0]
    assert (engine["matched"], engine["total"]) == (0, 1)
    assert engine["cases"][0]["computed"] == {"imf_ppm": 600_000}


def test_one_engine_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path, CASE, engine="someone_else")
    folder = write(tmp_path, CASE)
    assert run(folder, "--engine", "dydx_v4").exit_code == 0
    assert run(folder).exit_code == 1
    assert run(folder, "--engine", "absent").exit_code == 2


def test_data_that_cannot_be_read_exits_with_3(tmp_path: Path) -> None:
    folder = write(tmp_path, CASE)
    (tmp_path / "broken.json").write_text("{")
    found = run(folder, "--json")
    assert found.exit_code == 3
    assert json.loads(found.stdout)["result"]["faults"][0]["field"] == "broken.json"
    assert run(str(tmp_path / "absent")).exit_code == 3
