"""Books in every form people hand over, and what is refused, by name."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from plimsoll.adapters.files.account_forms import ONE_ACCOUNT, StatedPosition, read_accounts
from plimsoll.errors import DataFormatError, PlimsollError, UsageError

SIZES = {"BTC-PERPETUAL": 10, "BTC-25SEP26-100000-C": -5}
HELD = {"BTC-PERPETUAL": 10.0, "BTC-25SEP26-100000-C": -5.0}


def sizes(book: Any) -> dict[str, float]:
    found = read_accounts(book)
    assert all(p.in_base and p.account == ONE_ACCOUNT for p in found.positions)
    return {p.market: p.quantity for p in found.positions}


def stored(folder: Path, document: Any) -> Path:
    path = folder / "book.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    "document",
    [
        SIZES,
        {"positions": SIZES},
        {"simulated_positions": SIZES, "add_positions": False, "currency": "BTC"},
        {name: str(size) for name, size in SIZES.items()},
    ],
)
def test_deribits_request_in_memory_and_in_a_file(document: Any, tmp_path: Path) -> None:
    assert sizes(document) == HELD
    assert sizes(stored(tmp_path, document)) == HELD


def test_null_is_no_size(tmp_path: Path) -> None:
    assert math.isnan(sizes(stored(tmp_path, {"BTC-PERPETUAL": None}))["BTC-PERPETUAL"])


def test_several_accounts(tmp_path: Path) -> None:
    rows = [{"market": "BTC-PERPETUAL", "quantity": 100, "entry_price": 60_000}]
    document = [
        {"account": "desk", "positions": SIZES, "collateral": {"BTC": 2}},
        {"account": "fund", "positions": rows},
    ]
    found = read_accounts(stored(tmp_path, document))
    assert found.names == ("desk", "fund")
    assert found.collateral == {"desk": {"BTC": 2.0}}
    assert found.positions[-1] == StatedPosition(
        account="fund",
        market="BTC-PERPETUAL",
        quantity=100.0,
        in_base=False,
        entry_price=60_000.0,
    )


def test_answer_of_get_positions() -> None:
    answer = {
        "jsonrpc": "2.0",
        "result": [
            {"instrument_name": name, "size": size, "average_price": price, "kind": kind}
            for name, size, price, kind in (
                ("BTC-PERPETUAL", -500, 61e3, "future"),
                ("BTC-25SEP26-100000-C", 2, 0.02, "option"),
                ("BTC-27MAR26", 0, 0, "future"),
            )
        ],
    }
    found = read_accounts(answer).positions
    assert [(p.market, p.quantity, p.in_base, p.entry_price) for p in found] == [
        ("BTC-PERPETUAL", -500.0, False, 61_000.0),
        ("BTC-25SEP26-100000-C", 2.0, False, None),
    ]


def test_tables(tmp_path: Path) -> None:
    head = "account,market,quantity,mode,isolated_margin\n"
    text = f"{head}a,BTC-PERPETUAL,10,cross,\nb,X,1,isolated,3\n"
    (tmp_path / "book.csv").write_text(text)
    found = read_accounts(tmp_path / "book.csv")
    assert [p.isolated_margin for p in found.positions] == [None, 3.0]
    frame = read_accounts(pd.read_csv(tmp_path / "book.csv"))
    assert frame == found


@pytest.mark.parametrize("collateral", ["BTC=2, USDC=5000", {"BTC": 2, "USDC": "5000"}])
def test_collateral_of_one_account(collateral: Any) -> None:
    found = read_accounts(SIZES, collateral)
    assert found.collateral == {ONE_ACCOUNT: {"BTC": 2.0, "USDC": 5000.0}}


def test_collateral_tables(tmp_path: Path) -> None:
    (tmp_path / "held.csv").write_text("account,currency,amount\naccount,BTC,2\nother,BTC,-1\n")
    (tmp_path / "BTC").write_text((tmp_path / "held.csv").read_text())
    for name in ("held.csv", "BTC"):
        assert read_accounts(SIZES, str(tmp_path / name)).names == ("account", "other")
    found = read_accounts(SIZES, tmp_path / "held.csv")
    assert found.names == ("account", "other")
    assert found.collateral["other"] == {"BTC": -1.0}


@pytest.mark.parametrize("size", ["NaN", "Infinity", "1e999", "null", '"nan"'])
def test_sizes_that_nobody_knows_do_not_sink_the_book(tmp_path: Path, size: str) -> None:
    path = tmp_path / "book.json"
    path.write_text(f'{{"BTC-PERPETUAL": {size}, "ETH-PERPETUAL": 2}}')
    bad, good = read_accounts(path).positions
    assert not math.isfinite(bad.quantity)
    assert good.quantity == 2.0


@pytest.mark.parametrize(
    ("stated", "field", "kept"),
    [
        ('"entry_price": 0', "entry_price", 0.0),
        ('"entry_price": NaN', "entry_price", math.nan),
        ('"entry_price": null', "entry_price", None),
        ('"leverage": -2', "leverage", -2.0),
        ('"leverage": NaN', "leverage", math.nan),
        ('"mode": "isolated"', "isolated_margin", math.inf),
        ('"isolated_margin": NaN', "isolated_margin", math.inf),
        ('"mode": null, "isolated_margin": 3', "isolated_margin", 3.0),
    ],
)
def test_rows_keep_what_cannot_be(
    tmp_path: Path, stated: str, field: str, kept: float | None
) -> None:
    path = tmp_path / "book.json"
    path.write_text(f'[{{"account": "a", "market": "X", "quantity": 1, {stated}}}]')
    (found,) = read_accounts(path).positions
    value = getattr(found, field)
    assert value is None if kept is None else str(value) == str(kept)


def test_two_rows_of_one_sign_are_kept(tmp_path: Path) -> None:
    rows = [{"account": "a", "market": "X", "quantity": q} for q in (1, 2)]
    assert [p.quantity for p in read_accounts(stored(tmp_path, rows)).positions] == [1.0, 2.0]


@pytest.mark.parametrize("amount", ["null", "NaN", "-Infinity"])
def test_collateral_that_nobody_knows_is_kept(tmp_path: Path, amount: str) -> None:
    path = tmp_path / "book.json"
    path.write_text(f'{{"positions": {{"X": 1}}, "collateral": {{"BTC": {amount}, "ETH": 1}}}}')
    held = read_accounts(path).collateral[ONE_ACCOUNT]
    assert not math.isfinite(held["BTC"])
    assert held["ETH"] == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "must hold a position"),
        ("[]", "must hold a position"),
        ("7", "must be positions by instrument, or a list"),
        ('"BTC"', "must be positions by instrument, or a list"),
        ("{", "must be JSON"),
        ('{"BTC-PERPETUAL": true}', r"size: must be a finite number, found True \(row 0\)"),
        ('{"BTC-PERPETUAL": "lots"}', "must be a finite number, found 'lots'"),
        ('{"BTC-PERPETUAL": [1]}', "must be a finite number"),
        ('{" ": 1}', "must be a name"),
        ('{"BTC-PERPETUAL": 1, "BTC-PERPETUAL": 2}', "must name each key once"),
        ('{"positions": 3}', "must be sizes by instrument, or a list|must be a list"),
        ('{"positions": {"X": 1}, "cash": 3}', "found 'cash'"),
        ('{"positions": {"X": 1}, "collateral": 4}', "must be amounts by currency"),
        ('[{"account": "a", "positions": {"X": 1}}, {"account": "a", "positions": {"Y": 1}}]',
         r"must name each account once.*\(row 1\)"),
        ('[{"account": "a", "positions": {"X": 1}}, 5]', r"must be an account with its positions"),
        ('[{"account": "", "positions": {"X": 1}}]', "must be a name"),
        ('[{"account": "a", "market": "X"}]', "found 'no quantity'"),
        ('[{"account": "a", "market": "X", "quantity": 1, "size": 2}]', "found 'size'"),
        ('[{"account": "a", "market": "X", "quantity": 1, "mode": "odd"}]',
         r"must be one of \['cross', 'isolated'\], found 'odd'"),
        ('[{"account": "a", "market": "X", "quantity": 1, "mode": "cross", "isolated_margin": 2}]',
         "account a, market X: isolated_margin: must be given for isolated positions only"),
        ('{"positions": {"X": 1}, "collateral": {"BTC": "much"}}',
         r"account account, currency BTC: amount: must be a finite number, found 'much'"),
        ('{"result": {"a": 1}}', "must be a list of rows"),
        ('[{"instrument_name": "X", "amount": 1}]', "must have 'size'"),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "book.json"
    path.write_text(text)
    with pytest.raises(DataFormatError, match=message):
        read_accounts(path)


@pytest.mark.parametrize(
    ("collateral", "message"),
    [
        ("BTC=", "must be CURRENCY=AMOUNT"),
        ("BTC", "must be CURRENCY=AMOUNT.*such as BTC=2,USDC=5000"),
        ("BTC, USDC", "must be CURRENCY=AMOUNT"),
        ("held/BTC", "must be a file that can be read"),
        ("BTC=x", "must be a finite number"),
        ("BTC=1,BTC=2", "each currency once"),
        ("=3", "must be CURRENCY=AMOUNT"),
        ({"BTC": True}, "must be a finite number"),
        ("nowhere.csv", "must be a file that can be read"),
        (3, "must be a path"),
    ],
)
def test_collateral_refused(collateral: Any, message: str) -> None:
    with pytest.raises(PlimsollError, match=message):
        read_accounts(SIZES, collateral)


def test_collateral_twice_and_for_several_accounts() -> None:
    held = {"positions": SIZES, "collateral": {"BTC": 1}}
    with pytest.raises(UsageError, match="must be given once"):
        read_accounts(held, {"BTC": 2})
    two = [{"account": n, "positions": SIZES} for n in "ab"]
    with pytest.raises(UsageError, match="table of account, currency, amount"):
        read_accounts(two, "BTC=2")
