"""``estimate`` on unusual price files: newest bars first, off the clock, not prices at all."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import plimsoll
from plimsoll.errors import UsageError
from plimsoll.estimators.nightly import NightlySettings
from plimsoll.journeys.estimate_markets import estimate_markets

FAST = NightlySettings(copula_replicates=2)
HOUR_S = 3600
START_S = 1_704_067_200  # 2024-01-01
MARKETS = ("AAAUSDT", "BBBUSDT")


@cache
def prices(days: int = 90) -> pl.DataFrame:
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
    assert sorted(found.tables[0].rows) == sorted(rows(prices()))
    told = next(table for table in found.tables if table.name == "findings")
    assert all("unordered_bar" in row["kinds"] and row["masked_bars"] == 0 for row in told)
    alone, other = (plimsoll.estimate(p, "AAAUSDT", symbol="symbol") for p in (path, prices()))
    assert alone.risk.fall.value_at_risk == other.risk.fall.value_at_risk


def test_copies_of_a_bar_are_still_found_when_the_newest_comes_first() -> None:
    backwards = prices().sort("ts", descending=True)
    copied = pl.concat([backwards.head(1), backwards])
    found = estimate_markets(copied, settings=FAST, as_of="2024-03-31")
    kinds = {finding.kind.value for finding in found.history.findings}
    assert "duplicate_bar" in kinds


def test_one_bar_is_told_what_to_bring(tmp_path: Path) -> None:
    prices().head(1).write_csv(tmp_path / "one.csv")
    with pytest.raises(UsageError, match=r"found '1 bar\(s\)'; bring more bars .*one\.csv"):
        estimate_markets(tmp_path / "one.csv", settings=FAST)
