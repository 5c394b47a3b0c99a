"""Pieces of the studies of replayed accounts; the crash study itself on real bars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plimsoll.domain.evidence import Verdict
from plimsoll.journeys.backtest_crash import backtest_crash
from plimsoll.journeys.backtest_crash_parts import CrashParts, absorbed, worst_paths
from plimsoll.journeys.backtest_crash_waterfall import crash_waterfall
from plimsoll.journeys.backtest_solvent_choice import (
    AccountOutcomes,
    best_candidate,
    chosen_candidates,
)
from plimsoll.journeys.backtest_solvent_margins import DailyRisk, calibrated_tables
from plimsoll.journeys.backtest_solvent_prices import impact_path
from plimsoll.validation.replay.accounts import BOLD, drawn_population
from plimsoll.validation.replay.markets import MarkPaths

DAY_NS = 86_400_000_000_000


def paths(days: int, bars_per_day: int = 24, markets: int = 2, seed: int = 1) -> MarkPaths:
    draw = np.random.default_rng(seed)
    shape = (days * bars_per_day, markets)
    close = 100.0 * np.exp(np.cumsum(0.01 * draw.standard_normal(shape), axis=0))
    wide = np.abs(0.02 * draw.standard_normal(shape))
    step = DAY_NS // bars_per_day
    return MarkPaths(
        markets=tuple(f"M{i}" for i in range(markets)),
        time_ns=np.arange(shape[0], dtype=np.int64) * step,
        close=close,
        low=close * (1.0 - wide),
        high=close * (1.0 + wide),
        half_spread=np.full(shape, 1e-4),
        impact=np.full(shape, 1e-5),
    )


def outcomes(count: int, seed: int) -> AccountOutcomes:
    draw = np.random.default_rng(seed)
    forced = draw.random(count) < 0.5
    return AccountOutcomes(
        deposit=draw.random(count) + 1.0,
        deficit=np.where(forced, draw.random(count), 0.0),
        forced=forced,
        judged=forced,
        solvent=forced & (draw.random(count) < 0.5),
        restored=np.zeros(count, dtype=bool),
        day=np.zeros(count, dtype=np.int64),
    )


def test_costs_know_nothing_of_their_own_bar_or_later() -> None:
    marks = paths(20, bars_per_day=288)
    turnover = 1e4 * marks.close
    cut = 3_000
    later = np.arange(marks.close.shape[0])[:, None] >= cut
    plain = impact_path(marks.close, turnover, 288, 1.0)
    other = impact_path(np.where(later, 7.0, marks.close), np.where(later, 9.0, turnover), 288, 1.0)
    np.testing.assert_array_equal(plain[200 : cut + 1], other[200 : cut + 1])
    assert not np.array_equal(plain[cut + 1 :], other[cut + 1 :])


def test_cost_is_the_square_root_law() -> None:
    """Y sigma_d / sqrt(V_d): alternating moves of 1 % an hour, 24 bars a day, 1,000 an hour."""
    close = np.exp(np.cumsum(np.where(np.arange(480) % 2, 0.01, -0.01)))[:, None]
    found = impact_path(close, np.full((480, 1), 1e4), 24, 2.0)
    exact = 2.0 * 0.01 * np.sqrt(24.0) / np.sqrt(2.4e5)
    assert found[-1, 0] == pytest.approx(exact, rel=1e-9)


def test_tables_of_a_day_are_in_force_on_that_day() -> None:
    marks = paths(3)
    quantile = np.full((3, 2, 2), 0.01) * np.array([1.0, 2.0, 3.0])[:, None, None]
    risk = DailyRisk(
        markets=marks.markets,
        time_ns=np.arange(3) * DAY_NS,
        close_out=quantile,
        day=quantile,
        reaction=quantile,
        lent=np.zeros((3, 2), dtype=bool),
    )
    tables = calibrated_tables(risk, marks, 0.5)
    first = tables.tiers.rate[tables.tiers.offsets[tables.table[:, 0, 0]]]
    assert np.unique(first[:24]).size == np.unique(first[24:48]).size == 1
    cost = 1e-4 + 1e-5 * np.sqrt(1e4) + 0.002
    np.testing.assert_allclose(first[[0, 24, 48]], 0.5 * (np.array([1, 2, 3]) * 0.01 + cost))


def test_the_choice_keeps_to_fund_loss_and_margin() -> None:
    fixed, every = outcomes(400, 0), np.ones(400, dtype=bool)
    dear = replace(fixed, deposit=2.0 * fixed.deposit, solvent=np.zeros(400, dtype=bool))
    lossy = replace(fixed, deficit=2.0 * fixed.deficit, solvent=np.zeros(400, dtype=bool))
    better = replace(fixed, solvent=fixed.solvent & (np.arange(400) % 2 == 0))
    assert best_candidate([dear, lossy, fixed, better], fixed, every) == 3
    worse = replace(fixed, deficit=3.0 * fixed.deficit)
    assert best_candidate([worse, lossy], fixed, every) == 1


def test_the_choice_of_a_month_does_not_know_it() -> None:
    marks = paths(200)
    held = drawn_population(replace(BOLD, mean_hold_hours=10.0), marks, 200, seed=1)
    parts, fixed = [outcomes(400, k) for k in (1, 2, 3)], outcomes(400, 0)
    chosen = chosen_candidates(parts, fixed, held, marks)
    cut = 5 * 31 * 24  # bars; what opens after the fifth month or so
    late = held.exit_bar >= cut
    others = [
        replace(one, deficit=np.where(late, 99.0 * k, one.deficit)) for k, one in enumerate(parts)
    ]
    again = chosen_candidates(others, fixed, held, marks)
    known = held.entry_bar < 4 * 30 * 24
    np.testing.assert_array_equal(chosen[known], again[known])
    assert set(chosen[held.entry_bar < 24]) == {-1}


def test_layers_take_in_order_and_add_up() -> None:
    losses = np.random.default_rng(2).random(50)
    layers = [np.full(50, 0.3), np.full(50, 0.1)]
    parts = absorbed(losses, layers)
    np.testing.assert_allclose(sum(parts), losses, rtol=1e-15)
    assert all(bool(np.all(part >= 0.0)) for part in parts)
    assert bool(np.all((parts[1] == 0.0) | (parts[0] == 0.3)))


def test_worst_path_is_that_of_a_plain_search() -> None:
    marks = paths(3)
    found = worst_paths(marks, 10, 30)
    assert marks.low is not None
    slow = max(
        1.0 - float(marks.low[s + k, 1] / marks.close[s, 1])
        for s in range(10, 30)
        for k in range(1, 9)
    )
    assert found.loss[1, 0, 1] == pytest.approx(slow, rel=1e-15)


def test_a_crash_is_borne_by_somebody() -> None:
    """Half the price gone in a bar: parts add up, and 10,000 bankrupt long dollars leave debts."""
    marks = paths(2)
    close = marks.close.copy()
    close[24:] = 50.0
    marks = replace(marks, close=close, low=close, high=close)
    base = np.full((2, 2, 2), 0.05)
    parts = CrashParts(base=base, stressed=base, liquidity=np.zeros(2))
    found = crash_waterfall(
        marks, parts, np.array([4e6, 8e6]), first=0, last=48, per_market=200, seed=1
    )
    assert found.imbalance < 1e-12
    assert found.fund.sum() == pytest.approx(0.005 * 3e6, rel=1e-9)
    assert float(found.left.min()) > 0.0
    assert bool(np.all(found.closed > 0.4))


def test_tenth_of_october_is_stated_part_by_part(market_data_dir: Path) -> None:
    found = backtest_crash(market_data_dir, per_market=100)
    assert found.verdict is Verdict.HOLDS
    rows = {row[:3]: row[3:] for row in found.table("crash_paths_2025_10").rows}
    assert len(rows) == 32
    doge = rows["DOGEUSDT", "long", 8]
    assert doge[0] > 0.56  # type: ignore[operator]
    for row in rows.values():
        numbers = np.array(row, dtype=np.float64)
        assert numbers[3:].sum() == pytest.approx(numbers[0] + numbers[1], rel=1e-12)
    total = np.array(found.table("crash_waterfall_2025_10").rows[-1][3:], dtype=np.float64)
    assert total[1:].sum() == pytest.approx(total[0], rel=1e-9)
    assert "No coverage is claimed" in found.notes[0]
