"""Multipliers of classes on price risk: which numbers move, by how much, and from when."""

from __future__ import annotations

import math

import numpy as np
import pytest

from plimsoll.calibration.add_ons.level_multiplier import level_multiplier
from plimsoll.errors import ParameterError, UsageError

LEVEL = np.random.default_rng(1).random((4, 3, 2)) + 0.01
CLASSES = ("major", "thin", "young")


def test_each_market_takes_its_classes_multiplier_and_one_without_keeps_its() -> None:
    found = level_multiplier(LEVEL, CLASSES, {"major": 1.25, "thin": 2.0, "absent": 9.0})
    np.testing.assert_allclose(found, LEVEL * np.array([1.25, 2.0, 1.0])[None, :, None], rtol=1e-15)


@pytest.mark.parametrize(("row", "first"), [(-1, 3), (2, 2), (0, 0)])
def test_days_before_the_set_are_left_as_they_were(row: int, first: int) -> None:
    before = LEVEL.copy()
    found = level_multiplier(LEVEL, CLASSES, {"thin": 2.0}, from_row=row)
    np.testing.assert_array_equal(found[:first], LEVEL[:first])
    np.testing.assert_allclose(found[first:, 1], 2.0 * LEVEL[first:, 1])
    np.testing.assert_array_equal(LEVEL, before)


def test_a_market_without_a_number_stays_without() -> None:
    level = np.array([[math.nan, 0.1]])
    found = level_multiplier(level, ("thin", "thin"), {"thin": 2.0})
    np.testing.assert_allclose(found, [[math.nan, 0.2]])


@pytest.mark.parametrize("wrong", [0.99, math.inf, math.nan])
def test_no_multiplier_lowers_a_margin_or_is_no_number(wrong: float) -> None:
    with pytest.raises(ParameterError, match="at least 1"):
        level_multiplier(LEVEL, CLASSES, {"thin": wrong})


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(UsageError, match="one class a market"):
        level_multiplier(LEVEL, ("major",), {})
    with pytest.raises(UsageError, match="4 days"):
        level_multiplier(LEVEL, CLASSES, {}, from_row=4)
