"""Counterparty multiplier and outage-extended period: exact roots, closed forms, monotone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.calibration.add_ons.counterparty import (
    DEFAULT_PROBABILITY_ANNUAL,
    Counterparty,
    counterparty_margin,
    margin_of_excess,
    rated,
)
from plimsoll.calibration.add_ons.outage import (
    OutageRecord,
    common_outages,
    losses_over,
    mixture_quantile,
    outage_extended_level,
)
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError


@settings(max_examples=60)
@given(
    losses=st.lists(st.floats(-1, 1), min_size=1, max_size=40),
    share=st.floats(1e-4, 1.5),
)
def test_margin_of_excess_is_the_exact_root(losses: list[float], share: float) -> None:
    sample = np.sort(np.array(losses))
    bound = share * max(float(np.maximum(sample, 0).mean()), 1e-6)
    margin = margin_of_excess(sample, bound)
    excess = float(np.maximum(sample - margin, 0.0).mean())
    assert excess <= bound + 1e-12
    if margin > 1e-9:
        assert excess == pytest.approx(bound, abs=1e-12)


def test_exponential_losses_have_the_closed_form() -> None:
    # E[(L - M)+] = s exp(-M / s), so that M = s log(s severity / budget).
    losses = -0.02 * np.log(1.0 - (np.arange(200_000) + 0.5) / 200_000)
    party = Counterparty(default_probability_annual=0.01, loss_given_default=0.5, stress=10)
    found = counterparty_margin(losses, party, base_margin=0.05, budget=1e-6)
    assert found.margin == pytest.approx(0.02 * math.log(0.02 * 0.05 / 1e-6), rel=1e-3)
    assert found.expected_loss == pytest.approx(1e-6, rel=1e-9)
    assert found.confidence == pytest.approx(1.0 - 1e-6 / (0.02 * 0.05), abs=1e-5)


def test_worse_grades_and_tighter_budgets_ask_more_and_nobody_less_than_the_base() -> None:
    losses = np.random.default_rng(0).standard_t(4, 20_000) * 0.02
    base = float(np.quantile(losses, 0.99))

    def multiplier(grade: str | None, budget: float) -> float:
        return counterparty_margin(losses, rated(grade), base_margin=base, budget=budget).multiplier

    by_grade = [multiplier(g, 2e-6) for g in DEFAULT_PROBABILITY_ANNUAL]
    assert by_grade[0] == 1.0
    assert by_grade == sorted(by_grade)
    assert by_grade[-1] > 1.0
    assert multiplier(None, 2e-6) == by_grade[-1]
    assert multiplier("B", 1e-6) >= multiplier("B", 1e-5)
    safe = Counterparty(default_probability_annual=0.0)
    assert counterparty_margin(losses, safe, base_margin=base, budget=1e-9).multiplier == 1.0
    with pytest.raises(ParameterError, match="one of AAA"):
        rated("D")
    with pytest.raises(InsufficientDataError):
        counterparty_margin(losses[:9], safe, base_margin=base, budget=1e-9)


def test_outages_are_holes_that_running_series_have_together() -> None:
    price = np.ones((3, 40))
    price[:, 10:13] = np.nan  # common
    price[0, 20:25] = np.nan  # one market's own
    price[2, :5] = np.nan  # not listed yet
    price[1, 30:] = np.nan  # delisted
    price[[0, 2], 33] = np.nan
    assert common_outages(price, interval_hours=1.0) == (3.0, 1.0)


def test_mixture_quantile_is_the_root_of_the_mixed_tail() -> None:
    record = OutageRecord(hours=(16.0,), watched_hours=8760.0, stress=3.0)
    grid = -np.log(1.0 - (np.arange(40_000) + 0.5) / 40_000)
    found = outage_extended_level(0.01 * grid, [0.03 * grid], record, horizon_hours=8.0)
    p = record.probability(8.0)
    x = found.level
    # Exponential tails: (1 - p) exp(-x / .01) + p exp(-x / .03) = .01
    assert (1 - p) * math.exp(-x / 0.01) + p * math.exp(-x / 0.03) == pytest.approx(0.01, rel=2e-3)
    assert found.without == pytest.approx(0.01 * math.log(100), rel=1e-3)
    assert found.ratio > 1.0


def test_level_rises_with_stress_and_number_of_outages() -> None:
    walk = np.cumsum(np.random.default_rng(2).normal(0, 0.005, 20_000))
    short, long = (losses_over(walk, bars, 0) for bars in (8, 32))

    def level(count: int, stress: float) -> float:
        record = OutageRecord(hours=(24.0,) * count, watched_hours=20_000.0, stress=stress)
        return outage_extended_level(short, [long] * count, record, horizon_hours=8.0).level

    levels = [level(0, 1), level(2, 1), level(6, 1), level(6, 10)]
    assert levels == sorted(levels)
    assert levels[-1] > levels[0]
    assert level(0, 1) == mixture_quantile(short, np.full(short.size, 1 / short.size), 0.99)


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(ParameterError):
        OutageRecord(hours=(0.0,), watched_hours=10.0)
    record = OutageRecord(hours=(2.0,), watched_hours=100.0)
    with pytest.raises(UsageError):
        outage_extended_level(np.ones(9), [], record, horizon_hours=1)
    with pytest.raises(InsufficientDataError):
        outage_extended_level(np.ones(9), [np.array([np.nan])], record, horizon_hours=1)
    assert OutageRecord(hours=(), watched_hours=1.0).probability(5.0) == 0.0
