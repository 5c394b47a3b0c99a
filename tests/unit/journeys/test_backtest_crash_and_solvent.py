"""Pieces of the studies of replayed accounts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.evidence import Verdict
from plimsoll.journeys.backtest_crash_parts import absorbed, worst_paths
from plimsoll.journeys.backtest_solvent_choice import (
    AccountOutcomes,
    chosen_levels,
    share_difference_error,
    solvent_share,
)
from plimsoll.journeys.backtest_solvent_levels import matched_multiples, opening_risk
from plimsoll.journeys.backtest_solvent_margins import (
    STRESSED_COST,
    DailyRisk,
    calibrated_tables,
)
from plimsoll.journeys.backtest_solvent_prices import impact_path
from plimsoll.journeys.backtest_solvent_tables import difference_verdict
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
        closed=forced.astype(np.float64),
        closed_solvent=np.zeros(count),
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
    cost = 1e-4 + 1e-5 * np.sqrt(1e4)
    kept = 0.5 * (np.array([1, 2, 3]) * 0.01 + 0.002) + cost
    np.testing.assert_allclose(first[[0, 24, 48]], kept)
    asked = tables.tiers.initial_rate[tables.tiers.offsets[tables.table[:, 0, 0]]]
    expected = kept + STRESSED_COST * cost + np.array([1, 2, 3]) * 0.01
    np.testing.assert_allclose(asked[[0, 24, 48]], expected)


def test_the_level_of_a_month_keeps_to_fund_loss_and_does_not_know_the_month() -> None:
    """Losses 0.5, 0.9 and 2 times the ladder's on every account: the second level is the lowest."""
    marks = paths(200)
    held = drawn_population(replace(BOLD, mean_hold_hours=10.0), marks, 200, seed=1)
    fixed = replace(outcomes(400, 0), deficit=np.ones(400))
    parts = [replace(outcomes(400, 1), deficit=np.full(400, k)) for k in (0.5, 0.9, 2.0)]
    chosen = chosen_levels(parts, fixed, held, marks)
    assert set(chosen[held.entry_bar < 24]) == {-1}
    assert set(chosen[held.entry_bar > 3 * 31 * 24]) == {1}
    assert set(chosen_levels(parts, fixed, held, marks, loss_share=0.4)) <= {-1, 0}
    late = held.exit_bar >= 5 * 31 * 24  # bars; what opens after the fifth month or so
    others = [replace(one, deficit=np.where(late, 99.0, one.deficit)) for one in parts]
    again = chosen_levels(others, fixed, held, marks)
    known = held.entry_bar < 4 * 30 * 24
    np.testing.assert_array_equal(chosen[known], again[known])
    assert not np.array_equal(chosen, again)


def test_users_would_have_paid_in_what_was_asked_of_the_multiple() -> None:
    """Deposits of the ended accounts, by hand, average the target of the month that follows."""
    marks = paths(120)
    held = drawn_population(replace(BOLD, mean_hold_hours=10.0), marks, 300, seed=2)
    quantile = np.full((120, 2, 2), 0.01)
    risk = DailyRisk(
        markets=marks.markets,
        time_ns=np.arange(120) * DAY_NS,
        close_out=quantile,
        day=quantile,
        reaction=3.0 * quantile,
        lent=np.zeros((120, 2), dtype=bool),
    )
    notional = held.amount * marks.close[held.entry_bar, held.market]
    fixed = replace(outcomes(600, 0), deposit=0.12 * notional)
    opening = opening_risk(risk, marks, held)
    multiple = matched_multiples(0.25, opening, fixed, held, marks, risk, 1.25)
    kept = 0.25 * 0.012 + opening.cost
    asked = kept + STRESSED_COST * opening.cost + multiple[-1] * 0.03
    ended = (held.exit_bar + 8) < 90 * 24  # the fourth month begins on day 90 of 1970
    weight = notional / np.bincount(held.market[ended])[held.market]
    paid = np.maximum(1.0 / held.leverage, asked)[ended]
    assert float(np.average(paid, weights=weight[ended])) == pytest.approx(0.15, rel=1e-9)
    assert set(multiple[:31]) == {1.0}


def test_the_error_of_a_difference_drops_what_venues_share() -> None:
    one, every = outcomes(400, 0), np.ones(400, dtype=bool)
    week = np.arange(400) // 20
    assert share_difference_error(one, one, every, week) == 0.0
    other = outcomes(400, 5)
    found = share_difference_error(one, other, every, week)
    shares = np.array([solvent_share(v, every) for v in (one, other)])
    draw = np.random.default_rng(0)
    drawn = []
    for _ in range(2000):
        rows = np.concatenate([np.flatnonzero(week == w) for w in draw.integers(0, 20, 20)])
        a, b = (v.solvent[rows].sum() / v.judged[rows].sum() for v in (one, other))
        drawn.append(a - b)
    assert np.mean(drawn) == pytest.approx(shares[0] - shares[1], abs=0.01)
    # An independent bootstrap over weeks; 20 clusters and 2,000 draws leave about a tenth.
    assert found == pytest.approx(float(np.std(drawn)), rel=0.15)


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([(-0.05, 0.02, True), (-0.03, 0.01, True)], Verdict.HOLDS),
        ([(-0.05, 0.02, True), (-0.03, 0.02, True)], Verdict.NOT_PROVEN),
        ([(-0.05, math.nan, True)], Verdict.NOT_PROVEN),
        ([(-0.05, 0.02, True), (0.001, 0.02, True)], Verdict.BREACH),
        ([(-0.05, 0.02, False)], Verdict.BREACH),
    ],
)
def test_a_difference_within_two_errors_proves_nothing(
    rows: list[tuple[float, float, bool]], verdict: Verdict
) -> None:
    assert difference_verdict(rows) is verdict


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
