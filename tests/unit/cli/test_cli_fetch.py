"""``fetch`` on the command line: what is passed on, and what the exit code says."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plimsoll.cli.main import application
from plimsoll.domain.table import Column, Table

TABLE = Table(
    name="fetch",
    title="History of binanceusdm, bars of 1h",
    columns=(Column(name="symbol", title="Market"), Column(name="status", title="Status")),
    rows=(("BTC/USDT:USDT", "complete"),),
)


class Report:
    def __init__(self, complete: bool) -> None:
        self.complete = complete

    def table(self) -> Table:
        return TABLE


@pytest.mark.parametrize(("complete", "code"), [(True, 0), (False, 3)])
def test_fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, complete: bool, code: int) -> None:
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def fetch(*arguments: Any, progress: object, **options: Any) -> Report:
        calls.append((arguments, options))
        return Report(complete)

    journey = types.ModuleType("plimsoll.journeys.fetch")
    journey.fetch = fetch  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, journey.__name__, journey)
    words = ["fetch", "binanceusdm", "BTC/USDT:USDT", "ETH/USDT:USDT", "--since", "2024-01-01"]
    words += ["--out", str(tmp_path), "--price", "mark", "--no-funding"]
    result = CliRunner().invoke(application(), words)
    assert result.exit_code == code
    assert "BTC/USDT:USDT" in result.stdout
    symbols = ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    expected = ("binanceusdm", symbols, "1h", "2024-01-01", None, tmp_path)
    assert calls == [(expected, {"price": "mark", "funding": False})]
    result = CliRunner().invoke(application(), [*words, "--json"])
    assert json.loads(result.stdout)["exit_code"] == code


@pytest.mark.parametrize(
    "words",
    [
        ["binanceusdm", "BTC/USDT:USDT", "--since", "soon"],
        ["nosuchvenue", "BTC/USDT:USDT", "--since", "2024-01-01"],
        ["binanceusdm", "A", "A", "--since", "2024-01-01"],
        ["binanceusdm", "A", "--since", "2024-01-01", "--timeframe", "1M"],
        ["binanceusdm", "A", "--since", "2024-01-01", "--price", "mid"],
        ["binanceusdm", "A"],
    ],
)
def test_wrong_use_is_told_before_any_network(words: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(application(), ["fetch", *words, "--out", str(tmp_path)])
    assert result.exit_code == 2, result.output
