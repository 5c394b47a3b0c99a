"""Tiers cover the cost of every size, lie on the grid, and keep the venue's links."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import initial_rate_of, leverage_down, rate_up
from plimsoll.calibration.tier_fit import SizeCost, fit_tier, fit_tiers
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import ParameterError

CAPS = tuple(Decimal(x) for x in (10_000, 100_000, 1_000_000, 10_000_000))
COST = SizeCost(cost=0.001, fee=0.002, impact=1.0, volatility_daily=0.05, adv_usd=1e8)
STRUCTURE = Structure()

risks = st.floats(0.001, 0.3)


@given(price_risk=risks, reaction=risks, impact=st.floats(0.0, 3.0), share=st.floats(0.001, 1.0))
def test_maintenance_covers_the_requirement_of_every_size(
    price_risk: float, reaction: float, impact: float, share: float
) -> None:
    """The chords of a convex cost lie above it; checked against the cost itself, not the chords."""
    cost = SizeCost(cost=0.001, fee=0.002, impact=impact, volatility_daily=0.05, adv_usd=1e8)
    fitted = fit_tiers(price_risk, reaction, cost, CAPS, STRUCTURE)
    if any(f.maintenance_bound for f in fitted):
        return
    notional = share * float(CAPS[-1])
    held, lower = 0.0, 0.0
    for f in fitted:
        upper = float(f.tier.cap_usd or 0)
        held += float(f.tier.maintenance_rate) * max(0.0, min(notional, upper) - lower)
        lower = upper
    # 1e-9 relative: the sums are of floats; rounding up only adds.
    assert held >= cost.requirement(price_risk, notional) * (1.0 - 1e-9)


@given(price_risk=risks, reaction=risks)
def test_tiers_are_monotone_on_the_grid_and_linked(price_risk: float, reaction: float) -> None:
    fitted = fit_tiers(price_risk, reaction, COST, CAPS, STRUCTURE)
    tiers = [f.tier for f in fitted]
    TierTable(tuple(tiers))  # refuses falling rates and initial under maintenance
    assert all(t.maintenance_rate % STRUCTURE.maintenance_rate_step == 0 for t in tiers)
    assert all(t.max_leverage in STRUCTURE.leverage_grid for t in tiers)
    for f in fitted:
        if not f.initial_bound:
            link = STRUCTURE.maintenance_initial_link
            assert f.tier.maintenance_rate <= link * f.tier.initial_rate
            needed = float(f.tier.maintenance_rate) + reaction
            assert float(f.tier.initial_rate) >= needed - 1e-9
    assert all(a.max_leverage >= b.max_leverage for a, b in pairwise(tiers))


def test_the_arithmetic_of_one_tier() -> None:
    # MM: 4.61 % up to the grid of 0.05 % is 4.65 %. IM: 4.65 % + 2 % = 6.65 %, but MM / 0.5 is
    # 9.3 %, so 1 / 9.3 % = 10.75, on the leverage grid 10, so IM is 10 %.
    fitted = fit_tier(0.0461, 0.02, Decimal(1_000), STRUCTURE)
    assert fitted.tier.maintenance_rate == Decimal("0.0465")
    assert fitted.tier.max_leverage == 10
    assert fitted.tier.initial_rate == Decimal("0.1")
    assert fitted.link_binds
    # With 6 % for the user's reaction: 10.65 % > 9.3 %, leverage 8, IM 12.5 %.
    fitted = fit_tier(0.0461, 0.06, Decimal(1_000), STRUCTURE)
    assert (fitted.tier.max_leverage, fitted.tier.initial_rate) == (8, Decimal("0.125"))
    assert not fitted.link_binds


def test_a_bound_that_binds_is_said() -> None:
    fitted = fit_tier(1.2, 0.1, None, STRUCTURE)
    assert fitted.maintenance_bound
    assert fitted.initial_bound
    assert fitted.tier.maintenance_rate == fitted.tier.initial_rate == 1
    fitted = fit_tier(0.6, 0.1, None, STRUCTURE)  # MM / link would be 120 %
    assert not fitted.maintenance_bound
    assert fitted.initial_bound


def test_a_cut_initial_rate_takes_the_leverage_that_matches_it() -> None:
    """A link of a half asks IM 30 %, the bound is 25 %: four times, not three."""
    tight = replace(STRUCTURE, maximum_rate=Decimal("0.25"))
    fitted = fit_tier(0.15, 0.0, None, tight)
    assert fitted.initial_bound
    assert fitted.tier.initial_rate == Decimal("0.25")
    assert fitted.tier.max_leverage == 4


@given(rate=st.floats(0.0, 2.0), step=st.sampled_from(["0.0001", "0.0005", "0.001", "0.0025"]))
def test_rates_round_up_by_less_than_a_step(rate: float, step: str) -> None:
    rounded = rate_up(rate, Decimal(step))
    assert rounded % Decimal(step) == 0
    assert -1e-12 <= float(rounded) - rate < float(step) + 1e-12


def test_rounding_does_not_add_a_step_for_binary_dust() -> None:
    assert rate_up(0.1 + 0.2, Decimal("0.1")) == Decimal("0.3")
    with pytest.raises(ParameterError, match="finite"):
        rate_up(float("nan"), Decimal("0.1"))


@given(rate=st.decimals("0.001", "1", places=6))
def test_leverage_is_the_largest_that_covers(rate: Decimal) -> None:
    grid = STRUCTURE.leverage_grid
    leverage = leverage_down(rate, grid)
    # A published rate is 1 / leverage rounded up to a millionth, and covers as such.
    assert initial_rate_of(leverage) >= rate
    assert all(1 / other < rate for other in grid if other > leverage)
    assert 0 <= initial_rate_of(leverage) - 1 / leverage < Decimal("1e-6")
    assert leverage_down(initial_rate_of(leverage), grid) == leverage
