"""The layout of holdings against a sort of tuples in Python."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from plimsoll.maths.cell_layout import LEFT_OUT, cell_layout


@pytest.mark.parametrize("count", [0, 1, 40, 900])
def test_against_a_sort_of_tuples(count: int) -> None:
    rng = np.random.default_rng(count)
    units, group = 6, rng.integers(0, 8, 20)
    risk_unit = rng.integers(0, 3, 8)
    unit, row = rng.integers(0, units, count), rng.integers(LEFT_OUT, 20, count)
    quantity = rng.normal(size=count)
    held = sorted(
        (int(unit[e]), int(risk_unit[group[row[e]]]), int(group[row[e]]), e)
        for e in range(count)
        if row[e] != LEFT_OUT
    )
    segments = [list(g) for _, g in groupby(held, key=lambda h: h[:3])]
    cells = [list(g) for _, g in groupby(segments, key=lambda s: s[0][:2])]
    laid = cell_layout(unit, row, quantity, group, risk_unit, units)
    order = [e for *_, e in held]
    expected = (
        row[order],
        quantity[order],
        np.cumsum([0, *(len(s) for s in segments)]),
        [s[0][2] for s in segments],
        np.cumsum([0, *(len(c) for c in cells)]),
        order,
        [c[0][0][0] for c in cells],
        [c[0][0][1] for c in cells],
    )
    for found, wanted in zip(laid, expected, strict=True):
        assert found.tolist() == np.asarray(wanted).tolist()


def test_left_out_holdings_only() -> None:
    none = np.full(3, LEFT_OUT)
    laid = cell_layout(
        np.zeros(3, np.int64), none, np.ones(3), np.zeros(1, np.int64), none[:1] + 1, 1
    )
    assert [column.tolist() for column in laid] == [[], [], [0], [], [0], [], [], []]
