"""The order of positions within units, against numpy's stable sort by two keys."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.maths.unit_order import order_within_units


@pytest.mark.parametrize("largest", [1, 3, 200])
def test_equals_a_stable_sort_by_unit_and_key(largest: int) -> None:
    """Units of up to 200 rows take both ways of sorting."""
    rng = np.random.default_rng(largest)
    unit = np.repeat(np.arange(50), rng.integers(0, largest + 1, size=50))
    rng.shuffle(unit)
    key = rng.integers(0, 7, size=unit.size)
    expected = np.lexsort((np.arange(unit.size), key, unit))
    assert order_within_units(unit, key, 50).tolist() == expected.tolist()


def test_nothing_has_no_order() -> None:
    none = np.empty(0, dtype=np.int64)
    assert order_within_units(none, none, 0).size == 0
