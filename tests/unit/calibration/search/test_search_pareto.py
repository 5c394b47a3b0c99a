"""Non-dominated points and dominated volume, against the definitions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plimsoll.calibration.search.pareto import hypervolume, pareto_front
from plimsoll.errors import UsageError


def points(k: int) -> st.SearchStrategy[NDArray[np.float64]]:
    row = st.lists(st.integers(0, 6), min_size=k, max_size=k)
    return st.lists(row, min_size=1, max_size=14).map(lambda x: np.array(x, dtype=np.float64))


def counted_cells(x: NDArray[np.float64], corner: int) -> int:
    """Volume of whole points by counting unit cells."""
    cells = product(range(corner), repeat=x.shape[1])
    return sum(bool((x <= np.array(cell)).all(axis=1).any()) for cell in cells)


@settings(deadline=None, max_examples=80)
@given(st.integers(1, 4).flatmap(points))
def test_front_is_the_definition(x: NDArray[np.float64]) -> None:
    expected = {
        i
        for i in range(len(x))
        if not any((x[j] <= x[i]).all() and (x[j] < x[i]).any() for j in range(len(x)))
    }
    assert set(pareto_front(x).tolist()) == expected
    upward = pareto_front(-x, minimise=[False] * x.shape[1])
    assert set(upward.tolist()) == expected


@settings(deadline=None, max_examples=80)
@given(st.sampled_from([2, 3]).flatmap(points))
def test_volume_is_that_of_counted_cells(x: NDArray[np.float64]) -> None:
    corner = [5.0] * x.shape[1]
    assert hypervolume(x, corner) == counted_cells(x, 5)
    assert hypervolume(x[pareto_front(x)], corner) == hypervolume(x, corner)


def test_faults() -> None:
    with pytest.raises(UsageError, match="finite"):
        pareto_front([[np.nan, 1.0]])
    with pytest.raises(UsageError, match="every objective"):
        pareto_front([[1.0, 2.0]], minimise=[True])
    with pytest.raises(UsageError, match="two or three"):
        hypervolume([[1.0]], [2.0])
