"""Scenario grids at their borders: groups, dynamics, limits, refusals, threads."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.maths.black76 import price
from plimsoll.maths.black76_grid import (
    PARALLEL_CELLS,
    ScenarioShocks,
    flat_grid_prices,
    surface_grid_prices,
)

FLAT_SMILE = np.array([[0.09, 0.0, 0.0, 0.0, 0.1]])
SKEWED = np.array([[0.02, 0.1, -0.4, 0.05, 0.2]])


def test_without_a_shock_a_row_is_the_price():
    strike = np.linspace(60.0, 150.0, 11)
    still = ScenarioShocks(forward_returns=np.zeros(3))
    found = flat_grid_prices(100.0, strike, 0.3, 0.7, True, shocks=still)
    expected = price(100.0, strike, 0.3, 0.7, True)
    np.testing.assert_allclose(found, np.tile(expected, (3, 1)).T, rtol=0.0, atol=1e-13)


def test_each_option_moves_with_its_group():
    shocks = ScenarioShocks(forward_returns=[[0.1, -0.1], [0.5, -0.5]], vol_shift=[[0.0], [0.2]])
    found = flat_grid_prices(100.0, 100.0, [1.0, 1.0], 0.5, True, shocks=shocks, group=[1, 0])
    expected = [price([150.0, 50.0], 100.0, 1.0, 0.7, True), price([110, 90], 100, 1.0, 0.5, True)]
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-13)


def test_volatility_is_scaled_then_shifted_and_never_below_zero():
    shocks = ScenarioShocks(
        forward_returns=[0.0, 0.0, 0.0, 0.0],
        vol_scale=[1.5, 1.0, 2.0, 1.0],
        vol_shift=[0, 0.1, -0.3, -0.9],
    )
    found = flat_grid_prices(110.0, 100.0, [0.5], 0.4, True, shocks=shocks)
    expected = price(110.0, 100.0, 0.5, [0.6, 0.5, 0.5, 0.0], True)
    np.testing.assert_allclose(found[0], expected, rtol=0.0, atol=1e-13)
    assert found[0, 3] == 10.0


def test_options_that_expire_today_are_worth_their_intrinsic_value():
    shocks = ScenarioShocks(forward_returns=[-0.5, 0.0, 0.25], vol_scale=2.0, vol_shift=0.1)
    flat = flat_grid_prices(100.0, [90.0, 100.0], 0.0, 0.5, True, shocks=shocks)
    np.testing.assert_array_equal(flat, [[0.0, 10.0, 35.0], [0.0, 0.0, 25.0]])
    looked_up = surface_grid_prices(
        100.0, [90.0, 100.0], 0.0, True, smiles=SKEWED, smile_of=0, shocks=shocks
    )
    np.testing.assert_array_equal(looked_up, flat)
    coin = flat_grid_prices(100.0, [90.0], 0.0, 0.5, True, shocks=shocks, payoff="inverse")
    np.testing.assert_allclose(coin, [[0.0, 0.1, 35.0 / 125.0]], rtol=1e-15)


@pytest.mark.parametrize("dynamics", ["sticky_moneyness", "sticky_strike"])
def test_a_flat_smile_is_flat_volatility_under_any_dynamics(dynamics):
    strike = np.linspace(70.0, 140.0, 8)
    shocks = ScenarioShocks(forward_returns=[-0.3, 0.0, 0.4], vol_scale=[1.3, 1.0, 0.8])
    found = surface_grid_prices(
        100.0, strike, 0.25, False, smiles=FLAT_SMILE, smile_of=0, shocks=shocks, dynamics=dynamics
    )
    expected = flat_grid_prices(100.0, strike, 0.25, 0.6, False, shocks=shocks)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-13)


def test_sticky_moneyness_is_homogeneous_and_sticky_strike_is_not():
    # Where the smile travels, forward and strike up by a tenth make the price up by a tenth.
    strike = np.array([80.0, 100.0, 125.0])
    up = ScenarioShocks(forward_returns=[0.1])
    still = ScenarioShocks(forward_returns=[0.0])

    def row(at, shocks, dynamics):
        return surface_grid_prices(
            100.0, at, 0.2, True, smiles=SKEWED, smile_of=0, shocks=shocks, dynamics=dynamics
        )[:, 0]

    now = row(strike, still, "sticky_moneyness")
    np.testing.assert_allclose(row(1.1 * strike, up, "sticky_moneyness"), 1.1 * now, rtol=1e-13)
    assert np.all(np.abs(row(1.1 * strike, up, "sticky_strike") / now - 1.1) > 1e-3)


def test_each_option_is_looked_up_on_its_own_smile():
    smiles = np.array([[0.09, 0, 0, 0, 0.1], [0.16, 0, 0, 0, 0.1]])
    shocks = ScenarioShocks(forward_returns=[0.0, 0.2])
    found = surface_grid_prices(
        100.0, 100.0, [1.0, 1.0], True, smiles=smiles, smile_of=[1, 0], shocks=shocks
    )
    expected = [price([100.0, 120.0], 100.0, 1.0, sigma, True) for sigma in (0.4, 0.3)]
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("payoff", ["linear", "inverse"])
def test_threads_change_no_bit(payoff):
    rng = np.random.default_rng(9)
    count, scenarios = 350, PARALLEL_CELLS // 300
    strike, tau = rng.uniform(50, 200, count), rng.uniform(0.01, 1, count)
    sigma, is_call = rng.uniform(0.2, 1, count), rng.random(count) < 0.5
    shocks = ScenarioShocks(forward_returns=rng.normal(size=scenarios) * 0.1)
    parts = [slice(0, 175), slice(175, 350)]
    flat = flat_grid_prices(100.0, strike, tau, sigma, is_call, shocks=shocks, payoff=payoff)
    for part in parts:
        options = (100.0, strike[part], tau[part], sigma[part], is_call[part])
        half = flat_grid_prices(*options, shocks=shocks, payoff=payoff)
        np.testing.assert_array_equal(flat[part], half)
    surface = {"smiles": SKEWED, "smile_of": 0, "shocks": shocks, "payoff": payoff}
    whole = surface_grid_prices(100.0, strike, tau, is_call, **surface)
    for part in parts:
        half = surface_grid_prices(100.0, strike[part], tau[part], is_call[part], **surface)
        np.testing.assert_array_equal(whole[part], half)


def test_prices_are_written_where_asked():
    out = np.empty((2, 3))
    shocks = ScenarioShocks(forward_returns=np.zeros(3))
    found = flat_grid_prices(100.0, [90.0, 110.0], 0.5, 0.5, True, shocks=shocks, out=out)
    assert found is out
    for wrong in (np.empty((3, 2)), np.empty((2, 3), dtype=np.float32), np.empty((3, 2)).T):
        with pytest.raises(UsageError, match="contiguous"):
            flat_grid_prices(100.0, [90.0, 110.0], 0.5, 0.5, True, shocks=shocks, out=wrong)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"forward_returns": [0.0, -1.0]}, "forward_returns"),
        ({"forward_returns": [0.0, np.nan]}, "forward_returns"),
        ({"forward_returns": [0.0, 0.1], "vol_scale": [1.0, -0.1]}, "vol_scale"),
        ({"forward_returns": [0.0, 0.1], "vol_shift": [0.0, np.inf]}, "vol_shift"),
    ],
)
def test_impossible_shocks_are_refused_with_their_scenario(fields, field):
    with pytest.raises(UsageError, match="scenario 1") as caught:
        ScenarioShocks(**fields)
    assert caught.value.field == field


def test_shocks_of_odd_shape_are_refused():
    for shape in ((), (1, 2, 3)):
        with pytest.raises(UsageError, match="must broadcast to"):
            ScenarioShocks(forward_returns=np.zeros(shape))
    with pytest.raises(UsageError, match="must broadcast to"):
        ScenarioShocks(forward_returns=np.zeros(3), vol_scale=np.ones(2))


def test_wrong_options_groups_and_smiles_are_refused():
    two = ScenarioShocks(forward_returns=np.zeros((2, 3)))
    one = ScenarioShocks(forward_returns=np.zeros(3))
    with pytest.raises(UsageError, match="group: must be given"):
        flat_grid_prices(100.0, [90.0], 0.5, 0.5, True, shocks=two)
    with pytest.raises(UsageError, match=r"group: must be in 0 .. 1.*row 1"):
        flat_grid_prices(100.0, [90.0, 95.0], 0.5, 0.5, True, shocks=two, group=[0, 2])
    with pytest.raises(UsageError, match="group: must be 2 integers"):
        flat_grid_prices(100.0, [90.0, 95.0], 0.5, 0.5, True, shocks=two, group=[0.0, 1.0])
    with pytest.raises(UsageError, match=r"sigma: must be.*row 1"):
        flat_grid_prices(100.0, [90.0, 95.0], 0.5, [0.5, -0.5], True, shocks=one)
    with pytest.raises(UsageError, match="payoff: must be linear or inverse"):
        flat_grid_prices(100.0, [90.0], 0.5, 0.5, True, shocks=one, payoff="quanto")
    surface = {"smile_of": 0, "shocks": one}
    with pytest.raises(UsageError, match="smiles: must be"):
        surface_grid_prices(100.0, [90.0], 0.5, True, smiles=[0.1, 0.1], **surface)
    with pytest.raises(UsageError, match=r"smiles: must be finite.*row 0"):
        surface_grid_prices(100.0, [90.0], 0.5, True, smiles=SKEWED * np.nan, **surface)
    with pytest.raises(UsageError, match="dynamics: must be one of"):
        surface_grid_prices(
            100.0, [90.0], 0.5, True, smiles=SKEWED, dynamics="sticky_delta", **surface
        )
    with pytest.raises(UsageError, match="smile_of"):
        surface_grid_prices(100.0, [90.0], 0.5, True, smiles=SKEWED, smile_of=1, shocks=one)
