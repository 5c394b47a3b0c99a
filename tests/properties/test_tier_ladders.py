"""What every fitted ladder holds, whatever the market: cover, order, counts, units."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.calibration.tiers import (
    ClassCost,
    Requirement,
    TierGrid,
    at_once,
    cap_grid,
    fit_ladder,
    log_uniform,
    split_gain,
)

TOP = 2_000_000
SIZES = np.geomspace(1_000.0, TOP, 60)
GRID = TierGrid(caps_usd=cap_grid(5_000, TOP), rate_step=Decimal("0.001"))
OVER = log_uniform(1_000.0, TOP, 60)

risks = st.floats(0.002, 0.2)
turnovers = st.floats(1e6, 1e9)
volatilities = st.floats(0.005, 0.15)


def needed(risk: float, volatility: float, turnover: float, scale: float = 1.0) -> Requirement:
    cost = ClassCost(volatility_daily=volatility, turnover_usd=turnover * scale)
    return at_once(SIZES * scale, risk, cost, fee=0.001)


@given(risk=risks, volatility=volatilities, turnover=turnovers, tiers=st.integers(3, 7))
@settings(max_examples=25, deadline=None)
def test_a_ladder_covers_every_size_with_rising_rates_on_the_grid(
    risk: float, volatility: float, turnover: float, tiers: int
) -> None:
    requirement = needed(risk, volatility, turnover)
    fitted = fit_ladder(requirement, OVER, GRID, tiers=tiers, proven=False)
    dense = np.geomspace(1.0, TOP, 500)
    # 1e-9 relative: sums of floats. Held against the law itself, not its chords.
    law = dense * (
        risk + 0.001 + ClassCost(volatility_daily=volatility, turnover_usd=turnover)(dense)
    )
    assert np.all(fitted.ladder.maintenance_usd(dense) >= law * (1.0 - 1e-9))
    assert len(fitted.ladder.rates) <= tiers
    assert all(rate % GRID.rate_step == 0 for rate in fitted.ladder.rates)
    rises = [b - a for a, b in pairwise(fitted.ladder.rates)]
    assert all(0 < rise <= GRID.maximum_step for rise in rises)
    assert fitted.mean >= fitted.lower_bound
    np.testing.assert_allclose(fitted.ladder.mean(OVER), fitted.mean, rtol=1e-9)


@given(risk=risks, volatility=volatilities, turnover=turnovers)
@settings(max_examples=12, deadline=None)
def test_more_tiers_are_never_dearer_and_a_higher_target_never_cheaper(
    risk: float, volatility: float, turnover: float
) -> None:
    grid = TierGrid(caps_usd=cap_grid(20_000, TOP), rate_step=Decimal("0.002"))

    def mean(tiers: int, target: float) -> float:
        requirement = needed(target, volatility, turnover)
        return fit_ladder(requirement, OVER, grid, tiers=tiers, tolerance=0.0).mean

    means = [mean(tiers, risk) for tiers in (2, 3, 4)]
    assert all(b <= a * (1.0 + 1e-12) for a, b in pairwise(means))
    assert mean(3, risk * 1.2) >= means[1] * (1.0 - 1e-12)


@given(risk=risks, volatility=volatilities, turnover=turnovers)
@settings(max_examples=10, deadline=None)
def test_other_units_of_money_give_the_same_rates(
    risk: float, volatility: float, turnover: float
) -> None:
    """Powers of two are exact in floats: sizes, caps and turnover in another currency."""
    scale = 1024
    other = TierGrid(caps_usd=tuple(cap * scale for cap in GRID.caps_usd), rate_step=GRID.rate_step)
    here = fit_ladder(needed(risk, volatility, turnover), OVER, GRID, tiers=4, proven=False)
    there = fit_ladder(
        needed(risk, volatility, turnover, scale),
        log_uniform(1_000.0 * scale, TOP * scale, 60),
        other,
        tiers=4,
        proven=False,
    )
    assert here.ladder.rates == there.ladder.rates
    assert tuple(cap * scale for cap in here.ladder.caps_usd) == there.ladder.caps_usd


@given(risk=risks, volatility=volatilities, accounts=st.integers(1, 40), share=st.floats(0.01, 1.0))
@settings(max_examples=20, deadline=None)
def test_splitting_never_costs_more_and_aggregation_closes_it(
    risk: float, volatility: float, accounts: int, share: float
) -> None:
    fitted = fit_ladder(needed(risk, volatility, 1e7), OVER, GRID, tiers=4, proven=False)
    gain = split_gain(fitted.ladder, share * TOP, accounts)
    assert gain.gain >= -1e-12
    assert abs(gain.gain_aggregated) <= 1e-12
