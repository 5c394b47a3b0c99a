"""Files as venues and data vendors give them bring the same bars, exactly as the file has them."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from candle_rows import HOUR_MS, MARK, ROWS, START_MS, check

from plimsoll.adapters.files import bars_digest, read_bars
from plimsoll.errors import UsageError


def kline(candle: list[float], per_ms: int = 1) -> str:
    opened, *prices = candle
    closed = (int(opened) + HOUR_MS) * per_ms - 1
    values = [int(opened) * per_ms, *prices, closed, 1.5, 7, 0.5, 0.25, 0]
    return ",".join(map(str, values))


KLINE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


def test_ccxt_arrays_in_json_and_csv(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(json.dumps(ROWS))
    check(read_bars(tmp_path / "all.json", "ccxt_ohlcv", price_kind=MARK))
    for name, part in ROWS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(part))
        (tmp_path / f"{name}.csv").write_text("\n".join(",".join(map(str, c)) for c in part))
        (tmp_path / f"{name}.csv.gz").write_bytes(
            gzip.compress(
                b"timestamp,open,high,low,close,volume\n" + (tmp_path / f"{name}.csv").read_bytes()
            )
        )
    for pattern in ("[BE]*.json", "[BE]*.csv", "*.csv.gz"):
        check(read_bars(tmp_path / pattern, "ccxt_ohlcv", price_kind=MARK))


def test_ccxt_null_prices_are_nan(tmp_path: Path) -> None:
    (tmp_path / "BTC.json").write_text(
        f"[[{START_MS},1,2,1,null,0],[{START_MS + HOUR_MS},1,2,1,NaN,0]]"
    )
    bars = read_bars(tmp_path / "BTC.json", "ccxt_ohlcv", price_kind=MARK)["BTC"]
    assert np.isnan(bars.close).all()


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("per_ms", [1, 1_000])
def test_binance_klines_with_and_without_header_in_ms_and_us(
    header: bool, per_ms: int, tmp_path: Path
) -> None:
    for name, part in ROWS.items():
        for month, pieces in (("2023-12", part[:1]), ("2024-01", part[1:])):
            lines = [KLINE_HEADER] * header + [kline(candle, per_ms) for candle in pieces]
            (tmp_path / f"{name}-1h-{month}.csv").write_text("\n".join(lines) + "\n")
    check(read_bars(tmp_path / "*.csv", "binance_kline", price_kind=MARK))


def test_binance_archives_as_downloaded_change_unit_between_files(tmp_path: Path) -> None:
    # Spot archives are in ms to December 2024 and in us from January 2025 on.
    for name, part in ROWS.items():
        for month, pieces, per_ms in (("2024-12", part[:2], 1), ("2025-01", part[2:], 1_000)):
            with zipfile.ZipFile(tmp_path / f"{name}-1h-{month}.zip", "w") as archive:
                text = "\n".join(kline(candle, per_ms) for candle in pieces)
                archive.writestr(f"{name}-1h-{month}.csv", text)
    check(read_bars(tmp_path / "*.zip", "binance_kline", price_kind=MARK))


TRADES = """exchange,symbol,timestamp,local_timestamp,id,side,price,amount
x,XBT,{0},1,a,sell,10,1
x,XBT,{1},1,b,buy,12,2
x,XBT,{1},1,c,buy,11,4
x,ETH,{0},1,d,buy,5,1
x,XBT,{2},1,e,sell,9,8
x,XBT,{1},1,f,sell,13,16
"""


def test_tardis_trades_become_bars_by_exchange_time(tmp_path: Path) -> None:
    base = START_MS * 1_000
    minute = 60_000_000
    path = tmp_path / "trades.csv"
    path.write_text(TRADES.format(base + 5, base + 30_000_000, base + 2 * minute))
    bars = read_bars(path, "tardis_trades", price_kind=MARK, interval_ns=minute * 1_000)
    one = bars["XBT"]
    # Two bars; the minute between has none. The late print f is the last of its time: it closes.
    assert ((one.time_ns // 1_000 - base) // minute).tolist() == [0, 2]
    table = np.array([one.open, one.high, one.low, one.close, one.volume]).T
    np.testing.assert_array_equal(table, [[10, 13, 10, 13, 23], [9, 9, 9, 9, 8]])
    np.testing.assert_array_equal(bars["ETH"].close, [5.0])
    with pytest.raises(UsageError, match="must be given to resample"):
        read_bars(path, "tardis_trades", price_kind=MARK)


def test_tardis_bars_do_not_depend_on_batches_or_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(7)
    count = 2_000
    table = pl.DataFrame(
        {
            "symbol": rng.choice(["A", "B"], count),
            "timestamp": START_MS * 1_000 + np.sort(rng.integers(0, 3_600_000_000, count)),
            "price": rng.integers(90, 110, count),
            "amount": rng.integers(1, 5, count),
        }
    )
    table.write_csv(tmp_path / "all.csv")
    (tmp_path / "parts").mkdir()
    for index, cut in enumerate((0, 700, 1_400)):
        table[cut : cut + 700].write_csv(tmp_path / "parts" / f"{index}.csv")
    interval = 60_000_000_000
    whole = read_bars(tmp_path / "all.csv", "tardis_trades", price_kind=MARK, interval_ns=interval)
    parts = read_bars(tmp_path / "parts/*", "tardis_trades", price_kind=MARK, interval_ns=interval)
    monkeypatch.setattr("plimsoll.adapters.files.csv_batches.BLOCK_BYTES", 1_000)
    small = read_bars(tmp_path / "all.csv", "tardis_trades", price_kind=MARK, interval_ns=interval)
    assert bars_digest(whole) == bars_digest(parts) == bars_digest(small)
    # Independent resampling: pandas on market A.
    one = table.filter(symbol="A").to_pandas()
    one.index = pd.to_datetime(one.timestamp, unit="us")
    peer = one.price.resample("60s").ohlc().dropna()
    volume = one.amount.resample("60s").sum()[peer.index]
    for field in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(getattr(whole["A"], field), peer[field])
    np.testing.assert_array_equal(whole["A"].volume, volume)


def test_tardis_ticker_gives_marks_and_quotes_give_mids(tmp_path: Path) -> None:
    base = START_MS * 1_000
    (tmp_path / "t.csv").write_text(
        "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,"
        "predicted_funding_rate,open_interest,last_price,index_price,mark_price\n"
        f"x,P,{base},1,,,,,100,99,\nx,P,{base + 1},1,,,,,100,99,101\n"
        f"x,P,{base + 60_000_000},1,,,,,100,99,102\n"
    )
    marks = read_bars(
        tmp_path / "t.csv", "tardis_derivative_ticker", price_kind=MARK, interval_ns=60 * 10**9
    )["P"]
    np.testing.assert_array_equal(marks.close, [101.0, 102.0])
    assert marks.volume is None
    (tmp_path / "q.csv").write_text(
        "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n"
        f"x,P,{base},1,1,102,100,1\nx,P,{base + 1},1,,,100,1\n"
    )
    mids = read_bars(tmp_path / "q.csv", "tardis_quotes", price_kind=MARK, interval_ns=60 * 10**9)
    np.testing.assert_array_equal(mids["P"].close, [101.0])
