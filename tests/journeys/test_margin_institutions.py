"""``plimsoll margin --parameters``: institutions bear what the set publishes for them.

By hand: two coins at 60,000 are 120,000, at 0.5 % less the deduction of 50, initial 2 %; the
institution's rate is 2 % of them. Tolerance 1e-12 relative: sums and products of a few floats.
"""

from __future__ import annotations

import json
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plimsoll.cli.main import application
from plimsoll.journeys.margin import margin_book

BRACKETS = [
    {"bracket": 1, "initialLeverage": 100, "notionalCap": 50_000, "notionalFloor": 0,
     "maintMarginRatio": 0.004, "cum": 0},
    {"bracket": 2, "initialLeverage": 50, "notionalCap": 600_000, "notionalFloor": 50_000,
     "maintMarginRatio": 0.005, "cum": 50},
]  # fmt: skip
TIERS = [550.0, 2_400.0]
INSTITUTION = [550.0 + 2_400.0, 2_400.0 + 2_400.0]
MARKS = {"BTCUSDT": 60_000, "ETHUSDT": 3_000}


def call(folder: Path, *words: str) -> Any:
    with chdir(folder):
        return CliRunner().invoke(application(), list(words))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiers of two markets, and a rate of the institution for one of them."""
    made = tmp_path_factory.mktemp("institutions")
    venue = [{"symbol": market, "brackets": BRACKETS} for market in MARKS]
    (made / "venue.json").write_text(json.dumps(venue))
    (made / "marks.json").write_text(json.dumps(MARKS))
    told = call(made, "params", "import", "venue.json", "--from", "binance-usdm", "--out", "bare")
    assert told.exit_code == 0, told.stderr
    document = json.loads((made / "bare").read_text())
    rate = next(p for p in document["parameters"] if p["name"] == "tier[0].maintenance_rate")
    own = {"market": "BTCUSDT", "name": "counterparty_add_on.desk", "value": "0.02", "grid": None}
    document["parameters"] = sorted(
        [*document["parameters"], rate | own], key=lambda p: (p["market"], p["name"])
    )
    document.pop("id", None)
    (made / "set.json").write_text(json.dumps(document))
    return made


def margined(folder: Path, *rows: str, parameters: str = "set.json", more: Any = ()) -> Any:
    book = ["account,market,quantity,entry_price", *rows]
    (folder / "book.csv").write_text("\n".join(book) + "\n")
    names = dict.fromkeys(row.split(",")[0] for row in rows)
    held = ["account,currency,amount", *(f"{name},USDT,4000" for name in names)]
    (folder / "held.csv").write_text("\n".join(held) + "\n")
    words = ["margin", "book.csv", "--parameters", parameters, "--marks", "marks.json"]
    told = call(folder, *words, "--collateral", "held.csv", "--json", *more)
    assert told.exit_code == 0, told.stdout
    return json.loads(told.stdout)["result"]


def test_the_institution_bears_its_rate_and_a_note_says_who(folder: Path) -> None:
    table = margined(folder, "desk,BTCUSDT,2,60000", "other,BTCUSDT,-2,60000")["table"]
    asked = {row["account"]: [row["maintenance"], row["initial"]] for row in table["rows"]}
    assert asked["desk"] == pytest.approx(INSTITUTION, rel=1e-12)
    assert asked["other"] == pytest.approx(TIERS, rel=1e-12)
    (note,) = [note for note in table["notes"] if "counterparty add-on" in note]
    assert note.startswith("Institution desk bears")
    assert "in desk;" in note


def test_a_book_without_the_institution_is_as_it_was(folder: Path) -> None:
    found, bare = (
        margined(folder, "other,BTCUSDT,2,60000", parameters=name)["table"]
        for name in ("set.json", "bare")
    )
    assert found["rows"] == bare["rows"]
    assert not [note for note in found["notes"] if "counterparty" in note]


def test_the_explanation_shows_the_term(folder: Path) -> None:
    books = ("desk,BTCUSDT,2,60000", "other,BTCUSDT,2,60000")
    rows = margined(folder, *books, more=("--explain", "desk"))["table"]["rows"]
    asked = {row["market"]: [row["maintenance"], row["initial"]] for row in rows}
    assert list(asked) == ["BTCUSDT", "counterparty add-on", "total"]
    assert asked["BTCUSDT"] == pytest.approx(TIERS, rel=1e-12)
    assert asked["counterparty add-on"] == pytest.approx([2_400.0] * 2, rel=1e-12)
    assert asked["total"] == pytest.approx(INSTITUTION, rel=1e-12)
    bare = margined(folder, *books, more=("--explain", "other"))["table"]["rows"]
    assert [row["market"] for row in bare] == ["BTCUSDT", "total"]


def test_health_liquidation_and_plan_count_the_charge(folder: Path) -> None:
    """4,000 of equity are less than initial 4,800 and more than initial 2,400."""
    standing = ("--health", "--plan", "desk")
    document = margined(folder, "desk,BTCUSDT,2,60000", more=standing)
    told = json.dumps({name: held for name, held in document.items() if name != "table"})
    assert "2950.0" in told


def test_a_market_without_a_rate_has_its_reason(folder: Path) -> None:
    (row,) = margined(folder, "desk,ETHUSDT,1,3000")["table"]["rows"]
    assert row["maintenance"] is None
    assert "no parameters" in json.dumps(row)


def test_beside_a_preset_the_result_says_that_it_is_not_charged(folder: Path) -> None:
    found = margin_book(
        {"BTCUSDT": 2}, folder / "set.json", preset="binance-btcusdt-2024-10", marks=MARKS
    )
    assert any("institutions are not charged" in note for note in found.table().notes)
