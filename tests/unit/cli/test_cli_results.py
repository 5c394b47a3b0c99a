"""Calibration and evidence on the command line: the exit code is the verdict."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plimsoll.cli.main import application
from plimsoll.domain.evidence import Check, Evidence, Verdict
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set
from plimsoll.domain.ports import Progress
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.journeys.init import init
from plimsoll.report import evidence_bytes

LABEL = "SYNTHETIC marks (generated, not market data)"
PARAMETER = Parameter(
    market="A",
    name="tier[0].maintenance_rate",
    value=Decimal("0.0125"),
    unit=Unit.FRACTION,
    lower=Decimal(0),
    upper=Decimal(1),
    owner="risk",
    origin=Origin.CALIBRATED,
)
SET: ParameterSet = parameter_set(
    venue="v", valid_from="2024-01-01T00:00:00Z", parameters=(PARAMETER,), seed=1,
    data_digest="d", problem_digest="p", code_version="0", label=LABEL,
)  # fmt: skip
TABLE = Table(
    name="coverage_pooled",
    title="Pooled coverage",
    columns=(Column(name="x", title="X", kind=ColumnKind.NUMBER),),
    rows=((float("nan"),), (1.5,)),
    notes=(LABEL,),
)


def evidence(verdict: Verdict) -> Evidence:
    check = Check(name="coverage", verdict=verdict, found="0.98", demanded="0.99")
    return Evidence(parameter_set_id=SET.id, label=LABEL, checks=(check,), tables=(TABLE,))


@dataclass(frozen=True)
class Result:
    evidence: Evidence
    parameters: ParameterSet = SET
    timings: tuple[tuple[str, float], ...] = (("read", 0.25), ("fit", 1.5))
    files: tuple[Path, ...] = (Path("out/report.html"),)
    notes: tuple[str, ...] = ("forecast kept from the run before",)


@pytest.fixture
def calibrating(monkeypatch: pytest.MonkeyPatch) -> Callable[[Verdict], list[dict[str, Any]]]:
    """Put a journey that returns ``verdict`` in the place of the real ones; returns its calls."""

    def install(verdict: Verdict) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []

        def calibrate(venue: object, *, progress: Progress, **options: Any) -> Result:
            calls.append({"venue": venue, **options})
            progress.start("fit", 1)
            progress.advance()
            progress.finish()
            return Result(evidence(verdict))

        def demo(out: Path, progress: Progress) -> Result:
            return calibrate(None, out=out, progress=progress)

        for name, function in (("calibrate", calibrate), ("demo", demo)):
            module = types.ModuleType(f"plimsoll.journeys.{name}")
            setattr(module, name, function)
            monkeypatch.setitem(sys.modules, module.__name__, module)
        return calls

    return install


@pytest.mark.parametrize(
    ("verdict", "code"), [(Verdict.HOLDS, 0), (Verdict.BREACH, 1), (Verdict.NOT_PROVEN, 1)]
)
def test_calibrate(
    calibrating: Callable[[Verdict], list[dict[str, Any]]],
    tmp_path: Path,
    verdict: Verdict,
    code: int,
) -> None:
    calls = calibrating(verdict)
    venue = str(init(tmp_path / "v"))
    options = ["--as-of", "2024-01-01", "--out", str(tmp_path), "--workers", "2"]
    result = CliRunner().invoke(application(), ["calibrate", venue, *options])
    assert result.exit_code == code, result.output
    assert verdict.value.upper().replace("_", " ") in result.stdout
    assert LABEL in result.stdout
    assert SET.id in result.stdout
    assert "wrote out/report.html" in result.stdout
    assert "1.75" in result.stdout  # total time
    assert "forecast kept from the run before" in result.stdout
    (call,) = calls
    assert call["as_of"].isoformat() == "2024-01-01T00:00:00+00:00"
    assert (call["workers"], call["out"], call["incumbent"]) == (2, tmp_path, None)
    assert call["venue"].config.venue.name == "v"


def test_calibrate_as_json(
    calibrating: Callable[[Verdict], list[dict[str, Any]]], tmp_path: Path
) -> None:
    calibrating(Verdict.BREACH)
    venue = str(init(tmp_path / "v"))
    result = CliRunner().invoke(application(), ["calibrate", venue, "--json"])
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["exit_code"] == 1
    assert document["result"]["parameter_set_id"] == SET.id
    assert document["result"]["evidence"]["verdict"] == "breach"
    assert document["result"]["parameter_set"] == SET.document()
    assert document["result"]["timings_s"] == {"read": 0.25, "fit": 1.5}
    assert "fit: 1/1" in result.stderr


def test_demo(calibrating: Callable[[Verdict], list[dict[str, Any]]], tmp_path: Path) -> None:
    calls = calibrating(Verdict.HOLDS)
    result = CliRunner().invoke(application(), ["demo", "--out", str(tmp_path)])
    assert result.exit_code == 0
    assert calls[0]["out"] == tmp_path


@pytest.mark.parametrize("as_json", [False, True])
def test_stored_evidence(tmp_path: Path, as_json: bool) -> None:
    stored = tmp_path / "evidence.json"
    stored.write_bytes(evidence_bytes(evidence(Verdict.BREACH)))
    flags = ["--json"] if as_json else []
    for place in (tmp_path, stored):
        result = CliRunner().invoke(application(), ["evidence", str(place), *flags])
        assert result.exit_code == 1
        assert "Pooled coverage" in result.stdout
    result = CliRunner().invoke(application(), ["evidence", str(stored), "--table", "no", *flags])
    assert result.exit_code == 2
    assert "choose from " in result.stderr
    assert "coverage_pooled" in result.stderr
    assert "[" not in result.stderr
    stored.write_text("{}")
    assert CliRunner().invoke(application(), ["evidence", str(stored), *flags]).exit_code == 3
    stored.unlink()
    assert CliRunner().invoke(application(), ["evidence", str(stored), *flags]).exit_code == 3


def test_stored_evidence_goes_between_the_markers_of_a_page(tmp_path: Path) -> None:
    stored, page = tmp_path / "evidence.json", tmp_path / "results.md"
    stored.write_bytes(evidence_bytes(evidence(Verdict.BREACH)))
    page.write_text("above\n<!-- venue: begin -->\nstale\n<!-- venue: end -->\nbelow\n", "utf-8")
    flags = ["--table", "coverage_pooled", "--markdown", str(page), "--marker", "venue"]
    result = CliRunner().invoke(application(), ["evidence", str(stored), *flags])
    assert result.exit_code == 1
    text = page.read_text("utf-8")
    assert "stale" not in text
    assert text.startswith("above\n")
    assert text.endswith("below\n")
    for told in (SET.id, LABEL, "| coverage | breach | 0.98 | 0.99 |", "Pooled coverage"):
        assert told in text


@pytest.mark.parametrize(("new", "line"), [(0, "3 kernels ready (1.5 s)"), (2, "2 of them comp")])
def test_warm_says_what_it_did(monkeypatch: pytest.MonkeyPatch, new: int, line: str) -> None:
    from plimsoll.journeys.warm import WarmResult

    def warm(*, verb: str | None, workers: int, progress: Progress) -> WarmResult:
        assert workers >= 1
        return WarmResult(compiled=3, new=new, cold=(), seconds=1.5)

    monkeypatch.setattr("plimsoll.journeys.warm.warm", warm)
    result = CliRunner().invoke(application(), ["warm"])
    assert line in result.stdout
    document = json.loads(CliRunner().invoke(application(), ["warm", "--json"]).stdout)["result"]
    assert (document["for"], document["compiled"], document["new"]) == (None, 3, new)
    result = CliRunner().invoke(application(), ["warm", "--for", "margin"])
    assert result.stdout.startswith("kernels of margin ready")
