"""Errors on chains of files name the file, and in CSV the line that an editor shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from chain_rows import AT_NS, LATER_NS, changed, frame, snapshot_rows

from plimsoll.adapters.chains import read_chains
from plimsoll.adapters.chains.file_errors import line_of_row
from plimsoll.errors import DataFormatError

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
    with pytest.raises(DataFormatError, match=r"btc\.parquet: bid_price, ask_price: must hold prices in BTC"):
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
