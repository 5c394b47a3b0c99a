"""Path bootstrap and overlapping sums."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.maths.counter_random import random_index, random_unit
from plimsoll.maths.return_paths import overlapping_sums, simulate_horizon_returns

SHOCKS = np.array([0.5, -1.0, 0.25, 2.0])
VARIANCES = np.array([1.0, 2.0, 0.5, 3.0])
GARCH = np.array([0.01, 0.1, 0.05, 0.1, 0.8])


def test_one_step_paths_are_rescaled_shocks() -> None:
    paths = simulate_horizon_returns(SHOCKS, VARIANCES, 1.5, GARCH, 1, 500, 3, 0.0, np.inf)
    outcomes = 0.01 + SHOCKS * np.sqrt(1.5 / VARIANCES)
    assert np.all(np.min(np.abs(paths[:, None] - outcomes), axis=1) < 1e-14)
    assert all(np.any(np.abs(paths - x) < 1e-14) for x in outcomes)


def test_a_path_is_the_recursion_written_out() -> None:
    path = simulate_horizon_returns(SHOCKS, VARIANCES, 1.5, GARCH, 3, 1, 8, 0.5, 3.0)[0]
    mean, omega, alpha, gamma, beta = GARCH
    h, total = 1.5, 0.0
    for step in range(3):
        i = random_index(8, step, 4)
        e = SHOCKS[i] * np.clip(np.sqrt(h / VARIANCES[i]), 0.5, 3.0)
        total += mean + e
        h = omega + (alpha + gamma * (e < 0)) * e * e + beta * h
    assert path == pytest.approx(total, rel=1e-14)


def test_a_path_does_not_depend_on_how_many_there_are() -> None:
    args = (SHOCKS, VARIANCES, 1.5, GARCH, 5)
    few = simulate_horizon_returns(*args, 10, 3, 0.0, np.inf)
    many = simulate_horizon_returns(*args, 1000, 3, 0.0, np.inf)
    assert np.array_equal(few, many[:10])


def test_variance_of_paths_is_the_summed_forecast() -> None:
    """With unit-variance, zero-mean residuals the variances add up: 200,000 paths, 2 %."""
    rng = np.random.default_rng(0)
    shocks = rng.normal(size=2000)
    shocks = (shocks - shocks.mean()) / shocks.std()
    garch = np.array([0.0, 0.1, 0.1, 0.0, 0.8])
    paths = simulate_horizon_returns(shocks, np.ones(2000), 2.0, garch, 5, 200_000, 1, 0.0, np.inf)
    h, expected = 2.0, 0.0
    for _ in range(5):
        expected += h
        h = 0.1 + 0.9 * h
    assert np.var(paths) == pytest.approx(expected, rel=0.02)


def test_overlapping_sums() -> None:
    assert overlapping_sums(np.arange(5.0), 2).tolist() == [1.0, 3.0, 5.0, 7.0]
    assert overlapping_sums(np.arange(5.0), 5).tolist() == [10.0]


def test_random_numbers_are_uniform_and_repeatable() -> None:
    draws = np.array([random_unit(1, i) for i in range(20000)])
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    assert np.mean(draws) == pytest.approx(0.5, abs=5.0 / np.sqrt(12 * 20000))
    counts = np.histogram(draws, bins=20, range=(0.0, 1.0))[0]
    # Chi-square, 19 degrees of freedom: 43.8 is the 99.9 % point.
    assert np.sum((counts - 1000.0) ** 2 / 1000.0) < 43.8
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 5.0 / np.sqrt(20000)
    assert random_unit(1, 7) == draws[7]
    assert random_unit(2, 7) != draws[7]
