"""Counts of breaches that may be looked at after every horizon: exact, by recursion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.calibration.listing.review import act_at, checkpoints, reviews
from plimsoll.domain.market import DAY_NS
from plimsoll.errors import ParameterError


def chance_of_ever_acting(horizons: int, rate: float, target: float) -> float:
    """Chance that the count reaches its bound at some horizon, by the law of the count."""
    law, stopped = np.array([1.0]), 0.0
    for n in range(1, horizons + 1):
        law = np.convolve(law, [1.0 - rate, rate])
        bound = act_at(n, target)
        stopped += float(law[bound:].sum())
        law = law[:bound]
    return stopped


@pytest.mark.parametrize("target", [0.01, 0.05])
def test_a_right_forecast_is_stopped_in_one_of_twenty_at_most(target: float) -> None:
    assert 0.005 < chance_of_ever_acting(2_000, target, target) <= 0.05


def test_a_forecast_that_breaks_thrice_as_often_is_found() -> None:
    assert chance_of_ever_acting(720, 0.03, 0.01) > 0.9


def test_single_look_is_the_binomial_bound() -> None:
    for one in checkpoints(20, 2, 0.01):
        assert stats.binom.sf(one.one_look - 1, one.horizons, 0.01) <= 0.01
        assert stats.binom.sf(one.one_look - 2, one.horizons, 0.01) > 0.01
        assert one.expected == pytest.approx(0.01 * one.horizons)
    assert [one.days for one in checkpoints(20, 2, 0.01)] == [1, 3, 7, 14, 20]


def test_reviews_come_as_the_history_doubles_until_youth_ends() -> None:
    found = reviews(0, 20.0, 90.0)
    assert [one.at_ns // DAY_NS for one in found] == [20, 60, 70]
    assert [round(one.age_days) for one in found] == [40, 80, 90]
    assert "calibrate" in found[-1].reason
    assert reviews(0, 1.5, 90.0)[0].at_ns == 2 * DAY_NS


def test_no_horizon_has_no_bound() -> None:
    with pytest.raises(ParameterError, match="horizons"):
        act_at(0, 0.01)
