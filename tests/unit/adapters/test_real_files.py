"""The real files of the reference data, against the counts and facts of their description."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plimsoll.adapters.files import (
    OHLCV,
    ColumnMap,
    FundingColumns,
    bars_digest,
    read_bars,
    read_funding,
)
from plimsoll.domain.market import HOUR_NS, PriceKind
from plimsoll.errors import DataFormatError

MINUTE_NS = 60 * 10**9


def test_hourly_closes_of_152_markets(market_data_dir: Path) -> None:
    path = market_data_dir / "hourly/binance_spot_close_1h_2021_2025.parquet"
    kind = PriceKind.SPOT_CLOSE
    bars = read_bars(path, "parquet", columns=ColumnMap(symbol="symbol"), price_kind=kind)
    assert len(bars) == 152
    assert sum(map(len, bars.values())) == 4_891_695
    assert {one.interval_ns for one in bars.values()} == {HOUR_NS}
    luna = bars["LUNAUSDT"]  # two coins under one ticker
    seam = int(np.argmax(np.diff(luna.time_ns)))
    assert (luna.close[seam], luna.close[seam + 1]) == (0.00005, 8.5558)
    some = read_bars(
        path,
        "parquet",
        columns=ColumnMap(symbol="symbol"),
        price_kind=kind,
        symbols=["LUNAUSDT", "FTTUSDT"],
        since="2022-05-13",
        until="2022-06-01",
    )
    assert set(some) == {"LUNAUSDT", "FTTUSDT"}
    inside = (luna.time_ns >= 1_652_400_000 * 10**9) & (luna.time_ns < 1_654_041_600 * 10**9)
    np.testing.assert_array_equal(some["LUNAUSDT"].close, luna.close[inside])


def test_mark_bars_and_an_index_with_nulls(market_data_dir: Path) -> None:
    path = market_data_dir / "hourly/binance_perp_mark_ohlcv_1h.parquet"
    bars = read_bars(path, "parquet", columns=OHLCV, price_kind=PriceKind.MARK)
    assert (len(bars), sum(map(len, bars.values()))) == (12, 81_887)
    volumes = [one.volume for one in bars.values()]
    assert all(volume is not None and not volume.any() for volume in volumes)
    usdt = read_bars(
        market_data_dir / "daily/usdt_usd_1d.parquet",
        "parquet",
        columns=ColumnMap(),
        price_kind=PriceKind.INDEX,
        market="USDT/USD",
    )["USDT/USD"]
    assert (len(usdt), int(np.isnan(usdt.close).sum())) == (979, 143)


def test_funding_files_agree_after_their_units(market_data_dir: Path) -> None:
    folder = market_data_dir / "funding"
    fractions = read_funding(
        folder / "binance_perp_funding.parquet",
        "parquet",
        columns=FundingColumns(symbol="symbol", unit="fraction"),
        symbols=["BTCUSDT"],
    )["BTCUSDT"]
    percent = read_funding(
        folder / "binance_perp_BTC_funding_8h_pct.parquet",
        "parquet",
        columns=FundingColumns(rate="funding_rate_pct", unit="percent"),
        market="BTCUSDT",
    )["BTCUSDT"]
    hours = (percent.time_ns + HOUR_NS // 2) // HOUR_NS
    common, left, right = np.intersect1d(fractions.time_ns // HOUR_NS, hours, return_indices=True)
    assert common.size == 950
    # The second file prints percent with five decimals: half a unit of its last place.
    np.testing.assert_allclose(fractions.rate[left], percent.rate[right], atol=5.1e-8)


def test_tardis_samples(market_data_dir: Path) -> None:
    folder = market_data_dir / "books/tardis_samples"
    trades = read_bars(
        folder / "bitmex_trades_XBTUSD.csv",
        "tardis_trades",
        price_kind=PriceKind.LAST_TRADE,
        interval_ns=MINUTE_NS,
    )["XBTUSD"]
    raw = pl.read_csv(folder / "bitmex_trades_XBTUSD.csv")
    assert trades.volume is not None
    assert trades.volume.sum() == raw["amount"].sum()
    assert trades.time_ns[0] == 1_583_020_800 * 10**9
    assert trades.open is not None
    assert trades.open[0] == 8531.5
    quotes = read_bars(
        folder / "huobi-dm-swap_quotes_BTC-USD.csv",
        "tardis_quotes",
        price_kind=PriceKind.MARK,
        interval_ns=1_000_000_000,
    )["BTC-USD"]
    assert quotes.open is not None
    assert quotes.open[0] == (8629.3 + 8629.2) / 2
    book = read_bars(
        folder / "binance-futures_book_snapshot_25_BTCUSDT.csv",
        "tardis_book_snapshot",
        price_kind=PriceKind.MARK,
        interval_ns=MINUTE_NS,
    )["BTCUSDT"]
    top = pl.read_csv(folder / "binance-futures_book_snapshot_25_BTCUSDT.csv")
    assert book.close[-1] == (top["asks[0].price"][-1] + top["bids[0].price"][-1]) / 2
    with pytest.raises(DataFormatError, match="must have the column 'price'"):
        read_bars(
            folder / "huobi-dm-swap_quotes_BTC-USD.csv",
            "tardis_trades",
            price_kind=PriceKind.MARK,
            interval_ns=MINUTE_NS,
        )


def test_a_year_of_minutes_has_one_digest_as_parquet_and_as_archive_klines(
    market_data_dir: Path, tmp_path: Path
) -> None:
    path = market_data_dir / "minute/binance_BTCUSDT_1m_2022.parquet"
    columns = ColumnMap(open="open", high="high", low="low", volume="volume")
    one = read_bars(
        path, "parquet", columns=columns, price_kind=PriceKind.LAST_TRADE, market="BTCUSDT"
    )
    assert len(one["BTCUSDT"]) == 525_600
    pl.read_parquet(path).select(
        pl.col("ts").dt.epoch("ms"),
        "open",
        "high",
        "low",
        "close",
        "volume",
        (pl.col("ts").dt.epoch("ms") + 59_999).alias("close_time"),
        "quote_volume",
        "trades",
        "taker_buy_volume",
        pl.lit(0.0).alias("quote"),
        pl.lit(0).alias("ignore"),
    ).write_csv(tmp_path / "BTCUSDT-1m-2022-01.csv", include_header=False)
    archive = read_bars(
        tmp_path / "BTCUSDT-1m-2022-01.csv", "binance_kline", price_kind=PriceKind.LAST_TRADE
    )
    assert bars_digest(archive) == bars_digest(one)
