"""Square-root law, unwind, regression and decay against closed forms and the add-on's kernel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize_scalar

from plimsoll.maths.account_losses import AccountPositions
from plimsoll.maths.impact_decay import fit_decay
from plimsoll.maths.impact_laws import optimal_unwind, square_root_impact
from plimsoll.maths.impact_regression import hac_regression, newey_west_lags
from plimsoll.maths.liquidation_costs import LiquidityTerms, liquidation_costs

MARKET = {"volume": 1e8, "volatility": 0.05, "half_spread": 2e-4, "impact": 0.142}
RULE = {"quantile": 2.326, "covered_days": 1.0 / 24.0, "participation": 0.1}


def _cost(days: float, size: float) -> float:
    """c(h) as the methodology writes it."""
    risk = 2.326 * 0.05 * math.sqrt(days / 3.0)
    return risk + 2e-4 + 0.142 * 0.05 * (size / (1e8 * days)) ** 0.6


def test_square_root_law_doubles_for_four_times_the_size() -> None:
    impact = square_root_impact([1e6, 4e6], volume=1e8, volatility=0.04, impact=0.7)
    np.testing.assert_allclose(impact, [0.7 * 0.04 * 0.1, 0.7 * 0.04 * 0.2], rtol=1e-15)


def test_the_horizon_is_the_minimum_of_the_charge() -> None:
    free = {**RULE, "covered_days": 1e-9, "participation": 1e9}
    for size in (1e6, 1e8):
        unwind = optimal_unwind(size, **MARKET, **free)
        best = minimize_scalar(
            lambda h, s=size: _cost(h, s),
            bounds=(1e-9, 100.0),
            method="bounded",
            options={"xatol": 1e-12},
        )
        assert float(unwind.rate) == pytest.approx(best.fun, rel=1e-9)
        assert float(unwind.rate) == pytest.approx(
            _cost(float(unwind.horizon_days), size), rel=1e-12
        )


def test_the_horizon_keeps_its_bounds() -> None:
    sizes = np.array([0.0, 1e3, 1e7, 1e9])
    unwind = optimal_unwind(sizes, **MARKET, **RULE)
    assert unwind.horizon_days[0] == RULE["covered_days"]
    assert np.all(unwind.horizon_days >= sizes / 1e8 / 0.1)
    assert unwind.horizon_days[3] == pytest.approx(100.0)
    assert unwind.add_on[0] == pytest.approx(2e-4, rel=1e-12)
    assert np.all(np.diff(unwind.add_on) > 0.0)


@pytest.mark.parametrize("size", [1e4, 1e6, 3e7, 1e9])
def test_the_add_on_charges_the_same(size: float) -> None:
    terms = LiquidityTerms(
        *(np.array([v]) for v in (1.0, 2e-4, 0.05, 0.142, 0.0, 1e8, 0.1, 1.0 / 24.0, 2.326))
    )
    held = AccountPositions(offsets=np.array([0, 1]), row=np.array([0]), quantity=np.array([size]))
    cost, unknown = liquidation_costs(held, terms, unwind=True)
    assert unknown.size == 0
    unwind = optimal_unwind(size, **MARKET, **RULE)
    assert cost[0] == pytest.approx(size * float(unwind.add_on), rel=1e-12)


UNKNOWN = float("nan")


@pytest.mark.parametrize("size", [1e-3, 1e6, 1e9])
@pytest.mark.parametrize("volatility", [0.0, UNKNOWN, 0.05])
@pytest.mark.parametrize("volume", [0.0, UNKNOWN, 1e8])
@pytest.mark.parametrize("impact", [0.0, 0.142])
def test_the_add_on_and_the_law_agree_where_nothing_moves_or_trades(
    size: float, volatility: float, volume: float, impact: float
) -> None:
    """The kernel lists what it does not know; the law gives NaN there, and an equal number else."""
    values = (1.0, 2e-4, volatility, impact, 0.0, volume, 0.1, 1.0 / 24.0, 2.326)
    terms = LiquidityTerms(*(np.array([v]) for v in values))
    held = AccountPositions(offsets=np.array([0, 1]), row=np.array([0]), quantity=np.array([size]))
    cost, unknown = liquidation_costs(held, terms, unwind=True)
    market = {"volume": volume, "volatility": volatility, "half_spread": 2e-4, "impact": impact}
    unwind = optimal_unwind(size, **market, **RULE)
    known = volatility >= 0.0 and volume > 0.0
    assert bool(unknown.size) is not known
    for found in (unwind.rate, unwind.add_on):
        assert bool(np.isfinite(found)) is known
    if known:
        assert size * float(unwind.add_on) == pytest.approx(cost[0], rel=1e-14)


def test_without_price_risk_the_spread_is_the_price() -> None:
    still = {**MARKET, "volatility": 0.0}
    unwind = optimal_unwind([0.0, 1e3, 1e9], **still, **RULE)
    np.testing.assert_allclose(unwind.horizon_days, [1.0 / 24.0, 1.0 / 24.0, 100.0], rtol=1e-14)
    np.testing.assert_array_equal(unwind.rate, [2e-4] * 3)
    np.testing.assert_array_equal(unwind.add_on, [2e-4] * 3)


def test_without_turnover_an_unwind_never_ends() -> None:
    dead = {**MARKET, "volume": [0.0, 0.0, 1e8]}
    unwind = optimal_unwind([0.0, 1e6, 1e6], **dead, **RULE)
    assert unwind.horizon_days[0] == RULE["covered_days"]
    assert unwind.horizon_days[1] == np.inf
    assert np.isnan(unwind.rate[1])
    assert np.isnan(unwind.add_on[1])
    assert unwind.add_on[0] == 2e-4
    assert 2e-4 < unwind.add_on[2] < 0.1


def test_the_regression_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal(300)
    y = 2.0 + 0.5 * x + np.convolve(rng.standard_normal(302), [1.0, 0.6, 0.3], "valid") * (1 + x**2)
    for intercept, lags in ((True, None), (False, 0), (True, 7)):
        ours = hac_regression(x, y, intercept=intercept, lags=lags)
        design = sm.add_constant(x) if intercept else x[:, None]
        used = newey_west_lags(300) if lags is None else lags
        peer = sm.OLS(y, design).fit(
            cov_type="HAC", cov_kwds={"maxlags": used, "use_correction": False}
        )
        # Same formulas in another order of sums.
        assert ours.slope == pytest.approx(peer.params[-1], rel=1e-12)
        assert ours.slope_se == pytest.approx(peer.bse[-1], rel=1e-11)
        assert ours.r_squared == pytest.approx(peer.rsquared, rel=1e-11)


def test_a_pure_decay_is_found_exactly() -> None:
    lags = np.arange(0.5, 10.0, 0.5)
    for half_life in (0.3, 2.0, 8.0):
        decay = fit_decay(lags, 4.0 * 0.5 ** (lags / half_life))
        # The search stops at 1e-10 of the logarithm; the minimum is flat to the root of rounding.
        assert decay.half_life == pytest.approx(half_life, rel=1e-6)
        assert decay.start == pytest.approx(4.0, rel=1e-6)
        assert decay.r_squared == pytest.approx(1.0, abs=1e-12)
