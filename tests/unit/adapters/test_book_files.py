"""Books and marks from files: what is read, and what is refused with its place."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from plimsoll.adapters.files.book import read_book
from plimsoll.adapters.files.marks import read_marks
from plimsoll.adapters.files.records import read_records
from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.errors import DataError, PlimsollError, UsageError

ACCOUNTS = (
    Account(
        name="zoe",
        positions=(
            Position(market="B", quantity=2.5, entry_price=10.0),
            Position(
                market="A",
                quantity=-1.0,
                entry_price=3.0,
                mode=MarginMode.ISOLATED,
                isolated_margin=7.0,
                leverage=5.0,
            ),
        ),
        collateral={"USDT": 1.0, "BTC": -0.5},
    ),
    Account(
        name="adam",
        positions=(Position(market="B", quantity=-4.0, entry_price=11.0),),
        collateral={"BTC": 2.0},
    ),
    Account(name="idle", collateral={"USDT": 9.0}),
)
# zoe's rows do not stand together: the book gathers them.
POSITIONS = """account,market,quantity,entry_price,mode,isolated_margin,leverage
zoe,B,2.5,10,cross,,
adam,B,-4,11,Cross,,
zoe,A,-1,3,isolated,7,5
"""
COLLATERAL = """account,currency,amount
zoe,USDT,1
zoe,BTC,-0.5
adam,BTC,2
idle,USDT,9
"""


def files(folder: Path, positions: str = POSITIONS, collateral: str = COLLATERAL) -> Book:
    (folder / "book.csv").write_text(positions)
    (folder / "held.csv").write_text(collateral)
    return read_book(folder / "book.csv", folder / "held.csv")


def objects(book: Book) -> tuple[Account, ...]:
    return tuple(book.account(name) for name in book.accounts)


def test_columns_equal_the_accounts_they_mean(tmp_path: Path) -> None:
    book = files(tmp_path)
    assert objects(book) == ACCOUNTS
    expected = Book.from_accounts(ACCOUNTS)
    np.testing.assert_array_equal(book.offsets, expected.offsets)


def test_semicolons_bom_gzip_and_missing_options(tmp_path: Path) -> None:
    text = "\ufeffaccount;market;quantity;entry_price\n\nadam;B;-4;11\n"
    with gzip.open(tmp_path / "book.csv.gz", "wb") as stream:
        stream.write(text.encode())
    held = pd.DataFrame({"account": ["adam"], "currency": ["BTC"], "amount": [2.0]})
    assert objects(read_book(tmp_path / "book.csv.gz", held)) == (ACCOUNTS[1],)


def test_json_sections(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    document = {
        "positions": [{"account": "adam", "market": "B", "quantity": "-4", "entry_price": 11}],
        "collateral": [{"account": "adam", "currency": "BTC", "amount": 2}],
    }
    path.write_text(json.dumps(document))
    assert objects(read_book(path)) == (ACCOUNTS[1],)
    with pytest.raises(UsageError, match="collateral: must be given once"):
        read_book(path, path)
    path.write_text(json.dumps({**document, "colateral": []}))
    with pytest.raises(PlimsollError, match="sections positions, collateral and orders only"):
        read_book(path)
    path.write_text(json.dumps({"collateral": []}))
    with pytest.raises(PlimsollError, match="must have the section 'positions'"):
        read_book(path)


def test_isolated_alone_needs_no_collateral(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text("account,market,quantity,entry_price,isolated_margin\na,B,1,2,3\n")
    book = read_book(path)
    assert book.currencies == ()
    assert book.isolated_margin.tolist() == [3.0]


def test_an_account_without_collateral_row_has_unknown_collateral(tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text(HEAD + "adam,B,1,5\neve,B,1,5\nadam,C,1,5\n")
    (tmp_path / "cash.csv").write_text("account,currency,amount\nadam,USDC,7\n")
    book = read_book(tmp_path / "book.csv", tmp_path / "cash.csv")
    assert book.accounts == ("adam", "eve")
    assert book.collateral[0].tolist() == [7.0]
    assert isnan(book.collateral[1, 0])


HEAD = "account,market,quantity,entry_price\n"
MODE = "account,market,quantity,entry_price,mode,isolated_margin\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "adam,B,1.0%,6\n", r"quantity: must be a finite number, found '1.0%' \(row 0\)"),
        (HEAD + "adam,B,1_000,6\n", "quantity: must be a finite number"),
        (HEAD + 'adam,B,"1,000",6\n', "without unit, per cent sign or separators"),
        (HEAD + ",B,1,5\n", r"account: must be a name, found 'an empty cell' \(row 0\)"),
        (HEAD + "adam,B,1\n", r"must have 4 cells in each row, found '3 cells' \(row 0\)"),
        ("account,market,quantity\na,X,1\n", "must have the column 'entry_price'"),
        (HEAD.strip() + ",leverag\na,X,1,1,1\n", "found 'leverag'; did you mean 'leverage'"),
        (HEAD.strip() + ",market\na,X,1,1,Y\n", "must have each column once"),
        (MODE + "adam,B,1,5,hedge,\n", r"mode: must be one of \['cross', 'isolated'\]"),
        (MODE + "adam,B,1,5,,\n", "mode: must be one of"),
        (
            MODE + "adam,B,1,5,cross,3\n",
            "isolated_margin: must be given for isolated positions only",
        ),
        (
            HEAD + "zoe,B,1,6\nadam,B,lots,6\n",
            r"account adam, market B: quantity: must be a finite number, found 'lots' \(row 1\); "
            "write it with a decimal point",
        ),
        ("", "must begin with a line of data"),
    ],
)
def test_positions_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PlimsollError, match=message):
        files(tmp_path, positions=text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zoe,USDT,1\nadam,BTC,1\nadam,BTC,2\n", r"once, found 'BTC' \(row 2\); row 1 is another"),
        ("zoe,,1\nadam,BTC,1\n", "currency: must be a name"),
    ],
)
def test_collateral_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PlimsollError, match=message):
        files(tmp_path, collateral="account,currency,amount\n" + text)


NAN, INF = float("nan"), float("inf")
FULL = "account,market,quantity,entry_price,mode,isolated_margin,leverage\n"


@pytest.mark.parametrize(
    ("text", "column", "kept"),
    [
        ("adam,B,nan,6,cross,,\n", "quantity", NAN),
        ("adam,B,,6,cross,,\n", "quantity", NAN),
        ("adam,B,1e999,6,cross,,\n", "quantity", NAN),
        ("adam,B,-Infinity,6,cross,,\n", "quantity", NAN),
        ("adam,B,1,,cross,,\n", "entry_price", NAN),
        ("adam,B,1,-5,cross,,\n", "entry_price", NAN),
        ("adam,B,1,0,cross,,\n", "entry_price", NAN),
        ("adam,B,1,inf,cross,,\n", "entry_price", NAN),
        ("adam,B,1,5,isolated,,\n", "isolated_margin", INF),
        ("adam,B,1,5,isolated,nan,\n", "isolated_margin", INF),
        ("adam,B,1,5,cross,,0\n", "leverage", INF),
        ("adam,B,1,5,cross,,nan\n", "leverage", INF),
        ("adam,B,1,5,cross,,\n", "leverage", NAN),
    ],
)
def test_what_nobody_knows_does_not_sink_the_file(
    tmp_path: Path, text: str, column: str, kept: float
) -> None:
    book = files(tmp_path, positions=FULL + "zoe,B,2,7,cross,,\n" + text)
    np.testing.assert_array_equal(getattr(book, column)[1], kept)
    assert book.account("zoe").positions == (Position(market="B", quantity=2.0, entry_price=7.0),)


def test_two_positions_of_one_sign_are_kept_side_by_side(tmp_path: Path) -> None:
    book = files(tmp_path, positions=HEAD + "adam,B,1,5\nadam,B,2,5\n")
    assert book.quantity.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("amount", ["", "nan", "inf", "-1e999"])
def test_amounts_that_nobody_knows_are_kept_as_unknown(tmp_path: Path, amount: str) -> None:
    text = f"account,currency,amount\nzoe,USDT,1\nadam,BTC,{amount}\n"
    book = files(tmp_path, collateral=text)
    row, column = book.row("adam"), book.currencies.index("BTC")
    assert np.isnan(book.collateral[row, column])
    assert np.isnan(book.collateral).sum() == 1


def test_json_books_may_hold_what_is_no_number(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_text(
        """{"positions": [
            {"account": "a", "market": "B", "quantity": NaN, "entry_price": 11},
            {"account": "b", "market": "B", "quantity": 1, "entry_price": Infinity},
            {"account": "c", "market": "B", "quantity": 1e999, "entry_price": null}],
        "collateral": [{"account": "a", "currency": "BTC", "amount": -Infinity},
            {"account": "b", "currency": "BTC", "amount": 2},
            {"account": "c", "currency": "BTC", "amount": 0}]}"""
    )
    book = read_book(path)
    np.testing.assert_array_equal(book.quantity, [NAN, 1.0, NAN])
    np.testing.assert_array_equal(book.entry_price, [11.0, NAN, NAN])
    np.testing.assert_array_equal(book.collateral, [[NAN], [2.0], [0.0]])


def test_marks_in_every_form(tmp_path: Path) -> None:
    table, plain = tmp_path / "marks.csv", tmp_path / "marks.json"
    table.write_text("market,mark,index,instrument,contract_size\nB,5,4.5,X/USD:X,0.010\nA,2,,,\n")
    found = read_marks(table)
    assert (found[0].mark, found[0].index, found[0].instrument) == (5.0, 4.5, "X/USD:X")
    assert found[0].contract_size == Decimal("0.01")
    assert (found[1].index, found[1].instrument, found[1].contract_size) == (None, None, None)
    plain.write_text('{"B": 5, "A": "2.0"}')
    assert [(m.market, m.mark) for m in read_marks(plain)] == [("B", 5.0), ("A", 2.0)]
    plain.write_text('[{"market": "B", "mark": 5, "index": null}]')
    assert read_marks(plain) == read_marks({"B": 5})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("market,mark\nB,nought\n", r"mark: must be .*number, found 'nought' \(row 0\)"),
        ("market,mark\nB,1\nB,2\n", r"must name each market once, found 'B' \(row 1\)"),
        ("market,mark,contract_size\nB,1,-2\n", "contract_size: must be a positive number"),
        ("market,mark,contract_size\nB,1,one\n", "contract_size: must be a positive number"),
        ("market,price\nB,1\n", "must have the column 'mark'"),
    ],
)
def test_marks_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "marks.csv").write_text(text)
    with pytest.raises(PlimsollError, match=message):
        read_marks(tmp_path / "marks.csv")


def test_a_mark_that_is_none_sinks_no_file(tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("market,mark\nA,0\nB,\nC,-1\nD,5\n")
    found = {m.market: m.mark for m in read_marks(tmp_path / "marks.csv")}
    assert isnan(found.pop("B"))
    assert found == {"A": 0.0, "C": -1.0, "D": 5.0}


@pytest.mark.parametrize("text", ['{"B": NaN}', '{"B": true}', '{"B": [1]}', '["B"]', "{", "3"])
def test_json_marks_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "marks.json").write_text(text)
    with pytest.raises(PlimsollError, match=r"marks\.json"):
        read_marks(tmp_path / "marks.json")


def test_what_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(
        "account,currency,amount\nJos\xe9,USDT,1\n".encode("latin1")
    )
    (tmp_path / "zip.csv.gz").write_bytes(b"no gzip at all")
    columns = ("account", "currency", "amount")
    with pytest.raises(DataError, match="must be text in UTF-8"):
        read_records(tmp_path / "latin.csv", required=columns)
    with pytest.raises(DataError, match="must be a file that can be read"):
        read_records(tmp_path / "zip.csv.gz", required=columns)
    with pytest.raises(DataError, match="must be a file that can be read"):
        read_records(tmp_path, required=columns)
    with pytest.raises(UsageError, match="must be a path, or a pandas, polars or pyarrow frame"):
        read_records(7, required=columns)
