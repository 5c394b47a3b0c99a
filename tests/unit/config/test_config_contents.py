"""What a check sees in price files: many files, columns, symbols, and how far the data reach."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from plimsoll.config import check_venue, load_venue
from plimsoll.errors import ConfigurationError
from plimsoll.journeys.check import check
from plimsoll.journeys.init import init

VENUE = """\
version: 1
venue: {name: test}
data:
  prices:
    format: parquet
    path: PATH
    columns: {time: ts, close: close, symbol: symbol}
    price_kind: spot_close
markets:
  - {symbol: BTCUSDT, instrument: "BTC/USDT:USDT", class: large}
  - {symbol: ETHUSDT, instrument: "ETH/USDT:USDT", class: large}
classes:
  large:
    {maintenance_horizon_hours: 1, reaction_horizon_hours: 8, liquidation_cost: 0.0005,
     liquidation_fee: 0.001, adv_usd: 1e9, tier_caps_usd: [50_000]}
"""
DAYS = pl.Series("ts", [datetime(2022, 1, 1, tzinfo=UTC), datetime(2024, 5, 31, tzinfo=UTC)])


def venue(folder: Path, path: str, more: str = "") -> Path:
    file = folder / "venue.yaml"
    file.write_text(VENUE.replace("PATH", path) + more)
    return file


def store(path: Path, symbol: str, ts: pl.Series = DAYS, close: str = "close") -> None:
    pl.DataFrame({"ts": ts, close: [1.0, 2.0], "symbol": [symbol] * 2}).write_parquet(path)


@pytest.mark.parametrize("path", ['"{symbol}.parquet"', '"*.parquet"'])
def test_columns_are_looked_for_in_each_file(tmp_path: Path, path: str) -> None:
    store(tmp_path / "BTCUSDT.parquet", "BTCUSDT")
    store(tmp_path / "ETHUSDT.parquet", "ETHUSDT")
    assert check_venue(venue(tmp_path, path)) == ()
    store(tmp_path / "ETHUSDT.parquet", "ETHUSDT", close="Close")
    (fault,) = check_venue(venue(tmp_path, path))
    assert fault.path == "data.prices.columns.close"
    assert "1 of 2 files (ETHUSDT.parquet first)" in fault.found
    assert "did you mean Close" in fault.remedy


def test_a_market_is_looked_for_in_its_own_file(tmp_path: Path) -> None:
    store(tmp_path / "BTCUSDT.parquet", "BTCUSDT")
    store(tmp_path / "ETHUSDT.parquet", "BTCUSDT")
    assert [f.path for f in check_venue(venue(tmp_path, '"{symbol}.parquet"'))] == [
        "markets[1].symbol"
    ]
    assert [f.path for f in check_venue(venue(tmp_path, '"*.parquet"'))] == ["markets[1].symbol"]


def test_a_file_of_one_market_that_is_none_is_a_fault_but_does_not_stop_a_run(
    tmp_path: Path,
) -> None:
    store(tmp_path / "BTCUSDT.parquet", "BTCUSDT")
    file = venue(tmp_path, '"{symbol}.parquet"')
    assert [f.problem for f in check_venue(file)] == ["must exist"]
    load_venue(file)
    (tmp_path / "ETHUSDT.parquet").write_bytes(b"no Parquet at all")
    (fault,) = check_venue(file)
    assert fault.problem == "must be a parquet file"
    assert "ETHUSDT.parquet" in fault.found
    load_venue(file)
    with pytest.raises(ConfigurationError):
        load_venue(venue(tmp_path, '"${NO_SUCH_PLACE}/{symbol}.parquet"'))


@pytest.mark.parametrize(
    "ts",
    [
        DAYS,
        DAYS.dt.cast_time_unit("ms"),
        DAYS.dt.date(),
        DAYS.dt.epoch("s"),
        DAYS.dt.epoch("ms"),
        DAYS.dt.epoch("ns"),
    ],
    ids=["us", "ms", "date", "epoch_s", "epoch_ms", "epoch_ns"],
)
def test_scoring_starts_within_the_data(tmp_path: Path, ts: pl.Series) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        store(tmp_path / f"{symbol}.parquet", symbol, ts)
    path = '"{symbol}.parquet"'
    assert check_venue(venue(tmp_path, path, "evidence: {from: 2024-05-31}\n")) == ()
    (fault,) = check_venue(venue(tmp_path, path, "evidence: {from: 2024-06-01}\n"))
    assert (fault.path, fault.found) == ("evidence.from", "2024-06-01")
    assert "2022-01-01 to 2024-05-31" in fault.remedy


@pytest.mark.parametrize(
    ("day", "holds"),
    [("2022-01-01", False), ("2022-01-02", True), ("2024-06-02", True), ("2024-06-03", False),
     ("2099-01-01", False)],
)  # fmt: skip
def test_as_of_lies_within_the_files(tmp_path: Path, day: str, holds: bool) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        store(tmp_path / f"{symbol}.parquet", symbol)
    faults = check(venue(tmp_path, '"{symbol}.parquet"'), as_of=day).faults
    assert [f.path for f in faults] == ([] if holds else ["as_of"])


def test_times_that_cannot_be_read_are_left_to_the_data_checks(tmp_path: Path) -> None:
    store(tmp_path / "all.parquet", "BTCUSDT", pl.Series("ts", [7, 9]))
    file = venue(tmp_path, "all.parquet", "evidence: {from: 2024-06-01}\n")
    assert [f.path for f in check_venue(file)] == ["markets[1].symbol"]


def test_the_sandbox_has_the_markets_named(tmp_path: Path) -> None:
    file = init(tmp_path)
    assert check(file).holds
    assert str(check(file)) == f"{file}: holds"
    file.write_text(
        file.read_text().replace('symbol: "KEEL/USDT:USDT"', 'symbol: "KEAL/USDT:USDT"')
    )
    found = check(file)
    assert [f.path for f in found.faults] == ["markets[0].symbol"]
    assert "did you mean KEEL/USDT:USDT" in found.faults[0].remedy
    assert "KEAL/USDT:USDT" in str(found)
    assert not check(init(tmp_path / "late"), as_of="2099-01-01").holds
