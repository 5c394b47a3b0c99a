"""The panel: boundaries, ages, listings, and what a boundary had seen."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.market import HOUR_NS, NEVER_MASKED
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.reference.panel import returns_panel
from synthetic_panel import START_NS, closes, day, history_of, panel_of


def test_boundaries_stand_at_midnight_or_every_few_hours() -> None:
    close = closes(5, 2)
    daily = panel_of(close)
    assert daily.time_ns.tolist() == [day(d) for d in range(1, 6)]
    assert daily.boundaries.bars.tolist() == [24, 48, 72, 96, 120]
    thrice = panel_of(close, every_hours=8)
    assert np.all(np.diff(thrice.time_ns) == 8 * HOUR_NS)
    assert thrice.boundaries_per_day == 3
    # The last bar opens at 23:00 and is known at the last midnight.
    assert thrice.time_ns[-1] == day(5)


def test_a_market_is_listed_from_its_first_print() -> None:
    close = closes(6, 2)
    close[: 24 * 2 + 5, 1] = np.nan
    panel = panel_of(close)
    assert panel.listed[:, 1].tolist() == [False, False, True, True, True, True]
    assert panel.age_days[-1].tolist() == [6.0, 4.0]


def test_a_boundary_that_trusted_a_bar_sees_it() -> None:
    close = closes(6, 2)
    mask = np.full(close.shape, NEVER_MASKED, dtype=np.int64)
    spike = 3 * 24 - 1  # known at midnight of day 3, condemned two hours later
    mask[spike, 0] = START_NS + (spike + 3) * HOUR_NS
    panel = returns_panel(history_of(close, mask))
    assert panel.replayed().tolist() == [2]
    assert np.isnan(panel.price[0, spike])
    seen = panel.as_known(2)
    assert seen.price.shape == (2, 72)
    assert seen.price[0, spike] == np.log(close[spike, 0])
    assert seen.replayed().size == 0
    before = history_of(close, mask).before(day(3))
    assert np.array_equal(seen.price.T, np.log(before.usable_close()))


def test_wrong_use_is_told() -> None:
    close = closes(3, 2)
    with pytest.raises(ParameterError, match="divide 24"):
        panel_of(close, every_hours=7)
    with pytest.raises(UsageError):
        returns_panel(history_of(close), markets=["nobody"])
    with pytest.raises(InsufficientDataError):
        returns_panel(history_of(close), markets=[])
    with pytest.raises(InsufficientDataError):
        panel_of(close[:20])
    with pytest.raises(ParameterError, match="multiple"):
        panel_of(close).bars_of(0)
