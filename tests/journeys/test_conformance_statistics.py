"""``plimsoll conformance`` on the statistical reference vectors, whatever series lie there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from plimsoll.cli.main import application

KINDS = {"backtests", "evt_dist", "fixed", "garch", "intraday", "multi", "r", "r2"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application(), ["conformance", *arguments])


@pytest.fixture(scope="module")
def document(reference_dir: Path) -> dict[str, Any]:
    found = run(str(reference_dir / "stats_vectors"), "--json")
    assert found.exit_code == 0, found.output
    parsed: dict[str, Any] = json.loads(found.stdout)["result"]
    return parsed


def test_every_number_of_every_file_matches(document: dict[str, Any], reference_dir: Path) -> None:
    assert document["holds"]
    assert not document["faults"]
    assert not document["other_files"]
    kinds = {engine["engine"]: engine for engine in document["engines"]}
    assert set(kinds) == KINDS
    for engine in kinds.values():
        assert engine["counts"] == "numbers"
        assert engine["matched"] == engine["total"] > 100
        assert engine["conventions"]
    files = {case["file"] for engine in kinds.values() for case in engine["cases"]}
    assert files == {path.name for path in (reference_dir / "stats_vectors").glob("*.json")}


def test_every_leaf_is_accounted_for(document: dict[str, Any], reference_dir: Path) -> None:
    """Matched, cross-checked or listed with a reason: together they are the leaves of the files."""
    counted = sum(
        engine["total"]
        + engine["cross_checks"]["total"]
        + sum(len(group["leaves"]) for group in engine["not_compared"])
        for engine in document["engines"]
    )
    there = sum(
        leaves(json.loads(path.read_text()))
        for path in (reference_dir / "stats_vectors").glob("*.json")
    )
    assert counted == there


def leaves(tree: object) -> int:
    if isinstance(tree, dict | list) and tree:
        return sum(leaves(value) for value in (tree.values() if isinstance(tree, dict) else tree))
    return 1


def test_disagreements_are_few_and_each_has_its_reason(document: dict[str, Any]) -> None:
    for engine in document["engines"]:
        checks = engine["cross_checks"]
        assert checks["agreed"] + checks["disagree_as_stated"] == checks["total"]
        assert len(engine["disagreements"]) == checks["disagree_as_stated"]
        assert all(one["reason"] for one in engine["disagreements"])
        assert all(group["reason"] for group in engine["not_compared"])


def test_the_demands_are_those_of_the_vectors(document: dict[str, Any]) -> None:
    def demanded(kind: str, leaf: str) -> list[str]:
        (engine,) = (e for e in document["engines"] if e["engine"] == kind)
        return [rule["tolerance"] for rule in engine["rules"] if leaf in rule["leaves"]]

    assert demanded("fixed", "models/*/h_at/*") == ["1e-09 relative"]
    assert demanded("garch", "models/*/loglik") == ["not below by 0.0001 absolute"]
    assert demanded("garch", "models/*/one_step_VaR_ES_loss_positive/*/*")[-1] == "0.0005 relative"
    assert demanded("garch", "hist_cf_*/*/*") == ["1e-08 relative"]
    assert demanded("evt_dist", "dist/*/loglik") == ["1e-07 relative"]
    assert demanded("evt_dist", "gpd/*/xi") == ["0.0002 absolute"]
    assert demanded("backtests", "tests/*/acerbi_szekely/p_*") == ["0.006 absolute"]
    assert demanded("backtests", "tests/*/*/*") == ["1e-09 relative or 1e-12 absolute"]
    assert demanded("backtests", "tests/*/esr_strict_point/b/[23]")[-1] == "0.02 relative"
    assert demanded("r2", "*/rugarch_*/*") == ["1e-08 relative or 1e-12 absolute"]
    assert demanded("multi", "ewma_cov_*/*/*") == ["1e-09 relative"]
    assert demanded("multi", "t_copula/*/nu") == ["0.001 relative"]
    assert demanded("multi", "dcc_second_stage_independent/own/*/[ab]") == ["0.005 absolute"]
    assert demanded("multi", "dcc_second_stage_independent/own/*/R_*/*/*") == ["0.002 absolute"]
    assert demanded("multi", "hawkes_exp/own/*") == ["0.001 relative"]
    assert demanded("intraday", "days/*/*") == ["1e-09 relative"]
    assert demanded("intraday", "tests/*/flags_0based/*") == ["exact"]


def test_tables_name_counts_and_conventions(reference_dir: Path) -> None:
    found = run(str(reference_dir / "stats_vectors"), "--engine", "fixed")
    assert found.exit_code == 0, found.output
    assert "Statistical vectors by kind of file" in found.stdout
    assert "EGARCH order as arch's" in found.stdout
    last = found.stdout.splitlines()[-1]
    assert last.startswith("verdict: HOLDS  (")
    assert "numbers match (fixed) under the conventions named above" in last
    assert "Leaves not compared" not in found.stdout
    more = run(str(reference_dir / "stats_vectors"), "--engine", "r", "--verbose")
    assert more.exit_code == 0, more.output
    for title in ("Cross-checks that disagree as stated", "Leaves not compared", "Tolerances"):
        assert title in more.stdout
    assert "other plotting positions" in more.stdout


def test_a_wrong_digit_is_shown_and_exits_with_1(reference_dir: Path, tmp_path: Path) -> None:
    folder = reference_dir / "stats_vectors"
    for path in folder.glob("fixed_*.json"):
        document = json.loads(path.read_text())
        (tmp_path / document["input"]).write_bytes((folder / document["input"]).read_bytes())
        document["models"]["egarch_n"]["h_at"]["100"] *= 1.0 + 3e-9
        (tmp_path / path.name).write_text(json.dumps(document))
    found = run(str(tmp_path))
    assert found.exit_code == 1
    assert "h_at/100" in found.stdout
    assert "3e-09" in found.stdout
    assert "models/egarch_n" in found.stdout
    assert found.stdout.splitlines()[-1].startswith("verdict: FAILS  (")
