"""Products of small matrices by rows of paths, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.maths.path_combination import add_weighted, combine_lower, whole_tiles


@pytest.mark.parametrize("count", [1, 3, 4, 5, 21])
@pytest.mark.parametrize("lanes", [1, 7, 128])
def test_lower_triangle_times_rows(count: int, lanes: int) -> None:
    """Rounding of ``count`` terms of size 1: below 1e-13."""
    rng = np.random.default_rng(count)
    size = whole_tiles(count)
    assert size % 4 == 0
    assert 0 <= size - count < 4
    lower, rows, out = np.zeros((size, size)), np.zeros((size, lanes)), np.full((size, lanes), 9.0)
    lower[:count, :count] = np.tril(rng.normal(size=(count, count)))
    rows[:count] = rng.normal(size=(count, lanes))
    combine_lower(lower, rows, out)
    np.testing.assert_allclose(out, lower @ rows, rtol=0, atol=1e-13)


@pytest.mark.parametrize("lanes", [1, 7, 128])
def test_weighted_rows(lanes: int) -> None:
    """Rows without weight are not read: a NaN there stays out."""
    rng = np.random.default_rng(5)
    weights, rows = rng.normal(size=11), rng.normal(size=(11, lanes))
    weights[[2, 9]], before = 0.0, rng.normal(size=lanes)
    expected = before + weights @ rows
    rows[[2, 9]] = np.nan
    out = before.copy()
    add_weighted(weights, rows, out)
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-13)


def test_bits_of_a_path_do_not_depend_on_how_many_there_are() -> None:
    rng = np.random.default_rng(6)
    lower, rows = np.tril(rng.normal(size=(8, 8))), rng.normal(size=(8, 128))
    whole, part = np.empty((8, 128)), np.empty((8, 3))
    combine_lower(lower, rows, whole)
    combine_lower(lower, np.ascontiguousarray(rows[:, 40:43]), part)
    np.testing.assert_array_equal(part, whole[:, 40:43])
