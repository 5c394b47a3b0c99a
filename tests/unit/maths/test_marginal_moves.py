"""Ranks of one law, sizes of another: the kernel against numerical integration of the law."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from plimsoll.maths.marginal_moves import MarginalTable, marginal_returns

TAIL = np.append(0.01 * 1.5 ** np.arange(-6, 9), 0.5)
FAR = np.array([0.9, 1.3])


def table_of(falls: np.ndarray, rises: np.ndarray) -> MarginalTable:
    """One market; ``FAR`` is the mean beyond the first node."""
    loss = np.stack([falls, rises])[None]
    cells = 0.5 * np.diff(TAIL) * (loss[:, :, 1:] + loss[:, :, :-1])
    first = (TAIL[0] * FAR)[None, :, None]
    mass = np.cumsum(np.concatenate([first, cells], axis=2), axis=2)
    return MarginalTable(TAIL.copy(), loss, mass)


TABLE = table_of(0.03 * (TAIL**-0.4 - 0.5**-0.4), 0.05 * (TAIL**-0.3 - 0.5**-0.3))


def law(p: float) -> float:
    """Quantile function, linear between nodes, one mean beyond the first: by numpy alone."""
    side, sign = (0, -1.0) if p < 0.5 else (1, 1.0)
    u = min(p, 1.0 - p)
    return sign * float(FAR[side] if u < TAIL[0] else np.interp(u, TAIL, TABLE.loss[0, side]))


def mean_of(low: float, high: float) -> float:
    """Mean of the law between two probabilities, by adaptive integration."""
    knots = np.concatenate([TAIL, 1.0 - TAIL])
    inside = sorted({low, high, *knots[(knots > low) & (knots < high)].tolist()})
    parts = [quad(law, a, b)[0] for a, b in pairwise(inside)]
    return float(np.sum(parts)) / (high - low)


def mapped(moves: np.ndarray, weights: np.ndarray) -> np.ndarray:
    out = np.empty((1, moves.size))
    marginal_returns(moves[None].copy(), np.argsort(moves)[None], weights, TABLE, out)
    return out[0]


@pytest.mark.parametrize("equal", [True, False])
def test_a_scenario_takes_the_mean_of_its_cell(equal: bool) -> None:
    """To 1e-9: what adaptive integration of a broken line reaches."""
    generator = np.random.default_rng(1)
    moves = generator.normal(size=41)
    weights = np.full(41, 1.0 / 41) if equal else generator.dirichlet(np.ones(41))
    found = mapped(moves, weights)
    order = np.argsort(moves)
    bounds = np.concatenate([[0.0], np.cumsum(weights[order])])
    bounds[-1] = 1.0
    for k, s in enumerate(order):
        assert found[s] == pytest.approx(mean_of(bounds[k], bounds[k + 1]), abs=1e-9)
    assert np.array_equal(np.argsort(found), order)


def test_the_mean_is_that_of_the_law_whatever_the_set() -> None:
    for count in (1, 2, 7, 1_000):
        moves = np.random.default_rng(count).standard_t(3, count)
        found = mapped(moves, np.full(count, 1.0 / count))
        assert found.mean() == pytest.approx(mean_of(0.0, 1.0), abs=1e-9)


def test_ties_share_their_cell() -> None:
    found = mapped(np.array([0.0, -1.0, 0.0, 2.0]), np.full(4, 0.25))
    expected = [mean_of(0.25, 0.75), mean_of(0.0, 0.25), mean_of(0.25, 0.75), mean_of(0.75, 1.0)]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    still = mapped(np.zeros(5), np.full(5, 0.2))
    np.testing.assert_allclose(still, mean_of(0.0, 1.0), atol=1e-9)


def test_any_rising_map_of_the_moves_changes_nothing() -> None:
    moves = np.random.default_rng(3).normal(size=200)
    weights = np.full(200, 1.0 / 200)
    np.testing.assert_array_equal(mapped(moves, weights), mapped(np.exp(3.0 * moves), weights))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_moves_without_a_size_have_no_rank(bad: float) -> None:
    assert np.isnan(mapped(np.array([0.1, bad, 0.2]), np.full(3, 1.0 / 3))).all()
