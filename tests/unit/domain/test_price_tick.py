"""Ticks by price level, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.price_tick import PriceTicks
from plimsoll.errors import ParameterError


def test_levels_belong_to_the_tick_above() -> None:
    ticks = PriceTicks((0.005, 0.1), (0.0001, 0.0005, 0.001))
    below = np.nextafter(0.005, 0.0)
    price = np.array([[0.0, below, 0.005], [0.0999, 0.1, np.inf]])
    expected = [[0.0001, 0.0001, 0.0005], [0.0005, 0.001, 0.001]]
    np.testing.assert_array_equal(ticks.at(price), expected)


def test_one_tick_and_missing_prices() -> None:
    found = PriceTicks((), (0.5,)).at([1.0, np.nan])
    assert found[0] == 0.5
    assert np.isnan(found[1])


@pytest.mark.parametrize(
    ("thresholds", "ticks"),
    [
        ((), ()),
        ((1.0,), (0.1,)),
        ((), (0.1, 0.2)),
        ((), (0.0,)),
        ((), (-0.1,)),
        ((), (float("nan"),)),
        ((), (float("inf"),)),
        ((2.0, 1.0), (0.1, 0.2, 0.3)),
        ((1.0, 1.0), (0.1, 0.2, 0.3)),
        ((0.0,), (0.1, 0.2)),
        ((float("nan"),), (0.1, 0.2)),
        ((float("inf"),), (0.1, 0.2)),
    ],
)
def test_refused(thresholds: tuple[float, ...], ticks: tuple[float, ...]) -> None:
    with pytest.raises(ParameterError):
        PriceTicks(thresholds, ticks)
