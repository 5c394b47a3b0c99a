"""Scenario grids against mpmath cell by cell, and against numpy with scipy's normal law.

Tolerance 3e-15 of the larger of shocked forward and strike: ln(F'/K) is a sum of two rounded
logarithms here, and at sigma sqrt(tau) of 5 that alone is about 1e-15.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from scipy.special import ndtr

from plimsoll.maths.black76_grid import ScenarioShocks, flat_grid_prices, surface_grid_prices

BOUND = 3e-15
OPTIONS, SCENARIOS = 40, 25
SMILES = np.array(
    [
        [0.004, 0.03, -0.35, 0.01, 0.12],
        [0.020, 0.08, -0.25, 0.03, 0.20],
        [0.060, 0.12, -0.10, 0.05, 0.35],
    ]
)


def options(seed, count=OPTIONS):
    rng = np.random.default_rng(seed)
    forward = rng.choice([3_000.0, 95_000.0], count)
    tau = 10.0 ** rng.uniform(-3.0, 0.3, count)
    sigma = 10.0 ** rng.uniform(-1.0, 0.5, count)
    strike = forward * np.exp(rng.normal(size=count) * sigma * np.sqrt(tau) * 2.0)
    return forward, strike, tau, sigma, rng.random(count) < 0.5


def shocks(seed, groups, scenarios=SCENARIOS):
    rng = np.random.default_rng(seed)
    return ScenarioShocks(
        forward_returns=np.expm1(rng.normal(size=(groups, scenarios)) * 0.2),
        vol_scale=np.exp(rng.normal(size=(groups, scenarios)) * 0.3),
        vol_shift=rng.normal(size=(groups, scenarios)) * 0.1,
    )


def exact_cell(forward, strike, deviation, is_call):
    side = 1 if is_call else -1
    if deviation <= 0:
        return max(side * (forward - strike), mp.mpf(0))
    d1 = mp.log(forward / strike) / deviation + deviation / 2
    cdf_1, cdf_2 = mp.ncdf(side * d1), mp.ncdf(side * (d1 - deviation))
    return side * (forward * cdf_1 - strike * cdf_2)


def exact_variance(smile, k):
    a, b, rho, m, sigma = (mp.mpf(float(x)) for x in smile)
    return a + b * (rho * (k - m) + mp.sqrt((k - m) ** 2 + sigma**2))


def assert_cells_are_exact(found, columns, shock, group, inverse, volatility_of):
    forward, strike, tau, is_call = columns
    with mp.workdps(40):
        for i, j in np.ndindex(found.shape):
            g = group[i]
            move = mp.mpf(float(shock.forward_returns[g, j]))
            scale, shift = (mp.mpf(float(x[g, j])) for x in (shock.vol_scale, shock.vol_shift))
            f, k, t = (mp.mpf(float(x[i])) for x in (forward, strike, tau))
            shocked = f * (1 + move)
            sigma = max(volatility_of(i, mp.log(k / f), mp.log1p(move)) * scale + shift, 0)
            exact = exact_cell(shocked, k, sigma * mp.sqrt(t), is_call[i])
            got = mp.mpf(float(found[i, j])) * (shocked if inverse else 1)
            assert abs(got - exact) <= BOUND * max(shocked, k), (i, j)


@pytest.mark.parametrize("payoff", ["linear", "inverse"])
def test_flat_grid_cell_by_cell(payoff):
    forward, strike, tau, sigma, is_call = columns = options(41)
    group = np.arange(OPTIONS) % 3
    shock = shocks(42, 3)
    found = flat_grid_prices(*columns, shocks=shock, group=group, payoff=payoff)
    assert found.shape == (OPTIONS, SCENARIOS)
    assert np.any(sigma[:, None] * shock.vol_scale[group] + shock.vol_shift[group] < 0.0)
    assert_cells_are_exact(
        found,
        (forward, strike, tau, is_call),
        shock,
        group,
        payoff == "inverse",
        lambda i, *_: mp.mpf(float(sigma[i])),
    )


@pytest.mark.parametrize("payoff", ["linear", "inverse"])
@pytest.mark.parametrize("dynamics", ["sticky_moneyness", "sticky_strike"])
def test_surface_grid_cell_by_cell(dynamics, payoff):
    forward, strike, _, _, is_call = options(43)
    smile_of = np.arange(OPTIONS) % len(SMILES)
    tau = np.array([0.02, 0.1, 0.3])[smile_of]
    shock = shocks(44, 1)
    found = surface_grid_prices(
        forward,
        strike,
        tau,
        is_call,
        smiles=SMILES,
        smile_of=smile_of,
        shocks=shock,
        dynamics=dynamics,
        payoff=payoff,
    )

    def volatility_of(i, k, move):
        at = k - move if dynamics == "sticky_moneyness" else k
        return mp.sqrt(exact_variance(SMILES[smile_of[i]], at) / mp.mpf(float(tau[i])))

    columns = (forward, strike, tau, is_call)
    group = np.zeros(OPTIONS, dtype=int)
    assert_cells_are_exact(found, columns, shock, group, payoff == "inverse", volatility_of)


def test_a_large_grid_by_threads_agrees_with_scipy():
    forward, strike, tau, sigma, is_call = columns = options(45, 300)
    shock = shocks(46, 1, 1000)
    found = flat_grid_prices(*columns, shocks=shock)
    shocked = forward[:, None] * (1.0 + shock.forward_returns)
    volatility = np.maximum(sigma[:, None] * shock.vol_scale + shock.vol_shift, 1e-12)
    deviation = volatility * np.sqrt(tau)[:, None]
    side = np.where(is_call, 1.0, -1.0)[:, None]
    d1 = np.log(shocked / strike[:, None]) / deviation + 0.5 * deviation
    peer = side * (shocked * ndtr(side * d1) - strike[:, None] * ndtr(side * (d1 - deviation)))
    # scipy's two terms cancel in the money; the bound is that of F N(d1) - K N(d2).
    assert np.all(np.abs(found - peer) <= 1e-14 * np.maximum(shocked, strike[:, None]))
