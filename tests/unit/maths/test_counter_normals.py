"""Normals from a counter: their law, their independence, and what a number depends on."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from plimsoll.maths.counter_normals import normal_pairs, turn


def draws(count: int, seed: int, counter: int = 0) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.empty(count), np.empty(count)
    normal_pairs(seed, counter, 1, first, second)
    return first, second


def test_sine_and_cosine() -> None:
    """Against the C library; absolute error below 3e-16, at quarter turns too."""
    at = np.concatenate([np.linspace(0.0, 1.0, 4001)[:-1], np.arange(8) / 8])
    found = np.array([turn(v) for v in at])
    exact = np.array([(math.cos(2 * math.pi * v), math.sin(2 * math.pi * v)) for v in at])
    # 2 pi v itself is rounded in the peer: by 4.5e-16 near a whole turn.
    np.testing.assert_allclose(found, exact, rtol=0, atol=8e-16)
    assert turn(0.0) == (1.0, 0.0)
    assert turn(0.5)[0] == -1.0
    np.testing.assert_allclose(found[:, 0] ** 2 + found[:, 1] ** 2, 1.0, rtol=0, atol=1e-15)


def test_the_law_is_normal_and_pairs_are_independent() -> None:
    """200,000 draws: Kolmogorov; fourth moment, s.e. sqrt(96 / n); correlations, s.e. n^-1/2."""
    first, second = draws(100_000, seed=3)
    both = np.concatenate([first, second])
    assert stats.kstest(both, "norm").pvalue > 1e-3
    assert abs(np.mean(both**4) - 3.0) < 4 * math.sqrt(96 / both.size)
    edge = 4 / math.sqrt(first.size)
    assert abs(np.corrcoef(first, second)[0, 1]) < edge
    assert abs(np.corrcoef(first**2, second**2)[0, 1]) < edge
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < edge
    other, _ = draws(100_000, seed=4)
    assert abs(np.corrcoef(first, other)[0, 1]) < edge


def test_a_number_depends_on_seed_and_counter_alone() -> None:
    whole, _ = draws(100, seed=7)
    part, _ = draws(10, seed=7, counter=40)
    np.testing.assert_array_equal(part, whole[40:50])
