"""Files as they come from the wild: each fault is named with its place, or passed on."""

from __future__ import annotations

import builtins
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from plimsoll.adapters.files import (
    ColumnMap,
    FundingColumns,
    WideColumnMap,
    from_frame,
    read_bars,
    read_funding,
)
from plimsoll.domain.market import Bars, PriceKind
from plimsoll.errors import DataError, DataFormatError

START_S, HOUR_S = 1_704_067_200, 3_600
COLUMNS = ColumnMap()


def read(path: Path, form: str = "csv", columns: Any = COLUMNS, **more: Any) -> dict[str, Bars]:
    mapped = {"columns": columns} if form in ("csv", "parquet") else {}
    return read_bars(path, form, price_kind=PriceKind.MARK, **mapped, **more)


def csv(folder: Path, text: str | bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows(*closes: object, start: int = 0) -> str:
    lines = [f"{START_S + (start + i) * HOUR_S},{close}" for i, close in enumerate(closes)]
    return "ts,close\n" + "\n".join(lines) + "\n"


# --- what is no file, or not this file -----------------------------------------------------------


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must exist"):
        read(tmp_path / "absent.csv")
    with pytest.raises(DataError, match="pattern must match at least one file"):
        read(tmp_path / "*.csv")


@pytest.mark.parametrize("form", ["csv", "parquet", "ccxt_ohlcv", "binance_kline"])
def test_directory_where_a_file_is_expected(tmp_path: Path, form: str) -> None:
    with pytest.raises(DataFormatError, match="must be a file, found 'a directory'") as caught:
        read(tmp_path, form)
    assert str(tmp_path) in caught.value.remedy


@pytest.mark.parametrize("form", ["csv", "parquet", "ccxt_ohlcv", "binance_kline"])
def test_empty_file(tmp_path: Path, form: str) -> None:
    with pytest.raises(DataFormatError, match="an empty file"):
        read(csv(tmp_path, ""), form)


@pytest.mark.parametrize("text", ["ts,close", "ts,close\n", "\ufeffts,close\r\n"])
def test_header_without_rows(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="at least one bar"):
        read(csv(tmp_path, text))


def test_no_permission_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The suite may run as root, who may read everything: the system's refusal is simulated.
    path = csv(tmp_path, rows(1, 2))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(DataError, match="grant read permission"):
        read(path)
    monkeypatch.setattr(pl, "scan_parquet", refuse)
    with pytest.raises(DataError, match="grant read permission"):
        read(path, "parquet")


@pytest.mark.parametrize("keep", [1, 4, 100, -1, -8])
def test_truncated_parquet(tmp_path: Path, keep: int) -> None:
    whole = tmp_path / "whole.parquet"
    pl.DataFrame(
        {"ts": START_S + HOUR_S * np.arange(500), "close": np.arange(500.0)}
    ).write_parquet(whole)
    cut = csv(tmp_path, whole.read_bytes()[:keep], "cut.parquet")
    with pytest.raises(DataFormatError, match="whole file of its format"):
        read(cut, "parquet")


@pytest.mark.parametrize("start", [4, 40])
def test_parquet_with_a_damaged_page(tmp_path: Path, start: int) -> None:
    path = tmp_path / "x.parquet"
    closes = np.arange(5_000) / 7
    table = pl.DataFrame({"ts": START_S + HOUR_S * np.arange(5_000), "close": closes})
    table.write_parquet(path, compression="zstd")
    damaged = bytearray(path.read_bytes())
    damaged[start : start + 200] = b"\xaa" * 200
    path.write_bytes(bytes(damaged))
    with pytest.raises(DataFormatError):
        read(path, "parquet")


GARBAGE = np.random.default_rng(3).bytes(5_000)


@pytest.mark.parametrize("form", ["csv", "parquet", "ccxt_ohlcv", "binance_kline", "tardis_trades"])
@pytest.mark.parametrize("data", [GARBAGE, b"\x00" * 64, b"PAR1PAR1", b"PK\x03\x04", b"\x1f\x8b"])
def test_binary_garbage(tmp_path: Path, form: str, data: bytes) -> None:
    for name in ("x.csv", "x.json", "x.zip", "x.csv.gz", "x.parquet"):
        with pytest.raises(DataFormatError):
            read(csv(tmp_path, data, name), form, interval_ns=HOUR_S * 10**9)


@pytest.mark.parametrize(
    "text", ["", "[[1704067200000, 1, 2", "{}", "[]", "7", '[{"a": 1}]', "[[1,2]]", "[" * 100_000]
)
def test_json_that_holds_no_candles(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError):
        read(csv(tmp_path, text, "x.json"), "ccxt_ohlcv")


# --- headers and columns --------------------------------------------------------------------------


def test_missing_column_lists_those_found_and_the_nearest(tmp_path: Path) -> None:
    path = csv(tmp_path, "ts,open,Close_Price\n1704067200,1,2\n")
    with pytest.raises(DataFormatError, match="must have the column 'close'") as caught:
        read(path)
    assert caught.value.found == ["ts", "open", "Close_Price"]
    assert "did you mean 'Close_Price'?" in caught.value.remedy
    table = pl.read_csv(path)
    table.write_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataFormatError, match="did you mean 'Close_Price'"):
        read(tmp_path / "x.parquet", "parquet")
    with pytest.raises(DataFormatError, match="did you mean 'Close_Price'"):
        from_frame(table, columns=COLUMNS, price_kind=PriceKind.MARK, market="X")


def test_doubled_header(tmp_path: Path) -> None:
    path = csv(tmp_path, "ts,close,close\n1704067200,1,2\n")
    with pytest.raises(DataFormatError, match="'close' once, found '2 columns of that name"):
        read(path)
    # A doubled column that is not asked for does no harm.
    harmless = csv(tmp_path, "ts,note,close,note\n1704067200,a,1,b\n1704070800,a,2,b\n")
    np.testing.assert_array_equal(read(harmless)["x"].close, [1.0, 2.0])
    with pytest.raises(DataFormatError, match="once"):
        read(harmless, columns=WideColumnMap())


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    text = rows(1.5, 2.5).replace("\n", "\r\n")
    np.testing.assert_array_equal(read(csv(tmp_path, "\ufeff" + text))["x"].close, [1.5, 2.5])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_other_unicode_encodings(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(DataFormatError, match="UTF-8"):
        read(csv(tmp_path, rows(1, 2).encode(encoding)))


def test_latin_1_bytes(tmp_path: Path) -> None:
    header = "ts,close,Währung\n1704067200,1,EUR\n".encode("latin-1")
    with pytest.raises(DataFormatError, match="iconv"):
        read(csv(tmp_path, header))
    body = b"ts,close,symbol\n1704067200,1,BTC\n1704070800,1,B\xd6RSE\n"
    with pytest.raises(DataFormatError, match="iconv") as caught:
        read(csv(tmp_path, body), columns=ColumnMap(symbol="symbol"))
    assert caught.value.row == 1


def test_semicolons_are_seen_and_decimal_commas_must_be_named(tmp_path: Path) -> None:
    text = "ts;close\n1704067200;1.5\n1704070800;2.5\n"
    np.testing.assert_array_equal(read(csv(tmp_path, text))["x"].close, [1.5, 2.5])
    with pytest.raises(DataFormatError, match="decimal=','") as caught:
        read(csv(tmp_path, text.replace(".", ",")))
    assert (caught.value.row, caught.value.field) == (0, "close")


# --- cells ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1,234.56", "12,345,678", "1,5"])
def test_thousands_separators(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataFormatError, match="without thousands separators") as caught:
        read(csv(tmp_path, rows(1, f'"{text}"')))
    assert (caught.value.row, caught.value.field, caught.value.found) == (1, "close", text)


@pytest.mark.parametrize("text", ["n.a.", "12 USD", "0x10", "#REF!", "1_000", "true", "1e", "--"])
def test_text_that_is_no_number(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataFormatError, match="must be numbers") as caught:
        read(csv(tmp_path, rows(1, 2, text)))
    assert (caught.value.row, caught.value.field, caught.value.found) == (2, "close", text)
    table = pl.DataFrame({"ts": [START_S, START_S + HOUR_S], "close": ["1", text]})
    with pytest.raises(DataFormatError, match="must be numbers"):
        from_frame(table, columns=COLUMNS, price_kind=PriceKind.MARK, market="X")


def test_faulty_values_pass_to_the_checks(tmp_path: Path) -> None:
    given = ["NaN", "nan", "", "null", "inf", "-inf", "-1", "0", "1e-300", "1e300", "+5"]
    bars = read(csv(tmp_path, rows(*given)))["x"]
    nan, inf = np.nan, np.inf
    np.testing.assert_array_equal(
        bars.close, [nan, nan, nan, nan, inf, -inf, -1.0, 0.0, 1e-300, 1e300, 5.0]
    )


def test_mixed_time_units(tmp_path: Path) -> None:
    for other in (1_000, 1_000_000, 1_000_000_000):
        text = rows(1, 2, 3) + f"{(START_S + 3 * HOUR_S) * other},4\n"
        with pytest.raises(DataFormatError, match="one time unit") as caught:
            read(csv(tmp_path, text))
        assert caught.value.row == 3
        table = pl.read_csv(tmp_path / "x.csv")
        table.write_parquet(tmp_path / "x.parquet")
        with pytest.raises(DataFormatError, match="one time unit") as caught:
            read(tmp_path / "x.parquet", "parquet", since="2024-01-01", until="2024-01-02")
        assert caught.value.row == 3


def test_a_kline_file_that_changes_its_unit(tmp_path: Path) -> None:
    line = "{0},1,2,1,1,5,{0},1,1,1,1,0"
    text = "\n".join(line.format(t) for t in (START_S * 1_000, (START_S + HOUR_S) * 1_000_000))
    with pytest.raises(DataFormatError, match="one time unit, ms") as caught:
        read(csv(tmp_path, text), "binance_kline")
    assert caught.value.row == 1
    with pytest.raises(DataFormatError, match="12 columns"):
        read(csv(tmp_path, rows(1, 2)), "binance_kline")


def test_a_row_cut_short_or_too_long(tmp_path: Path) -> None:
    for text in (rows(1, 2) + "17040", rows(1, 2) + "1704067200,1,9\n"):
        with pytest.raises(DataFormatError, match="must have 2 cells in each row") as caught:
            read(csv(tmp_path, text))
        assert caught.value.row == 2


def test_a_market_without_a_name(tmp_path: Path) -> None:
    text = f"symbol,ts,close\nA,{START_S},1\n,{START_S},1\n"
    for columns in (ColumnMap(symbol="symbol"),):
        with pytest.raises(DataFormatError, match="must name a market") as caught:
            read(csv(tmp_path, text), columns=columns, symbols=["A"])
        assert caught.value.row == 1


def test_funding_faults_are_named(tmp_path: Path) -> None:
    columns = FundingColumns(rate="rate", unit="fraction")
    with pytest.raises(DataFormatError, match="must be numbers") as caught:
        read_funding(csv(tmp_path, f"ts,rate\n{START_S},0.01%\n"), "csv", columns=columns)
    assert caught.value.found == "0.01%"
    with pytest.raises(DataFormatError, match="did you mean 'fundingRate'"):
        read_funding(csv(tmp_path, f"ts,fundingRate\n{START_S},0\n"), "csv", columns=columns)


# --- size -----------------------------------------------------------------------------------------

LIMITED = """
    import resource, sys
    import polars as pl
    from plimsoll.adapters.files import ColumnMap, read_bars
    from plimsoll.domain.market import PriceKind

    def peak_mb():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def read(path):
        return read_bars(path, "csv", price_kind=PriceKind.MARK, symbols=["M7"],
                         columns=ColumnMap(symbol="symbol"))

    read(sys.argv[1])
    before = peak_mb()
    bars = read(sys.argv[2])["M7"]
    print(len(bars), bars.close.sum(), peak_mb() - before)
"""


def big_csv(path: Path, count: int) -> None:
    """Write 50 markets × ``count`` bars with a padding column that nobody asked for."""
    block = pl.DataFrame({"symbol": [f"M{i}" for i in range(50)]})
    with path.open("wb") as stream:
        stream.write(b"symbol,ts,close,padding\n")
        for start in range(0, count, 500):
            bars = pl.DataFrame({"ts": START_S + HOUR_S * np.arange(start, start + 500)})
            part = bars.join(block, how="cross").select(
                "symbol", "ts", close=pl.col("ts") / 7, padding=pl.lit("x" * 120)
            )
            part.write_csv(stream, include_header=False)


def test_a_csv_larger_than_the_memory_it_may_take(tmp_path: Path) -> None:
    # 190 MB of text, of which one market in fifty is wanted. Reading it must not need memory of
    # its size: the peak of the process grows by less than a third of it over that for a small file
    # (about 30 MB, which the allocators take once, whatever the size).
    big_csv(tmp_path / "small.csv", 500)
    big_csv(tmp_path / "big.csv", 25_000)
    size_mb = (tmp_path / "big.csv").stat().st_size / 1e6
    assert size_mb > 190
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(LIMITED),
            tmp_path / "small.csv",
            tmp_path / "big.csv",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    count, total, growth_mb = map(float, done.stdout.split())
    assert count == 25_000
    assert total == pytest.approx((START_S + HOUR_S * np.arange(25_000)).sum() / 7, rel=1e-12)
    assert growth_mb < 64


def test_the_memory_limit_is_a_refusal_not_a_crash(tmp_path: Path) -> None:
    big_csv(tmp_path / "x.csv", 2_000)
    columns = ColumnMap(symbol="symbol")
    with pytest.raises(DataError, match="memory_limit_mb = 1") as caught:
        read(tmp_path / "x.csv", columns=columns, memory_limit_mb=1)
    assert "fewer symbols" in caught.value.remedy
    bars = read(tmp_path / "x.csv", columns=columns, memory_limit_mb=1, symbols=["M3"])
    assert len(bars["M3"]) == 2_000
