"""Errors on chains of files name the file, and in CSV the line that an editor shows."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from chain_rows import AT_NS, LATER_NS, changed, frame, snapshot_rows

from plimsoll.adapters.chains import read_chains
from plimsoll.adapters.chains.file_errors import line_of_row
from plimsoll.adapters.files.numbers import MISSING
from plimsoll.errors import DataFormatError

GUIDE = Path(__file__).parents[3] / "docs" / "judge-your-chains.md"
WRONG = [
    ("bid_price", "dear", "bid_price: must be numbers, found 'dear'"),
    ("option_type", "straddle", "option_type: must be call or put"),
    ("ts", "7", "ts: must"),
    ("instrument_name", "nonsense", "name: must be the name of an option"),
]


def texts(table: pl.DataFrame, row: int, cell: str, value: object) -> pl.DataFrame:
    """Return a table as text with one cell replaced."""
    told = table.cast(pl.String)
    column = [value if at == row else old for at, old in enumerate(told[cell])]
    return told.with_columns(pl.Series(cell, column, dtype=pl.String))


@pytest.mark.parametrize(("cell", "value", "told"), WRONG)
def test_csv_names_the_file_of_several_and_the_line_of_an_editor(
    tmp_path: Path, cell: str, value: str, told: str
) -> None:
    frame(snapshot_rows(AT_NS)).write_csv(tmp_path / "good.csv")
    path = tmp_path / "wrong.csv"
    table = frame(snapshot_rows(LATER_NS)).drop("currency")
    texts(table, 2, cell, value).write_csv(path)
    for source in ([tmp_path / "good.csv", path], tmp_path / "*.csv", path):
        with pytest.raises(DataFormatError) as caught:
            list(read_chains(source))
        assert str(caught.value).startswith(f"{path}, line 4: {told}")
        assert caught.value.row == 2
        assert "(row" not in str(caught.value)
        assert value in path.read_text("utf-8").splitlines()[3]


def test_empty_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    texts(frame(snapshot_rows()), 1, "ask_price", "x").write_csv(path)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\r\n".join([lines[0], "", lines[1], "", "", *lines[2:]]), "utf-8")
    with pytest.raises(DataFormatError, match=r"wrong\.csv, line 6: ask_price"):
        list(read_chains(path))
    assert line_of_row(path, 0) == 3
    assert line_of_row(path, 9) is None


def test_volatilities_in_per_cent_name_their_file(tmp_path: Path) -> None:
    frame(snapshot_rows(AT_NS)).write_parquet(tmp_path / "a.parquet")
    wrong = frame(snapshot_rows(LATER_NS)).with_columns(mark_iv=pl.col("mark_iv") * 100)
    wrong.write_parquet(tmp_path / "b.parquet")
    told = f"{tmp_path / 'b.parquet'}: mark_iv: must be volatilities in fraction"
    with pytest.raises(DataFormatError) as caught:
        list(read_chains(tmp_path / "*.parquet"))
    assert str(caught.value).startswith(told)


def test_parquet_names_the_file_and_the_record(tmp_path: Path) -> None:
    frame(snapshot_rows(AT_NS)).write_parquet(tmp_path / "a.parquet")
    changed(1, option_type="straddle").write_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataFormatError, match=r"b\.parquet: option_type: .*\(row 1\)"):
        list(read_chains([tmp_path / "b.parquet", tmp_path / "a.parquet"]))


def test_prices_in_usd_name_their_file_among_files_of_one_time(tmp_path: Path) -> None:
    """Files that overlap in time are put together: the error still says which one it is."""
    frame(snapshot_rows()[2:]).write_parquet(tmp_path / "eth.parquet")
    dear = pl.col("bid_price", "ask_price", "mark_price") * pl.col("futures_price")
    frame(snapshot_rows()[:2]).with_columns(dear).write_parquet(tmp_path / "btc.parquet")
    with pytest.raises(DataFormatError, match=r"btc\.parquet: bid_price, ask_price: must hold"):
        list(read_chains(tmp_path / "*.parquet"))


def answer(at_ms: int, bid: Any) -> dict[str, Any]:
    """One book summary of one option."""
    return {
        "usOut": at_ms * 1000,
        "result": [
            {
                "instrument_name": "BTC-23JAN26-90000-C",
                "underlying_price": 85_000.0,
                "underlying_index": "BTC-23JAN26",
                "creation_timestamp": at_ms,
                "bid_price": bid,
                "ask_price": 0.02,
                "mark_price": 0.011,
                "mark_iv": 43.0,
            }
        ],
    }


def test_json_names_the_file_of_several(tmp_path: Path) -> None:
    at_ms = AT_NS // 1_000_000
    (tmp_path / "a.json").write_text(json.dumps(answer(at_ms, 0.01)), "utf-8")
    (tmp_path / "b.json").write_text(json.dumps(answer(at_ms + 60_000, "dear")), "utf-8")
    with pytest.raises(DataFormatError, match=r"b\.json: BTC-23JAN26-90000-C bid_price: must be"):
        list(read_chains(tmp_path / "*.json"))


def test_a_torn_line_is_told_as_the_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "torn.csv"
    frame(snapshot_rows()).write_csv(path)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines[:3], lines[3][:30]]), "utf-8")
    with pytest.raises(DataFormatError, match=r"torn\.csv, line 4: must have 14 cells"):
        list(read_chains(path))


@pytest.mark.parametrize("content", [b"\x8a\x00\xff" * 100, b"hello, world\n1,2\n"])
def test_what_is_named_parquet_and_is_none_is_told_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "chains.parquet"
    path.write_bytes(content)
    with pytest.raises(DataFormatError, match="must be a Parquet file, as its name says") as caught:
        read_chains(path)
    assert "UTF-8" not in str(caught.value)


@pytest.mark.parametrize("missing", ["bid_price", "ask_price"])
def test_a_column_of_another_meaning_is_never_suggested(tmp_path: Path, missing: str) -> None:
    table = frame(snapshot_rows()).drop(missing)
    with pytest.raises(DataFormatError, match=f"without {missing}") as caught:
        list(read_chains(table))
    assert "rename" not in caught.value.remedy
    spelled = table.with_columns(pl.lit(0.01).alias(f"{missing}s"))
    with pytest.raises(DataFormatError, match=f"rename the column '{missing}s' to '{missing}'"):
        list(read_chains(spelled))


def test_spellings_of_no_value_are_those_of_the_guide(tmp_path: Path) -> None:
    told = GUIDE.read_text("utf-8")
    (listed,) = re.findall(r"read as null: ([^;]*);", told)
    assert re.findall(r"`([^`]*)`", listed) == [text for text in (*MISSING, "nan") if text]
    table = frame(snapshot_rows())
    for text in (*MISSING, *(text.upper() for text in MISSING), " n/a ", "NaN", "nan"):
        path = tmp_path / "null.csv"
        texts(table, 1, "ask_price", text).write_csv(path)
        btc = next(iter(read_chains(path, currency="BTC")))
        assert math.isnan(btc.ask[btc.names.index("BTC-23JAN26-90000-C")])
    for text in ("n.a.", "missing", "--", "1,000"):
        texts(table, 1, "ask_price", text).write_csv(tmp_path / "text.csv")
        with pytest.raises(DataFormatError, match="line 3: ask_price: must be numbers"):
            list(read_chains(tmp_path / "text.csv"))
