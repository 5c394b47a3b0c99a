"""Owners in scenarios, fees by volatility and settings that are stated."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from plimsoll.calibration.parts.fund_replay import StatedPopulation, _carried
from plimsoll.calibration.parts.fund_scenarios import _worst_seen, initial_rate_at
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.validation.replay.accounts import TYPICAL


def _tier(cap: str, rate: str) -> Tier:
    return Tier(
        cap_usd=Decimal(cap), maintenance_rate=Decimal(rate) / 2, initial_rate=Decimal(rate),
        max_leverage=1 / Decimal(rate),
    )  # fmt: skip


def test_the_initial_rate_is_that_of_the_sizes_tier() -> None:
    tiers = TierTable((_tier("1000", "0.1"), _tier("5000", "0.2")))
    assert [initial_rate_at(tiers, size) for size in (1.0, 1000.0, 1000.1, 1e9)] == [
        0.1, 0.1, 0.2, 0.2,
    ]  # fmt: skip


def test_a_markets_own_open_interest_stands_before_its_class() -> None:
    stated = StatedPopulation(law=TYPICAL, open_interest_usd={"large": 1e8, "AUSDT": 3e9})
    assert stated.interest("AUSDT", "large") == 3e9
    assert stated.interest("BUSDT", "large") == 1e8


def test_days_without_a_rate_keep_the_last_and_never_a_later_one() -> None:
    values = np.array([[np.nan, 1.0], [0.2, np.nan], [np.nan, 3.0]])
    assert _carried(values, 1.0).tolist() == [[1.0, 1.0], [0.2, 1.0], [0.2, 3.0]]


def test_the_worst_day_of_a_class_is_any_of_its_markets() -> None:
    moves = np.array([[-0.1, 0.3, 0.0], [0.05, -0.2, 0.1]])
    found = _worst_seen(moves, ("x", "x", "y"))
    assert found["x"] == pytest.approx((-0.2, 0.3))
    assert found["y"] == pytest.approx((0.0, 0.1))
