"""``plimsoll margin --parameters``: collateral in words, and sets that do not hold."""

from __future__ import annotations

import json
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from plimsoll.cli.main import application

BRACKETS = [
    {"bracket": 1, "initialLeverage": 100, "notionalCap": 50_000, "notionalFloor": 0,
     "maintMarginRatio": 0.004, "cum": 0},
    {"bracket": 2, "initialLeverage": 50, "notionalCap": 600_000, "notionalFloor": 50_000,
     "maintMarginRatio": 0.005, "cum": 50},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "venue.json").write_text(json.dumps([{"symbol": "BTCUSDT", "brackets": BRACKETS}]))
    (tmp_path / "book.csv").write_text("account,market,quantity,entry_price\na,BTCUSDT,2,60000\n")
    (tmp_path / "marks.json").write_text('{"BTCUSDT": 60000}')
    call = ["params", "import", "venue.json", "--from", "binance-usdm", "--out", "set.json"]
    with chdir(tmp_path):
        assert CliRunner().invoke(application(), call).exit_code == 0
    return tmp_path


def run(folder: Path, parameters: str, collateral: str) -> Result:
    call = ["margin", "book.csv", "--parameters", parameters, "--marks", "marks.json"]
    with chdir(folder):
        return CliRunner().invoke(application(), [*call, "--collateral", collateral, "--json"])


def test_collateral_as_text_is_that_of_a_table(folder: Path) -> None:
    (folder / "held.csv").write_text("account,currency,amount\na,USDT,20000\n")
    (folder / "book.csv").write_text("account,market,quantity,entry_price\na,BTCUSDT,2,60000\n")
    words, table = run(folder, "set.json", "USDT=20000"), run(folder, "set.json", "held.csv")
    assert words.exit_code == 0, words.stderr
    rows = json.loads(words.stdout)["result"]["table"]["rows"]
    assert rows == json.loads(table.stdout)["result"]["table"]["rows"]
    # two coins at 60,000: 120,000 at 0.5 % less the deduction of 50
    assert rows[0]["maintenance"] == pytest.approx(550.0)
    assert rows[0]["equity"] == 20_000.0


def test_text_for_several_accounts_is_refused(folder: Path) -> None:
    (folder / "book.csv").write_text(
        "account,market,quantity,entry_price\na,BTCUSDT,1,60000\nb,BTCUSDT,1,60000\n"
    )
    told = run(folder, "set.json", "USDT=20000")
    assert told.exit_code == 2
    assert "must be a table of account, currency, amount" in told.stdout + told.stderr


def test_a_faulty_set_is_named_with_its_market(folder: Path) -> None:
    document = json.loads((folder / "set.json").read_text())
    for parameter in document["parameters"]:
        if parameter["name"] == "tier[1].maintenance_rate":
            parameter["value"] = "0.0001"
    (folder / "faulty.json").write_text(json.dumps(document))
    told = run(folder, "faulty.json", "USDT=20000")
    assert told.exit_code == 3
    message = json.loads(told.stdout)["error"]["message"]
    assert message.startswith(
        "error: faulty.json: must be a set that holds: BTCUSDT/tiers[1]: rates"
    )
    assert "plimsoll params check faulty.json" in message


def test_collateral_without_price_is_named(folder: Path) -> None:
    told = run(folder, "set.json", "USDT=20000,ZZZ=1")
    assert told.exit_code == 2
    assert "currency ZZZ: must have a price" in told.stdout
