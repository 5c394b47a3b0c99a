"""Potential exposure over correlated paths: closed forms, the plain engine, and collateral by hand.

Tolerances of simulated figures are four standard errors.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.exposure import CoinDynamics, NettingSet, Trade
from plimsoll.maths.exposure_paths import CollateralTerms, ExposurePaths, exposure_paths
from plimsoll.maths.path_exposure import SetPaths, set_paths, set_paths_parallel
from plimsoll.maths.recursions import garch_variance_path
from plimsoll.scenarios.exposure_paths import (
    AssetDynamics,
    CollateralRule,
    NettingPositions,
    _netted,
    annual_variance,
    simulated_sets,
)
from plimsoll.scenarios.exposure_paths_measures import exposure_measures
from plimsoll.scenarios.joint_history import VarianceRecursion

STEPS, PATHS = 20, 40_000
CORRELATION = np.array([[1.0, 0.8, 0.5], [0.8, 1.0, 0.4], [0.5, 0.4, 1.0]])
SPOT = np.array([100.0, 50.0, 20.0])
GARCH = VarianceRecursion(omega=4e-10, alpha=0.1, beta=0.86)


def dynamics(size: float = 1e-3, **fields) -> AssetDynamics:
    given = {
        "subjects": ("A", "B", "C"),
        "spot": SPOT,
        "variance": size * np.array([1.0, 2.0, 0.5]),
        "correlation": CORRELATION,
    }
    return AssetDynamics(**{**given, **fields})


def single(variance: float, **fields) -> AssetDynamics:
    return AssetDynamics(
        subjects=("A",),
        spot=np.array([100.0]),
        variance=np.array([variance]),
        correlation=np.eye(1),
        **fields,
    )


def at_market(quantity: np.ndarray, spot: np.ndarray) -> NettingPositions:
    rows = np.atleast_2d(quantity).astype(np.float64)
    return NettingPositions(
        names=tuple(f"set {k}" for k in range(len(rows))), quantity=rows, cash=-rows @ spot
    )


def test_one_asset_has_the_exposure_of_a_lognormal() -> None:
    """EE = S (2 N(s/2) - 1) and PFE = S (exp(s z - s^2/2) - 1), s^2 the variance so far."""
    found = simulated_sets(
        single(1e-3),
        at_market(np.array([1.0]), np.array([100.0])),
        steps=STEPS,
        paths=PATHS,
        seed=1,
    )
    measured = exposure_measures(np.maximum(found.value, 0.0), confidences=(0.95, 0.99))
    s = np.sqrt(1e-3 * np.arange(STEPS + 1))
    expected = 100.0 * (2.0 * stats.norm.cdf(0.5 * s) - 1.0)
    assert np.all(np.abs(measured.expected[0] - expected) <= 4 * measured.expected_error[0])
    for row, level in enumerate((0.95, 0.99)):
        z = stats.norm.ppf(level)
        price = 100.0 * np.exp(s[1:] * z - 0.5 * s[1:] ** 2)
        # Standard error of an order statistic: sqrt(p (1 - p) / n) over the density.
        error = math.sqrt(level * (1 - level) / PATHS) / stats.norm.pdf(z) * s[1:] * price
        assert np.all(np.abs(measured.potential[0, row, 1:] - (price - 100.0)) < 4 * error)
    assert measured.expected_positive[0] == pytest.approx(
        np.trapezoid(measured.expected[0]) / STEPS, rel=1e-12
    )


def test_a_set_of_small_moves_is_a_sum_of_correlated_normals() -> None:
    """Moves of 1e-5: the exponential's bend is 1e-5 of them. EE = s / sqrt(2 pi), PFE = s z."""
    model = dynamics(1e-10)
    quantity = np.array([[3.0, -5.0, 10.0], [-1.0, 0.0, 2.0]])
    found = simulated_sets(model, at_market(quantity, SPOT), steps=STEPS, paths=PATHS, seed=2)
    measured = exposure_measures(np.maximum(found.value, 0.0), confidences=(0.99,))
    devs = SPOT * np.sqrt(model.variance)
    covariance = CORRELATION * np.outer(devs, devs)
    for k, q in enumerate(quantity):
        s = np.sqrt(q @ covariance @ q * np.arange(1, STEPS + 1))
        error = 4 * measured.expected_error[k, 1:] + 1e-4 * s
        assert np.all(np.abs(measured.expected[k, 1:] - s / math.sqrt(2 * math.pi)) < error)
        spread = 4 * math.sqrt(0.99 * 0.01 / PATHS) / stats.norm.pdf(2.3263) * s
        assert np.all(np.abs(measured.potential[k, 0, 1:] - 2.3263478740 * s) < spread + 1e-4 * s)


def test_forwards_are_those_of_the_plain_engine_path_by_path() -> None:
    """Same random numbers, another kernel: Brownian motion by volatility and time."""
    vol, hours = np.array([0.6, 0.9, 0.5]), 24.0
    quantity = np.array([2.0, -3.0, 5.0])
    model = dynamics(variance=annual_variance(vol, hours))
    rule = CollateralRule(threshold=10.0, minimum_transfer=2.0, margin_period_steps=3, initial=1.0)
    found = simulated_sets(
        model, at_market(quantity, SPOT), steps=STEPS, paths=500, seed=9, collateral=rule
    )
    coins = CoinDynamics(coins=("A", "B", "C"), spot=SPOT, vol_annual=vol, correlation=CORRELATION)
    trades = NettingSet(
        trades=tuple(
            Trade(kind="forward", coin=c, quantity=float(q), strike=float(s))
            for c, q, s in zip("ABC", quantity, SPOT, strict=True)
        )
    )
    out = ExposurePaths(np.empty((STEPS + 1, 500)), np.empty((STEPS + 1, 500)))
    terms = CollateralTerms(10.0, math.inf, 2.0, 3, 1.0, np.zeros(3))
    times = np.arange(STEPS + 1) / 365.0
    exposure_paths(times, 9, coins.paths(), trades.columns(("A", "B", "C")), terms, out)
    np.testing.assert_allclose(found.value[0], out.value, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.exposure[0], out.exposure, rtol=0, atol=1e-10)


@pytest.mark.parametrize("lag", [0, 1, 4])
def test_collateral_is_the_rule_path_by_path(lag: int) -> None:
    rule = CollateralRule(
        threshold=2.0, minimum_transfer=1.5, margin_period_steps=lag, initial=0.5, own_threshold=3.0
    )
    positions = at_market(np.array([1.0, -1.0, 2.0]), SPOT)
    found = simulated_sets(dynamics(), positions, steps=STEPS, paths=130, seed=1, collateral=rule)
    value, held = found.value[0], np.zeros((STEPS + 1, 130))
    for t in range(STEPS + 1):
        before = held[t - 1] if t else np.zeros(130)
        wanted = np.maximum(value[t] - 2.0, 0.0) - np.maximum(-value[t] - 3.0, 0.0)
        held[t] = np.where(np.abs(wanted - before) >= 1.5, wanted, before)
        exposed = np.maximum(value[t] - held[max(t - lag, 0)] - 0.5, 0.0)
        np.testing.assert_array_equal(found.exposure[0, t], exposed)


def test_a_step_of_t_innovations_is_a_t_of_unit_variance_common_to_all() -> None:
    """KS of one step; without correlation the assets' squares still move together."""
    nu, size = 5.0, 1e-8
    model = dynamics(variance=np.full(3, size), correlation=np.eye(3), degrees_of_freedom=nu)
    each = at_market(np.diag(1.0 / SPOT), SPOT)
    moves = simulated_sets(model, each, steps=1, paths=PATHS, seed=3).value[:, 1] / 1e-4
    for row in moves:
        assert stats.kstest(row / math.sqrt((nu - 2) / nu), "t", (nu,)).pvalue > 1e-4
    ranks = stats.spearmanr(np.abs(moves.T))[0]
    assert abs(stats.spearmanr(moves.T)[0][0, 1]) < 4 / math.sqrt(PATHS)
    assert ranks[0, 1] > 10 / math.sqrt(PATHS)


@pytest.mark.parametrize("nu", [math.inf, 8.0])
def test_the_variance_of_garch_paths_is_the_sum_of_forecasts(nu: float) -> None:
    """Variances of 1e-8, so that the drift of -v/2 is nothing; log of the price, 40,000 paths."""
    model = single(1e-8, recursions=(GARCH,), degrees_of_freedom=nu)
    position = at_market(np.array([0.01]), np.array([100.0]))
    value = simulated_sets(model, position, steps=STEPS, paths=PATHS, seed=4).value[0]
    squares = np.log1p(value) ** 2
    path = np.cumsum(garch_variance_path(1e-8, GARCH.omega, GARCH.persistence, STEPS))
    error = squares[1:].std(axis=1) / math.sqrt(PATHS)
    assert np.all(np.abs(squares[1:].mean(axis=1) - path) < 4 * error)
    assert np.all(error < 0.03 * path)


def test_prices_grow_as_told() -> None:
    growth = np.array([0.0, 0.001, -0.002])
    model = dynamics(growth=growth)
    prices = simulated_sets(
        model,
        NettingPositions(names=("A", "B", "C"), quantity=np.eye(3), cash=np.zeros(3)),
        steps=STEPS,
        paths=PATHS,
        seed=5,
    ).value[:, -1]
    wanted = SPOT * np.exp(STEPS * growth)
    error = prices.std(axis=1) / math.sqrt(PATHS)
    assert np.all(np.abs(prices.mean(axis=1) - wanted) < 4 * error)


def test_threads_and_the_number_of_paths_do_not_matter() -> None:
    model = dynamics(recursions=(GARCH,) * 3, degrees_of_freedom=6.0)
    positions = at_market(np.array([[1.0, -1.0, 2.0], [0.0, 1.0, 0.0]]), SPOT)
    found = []
    for kernel, paths in ((set_paths, 333), (set_paths_parallel, 333), (set_paths, 70)):
        out = SetPaths(np.empty((2, 11, paths)), np.empty((2, 11, paths)))
        kernel(8, model.columns(8), _netted(positions, CollateralRule()), out)
        found.append(out)
    np.testing.assert_array_equal(found[0].value, found[1].value)
    np.testing.assert_array_equal(found[0].exposure, found[1].exposure)
    np.testing.assert_array_equal(found[0].value[:, :, :70], found[2].value)


def test_no_rule_is_no_collateral_and_perfect_correlation_is_no_fault() -> None:
    model = dynamics(variance=np.full(3, 1e-3), correlation=np.ones((3, 3)))
    hedged = at_market(np.array([1.0, -2.0, 0.0]), SPOT)
    found = simulated_sets(model, hedged, steps=5, paths=100, seed=1)
    np.testing.assert_allclose(found.value, 0.0, atol=1e-9)
    bare = simulated_sets(
        model, at_market(np.array([1.0, 0.0, 0.0]), SPOT), steps=5, paths=100, seed=1
    )
    np.testing.assert_array_equal(bare.exposure, np.maximum(bare.value, 0.0))


def test_what_cannot_be_simulated_is_refused() -> None:
    positions = at_market(np.array([1.0, -1.0, 2.0]), SPOT)
    for fields in (
        {"spot": np.array([100.0, 0.0, 1.0])},
        {"variance": np.array([1.0, -1.0, 1.0])},
        {"degrees_of_freedom": 2.0},
        {"recursions": (GARCH,)},
        {"growth": np.array([np.nan, 0.0, 0.0])},
        {"subjects": ("A", "A", "B")},
    ):
        with pytest.raises(ParameterError):
            dynamics(**fields)
    wrong = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    for matrix in (wrong, np.eye(2), np.triu(CORRELATION)):
        with pytest.raises(ParameterError):
            simulated_sets(dynamics(correlation=matrix), positions, steps=1, paths=2, seed=1)
    for fields in ({"threshold": -1.0}, {"initial": math.inf}, {"own_threshold": -1.0}):
        with pytest.raises(ParameterError):
            CollateralRule(**fields)
    with pytest.raises(UsageError):
        simulated_sets(single(1e-3), positions, steps=1, paths=2, seed=1)
    with pytest.raises(ParameterError):
        simulated_sets(dynamics(), positions, steps=0, paths=2, seed=1)
    with pytest.raises(UsageError):
        replace(positions, cash=np.array([np.nan]))
    with pytest.raises(ParameterError):
        exposure_measures(np.zeros((1, 2, 1)))
    with pytest.raises(ParameterError):
        exposure_measures(np.zeros((1, 2, 5)), confidences=(1.0,))
