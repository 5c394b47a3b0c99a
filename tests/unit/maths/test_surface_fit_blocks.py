"""The block tridiagonal solver against numpy's dense one."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.maths.surface_fit_blocks import solve_block_tridiagonal
from plimsoll.maths.surface_fit_information import inverse_blocks


def system(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random positive definite blocks, and the dense matrix."""
    rng = np.random.default_rng(seed)
    root = np.zeros((5 * n, 5 * n))
    for i in range(n):
        root[5 * i : 5 * i + 5, 5 * i : 5 * i + 5] = np.tril(0.5 * rng.normal(size=(5, 5)))
        root[np.arange(5 * i, 5 * i + 5), np.arange(5 * i, 5 * i + 5)] = rng.uniform(1, 2, 5)
        if i:
            root[5 * i : 5 * i + 5, 5 * i - 5 : 5 * i] = 0.2 * rng.normal(size=(5, 5))
    dense = root @ root.T
    blocks = dense.reshape(n, 5, n, 5)
    diagonal = np.stack([blocks[i, :, i] for i in range(n)])
    coupling = np.stack([blocks[min(i + 1, n - 1), :, i] for i in range(n)])
    return diagonal, coupling, dense


@pytest.mark.parametrize("n", [1, 2, 3, 13])
def test_solution_is_that_of_the_dense_system(n: int) -> None:
    diagonal, coupling, dense = system(n, seed=n)
    right = np.random.default_rng(100 + n).normal(size=(n, 5))
    expected = np.linalg.solve(dense, right.ravel()).reshape(n, 5)
    assert solve_block_tridiagonal(diagonal.copy(), coupling.copy(), right)
    # Both lose the condition number (below 1e4 here) times the machine's 1e-16.
    assert np.linalg.cond(dense) < 1e4
    np.testing.assert_allclose(right, expected, rtol=1e-10, atol=1e-11)


def test_indefinite_matrices_are_refused() -> None:
    diagonal, coupling, _ = system(3, seed=4)
    diagonal[2] -= 1e3 * np.eye(5)
    assert not solve_block_tridiagonal(diagonal, coupling, np.ones((3, 5)))


def test_blocks_of_the_inverse() -> None:
    diagonal, coupling, dense = system(4, seed=7)
    inverse = np.linalg.inv(dense).reshape(4, 5, 4, 5)
    expected = np.stack([inverse[i, :, i] for i in range(4)])
    found = inverse_blocks(diagonal, coupling)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11)
