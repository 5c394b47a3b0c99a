"""``estimate`` on unusual price files: newest bars first, off the clock, not prices at all."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import plimsoll
from plimsoll.cli.main import application
from plimsoll.domain.finding import Reason
from plimsoll.errors import DataFormatError, InsufficientDataError, UsageError
from plimsoll.estimators.nightly import NightlySettings
from plimsoll.journeys.estimate_markets import estimate_markets

FAST = NightlySettings(copula_replicates=2)
HOUR_S = 3600
START_S = 1_704_067_200  # 2024-01-01
MARKETS = ("AAAUSDT", "BBBUSDT")


@cache
def prices(days: int = 400) -> pl.DataFrame:
    """SYNTHETIC hourly closes of two markets, oldest bar first."""
    rng = np.random.default_rng(7)
    times = START_S + HOUR_S * np.arange(24 * days)
    parts = [
        pl.DataFrame(
            {
                "symbol": [market] * times.size,
                "ts": times,
                "close": 50.0 * np.exp(np.cumsum(0.005 * rng.standard_t(5, times.size))),
            }
        )
        for market in MARKETS
    ]
    return pl.concat(parts)


def rows(source: Any, **options: Any) -> tuple[Any, ...]:
    return estimate_markets(source, settings=FAST, **options).tables[0].rows


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_newest_bars_first_give_the_same_numbers(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"newest_first.{suffix}"
    backwards = prices().sort("ts", descending=True)
    backwards.write_csv(path) if suffix == "csv" else backwards.write_parquet(path)
    found = estimate_markets(path, settings=FAST)
    # Markets stand in the order of first appearance, which the sort may change.
    expected = sorted(rows(prices()))
    assert sorted(found.tables[0].rows) == expected
    assert [row[-1] for row in expected] == [None, None]  # each has numbers, no reason
    told = next(table for table in found.tables if table.name == "findings")
    assert all("unordered_bar" in str(row["kinds"]) and row["masked_bars"] == 0 for row in told)
    alone, other = (plimsoll.estimate(p, "AAAUSDT", symbol="symbol") for p in (path, prices()))
    assert alone.risk.fall.value_at_risk == other.risk.fall.value_at_risk


def test_copies_of_a_bar_are_still_found_when_the_newest_comes_first() -> None:
    backwards = prices().sort("ts", descending=True)
    copied = pl.concat([backwards.head(1), backwards])
    found = estimate_markets(copied, settings=FAST, as_of="2025-02-04")
    kinds = {finding.kind.value for finding in found.history.findings}
    assert "duplicate_bar" in kinds


def test_one_bar_is_told_what_to_bring(tmp_path: Path) -> None:
    prices().head(1).write_csv(tmp_path / "one.csv")
    with pytest.raises(UsageError, match=r"found '1 bar\(s\)'; bring more bars .*one\.csv"):
        estimate_markets(tmp_path / "one.csv", settings=FAST)


def test_returns_passed_as_prices_have_a_reason_and_no_numbers() -> None:
    steps = pl.col("close").log().diff().fill_null(0.0)
    # Drift up: fewer than half of the returns are negative, and still they are no prices.
    mixed = prices().with_columns(
        close=pl.when(pl.col("symbol") == "BBBUSDT").then(steps + 0.001).otherwise("close")
    )
    share = float((mixed.filter(symbol="BBBUSDT")["close"] <= 0.0).mean())  # type: ignore[arg-type]
    assert 0.3 < share < 0.5
    found = estimate_markets(mixed, settings=FAST)
    assert found.refused == {"BBBUSDT": Reason.IMPOSSIBLE_PRICES}
    for table in found.tables[:2]:
        row = next(row for row in table if row["market"] == "BBBUSDT")
        assert row["reason"] == "impossible_prices"
        numbers = ("var_long", "var_short", "es_long", "es_short", "volatility_annual")
        assert {row[name] for name in numbers} == {None}
    assert {row["market"]: row["reason"] for row in found.tables[0]}["AAAUSDT"] is None
    with pytest.raises(InsufficientDataError, match=r"BBBUSDT.*impossible_prices \(impossible_pr"):
        estimate_markets(mixed.filter(symbol="BBBUSDT"), settings=FAST)


def test_some_faulty_prices_refuse_no_market() -> None:
    row = pl.int_range(pl.len()).over("symbol")
    zeros = prices().with_columns(close=pl.when(row % 5 == 0).then(0.0).otherwise("close"))
    assert not estimate_markets(zeros, settings=FAST).refused


HALF_HOUR = r"ts: must hold open times .* '2024-01-01T00:30:00.000, 30 min past, for AAAUSDT.*row 0"
CLOSE_TIMES = r"00:59:59\.999, 59 min 59\.999 s past.*these look like close times.*open_time"


@pytest.mark.parametrize(
    ("later_ms", "message"), [(1_800_000, HALF_HOUR), (3_599_999, CLOSE_TIMES)]
)
def test_bars_off_the_clock_are_refused_not_moved(later_ms: int, message: str) -> None:
    shifted = prices().with_columns(ts=pl.col("ts") * 1_000 + later_ms)
    one = shifted.filter(symbol="AAAUSDT")
    for source in (shifted, one):
        with pytest.raises(DataFormatError, match=message):
            estimate_markets(source, settings=FAST, as_of="2025-01-20")
    with pytest.raises(DataFormatError, match=message):
        plimsoll.estimate(one, "AAAUSDT")


def test_the_market_off_the_clock_is_named_and_can_be_left_out() -> None:
    late = pl.when(pl.col("symbol") == "BBBUSDT").then(pl.col("ts") + 1_800).otherwise("ts")
    mixed = prices().with_columns(ts=late)
    with pytest.raises(DataFormatError, match="30 min past, for BBBUSDT'"):
        estimate_markets(mixed, settings=FAST)
    assert len(rows(mixed, exclude=("BBBUSDT",))) == 1


def test_the_symbol_column_is_assumed_of_one_market_too(tmp_path: Path) -> None:
    prices().write_csv(tmp_path / "p.csv")
    run = CliRunner().invoke
    bare = run(
        application(), ["estimate", str(tmp_path / "p.csv"), "--market", "AAAUSDT", "--alone"]
    )
    named = ["--symbol", "symbol", "--market", "AAAUSDT", "--alone"]
    told = run(application(), ["estimate", str(tmp_path / "p.csv"), *named])
    assert (bare.exit_code, bare.output) == (0, told.output)


def test_a_market_that_is_not_there_is_refused_before_the_work() -> None:
    with (
        patch("plimsoll.journeys.estimate_markets.nightly_estimate") as night,
        pytest.raises(UsageError, match=r"found 'AAAUSD'; did you mean AAAUSDT\?"),
    ):
        estimate_markets(prices(), markets=("AAAUSD",))
    assert not night.called


def test_names_without_prices_are_told(tmp_path: Path) -> None:
    (tmp_path / "held.csv").write_text("market,open_interest_usd\nAAAUSDT,1e6\nAAAUSD,2e6\n")
    classes = {"AAAUSDT": "major", "CCC": "minor", "BBBUSDT": "minor"}
    found = estimate_markets(
        prices(), settings=FAST, classes=classes, open_interest=tmp_path / "held.csv"
    )
    assert found.notes == (
        "classes: no prices of CCC; not used",
        "open interest: no prices of AAAUSD; not used",
    )
    assert found.document()["notes"] == list(found.notes)
