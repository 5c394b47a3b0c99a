"""Tables in files and in memory bring the same bars, exactly as the table has them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from candle_rows import HOUR_MS, HOUR_NS, MARK, ROWS, START_MS, candles, check, frame
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.adapters.files import (
    OHLCV,
    ColumnMap,
    CsvDialect,
    FundingColumns,
    WideColumnMap,
    bars_digest,
    file_digest,
    from_frame,
    funding_from_frame,
    read_bars,
    read_funding,
)
from plimsoll.domain.market import PriceKind
from plimsoll.errors import DataError, UsageError


def test_long_parquet(tmp_path: Path) -> None:
    frame().write_parquet(tmp_path / "x.parquet")
    check(read_bars(tmp_path / "x.parquet", "parquet", columns=OHLCV, price_kind=MARK))


def test_long_csv_with_renamed_columns_and_integer_times(tmp_path: Path) -> None:
    renamed = frame().with_columns(pl.col("ts").dt.epoch("s")).rename({"ts": "Time", "close": "C"})
    renamed.write_csv(tmp_path / "x.csv")
    columns = ColumnMap(
        time="Time",
        close="C",
        open="open",
        high="high",
        low="low",
        volume="volume",
        symbol="symbol",
    )
    check(read_bars(tmp_path / "x.csv", "csv", columns=columns, price_kind=MARK))


def test_one_file_per_market_by_pattern_list_and_symbol(tmp_path: Path) -> None:
    for name in ROWS:
        frame({name: ROWS[name]}).drop("symbol").write_csv(tmp_path / f"{name}.csv")
    columns = ColumnMap(open="open", high="high", low="low", volume="volume")
    paths: list[str | list[str | Path]] = [
        f"{tmp_path}/*.csv",
        [tmp_path / "BTC.csv", str(tmp_path / "ETH.csv")],
        f"{tmp_path}/{{symbol}}.csv",
    ]
    for path in paths:
        check(read_bars(path, "csv", columns=columns, price_kind=MARK, symbols=["ETH", "BTC"]))
    alone = read_bars(tmp_path / "*.csv", "csv", columns=columns, price_kind=MARK, symbols=["ETH"])
    assert list(alone) == ["ETH"]
    named = read_bars(tmp_path / "ETH.csv", "csv", columns=columns, price_kind=MARK, market="E")
    assert list(named) == ["E"]


def test_wide_layout_equals_the_long_one(tmp_path: Path) -> None:
    tall = frame({"BTC": ROWS["BTC"], "ETH": ROWS["ETH"][1:3]})
    wide = tall.pivot("symbol", index="ts", values="close").sort("ts")
    wide.write_csv(tmp_path / "x.csv")
    wide.write_parquet(tmp_path / "x.parquet")
    expected = from_frame(tall, columns=ColumnMap(symbol="symbol"), price_kind=MARK)
    read = [
        read_bars(tmp_path / "x.csv", "csv", columns=WideColumnMap(), price_kind=MARK),
        read_bars(tmp_path / "x.parquet", "parquet", columns=WideColumnMap(), price_kind=MARK),
        from_frame(wide.to_pandas(), columns=WideColumnMap(), price_kind=MARK),
        from_frame(wide, columns=WideColumnMap(), price_kind=MARK),
    ]
    assert {bars_digest(bars) for bars in read} == {bars_digest(expected)}
    one = read_bars(
        tmp_path / "x.csv", "csv", columns=WideColumnMap(), price_kind=MARK, symbols=["ETH"]
    )
    assert list(one) == ["ETH"]
    assert len(one["ETH"]) == 2


def test_frames_in_memory(tmp_path: Path) -> None:
    base = frame()
    pandas = base.to_pandas()
    read = [
        from_frame(it, columns=OHLCV, price_kind=MARK)
        for it in (base, base.lazy(), pandas, base.to_arrow(), pandas.set_index(["symbol", "ts"]))
    ]
    for bars in read:
        check(bars)
    indexed = pandas[pandas.symbol == "BTC"].set_index("ts").rename_axis(None)
    named = from_frame(indexed, columns=ColumnMap(time="index"), price_kind=MARK, market="BTC")
    np.testing.assert_array_equal(named["BTC"].close, read[0]["BTC"].close)


def test_frames_are_not_changed() -> None:
    pandas = frame().to_pandas()
    before = pandas.copy(deep=True)
    from_frame(pandas, columns=OHLCV, price_kind=MARK)
    pd.testing.assert_frame_equal(pandas, before)


def test_decimal_types_categories_and_narrow_numbers() -> None:
    odd = frame().with_columns(
        pl.col("symbol").cast(pl.Categorical),
        pl.col("close").cast(pl.Decimal(18, 4)),
        pl.col("open").cast(pl.Float32),
        pl.col("high").cast(pl.Int16),
        pl.col("low").cast(pl.String),
    )
    check(from_frame(odd, columns=OHLCV, price_kind=MARK))


def test_rows_stay_in_source_order_with_their_faults() -> None:
    base = frame({"BTC": ROWS["BTC"]})
    faulty = pl.concat([base[2:], base[1:2], base[1:2], base[:1]]).with_columns(
        close=pl.Series([None, float("nan"), -5.0, float("inf"), 0.0])
    )
    bars = from_frame(faulty, columns=OHLCV, price_kind=MARK)["BTC"]
    hours = (bars.time_ns // 1_000_000 - START_MS) // HOUR_MS
    assert hours.tolist() == [2, 3, 1, 1, 0]
    np.testing.assert_array_equal(bars.close, [np.nan, np.nan, -5.0, np.inf, 0.0])


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_selection_of_markets_and_time(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{form}"
    frame().write_parquet(path) if form == "parquet" else frame().write_csv(path)
    bars = read_bars(
        path,
        form,
        columns=OHLCV,
        price_kind=MARK,
        symbols=["ETH", "XRP"],
        since="2024-01-01T01:00",
        until="2024-01-01T03:00Z",
    )
    assert list(bars) == ["ETH"]
    np.testing.assert_array_equal(bars["ETH"].open, [11.0, 12.0])


@settings(deadline=None, max_examples=50)  # no deadline: it writes and reads files
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["BTC", "Ether €", "a b"]),
            st.integers(START_MS, START_MS + 10**9),
            st.floats(width=64),
            st.floats(width=64),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_values_read_the_same_from_csv_parquet_json_and_memory(
    rows: list[tuple[str, int, float, float]],
) -> None:
    table = pl.DataFrame(rows, schema=["symbol", "ts", "close", "volume"], orient="row")
    columns = ColumnMap(symbol="symbol", volume="volume")
    more: dict[str, Any] = {"columns": columns, "price_kind": MARK, "interval_ns": HOUR_NS}
    with tempfile.TemporaryDirectory() as folder:
        table.write_csv(f"{folder}/x.csv")
        table.write_parquet(f"{folder}/x.parquet")
        read = [
            from_frame(table, **more),
            from_frame(table.to_arrow(), **more),
            read_bars(f"{folder}/x.csv", "csv", **more),
            read_bars(f"{folder}/x.parquet", "parquet", **more),
        ]
    assert len({bars_digest(bars) for bars in read}) == 1
    expected = [close for name, _, close, _ in rows if name == rows[0][0]]
    np.testing.assert_array_equal(read[0][rows[0][0]].close, expected)


def test_an_empty_selection_is_an_error(tmp_path: Path) -> None:
    frame().write_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataError, match="at least one bar of the selection"):
        read_bars(
            tmp_path / "x.parquet", "parquet", columns=OHLCV, price_kind=MARK, symbols=["XRP"]
        )


def test_the_bar_length_is_the_usual_step_or_given() -> None:
    gaps = frame({"BTC": [*candles(1.0, 9)[:3], *candles(1.0, 9)[6:]], "NEW": candles(1.0, 1)})
    bars = from_frame(gaps, columns=OHLCV, price_kind=MARK)
    assert {one.interval_ns for one in bars.values()} == {HOUR_NS}
    single = frame({"NEW": candles(1.0, 1)})
    with pytest.raises(UsageError, match="must be given"):
        from_frame(single, columns=OHLCV, price_kind=MARK)
    given = from_frame(single, columns=OHLCV, price_kind=MARK, interval_ns=60)
    assert given["NEW"].interval_ns == 60


def test_semicolons_decimal_commas_and_padded_headers(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"ts ; close\n{START_MS};1,5\n{START_MS + HOUR_MS};-2,25\n")
    bars = read_bars(
        tmp_path / "x.csv",
        "csv",
        columns=ColumnMap(),
        price_kind=MARK,
        dialect=CsvDialect(decimal=","),
    )
    np.testing.assert_array_equal(bars["x"].close, [1.5, -2.25])


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    frame().write_parquet(tmp_path / "x.parquet")
    path = tmp_path / "x.parquet"
    calls: list[tuple[dict[str, Any], str]] = [
        ({"format": "excel", "columns": OHLCV}, "must be one of"),
        ({"format": "parquet"}, "must be given for"),
        ({"format": "binance_kline", "columns": OHLCV}, "must not be given"),
    ]
    for arguments, must in calls:
        with pytest.raises(UsageError, match=must):
            read_bars(path, price_kind=MARK, **arguments)
    with pytest.raises(UsageError, match=r"path with \{symbol\}"):
        read_bars(f"{tmp_path}/{{symbol}}.csv", "csv", columns=OHLCV, price_kind=MARK)
    with pytest.raises(UsageError, match="pandas, polars or pyarrow"):
        from_frame([[1, 2]], columns=OHLCV, price_kind=MARK)
    with pytest.raises(UsageError, match="one field only"):
        ColumnMap(open="close")
    with pytest.raises(UsageError, match="no symbol"):
        from_frame(frame(), columns=ColumnMap(), price_kind=MARK)
    with pytest.raises(UsageError, match="differ from the decimal"):
        CsvDialect(separator=",", decimal=",")


def test_digest_is_of_the_content_whatever_the_file(tmp_path: Path) -> None:
    base = frame()
    base.write_csv(tmp_path / "x.csv")
    base.write_parquet(tmp_path / "a.parquet", compression="zstd")
    base.write_parquet(tmp_path / "b.parquet", compression="uncompressed", row_group_size=3)
    (tmp_path / "c.json").write_text(json.dumps(dict(reversed(ROWS.items()))))
    read = [
        read_bars(tmp_path / "x.csv", "csv", columns=OHLCV, price_kind=MARK),
        read_bars(tmp_path / "a.parquet", "parquet", columns=OHLCV, price_kind=MARK),
        read_bars(tmp_path / "b.parquet", "parquet", columns=OHLCV, price_kind=MARK),
        read_bars(tmp_path / "c.json", "ccxt_ohlcv", price_kind=MARK),
        from_frame(base.to_pandas(), columns=OHLCV, price_kind=MARK),
    ]
    digests = {bars_digest(bars) for bars in read}
    assert len(digests) == 1
    assert file_digest(tmp_path / "a.parquet") != file_digest(tmp_path / "b.parquet")


def test_digest_sees_every_change() -> None:
    base = from_frame(frame(), columns=OHLCV, price_kind=MARK)
    variants = [
        base,
        {"BTC": base["BTC"]},
        {"BTC": base["BTC"], "ETC": base["ETH"]},
        {**base, "ETH": base["ETH"].take(slice(0, 3))},
        {**base, "ETH": base["ETH"].take(np.array([1, 0, 2, 3]))},
        from_frame(frame(), columns=OHLCV, price_kind=PriceKind.INDEX),
        from_frame(frame(), columns=OHLCV, price_kind=MARK, interval_ns=1),
        from_frame(frame(), columns=ColumnMap(symbol="symbol"), price_kind=MARK),
        from_frame(
            frame().with_columns(pl.col("close").replace(11.0, np.nextafter(11.0, 12.0))),
            columns=OHLCV,
            price_kind=MARK,
        ),
    ]
    assert len({bars_digest(bars) for bars in variants}) == len(variants)


def test_funding_in_fractions_and_percent(tmp_path: Path) -> None:
    rates = frame().select("symbol", "ts", rate=pl.lit(0.01) * pl.col("open"))
    rates.write_parquet(tmp_path / "x.parquet")
    rates.with_columns(pl.col("ts").dt.epoch("ms")).write_csv(tmp_path / "x.csv")
    for form in ("parquet", "csv"):
        for unit, scale in (("fraction", 1.0), ("percent", 100.0)):
            columns = FundingColumns(rate="rate", symbol="symbol", unit=unit)
            read = read_funding(tmp_path / f"x.{form}", form, columns=columns, symbols=["ETH"])
            assert list(read) == ["ETH"]
            np.testing.assert_allclose(
                read["ETH"].rate, 0.01 * (10.0 + np.arange(4)) / scale, rtol=1e-15
            )
    single = funding_from_frame(
        rates.filter(symbol="BTC").to_pandas(),
        columns=FundingColumns(rate="rate", unit="fraction"),
        market="BTC",
    )
    assert len(single["BTC"]) == 4
    with pytest.raises(UsageError, match="'fraction' or 'percent'"):
        FundingColumns(unit="bps")
