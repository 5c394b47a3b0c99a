"""The collateral study on real prices: a reduced sample; the whole by its own command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plimsoll.errors import DataError
from plimsoll.journeys.backtest_collateral import DAILY_EPISODES
from plimsoll.journeys.backtest_collateral_crashes import crash_tables
from plimsoll.journeys.backtest_collateral_data import coin_history, daily_pegs
from plimsoll.journeys.backtest_collateral_levels import basis_table
from plimsoll.journeys.backtest_collateral_paths import known_events, pegged_sample
from plimsoll.journeys.backtest_collateral_tables import (
    episode_row,
    haircut_coverage,
    published_checks,
)


def test_daily_pegs_are_covered_and_episodes_told(market_data_dir: Path) -> None:
    daily = daily_pegs(market_data_dir)
    from_ns = int(np.datetime64("2019-01-01", "ns").astype(np.int64))
    sample = pegged_sample(daily, 24, from_ns, known_events(daily))
    coverage = haircut_coverage("daily", sample, sample.published)
    assert all(check.verdict.value == "holds" for check in published_checks(coverage))
    shown = sample.scored & np.isfinite(sample.published)
    assert (sample.published[shown] >= sample.haircut[shown] - 1e-12).all()
    rows = {str(row[0]): row for row in (episode_row(e, sample) for e in DAILY_EPISODES)}
    # README of the data: close of 0.9715 on 11 March 2023, after 0.99 and more.
    assert rows["USDC, 2023-03"][4] == pytest.approx(0.028, abs=0.002)
    # The first break of its kind was not covered, and the table says by how much.
    assert float(rows["USDC, 2023-03"][6] or 0.0) > 0.05


def test_basis_of_the_first_part_covers_the_second(market_data_dir: Path) -> None:
    table = basis_table(market_data_dir, ("BTC",))
    for row in table:
        assert 0.0 <= float(row["breaches"] or 0.0) <= 0.01
        assert int(row["probes"] or 0) > 1_000


def test_data_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="PLIMSOLL_DATA"):
        coin_history(tmp_path)


def test_a_set_of_the_eve_and_what_the_crash_took(market_data_dir: Path) -> None:
    tables = {table.name: table for table in crash_tables(market_data_dir)}
    rows = {row["asset"]: row for row in tables["collateral_crashes"]}
    # README of the data: SOL fell 15 % on the day of the perpetuals; a spot day is near it.
    assert 0.12 < float(rows["SOL"]["2025-10-10"] or 0.0) < 0.25
    own = {row["asset"]: row for row in tables["collateral_haircuts"]}
    # Thirteen months of record: the class counts for some of BTC, and its own forecast for more.
    assert 0.05 < float(own["BTC"]["haircut"] or 0.0) < 0.15
    assert 0.0 < float(own["BTC"]["class_weight"] or 0.0) < 0.5
    assert float(own["BTC"]["class_floor"] or 0.0) == pytest.approx(0.25, abs=0.001)
    # Where the floor does not bind, the cost of size does.
    assert any(float(row["slope"] or 0.0) > 0.0 for row in own.values())
    lending = {row["asset"]: row for row in tables["lending_terms"]}
    for row in lending.values():
        assert row["why"] or float(row["loan"]) < float(row["threshold"])  # type: ignore[arg-type]
    asked = {row["asset"]: row for row in tables["lending_crash"]}
    btc = {name: float(lending["BTC"][name]) for name in ("threshold", "bonus", "drop")}  # type: ignore[arg-type]
    btc |= {name: float(asked["BTC"][name]) for name in ("lost", "asked", "over")}  # type: ignore[arg-type]
    # Half the floor of 50 % for majors: what a quiet year's hour would give is no product's term.
    assert btc["drop"] == pytest.approx(0.25, abs=0.001)
    assert btc["threshold"] * (1.0 + btc["bonus"]) <= 1.0 - btc["drop"]
    assert btc["asked"] * (1.0 + btc["bonus"]) <= 1.0 - btc["lost"]
    assert btc["over"] == 0.0
    for row in tables["wrong_way_haircuts"]:
        assert float(row["joint"]) >= float(row["alone"])  # type: ignore[arg-type]
