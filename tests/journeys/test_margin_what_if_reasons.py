"""A what-if without a number says why, as a book does; surfaces and pages know of it."""

from __future__ import annotations

import json
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from margin_chain import BOOK, chain, margin
from plimsoll.cli.main import application
from plimsoll.sandbox.option_chain_table import chain_table

UNLISTED = "BTC-26SEP25-111111-P"
ASKED = ("book.json", "--preset", "deribit", "--market", "SYNTHETIC.parquet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("what_if_reasons")
    chain_table([chain()]).write_parquet(path / "SYNTHETIC.parquet")
    (path / "book.json").write_text(json.dumps(BOOK))
    return path


def run(folder: Path, *arguments: str) -> Result:
    with chdir(folder):
        return CliRunner().invoke(
            application(), ["margin", *ASKED, "--collateral", "BTC=3", *arguments]
        )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"simulated_positions": {UNLISTED: 10}},
            f"{UNLISTED}: no volatility (not in the chain; --surfaces values it)",
        ),
        ({"vol_shifts": {"BTC": -0.99}}, ": no volatility (its volatility would be -"),
        (
            {"simulated_positions": {"BTC-PERPETUALL": 10}},
            "BTC-PERPETUALL: unknown instrument (did you mean BTC-PERPETUAL?)",
        ),
    ],
)
def test_no_number_has_a_reason_and_an_exit_code(
    folder: Path, change: dict[str, object], reason: str
) -> None:
    asked = ("--what-if", json.dumps(change))
    plain = run(folder, *asked)
    assert plain.exit_code == 0, plain.stderr
    assert reason in plain.stdout
    assert "equity does not change" not in plain.stdout
    assert plain.stdout.rstrip().endswith("no number after the change: account")
    told = run(folder, *asked, "--exit-code", "--json")
    assert told.exit_code == 1
    result = json.loads(told.stdout)["result"]
    assert result["unknown"] == ["account"]
    assert result["what_if"]["unknown"] == ["account"]
    assert any(reason in text for text in result["what_if"]["reasons"])
    assert result["what_if"]["after"][0]["equity"] is None
    assert result["what_if"]["before"][0]["equity"] is not None


def test_a_what_if_with_a_number_says_nothing_of_the_kind(folder: Path) -> None:
    done = run(folder, "--exit-code", "--what-if", '{"simulated_positions": {"BTC-PERPETUAL": -1}}')
    assert done.exit_code == 0, done.stdout
    assert "No number" not in done.stdout
    assert "so equity does not change by them" in done.stdout


def test_under_maintenance_after_the_change_counts(folder: Path) -> None:
    crash = ("--what-if", '{"index_prices": {"BTC": 1000}}')
    assert run(folder, *crash).exit_code == 0
    done = run(folder, *crash, "--exit-code")
    assert done.exit_code == 1
    assert "under maintenance after the change: account" in done.stdout


def test_surfaces_value_what_is_to_be_traded() -> None:
    """As in a book that holds it from the start: same surface, same margin."""
    collateral = {"BTC": 3.0}
    book = {**BOOK, UNLISTED: 10}
    held = margin(book, collateral=collateral, surfaces=True).requirements()
    asked = margin(BOOK, collateral=collateral, surfaces=True).what_if(
        simulated_positions={UNLISTED: 10}
    )
    after = asked.reply()["after"][0]
    assert after["initial_margin"] == pytest.approx(float(held.initial.sum()), rel=1e-9)
    assert any("valued off the fitted surface" in note for note in asked.notes)
    assert not asked.unknown


def test_a_shift_in_points_is_told() -> None:
    notes = margin().what_if(vol_shifts={"BTC": 15}).notes
    assert any("15 of BTC is 1,500 points; 0.15 would be 15 points" in note for note in notes)
    notes = margin().what_if(vol_shifts={"BTC": 0.15}).notes
    assert not any("are fractions" in note for note in notes)


def test_the_page_holds_the_what_if(folder: Path) -> None:
    done = run(folder, "--what-if", '{"vol_shifts": {"BTC": 0.1}}', "--out", "with.html")
    assert done.exit_code == 0, done.stderr
    assert run(folder, "--out", "without.html").exit_code == 0
    assert "What if: account under" in (folder / "with.html").read_text()
    assert "What if" not in (folder / "without.html").read_text()


def test_a_slip_of_the_pen_is_no_other_contract() -> None:
    """Once it was read as a spot pair, and margined in a currency nobody has heard of."""
    result = margin({"BTC-PERPETUALL": 10, "BTC-PERPETUAL": 1})
    assert result.currencies == ("BTC",)
    assert result.unknown == ("account",)
    assert "unknown instrument (did you mean BTC-PERPETUAL?)" in str(result)


def test_other_venues_names_stay_readable() -> None:
    result = margin({"BTC/USDC:USDC": 1, "BTC-USD-SWAP": 2}, "okx")
    assert result.unknown == ()


def test_collateral_without_price_is_named() -> None:
    result = margin(collateral={"USD": 100_000.0, "ZZZ": 5.0}, preset="paradex")
    assert "ZZZ: no p" in str(result)


def test_units_name_their_currency() -> None:
    assert {unit["currency"] for unit in margin().document()["units"]} == {"BTC"}


def test_coins_held_as_collateral_are_told_where_they_ask() -> None:
    """Cross margin stresses coins held: with no position but them, net is what they ask."""
    change = {"index_prices": {"BTC": 94_000.0}}
    bare = margin({"BTC-PERPETUAL": 0.0001}, "deribit-cross", collateral={"BTC": 3.0})
    reply = bare.what_if(change).reply()
    after = reply["after"][0]
    assert after["gross_initial_margin"] < after["initial_margin"]
    told = [note for note in reply["notes"] if note.startswith("Coins held as collateral ask")]
    stated = float(told[0].split()[5].replace(",", ""))
    assert stated == pytest.approx(after["initial_margin"], rel=1e-3)
    segregated = margin({"BTC-PERPETUAL": 1}).what_if(change).reply()
    assert not any("Coins held" in note for note in segregated["notes"])


def test_a_page_of_several_accounts_begins_with_all_of_them() -> None:
    accounts = [
        {"account": "sound", "positions": {"BTC-PERPETUAL": 1}, "collateral": {"BTC": 3}},
        {"account": "lost", "positions": {"BTC-PERPETUALL": 1}, "collateral": {"BTC": 3}},
        {"account": "bare", "positions": {"BTC-PERPETUAL": 1}},
    ]
    page = margin(accounts, collateral=None).to_html()
    assert "1 HOLDS, 1 NO NUMBER, 1 NOT JUDGED." in page
    assert "NOT PROVEN" not in page
    single = margin().to_html()  # one table; its title stands in it and in the definitions
    assert page.count("Margin of 3 accounts") == single.count("Margin of 1 account") > 0
