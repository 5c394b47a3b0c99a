"""``plimsoll margin --health`` and ``--plan``: tables, JSON, page, and what is refused."""

from __future__ import annotations

import json
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from test_margin_verb import COLLATERAL, MARKS, POSITIONS, parameters
from typer.testing import CliRunner, Result

from margin_chain import BOOK, chain
from plimsoll.cli.main import application
from plimsoll.sandbox.option_chain_table import chain_table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("standing")
    chain_table([chain()]).write_parquet(path / "SYNTHETIC.parquet")
    (path / "book.json").write_text(json.dumps(BOOK))
    (path / "book.csv").write_text(POSITIONS)
    (path / "collateral.csv").write_text(COLLATERAL)
    (path / "marks.csv").write_text(MARKS)
    (path / "parameters.json").write_bytes(parameters().canonical())
    return path


def run(folder: Path, *arguments: str) -> Result:
    with chdir(folder):
        return CliRunner().invoke(application(), ["margin", *arguments])


ASKED = ("book.json", "--preset", "deribit", "--market", "SYNTHETIC.parquet")
SET = ("book.csv", "--parameters", ".", "--marks", "marks.csv", "--collateral", "collateral.csv")


def result(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["result"]
    return found


def test_health_and_plan_in_json_and_on_the_page(folder: Path) -> None:
    poor = (*ASKED, "--collateral", "BTC=1.3", "--health", "--plan", "account")
    found = result(run(folder, *poor, "--json", "--out", "p.html"))
    assert found["health"][0]["state"] == "under maintenance"
    assert found["health"][0]["call"] == pytest.approx(-found["health"][0]["excess"])
    assert {row["reason"] for row in found["liquidation"]} == {"short already"}
    assert found["liquidation"][0]["down"] is None
    call = found["calls"][0]
    assert call["deposits"][0]["amount"] == pytest.approx(call["shortfall"])
    assert found["plan"][0]["outcome"] == "restored"
    assert len(found["plan"][0]["steps"]) >= 2
    page = (folder / "p.html").read_text()
    for title in ("Health", "Liquidation prices", "Margin calls", "Liquidation of account, cross"):
        assert title in page
    plain = run(folder, *poor).stdout
    for title in ("Health", "Liquidation prices", "Margin calls", "Liquidation of account, cross"):
        assert f"{title} (preset deribit, near-exact)\n" in plain
    assert "Margin of 1 account" not in plain


def test_no_calls_no_table_of_calls(folder: Path) -> None:
    rich = (*ASKED, "--collateral", "BTC=3", "--health")
    assert "Margin calls" not in run(folder, *rich).stdout
    found = result(run(folder, *rich, "--json", "--volatility", "BTC=1", "--closing-fee", "0.001"))
    assert found["calls"] == []
    line = found["liquidation"][0]
    assert line["down"] < line["price_now"]
    assert line["down_deviations"] > 0.0


def test_a_parameter_set_too(folder: Path) -> None:
    """Bob: isolated short of 0.5 BTC, 400 USDT: 400 + 0.5 (58,000 - p) = 0.4 % 0.5 p."""
    found = result(run(folder, *SET, "--health", "--plan", "alice", "--json"))
    lines = {line["account"]: line for line in found["liquidation"]}
    assert lines["bob"]["up"] == pytest.approx((400 + 29_000) / (0.5 * 1.004), rel=1e-9)
    assert lines["alice"]["reason"] == "short already"
    states = {row["account"]: row["state"] for row in found["health"]}
    assert states == {
        "alice": "bankrupt",
        "bob": "under initial",
        "carol": "under initial",
        "dave": "healthy",
    }
    assert found["plan"][0]["outcome"] == "bankrupt"
    plain = run(folder, *SET, "--health")
    assert plain.exit_code == 0
    assert "Liquidation prices" in plain.stdout
    assert "under maintenance" not in run(folder, *SET, "--plan", "carol").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--volatility", "BTC=1"), "--volatility: must be given with --health"),
        (("--closing-fee", "0.1"), "--closing-fee: must be given with --health"),
        (("--health", "--volatility", "BTC"), "must be COIN=FRACTION"),
        (("--health", "--volatility", "BTC=many"), "must be COIN=FRACTION"),
        (("--health", "--volatility", "BTC=-1"), "must be a positive yearly volatility"),
        (("--health", "--closing-fee", "-1"), "--closing-fee: must be a share of notional"),
        (("--plan", "nobody"), "must be one of the book's accounts"),
    ],
)
def test_what_is_refused(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run(folder, *ASKED, "--collateral", "BTC=3", *arguments)
    assert done.exit_code == 2, done.stdout
    assert message in done.stderr
