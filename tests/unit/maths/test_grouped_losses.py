"""Grouped losses against the formulas of the module, one number at a time in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.maths import grouped_losses
from plimsoll.maths.grouped_losses import (
    CellPositions,
    GroupRules,
    cell_profits,
    neutral_rules,
    unit_losses_of,
    worst_of_cells,
)


def treated(moved: float, now: float, group: int, scenario: int, rules: GroupRules) -> float:
    """One group's profit under one scenario, by the lines of the module's text."""
    shocked = now + moved
    factor = rules.long_factor[group] if shocked >= 0.0 else rules.short_factor[group]
    r = moved if factor == 1.0 else factor * shocked - now
    if rules.worse_side[scenario]:
        r = -abs(r)
    if r > 0.0:
        r = min(r * rules.gain_share[group], rules.gain_cap[group])
    r = rules.fraction[scenario] * r
    if rules.dampener[scenario] > 0.0:
        r = np.sign(r) * max(abs(r) - rules.dampener[scenario], 0.0)
    return float(r)


def by_hand(
    cells: CellPositions, profit: np.ndarray, value: np.ndarray, rules: GroupRules
) -> np.ndarray:
    out = np.zeros((cells.cell_offsets.size - 1, profit.shape[1]))
    for c, s in np.ndindex(*out.shape):
        for g in range(cells.cell_offsets[c], cells.cell_offsets[c + 1]):
            moved = now = 0.0
            for p in range(cells.segment_offsets[g], cells.segment_offsets[g + 1]):
                moved += cells.quantity[p] * profit[cells.row[p], s]
                now += cells.quantity[p] * value[cells.row[p]]
            out[c, s] += treated(moved, now, int(cells.segment_group[g]), s, rules)
    return out


def random_cells(rng: np.random.Generator, groups: int, rows: int, cells: int) -> CellPositions:
    segments = rng.integers(0, 6, cells)
    sizes = rng.choice([1, 1, 1, 2, 3, 4, 5, 9], int(segments.sum()))
    count = int(sizes.sum())
    return CellPositions(
        rng.integers(0, rows, count),
        rng.normal(size=count),
        np.cumsum([0, *sizes], dtype=np.int64),
        rng.integers(0, groups, sizes.size),
        np.cumsum([0, *segments], dtype=np.int64),
    )


def random_rules(rng: np.random.Generator, groups: int, scenarios: int) -> GroupRules:
    """Each rule is neutral in every second draw, and for every second group or scenario."""

    def some(neutral: float, other: np.ndarray) -> np.ndarray:
        used = (rng.random(other.size) < 0.5) & (rng.random() < 0.5)
        return np.where(used, other, neutral)

    return GroupRules(
        some(1.0, rng.uniform(0.5, 1.0, groups)),
        some(1.0, rng.uniform(1.0, 1.5, groups)),
        some(1.0, rng.uniform(0.0, 1.0, groups)),
        some(np.inf, rng.uniform(0.0, 2.0, groups)),
        some(0.0, np.ones(scenarios)) > 0.0,
        some(1.0, rng.uniform(0.0, 1.0, scenarios)),
        some(0.0, rng.uniform(0.0, 1.0, scenarios)),
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 5, 8, 33]))
def test_cells_are_the_formula_to_the_bit(seed: int, scenarios: int) -> None:
    rng = np.random.default_rng(seed)
    groups, rows = int(rng.integers(1, 5)), int(rng.integers(1, 20))
    cells = random_cells(rng, groups, rows, 4)
    rules = random_rules(rng, groups, scenarios)
    profit, value = rng.normal(size=(rows, scenarios)), rng.normal(size=rows)
    expected = by_hand(cells, profit, value, rules)
    out = np.full(expected.shape, np.nan)
    cell_profits(cells, profit, value, rules, out)
    assert np.array_equal(out, expected)
    loss, binding = np.empty(4), np.empty(4, dtype=np.int64)
    worst_of_cells(cells, profit, value, rules, loss, binding)
    assert np.array_equal(loss, -expected.min(axis=1))
    assert np.array_equal(binding, expected.argmin(axis=1))


@pytest.mark.parametrize("light", [True, False])
def test_threads_give_the_same_bits(light: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    cells = random_cells(rng, 6, 100, 6_000)
    profit, value = rng.normal(size=(100, 33)), rng.normal(size=100)
    rules = neutral_rules(6, 33) if light else random_rules(rng, 6, 33)
    found = []
    for threshold in (0, 10**12):
        monkeypatch.setattr(grouped_losses, "_PARALLEL_PRODUCTS", threshold)
        loss, binding, out = np.empty(6_000), np.empty(6_000, dtype=np.int64), np.empty((6_000, 33))
        worst_of_cells(cells, profit, value, rules, loss, binding)
        cell_profits(cells, profit, value, rules, out)
        found.append((loss, binding, out))
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))


def test_units_add_what_is_lost_in_their_cells() -> None:
    rng = np.random.default_rng(4)
    loss, sizes = rng.normal(size=50), rng.multinomial(50, np.ones(20) / 20)
    offsets = np.cumsum([0, *sizes], dtype=np.int64)
    expected = np.bincount(np.repeat(np.arange(20), sizes), np.maximum(loss, 0.0), 20)
    assert np.array_equal(unit_losses_of(loss, offsets), expected)


def test_no_cells_are_nothing() -> None:
    empty = np.zeros(1, dtype=np.int64)
    none = np.empty(0, dtype=np.int64)
    cells = CellPositions(none, np.empty(0), empty, none, empty)
    out = np.empty((0, 2))
    cell_profits(cells, np.ones((1, 2)), np.ones(1), neutral_rules(1, 2), out)
    worst_of_cells(cells, np.ones((1, 2)), np.ones(1), neutral_rules(1, 2), np.empty(0), none)
    assert out.size == 0
