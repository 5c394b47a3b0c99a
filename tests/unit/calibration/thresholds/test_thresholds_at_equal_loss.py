"""Two venues at equal margin and equal fund loss."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.calibration.thresholds.equal_loss import (
    HIGHEST_MULTIPLE,
    lowest_level_within,
    multiple_at_equal_margin,
    share_at_loss,
)
from plimsoll.errors import ParameterError, UsageError


def test_multiple_solves_the_equation_that_it_states() -> None:
    draw = np.random.default_rng(3)
    floor, each, wished, weight = (draw.random(500) * top for top in (0.02, 0.1, 0.2, 1.0))
    found = multiple_at_equal_margin(floor, each, wished, weight, 0.18)
    paid = np.maximum(wished, np.minimum(1.0, floor + found * each))
    assert float(np.average(paid, weights=weight)) == pytest.approx(0.18, rel=1e-9)


def test_a_margin_out_of_reach_gives_the_nearest_multiple() -> None:
    one = np.ones(4)
    assert multiple_at_equal_margin(0.2 * one, 0.1 * one, 0.0 * one, one, 0.1) == 0.0
    assert multiple_at_equal_margin(0.0 * one, 0.01 * one, 0.0 * one, one, 0.9) == HIGHEST_MULTIPLE


def test_lower_limits_never_choose_lower_levels() -> None:
    losses = [1.0, 1.4, 1.2, 2.0, 3.0]
    chosen = [lowest_level_within(losses, limit) for limit in (0.5, 1.0, 1.3, 1.5, 2.5, 9.0)]
    assert chosen == [0, 0, 2, 2, 3, 4]


def test_share_is_linear_between_levels_and_the_worse_of_equals() -> None:
    assert share_at_loss([3.0, 1.0], [0.5, 0.7], 1.5) == pytest.approx(0.65)
    assert share_at_loss([1.0, 1.0, 2.0], [0.6, 0.7, 0.5], 1.0) == 0.7
    assert share_at_loss([1.0, 2.0], [0.7, 0.5], 0.1) == 0.7


def test_wrong_use_of_equal_loss_is_refused_by_name() -> None:
    nothing = np.zeros(2)
    with pytest.raises(ParameterError, match="weight"):
        multiple_at_equal_margin(nothing, nothing, nothing, nothing, 0.1)
    with pytest.raises(UsageError, match="losses"):
        lowest_level_within([], 1.0)
    with pytest.raises(UsageError, match="shares"):
        share_at_loss([1.0], [], 1.0)
