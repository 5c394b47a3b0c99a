"""``plimsoll estimate --market``: every study in the deep view, the document and on the page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from command_line import plimsoll_cli
from plimsoll.errors import UsageError
from plimsoll.estimators.nightly import NightlySettings
from plimsoll.journeys.estimate_markets import estimate_markets
from plimsoll.sandbox import generate

FAST = NightlySettings(copula_replicates=2)
STUDIES = (
    "unwind", "manipulation", "open_interest", "volatility_models", "volatility_breaks", "jumps",
    "last_jumps", "jump_laws", "clustering", "volatility_parameters",
)  # fmt: skip


def prices(folder: Path) -> tuple[Path, str]:
    """One market of the sandbox, SYNTHETIC, with highs, lows and volumes."""
    market, bars = next(iter(generate(0, days=300).bars.items()))
    file = folder / "prices.csv"
    pl.DataFrame(
        {
            "ts": bars.time_ns // 10**9,
            "close": bars.close,
            "high": bars.close * 1.002,
            "low": bars.close / 1.002,
            "volume": np.full(len(bars), 1e4),
        }
    ).write_csv(file)
    return file, market


def test_command_line(tmp_path: Path) -> None:
    file, market = prices(tmp_path)
    (tmp_path / "oi.csv").write_text(f"market,open_interest_usd\n{market},1000000\n")
    command = ["estimate", file, "--market", market]
    command += ["--time-unit", "s", "--open-interest", tmp_path / "oi.csv"]
    done = plimsoll_cli(*command, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)["result"]
    assert set(STUDIES) <= set(result)
    assert {"reference", "volatility", "estimate"} <= set(result)
    studies = result["reference_distribution"]["markets"][market]["studies"]
    for name in STUDIES:
        assert studies[name] == result[name]["rows"]
    assert studies["open_interest"][0]["usd"] == 1e6
    assert studies["unwind"][0]["source"] == "bars"
    page = (tmp_path / "out" / "estimate.html").read_text("utf-8")
    for name in STUDIES:
        assert f'id="table-{market}-{name}"' in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--as-of", "soon"), "--as-of: must be a date"),
        (("--model", "arch"), "--model: must be one of"),
        (("--alone", "--books", "b.gz"), "--books: must come without --alone"),
    ],
)
def test_errors_name_the_option_that_was_typed(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    file, market = prices(tmp_path)
    done = plimsoll_cli("estimate", file, "--market", market, *arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_books_of_another_coin_are_refused(market_data_dir: Path) -> None:
    hourly = market_data_dir / "hourly" / "binance_perp_ohlcv_1h.parquet"
    recording = market_data_dir / "books" / "bybit_xrpusdt_ob500.data.zip"
    with pytest.raises(UsageError, match=r"must be a recording of BTCUSDT.*XRPUSDT, of XRP"):
        estimate_markets(hourly, settings=FAST, books=(f"BTCUSDT={recording}",))
