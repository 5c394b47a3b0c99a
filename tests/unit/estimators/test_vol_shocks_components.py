"""Principal components against numpy's SVD; joint moments against numpy and known laws."""

from __future__ import annotations

import numpy as np
import pytest
from vol_histories import TENORS, history

from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError, UsageError
from plimsoll.estimators.vol_shocks.joint import (
    PARAMETERS,
    JointMoves,
    joint_distribution,
    parameter_moves,
    tenor_moves,
)
from plimsoll.estimators.vol_shocks.moves import surface_moves
from plimsoll.estimators.vol_shocks.principal_components import principal_components


def sample(count: int = 300, seed: int = 1) -> np.ndarray:
    """Five columns of two factors and noise, of very different scales."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((count, 2)) @ np.array([[1, 1, 1, 1, 0.2], [1, 0.5, 0, -1, 0.0]])
    return (factors + 0.3 * rng.standard_normal((count, 5))) * np.array([1, 0.1, 5, 0.01, 2]) + 3


LABELS = ("a", "b", "c", "d", "e")


def test_components_are_those_of_the_singular_values() -> None:
    values = sample()
    found = principal_components(values, LABELS, replicates=5, seed=1)
    z = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    _, singular, right = np.linalg.svd(z, full_matrices=False)
    np.testing.assert_allclose(found.explained, singular**2 / np.sum(singular**2), rtol=1e-10)
    np.testing.assert_allclose(np.abs(found.loadings.T), np.abs(right), atol=1e-9)
    np.testing.assert_allclose(found.loadings.T @ found.loadings, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(found.scores, z @ found.loadings, atol=1e-10)
    assert found.explained.sum() == pytest.approx(1.0)


def test_sign_and_scale_are_fixed() -> None:
    """The largest entry of each component is positive; a column in other units changes nothing."""
    values = sample()
    found = principal_components(values, LABELS, replicates=5, seed=1)
    largest = np.abs(found.loadings).argmax(axis=0)
    assert np.all(found.loadings[largest, range(5)] > 0.0)
    scaled = principal_components(values * [9, 9, 0.1, 7, 1], LABELS, replicates=5, seed=1)
    np.testing.assert_allclose(scaled.loadings, found.loadings, atol=1e-10)
    turned = principal_components(-values, LABELS, replicates=5, seed=1)
    np.testing.assert_allclose(turned.loadings, found.loadings, atol=1e-10)


def test_all_components_rebuild_the_moves() -> None:
    values = sample()
    found = principal_components(values, LABELS, replicates=5, seed=1)
    np.testing.assert_allclose(found.moves_of(found.scores), values, atol=1e-9)
    rebuilt = found.moves_of(found.scores[:, :2])
    left = np.sum(((values - rebuilt) / found.scale) ** 2) / np.sum(found.scores**2)
    assert left == pytest.approx(1.0 - found.explained[:2].sum(), rel=1e-9)


def test_errors_are_those_of_fresh_samples() -> None:
    """Thirty samples scatter by the mean stated error within 40 %, shares and loadings alike."""
    drawn = [
        principal_components(sample(seed=s), LABELS, block_length=1, replicates=40, seed=1)
        for s in range(30)
    ]
    shares = np.std([d.explained[0] for d in drawn], ddof=1)
    assert np.mean([d.explained_error[0] for d in drawn]) == pytest.approx(shares, rel=0.4)
    loads = np.std([d.loadings[3, 1] for d in drawn], ddof=1)
    assert np.mean([d.loadings_error[3, 1] for d in drawn]) == pytest.approx(loads, rel=0.4)


def test_component_refusals() -> None:
    values = sample(20)
    with pytest.raises(DataFormatError, match="columns"):
        principal_components(values, LABELS[:4], seed=1)
    with pytest.raises(DataFormatError, match="finite"):
        principal_components(np.where(values > 3, np.nan, values), LABELS, seed=1)
    with pytest.raises(InsufficientDataError, match="10 moves"):
        principal_components(values[:9], LABELS, seed=1)
    values[:, 2] = 1.0
    with pytest.raises(EstimationError, match="c does not"):
        principal_components(values, LABELS, seed=1)


def test_parameters_by_name() -> None:
    moves = surface_moves(history(40))
    found = parameter_moves(moves)
    assert found.labels == PARAMETERS
    week, month, quarter = (TENORS.index(d) for d in (7.0, 30.0, 90.0))
    np.testing.assert_array_equal(found.values[:, 0], moves.spot)
    np.testing.assert_array_equal(found.values[:, 1], moves.level[:, month])
    slope = moves.level[:, week] - moves.level[:, quarter]
    np.testing.assert_array_equal(found.values[:, 2], slope)
    np.testing.assert_array_equal(found.values[:, 3], moves.skew[:, month])
    np.testing.assert_array_equal(found.values[:, 4], moves.curvature[:, month])
    with pytest.raises(UsageError, match="tenors"):
        parameter_moves(moves, pivot_days=31.0)


def test_tenor_moves_are_labelled() -> None:
    moves = surface_moves(history(40)).tenors((7.0, 30.0))
    found = tenor_moves(moves)
    assert found.labels == (
        "spot",
        "level 7 d",
        "level 30 d",
        "skew 7 d",
        "skew 30 d",
        "curvature 7 d",
        "curvature 30 d",
    )
    np.testing.assert_array_equal(found.values[:, 4], moves.skew[:, 1])


def test_moments_of_a_known_law() -> None:
    """Two normals of correlation 0.6, n 2,000: within four of the textbook errors, and the
    bootstrap's errors within a quarter of those: s / sqrt(2n), (1 - r^2) / sqrt(n)."""
    rng = np.random.default_rng(3)
    z = rng.standard_normal((2000, 2)) @ np.linalg.cholesky(np.array([[1, 0.6], [0.6, 1]])).T
    joint = JointMoves(labels=("x", "y"), values=z, incomplete=0)
    found = joint_distribution(joint, block_length=1, replicates=200, seed=1)
    root = np.sqrt(2000)
    assert found.correlation[0, 1] == pytest.approx(0.6, abs=4 * 0.64 / root)
    assert found.correlation_error[0, 1] == pytest.approx(0.64 / root, rel=0.25)
    np.testing.assert_allclose(found.deviation_error, 1 / (np.sqrt(2) * root), rtol=0.25)
    np.testing.assert_allclose(found.mean_error, 1 / root, rtol=0.25)
    np.testing.assert_allclose(found.quantiles[3], np.median(z, axis=0))
    assert found.quantiles[-1, 0] == pytest.approx(2.326, abs=4 * found.quantiles_error[-1, 0])


def test_incomplete_moves_are_counted() -> None:
    moves = surface_moves(history(40))
    level = moves.level.copy()
    level[4, 3] = np.nan
    holed = parameter_moves(
        type(moves)(**{n: getattr(moves, n) for n in moves.__slots__} | {"level": level})
    )
    assert holed.incomplete == 1
    assert holed.values.shape[0] == len(moves) - 1
    with pytest.raises(InsufficientDataError, match="20 complete"):
        joint_distribution(parameter_moves(surface_moves(history(15))), seed=1)
