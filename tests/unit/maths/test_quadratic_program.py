"""Active set against scipy's SLSQP on random convex programmes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from plimsoll.maths.quadratic_program import minimise_quadratic, solve_linear


def test_linear_solver_against_numpy() -> None:
    rng = np.random.default_rng(0)
    matrix, right = rng.normal(size=(7, 7)), rng.normal(size=7)
    expected = np.linalg.solve(matrix, right)
    assert solve_linear(matrix.copy(), right, 7)
    assert right == pytest.approx(expected, rel=1e-10)


def test_linear_solver_reports_singularity() -> None:
    assert not solve_linear(np.zeros((2, 2)), np.ones(2), 2)


@pytest.mark.parametrize("seed", range(12))
def test_against_slsqp(seed: int) -> None:
    rng = np.random.default_rng(seed)
    factor, gradient = rng.normal(size=(6, 6)), 3.0 * rng.normal(size=6)
    hessian = factor @ factor.T + 0.1 * np.eye(6)
    rows, slack = rng.normal(size=(8, 6)), np.abs(rng.normal(size=8)) * (rng.random(8) > 0.3)
    equality = np.zeros(8, dtype=bool)
    equality[0], slack[0] = True, 0.0
    step, working = np.empty(6), np.zeros(8, dtype=bool)
    assert minimise_quadratic(gradient, hessian, rows, slack, equality, working, step)

    def objective(d: np.ndarray) -> float:
        return float(gradient @ d + 0.5 * d @ hessian @ d)

    constraints = [
        {"type": "eq", "fun": lambda d: rows[:1] @ d},
        {"type": "ineq", "fun": lambda d: rows[1:] @ d + slack[1:]},
    ]
    peer = minimize(
        objective, np.zeros(6), constraints=constraints, method="SLSQP", options={"ftol": 1e-14}
    )
    assert np.all(rows[1:] @ step + slack[1:] > -1e-9)
    assert abs(rows[0] @ step) < 1e-9
    assert objective(step) == pytest.approx(peer.fun, abs=1e-6)
    assert objective(step) < peer.fun + 1e-8
