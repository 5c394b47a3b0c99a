"""Quantile regression against its optimality conditions, order statistics and statsmodels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.regression.quantile_regression import QuantReg

from plimsoll.errors import DataFormatError, EstimationError, ParameterError
from plimsoll.maths.block_resampling import block_counts
from plimsoll.maths.quantile_regression import (
    bootstrapped_quantile_regression,
    quantile_regression,
)

Array = NDArray[np.float64]


def sample(rows: int = 400, seed: int = 3) -> tuple[Array, Array]:
    """Three columns, heavy-tailed errors whose scale grows with the second column."""
    rng = np.random.default_rng(seed)
    design = np.column_stack((np.ones(rows), rng.uniform(0, 2, rows), rng.normal(size=rows)))
    noise = rng.standard_t(4, rows) * (0.5 + design[:, 1])
    return design, design @ np.array([1.0, -2.0, 0.5]) + noise


def loss(design: Array, response: Array, coefficients: Array, q: float) -> float:
    residual = response - design @ coefficients
    return float(np.sum(residual * (q - (residual < 0.0))))


@pytest.mark.parametrize("q", [0.05, 0.5, 0.9, 0.95, 0.99])
def test_no_neighbour_is_better(q: float) -> None:
    """The objective is convex: a point no direction improves is the minimiser."""
    design, response = sample()
    best = quantile_regression(design, response, q)
    at_best = loss(design, response, best, q)
    rng = np.random.default_rng(0)
    for size in (1e-6, 1e-3, 0.1, 1.0):
        for step in rng.normal(size=(50, 3)) * size:
            assert loss(design, response, best + step, q) >= at_best - 1e-9 * at_best


@pytest.mark.parametrize("q", [0.5, 0.9, 0.99])
def test_subgradient_of_a_vertex(q: float) -> None:
    """p residuals vanish and their multipliers lie in [q - 1, q]: Koenker (2005), theorem 2.1."""
    design, response = sample()
    residual = response - design @ quantile_regression(design, response, q)
    on = np.flatnonzero(np.abs(residual) < 1e-9)
    assert on.size == 3
    off = np.setdiff1d(np.arange(response.size), on)
    pull = design[off].T @ (q - (residual[off] < 0.0))
    multipliers = -np.linalg.solve(design[on].T, pull)
    assert np.all(multipliers >= q - 1.0 - 1e-9)
    assert np.all(multipliers <= q + 1e-9)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.95])
def test_never_worse_than_statsmodels(q: float) -> None:
    """Its iterated least squares stops near the vertex: same to 2e-3, never a lower loss."""
    design, response = sample()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its iteration limit is of no concern here
        peer = np.asarray(QuantReg(response, design).fit(q=q, max_iter=5000, p_tol=1e-10).params)
    ours = quantile_regression(design, response, q)
    np.testing.assert_allclose(ours, peer, atol=2e-3)
    assert loss(design, response, ours, q) <= loss(design, response, peer, q) + 1e-10


@pytest.mark.parametrize(("q", "expected"), [(0.25, 3.0), (0.5, 5.0), (0.9, 9.0)])
def test_intercept_alone_is_an_order_statistic(q: float, expected: float) -> None:
    """The ceil(9 q)-th smallest of 1 .. 9, in any order."""
    values = np.random.default_rng(1).permutation(np.arange(1.0, 10.0))
    assert quantile_regression(np.ones((9, 1)), values, q)[0] == pytest.approx(expected)


def test_weights_repeat_rows() -> None:
    design, response = sample(60)
    weights = np.random.default_rng(2).integers(0, 4, 60)
    repeated = quantile_regression(
        np.repeat(design, weights, axis=0), np.repeat(response, weights), 0.73
    )
    weighted = quantile_regression(design, response, 0.73, weights.astype(np.float64))
    assert loss(
        np.repeat(design, weights, axis=0), np.repeat(response, weights), weighted, 0.73
    ) == pytest.approx(
        loss(np.repeat(design, weights, axis=0), np.repeat(response, weights), repeated, 0.73),
        rel=1e-12,
    )


def test_shift_and_scale() -> None:
    """y -> 3 y + X c moves the coefficients by the same map (Koenker and Bassett, 1978)."""
    design, response = sample()
    shift = np.array([2.0, -1.0, 4.0])
    moved = quantile_regression(design, 3.0 * response + design @ shift, 0.8)
    np.testing.assert_allclose(
        moved, 3.0 * quantile_regression(design, response, 0.8) + shift, atol=1e-9
    )


def test_a_stretched_top_leaves_the_quantile_alone() -> None:
    """Points above the line may go anywhere above it."""
    design, response = sample()
    before = quantile_regression(design, response, 0.5)
    above = response - design @ before > 1e-9
    after = quantile_regression(design, np.where(above, response + 1e3, response), 0.5)
    np.testing.assert_allclose(after, before, atol=1e-9)


def test_standard_errors_of_independent_rows() -> None:
    """Median of n normals: sd sqrt(pi / 2n). 400 resamples: relative error of the error 1/28;
    the density at the median enters by the sample, so 25 % is allowed."""
    n = 1000
    noise = np.random.default_rng(5).normal(size=n)
    fit = bootstrapped_quantile_regression(
        np.ones((n, 1)), noise, 0.5, groups=np.arange(n), block_length=1, replicates=400, seed=1
    )
    assert fit.standard_errors[0] == pytest.approx(np.sqrt(np.pi / 2 / n), rel=0.25)


def test_groups_drawn_together_widen_the_error() -> None:
    """Each value four times over says no more than once: the error must not halve."""
    values = np.random.default_rng(6).normal(size=150)

    def error(copies: int) -> float:
        fit = bootstrapped_quantile_regression(
            np.ones((150 * copies, 1)),
            np.repeat(values, copies),
            0.5,
            groups=np.repeat(np.arange(150), copies),
            block_length=1,
            replicates=200,
            seed=3,
        )
        return float(fit.standard_errors[0])

    assert error(4) == pytest.approx(error(1), rel=0.05)


def test_same_seed_same_answer() -> None:
    design, response = sample(80)
    groups = np.arange(80)
    first, second = (
        bootstrapped_quantile_regression(
            design, response, 0.9, groups=groups, block_length=5, replicates=20, seed=9
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.replicates, second.replicates)
    np.testing.assert_allclose(first.standard_errors**2, np.diag(first.covariance))


def test_blocks_are_runs_on_a_ring() -> None:
    """Ten rows in blocks of ten: every resample is the whole ring, once each."""
    assert np.all(block_counts(10, block_length=10, replicates=5, seed=0) == 1)
    counts = block_counts(12, block_length=4, replicates=300, seed=0)
    assert np.all(counts.sum(axis=1) == 12)
    assert counts.mean() == pytest.approx(1.0)
    assert counts.mean(axis=0) == pytest.approx(np.ones(12), abs=0.25)  # 4 sd of a mean of 300


@pytest.mark.parametrize("q", [0.0, 1.0, -0.1, 99.0])
def test_refuses_a_quantile_outside(q: float) -> None:
    with pytest.raises(ParameterError, match="quantile"):
        quantile_regression(*sample(20), q)


def test_refuses_what_cannot_be_fitted() -> None:
    design, response = sample(20)
    with pytest.raises(EstimationError, match="independent"):
        quantile_regression(np.column_stack((design, design[:, 1])), response, 0.5)
    with pytest.raises(DataFormatError, match="finite"):
        quantile_regression(design, np.where(response > 0, np.nan, response), 0.5)
    with pytest.raises(DataFormatError, match="design"):
        quantile_regression(design[:10], response, 0.5)
    with pytest.raises(DataFormatError, match="weights"):
        quantile_regression(design, response, 0.5, -np.ones(20))
    with pytest.raises(ParameterError, match="block_length"):
        block_counts(5, block_length=6, replicates=10, seed=0)
    with pytest.raises(ParameterError, match="replicates"):
        block_counts(5, block_length=2, replicates=1, seed=0)
