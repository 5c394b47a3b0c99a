"""Files a venue names: variables, patterns, missing and foreign files, columns and symbols."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from plimsoll.config import check_venue, load_venue
from plimsoll.config.convert import price_source
from plimsoll.errors import ConfigurationError

VENUE = """\
version: 1
venue: {name: test}
data:
  prices:
    format: FORMAT
    path: PATH
    columns: {time: ts, close: CLOSE, symbol: symbol}
    price_kind: spot_close
markets:
  - {symbol: BTCUSDT, instrument: "BTC/USDT:USDT", class: large}
  - {symbol: SYMBOL, instrument: "ETH/USDT:USDT", class: large}
classes:
  large:
    {maintenance_horizon_hours: 1, reaction_horizon_hours: 8, liquidation_cost: 0.0005,
     liquidation_fee: 0.001, adv_usd: 1e9, tier_caps_usd: [50_000]}
"""


def write(
    folder: Path, path: str, *, form: str = "parquet", close: str = "close", symbol: str = "ETHUSDT"
) -> Path:
    text = VENUE.replace("PATH", path).replace("FORMAT", form)
    file = folder / "venue.yaml"
    file.write_text(text.replace("CLOSE", close).replace("SYMBOL", symbol))
    return file


@pytest.fixture
def prices(tmp_path: Path) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"symbol": ["BTCUSDT", "ETHUSDT"], "ts": [0, 0], "close": [42_000.0, 2_900.0]}
    )
    frame.write_parquet(tmp_path / "prices.parquet")
    frame.write_csv(tmp_path / "prices.csv")
    return frame


@pytest.mark.usefixtures("prices")
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_relative_to_the_venue_file(tmp_path: Path, form: str) -> None:
    file = write(tmp_path, f"prices.{form}", form=form)
    assert check_venue(file) == ()
    assert check_venue(tmp_path) == ()
    assert price_source(load_venue(file)).path == tmp_path / f"prices.{form}"


@pytest.mark.usefixtures("prices")
def test_variable_from_the_caller_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, "${PLACE}/prices.parquet")
    monkeypatch.delenv("PLACE", raising=False)
    (fault,) = check_venue(file)
    assert "PLACE" in fault.problem
    assert "export PLACE=" in fault.remedy
    monkeypatch.setenv("PLACE", "/nowhere")
    assert check_venue(file)
    assert check_venue(file, variables={"PLACE": str(tmp_path)}) == ()


@pytest.mark.usefixtures("prices")
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("price.parquet", "prices.parquet"),
        ("deep/down/prices.parquet", "last folder that exists"),
        (".", "directory"),
        ("'*.arrow'", "at least one file"),
        ("empty.parquet", "empty"),
        ('"nul\\0.parquet"', "path"),
    ],
)
def test_unusable_paths(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "empty.parquet").touch()
    (fault,) = check_venue(write(tmp_path, path))
    assert fault.path == "data.prices.path"
    assert said in f"{fault.problem} {fault.remedy}"


@pytest.mark.usefixtures("prices")
def test_patterns_match_files(tmp_path: Path) -> None:
    assert check_venue(write(tmp_path, "'pri*.parquet'")) == ()


@pytest.mark.usefixtures("prices")
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_columns_are_looked_for(tmp_path: Path, form: str) -> None:
    (fault,) = check_venue(write(tmp_path, f"prices.{form}", form=form, close="clos"))
    assert fault.path == "data.prices.columns.close"
    assert "did you mean close" in fault.remedy


@pytest.mark.usefixtures("prices")
def test_symbols_are_looked_for(tmp_path: Path) -> None:
    (fault,) = check_venue(write(tmp_path, "prices.parquet", symbol="ETHUSD"))
    assert (fault.path, fault.line) == ("markets[1].symbol", 11)
    assert "did you mean ETHUSDT" in fault.remedy


def test_a_truncated_file_is_a_fault(tmp_path: Path, prices: pl.DataFrame) -> None:
    whole = (tmp_path / "prices.parquet").read_bytes()
    (tmp_path / "torn.parquet").write_bytes(whole[: len(whole) // 2])
    (fault,) = check_venue(write(tmp_path, "torn.parquet"))
    assert fault.problem == "must be a parquet file"


def test_one_file_a_market(tmp_path: Path) -> None:
    file = write(tmp_path, '"k/{symbol}-1h.csv"', form="binance_kline")
    text = file.read_text().replace("    columns: {time: ts, close: close, symbol: symbol}\n", "")
    file.write_text(text)
    assert [f.found for f in check_venue(file)] == [
        f"k/{{symbol}}-1h.csv ({tmp_path}/k/{symbol}-1h.csv)" for symbol in ("BTCUSDT", "ETHUSDT")
    ]
    (tmp_path / "k").mkdir()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        (tmp_path / f"k/{symbol}-1h.csv").write_text("0,1,1,1,1,1\n")
    assert check_venue(file) == ()
    found = price_source(load_venue(file))
    assert found.path is None
    assert found.market_paths["ETHUSDT"] == tmp_path / "k/ETHUSDT-1h.csv"
    file.write_text(text.replace("{symbol}-1h", "BTCUSDT-1h"))
    assert any("tell the markets apart" in f.problem for f in check_venue(file))


def test_the_file_itself(tmp_path: Path) -> None:
    hostile: list[Any] = [tmp_path / "absent.yaml", tmp_path, "nul\0.yaml"]
    for place in hostile:
        (fault,) = check_venue(place)
        assert "plimsoll init" in fault.remedy
        with pytest.raises(ConfigurationError) as caught:
            load_venue(place)
        assert caught.value.faults == (fault,)
