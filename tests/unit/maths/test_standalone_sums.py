"""Sums of positions' own margins against a plain loop, to the bit."""

from __future__ import annotations

import numpy as np

from plimsoll.maths.standalone_sums import standalone_sums


def test_against_a_loop() -> None:
    rng = np.random.default_rng(4)
    counts = rng.integers(0, 6, 50)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    row = rng.integers(0, 9, offsets[-1])
    quantity = np.round(rng.normal(size=row.size), 1)  # some are zero
    long, short, out = rng.random((9, 2)), rng.random((9, 2)), np.full((50, 2), np.nan)
    standalone_sums(offsets, row, quantity, long, short, out)
    for u in range(50):
        expected = np.zeros(2)
        for p in range(offsets[u], offsets[u + 1]):
            side = long if quantity[p] >= 0.0 else short
            expected = expected + abs(quantity[p]) * side[row[p]]
        np.testing.assert_array_equal(out[u], expected)


def test_by_hand() -> None:
    """Two long at 3 and one short at 5: 11; what is nothing asks nothing."""
    offsets, row = np.array([0, 2, 2], dtype=np.int64), np.array([0, 1], dtype=np.int64)
    long, short = np.array([[3.0, 2.0], [9.0, 9.0]]), np.array([[7.0, 7.0], [5.0, 4.0]])
    out = np.empty((2, 2))
    standalone_sums(offsets, row, np.array([2.0, -1.0]), long, short, out)
    assert out.tolist() == [[11.0, 8.0], [0.0, 0.0]]
