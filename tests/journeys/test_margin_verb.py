"""``plimsoll margin`` from end to end, against margins computed by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import plimsoll
from command_line import Done, plimsoll_cli
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set
from plimsoll.errors import DataError, PlimsollError, UsageError
from plimsoll.journeys.margin import margin_book
from plimsoll.margin import TieredMargin

TIERS = {
    # market: caps, maintenance rates, initial rates, leverages
    "BTCUSDT": (("50000", "0.004", "0.008", "125"), ("600000", "0.005", "0.01", "100")),
    "BTCUSD_PERP": ((None, "0.01", "0.02", "50"),),
}
POSITIONS = """\
account,market,quantity,entry_price,mode,isolated_margin,leverage
alice,BTC/USDT:USDT,1,60000,cross,,
bob,BTC/USDT:USDT,-0.5,58000,isolated,400,50
carol,BTC/USDT:USDT,1,57500,cross,,
"""
COLLATERAL = "account,currency,amount\nalice,USDT,1000\ncarol,USDT,0\ndave,USDT,7\n"
MARKS = "market,mark\nBTC/USDT:USDT,58000\n"
# N = 58,000 lies in the second tier: D = 50,000 x (0.5 % - 0.4 %) = 50,
#   MM = 58,000 x 0.5 % - 50 = 240, IM = 58,000 x 1 % = 580.
# bob: N = 29,000 in the first: MM 116; leverage 50 chosen asks more than 0.8 %: IM = 29,000 / 50.
BY_HAND = {
    ("alice", "cross"): (580.0, 240.0, 1000.0 - 2000.0, "under maintenance"),
    ("bob", "isolated BTCUSDT"): (580.0, 116.0, 400.0, "under initial"),
    ("carol", "cross"): (580.0, 240.0, 500.0, "under initial"),
    ("dave", "cross"): (0.0, 0.0, 7.0, "holds"),
}


def parameters() -> ParameterSet:
    made = []
    for market, tiers in TIERS.items():
        for index, row in enumerate(tiers):
            names = ("cap_usd", "maintenance_rate", "initial_rate", "max_leverage")
            units = (Unit.USD, Unit.FRACTION, Unit.FRACTION, Unit.LEVERAGE)
            for name, value, unit in zip(names, row, units, strict=True):
                if value is not None:
                    made.append(
                        Parameter(
                            market=market,
                            name=f"tier[{index}].{name}",
                            value=Decimal(value),
                            unit=unit,
                            lower=Decimal(0),
                            upper=Decimal("1e12"),
                            owner="risk",
                            origin=Origin.VENUE,
                        )
                    )
    return parameter_set(
        venue="by hand",
        valid_from="2024-01-01T00:00:00Z",
        parameters=tuple(made),
        seed=0,
        data_digest="0" * 64,
        problem_digest="0" * 64,
        code_version="test",
        label="hand-made numbers",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "book.csv").write_text(POSITIONS)
    (tmp_path / "collateral.csv").write_text(COLLATERAL)
    (tmp_path / "marks.csv").write_text(MARKS)
    (tmp_path / "parameters.json").write_bytes(parameters().canonical())
    return tmp_path


def rows(result: plimsoll.MarginResult) -> dict[tuple[Any, Any], tuple[Any, ...]]:
    return {
        (r["account"], r["unit"]): (r["initial"], r["maintenance"], r["equity"], r["status"])
        for r in result.table()
    }


def run(folder: Path, *arguments: str, **changes: str) -> Done:
    for name, text in changes.items():
        (folder / f"{name}.csv").write_text(text)
    options = ["--parameters", ".", "--marks", "marks.csv", "--collateral", "collateral.csv"]
    return plimsoll_cli("margin", "book.csv", *options, *arguments, folder=folder)


def margin_of(folder: Path, **options: Any) -> plimsoll.MarginResult:
    given: dict[str, Any] = {"collateral": folder / "collateral.csv", **options}
    return plimsoll.margin_book(folder / "book.csv", folder, folder / "marks.csv", **given)


def test_by_hand(folder: Path) -> None:
    result = margin_of(folder)
    assert rows(result) == BY_HAND  # exact: every number here is a short binary sum
    assert result.under_maintenance == ("alice",)
    assert result.unknown == ()
    assert result.requirements.numeraire == "USDT"  # the only currency in use
    text = str(result)
    assert "one base unit taken: BTCUSDT" in text
    assert "BTC/USDT:USDT is BTCUSDT" in text
    assert "hand-made numbers" in text


def test_the_front_door_and_the_package_keep_apart() -> None:
    assert plimsoll.margin_book is margin_book
    assert TieredMargin.__module__ == "plimsoll.margin.tiered.model"


def test_files_frames_json_and_book_agree(folder: Path) -> None:
    positions, held = pd.read_csv(folder / "book.csv"), pd.read_csv(folder / "collateral.csv")
    marks = {"BTC/USDT:USDT": 58_000}
    frames = [
        plimsoll.margin_book(
            positions, parameters(), pd.read_csv(folder / "marks.csv"), collateral=held
        ),
        plimsoll.margin_book(
            pl.from_pandas(positions), parameters(), marks, collateral=pl.from_pandas(held)
        ),
        plimsoll.margin_book(
            pa.Table.from_pandas(positions),
            parameters(),
            marks,
            collateral=pa.Table.from_pandas(held),
        ),
    ]
    document = {
        "positions": json.loads(positions.to_json(orient="records")),
        "collateral": json.loads(held.to_json(orient="records")),
    }
    (folder / "book.json").write_text(json.dumps(document))
    (folder / "marks.json").write_text(json.dumps(marks))
    stored = plimsoll.margin_book(folder / "book.json", folder, folder / "marks.json")
    account = (
        Account(
            name="alice",
            positions=(Position(market="BTCUSDT", quantity=1.0, entry_price=60_000.0),),
            collateral={"USDT": 1000.0},
        ),
    )
    for result in (*frames, stored):
        assert rows(result) == BY_HAND
    single = plimsoll.margin_book(Book.from_accounts(account), parameters(), {"BTCUSDT": 58_000.0})
    assert rows(single) == {("alice", "cross"): BY_HAND["alice", "cross"]}


def test_inverse_in_dollars_of_the_index(folder: Path) -> None:
    # 100 contracts of 100 USD, long from 50,000, mark 62,500, coin at 62,000 USD:
    # profit 10,000 (1/50,000 - 1/62,500) = 0.04 BTC = 2,480; N = 10,000 USD = 0.16 BTC at the mark:
    # MM 1 % = 0.0016 BTC = 99.2, IM 198.4; collateral 0.5 BTC = 31,000; 10 USDT at 0.99.
    (folder / "book.csv").write_text(
        "account;market;quantity;entry_price\nerin;BTC/USD:BTC;100;50000\n"
    )
    (folder / "collateral.csv").write_text("account,currency,amount\nerin,BTC,0.5\nerin,USDT,10\n")
    (folder / "marks.csv").write_text(
        "market,mark,index,contract_size\n"
        "BTC/USD:BTC,62500,,100\nBTC/USD,62000,,\nUSDT/USD,0.99,,\n"
    )
    found = rows(margin_of(folder))["erin", "cross"]
    assert found[:3] == pytest.approx((198.4, 99.2, 31_000 + 9.9 + 2_480), rel=1e-12)
    assert margin_of(folder).requirements.numeraire == "USD"
    in_btc = rows(margin_of(folder, numeraire="BTC"))["erin", "cross"]
    assert in_btc[:2] == pytest.approx((0.0032, 0.0016), rel=1e-12)


def test_prices_in_the_numeraire_need_no_dollars(folder: Path) -> None:
    # 1 BTC of collateral at its index of 57,900 USDT; alice's equity rises by it.
    (folder / "collateral.csv").write_text(COLLATERAL + "alice,BTC,1\n")
    (folder / "marks.csv").write_text("market,mark,index\nBTC/USDT:USDT,58000,57900\n")
    found = rows(margin_of(folder, numeraire="USDT"))["alice", "cross"]
    assert found[2] == pytest.approx(1000 - 2000 + 57_900, rel=1e-14)


@pytest.mark.parametrize(
    ("marks", "must"),
    [
        ("market,mark\nBTC/USDT:USDT,58000\n", "currency BTC: must have a price"),  # mark ≠ index
        (
            "market,mark,index\nBTC/USDT:USDT,58000,1\nBTC/USDT:USDT-241227,58000,2\n",
            "currency BTC: must have one price",
        ),
    ],
)
def test_no_price_is_assumed(folder: Path, marks: str, must: str) -> None:
    (folder / "collateral.csv").write_text(COLLATERAL + "alice,BTC,1\n")
    (folder / "marks.csv").write_text(marks)
    with pytest.raises(UsageError, match=must):
        margin_of(folder, numeraire="USDT")


@pytest.mark.parametrize(
    ("numeraire", "rows"), [("USD", "row BTC/USD with"), ("EUR", "row BTC/USD or BTC/EUR with")]
)
def test_the_row_that_is_missing_is_named_once(folder: Path, numeraire: str, rows: str) -> None:
    (folder / "collateral.csv").write_text(COLLATERAL + "alice,BTC,1\n")
    (folder / "marks.csv").write_text("market,mark\nBTC/USDT:USDT,58000\n")
    with pytest.raises(UsageError, match=rf"add the {rows} its price to the marks") as caught:
        margin_of(folder, numeraire=numeraire)
    assert "(or" not in str(caught.value)


def test_reasons_instead_of_numbers(folder: Path) -> None:
    book = (
        "account,market,quantity,entry_price,isolated_margin\n"
        "far,BTCUSDT,11,58000,1\n"  # 638,000 over the last cap of 600,000
        "new,ETHUSDT,1,3000,1\n"  # not in the set
        "dark,BTCUSDT_250328,1,3000,1\n"  # no mark
    )
    (folder / "book.csv").write_text(book)
    result = margin_of(folder, collateral=None)
    reasons = dict(
        zip(result.table().column("account"), result.table().column("reason"), strict=True)
    )
    assert reasons == {
        "far": "BTCUSDT: beyond the last tier",
        "new": "ETHUSDT: no mark",
        "dark": "BTCUSDT_250328: no mark",
    }
    assert set(result.table().column("status")) == {"unknown"}
    assert result.unknown == ("far", "new", "dark")


def test_explain_shows_rates_and_deduction(folder: Path) -> None:
    table = margin_of(folder).explain("alice")
    row = next(iter(table))
    assert (row["notional"], row["tier"], row["maintenance_rate"], row["deduction"]) == (
        58_000.0, 2, 0.005, 50.0,
    )  # fmt: skip
    with pytest.raises(UsageError, match="must be one of the book's accounts"):
        margin_of(folder).explain("nobody")


def test_contract_size_scales(folder: Path) -> None:
    small = rows(margin_of(folder, contract_sizes={"BTC/USDT:USDT": "0.5"}))["alice", "cross"]
    assert small == (29_000 * 0.008, 29_000 * 0.004, 0.0, "under maintenance")


def test_marginal_initial_rule(folder: Path) -> None:
    # IM slice by slice: 58,000 x 1 % - 50,000 x (1 % - 0.8 %) = 480
    assert rows(margin_of(folder, initial_rule="marginal"))["alice", "cross"][0] == 480.0


def test_venue_names(folder: Path) -> None:
    (folder / "book.csv").write_text(POSITIONS.replace("BTC/USDT:USDT", "BTC-USDT-SWAP"))
    assert rows(margin_of(folder, venue_names="okx")) == BY_HAND
    with pytest.raises(UsageError, match="must be a name that ccxt, binance-usdm"):
        margin_of(folder)


def test_instrument_column_names_the_contract(folder: Path) -> None:
    (folder / "book.csv").write_text(POSITIONS.replace("BTC/USDT:USDT", "prices"))
    (folder / "marks.csv").write_text("market,mark,instrument\nprices,58000,BTC/USDT:USDT\n")
    assert rows(margin_of(folder)) == BY_HAND


HEAD = "account,market,quantity,entry_price\n"
TWO_NAMES = "called by one name"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("book", HEAD + "alice,BTCUSDT,1,5\nalice,BTC/USDT:USDT,-2,5\n", TWO_NAMES),
        ("marks", "market,mark\nBTCUSDT,1\nBTC/USDT:USDT,2\n", TWO_NAMES),
        ("book", HEAD + "alice,BTC/USDT,1,5\n", r"must be a perpetual or dated future.*Spot"),
        ("book", HEAD + "alice,BTC/USD:BTC,1,5\n", r"contract_size.*must be known for inverse"),
        ("book", HEAD + "alice,BTCUSDT,1.0%,5\n", r"quantity: must be a finite number.*row 0"),
    ],
)
def test_refusals_name_place_and_remedy(folder: Path, name: str, text: str, message: str) -> None:
    (folder / f"{name}.csv").write_text(text)
    with pytest.raises(PlimsollError, match=message):
        margin_of(folder)


def test_collateral_is_not_assumed(folder: Path) -> None:
    with pytest.raises(DataError, match=r"stated collateral.*give the collateral too"):
        margin_of(folder, collateral=None)


def test_command_line(folder: Path) -> None:
    done = run(folder, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["result"]
    assert found["under_maintenance"] == ["alice"]
    assert [row["maintenance"] for row in found["table"]["rows"]] == [240.0, 116.0, 240.0, 0.0]
    assert run(folder, "--exit-code").returncode == 1
    explained = run(folder, "--explain", "alice")
    assert "Margin of alice" in explained.stdout
    assert "58,000.00" in explained.stdout
    sized = run(folder, "--contract-size", "BTC/USDT:USDT=0.001", "--exit-code", "--json")
    assert json.loads(sized.stdout)["exit_code"] == sized.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--contract-size", "BTC"), 2, "must be MARKET=SIZE"),
        (("--contract-size", "XRPUSDT=1"), 2, "must be of a market in the book"),
        (("--contract-size", "BTC/USDT:USDT=many"), 2, "must be a positive number"),
        (("--venue-names", "kraken"), 2, "must be a known venue"),
        (("--initial-rule", "half"), 2, "must be one of"),
        (("--marks", "nowhere.csv"), 3, "must be a file that can be read"),
    ],
)
def test_wrong_use(folder: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = run(folder, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
