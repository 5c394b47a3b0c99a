"""Sums over stretches against plain Python loops, to the bit, small and by all threads."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from plimsoll.maths import stretch_sums
from plimsoll.maths.grouped_losses import CellPositions
from plimsoll.maths.stretch_sums import GROSS, LONG, SHORT, SIGNED, SOLD

ROWS, GROUPS, CLASSES = 40, 6, 3


def held(seed: int) -> CellPositions:
    """Cells of a few segments of a few positions, some of them empty."""
    rng = np.random.default_rng(seed)
    segments, cells = 120, 50
    sizes = rng.integers(0, 5, segments)
    starts = np.sort(rng.integers(0, segments + 1, cells - 1))
    return CellPositions(
        rng.integers(0, ROWS, sizes.sum()),
        rng.normal(size=sizes.sum()),
        np.concatenate([[0], np.cumsum(sizes)]),
        rng.integers(0, GROUPS, segments),
        np.concatenate([[0], starts, [segments]]),
    )


def counted(quantity: float, each: float, how: int) -> float:
    product = quantity * each
    return {
        SIGNED: product,
        GROSS: abs(quantity) * each,
        LONG: max(product, 0.0),
        SHORT: max(-product, 0.0),
        SOLD: max(-quantity, 0.0) * each,
    }[how]


def from_left(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


@pytest.fixture(params=["one thread", "all threads"], autouse=True)
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "all threads":
        monkeypatch.setattr(stretch_sums, "PARALLEL_POSITIONS", 0)


@pytest.mark.parametrize("how", [SIGNED, GROSS, LONG, SHORT, SOLD])
def test_products_are_added_from_the_left(how: int) -> None:
    cells, column = held(1), np.random.default_rng(2).normal(size=ROWS)
    found = stretch_sums.product_sums(cells.segment_offsets, cells.row, cells.quantity, column, how)
    products = [
        counted(q, float(column[r]), how)
        for q, r in zip(cells.quantity.tolist(), cells.row.tolist(), strict=True)
    ]
    ends = cells.segment_offsets.tolist()
    expected = [from_left(products[a:b]) for a, b in pairwise(ends)]
    assert found.tolist() == expected
    assert stretch_sums.stretch_sums(np.array(products), cells.segment_offsets).tolist() == expected


def test_a_column_that_is_no_number_stays_so() -> None:
    """It is never counted as nothing."""
    where, row = np.array([0, 1]), np.array([0])
    for how, quantity in ((LONG, 1.0), (SHORT, 1.0), (SOLD, -1.0), (SIGNED, 0.0)):
        found = stretch_sums.product_sums(where, row, np.array([quantity]), np.array([np.nan]), how)
        assert math.isnan(found[0]), how


def test_classes_of_rows_part_a_cell() -> None:
    cells, rng = held(3), np.random.default_rng(4)
    column, of_row = rng.normal(size=ROWS), rng.integers(-1, CLASSES + 1, ROWS)
    offsets = cells.segment_offsets[cells.cell_offsets]
    found = stretch_sums.class_sums(offsets, cells.row, cells.quantity, column, of_row, CLASSES)
    for one in range(CLASSES):
        alone = stretch_sums.product_sums(
            offsets, cells.row, cells.quantity, np.where(of_row == one, column, 0.0)
        )
        assert found[:, one].tolist() == alone.tolist()


def test_sides_of_groups_are_added_by_cell() -> None:
    cells, rng = held(5), np.random.default_rng(6)
    column, weight = rng.normal(size=ROWS), rng.exponential(size=GROUPS)
    of_group = rng.integers(0, CLASSES, GROUPS)
    sums = stretch_sums.product_sums(cells.segment_offsets, cells.row, cells.quantity, column)
    found = stretch_sums.group_sums(cells, column, weight)
    long, short = stretch_sums.side_sums(cells, column, of_group, CLASSES)
    ends = cells.cell_offsets.tolist()
    for cell, (first, last) in enumerate(pairwise(ends)):
        mine = sums[first:last].tolist()
        groups = cells.segment_group[first:last].tolist()
        heavy = weight[groups].tolist()
        assert found.long[cell] == from_left([max(x, 0.0) for x in mine])
        assert found.short[cell] == from_left([max(-x, 0.0) for x in mine])
        pairs = list(zip(mine, heavy, strict=True))
        assert found.long_weighted[cell] == from_left([max(x, 0.0) * w for x, w in pairs])
        assert found.short_weighted[cell] == from_left([max(-x, 0.0) * w for x, w in pairs])
        for one in range(CLASSES):
            of_one = [x for x, g in zip(mine, groups, strict=True) if of_group[g] == one]
            assert long[cell, one] == from_left([max(x, 0.0) for x in of_one])
            assert short[cell, one] == from_left([max(-x, 0.0) for x in of_one])


def test_what_is_held_twice_stands_at_its_first_place() -> None:
    offsets, row = np.array([0, 3, 3, 5]), np.array([1, 0, 1, 1, 0])
    quantity = np.array([2.0, 1.0, -5.0, 7.0, 1.0])
    found = stretch_sums.net_of_rows(offsets, row, quantity)
    assert found.tolist() == [-3.0, 1.0, 0.0, 7.0, 1.0]
    assert quantity.tolist() == [2.0, 1.0, -5.0, 7.0, 1.0]
    apart = np.array([0, 1, 2, 3, 5])
    assert stretch_sums.net_of_rows(apart, row, quantity) is quantity
