"""The largest value of a quadratic over a ball: certificates by duality, hard cases, roots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from plimsoll.maths.ellipsoid_quadratic import largest_in_ball, lower_root, symmetric_axes


def largest(w: np.ndarray, curve: np.ndarray, radius: float = 1.0) -> tuple[float, np.ndarray]:
    u = np.zeros(w.size)
    largest_in_ball(w, curve, w.size, radius, u)
    return float(w @ u + curve @ u**2), u


def dual(w: np.ndarray, curve: np.ndarray, radius: float) -> float:
    """Least upper bound ``m r^2 + sum of w^2 / (4 (m - l))`` over m: equal by strong duality."""
    least = max(float(curve.max()), 0.0)
    scale = abs(least) + np.linalg.norm(w) / radius + 1e-300

    def bound(log_gap: float) -> float:
        m, on = least + scale * np.exp(log_gap), w != 0.0
        return float(m * radius**2 + np.sum(w[on] ** 2 / (4.0 * (m - curve[on]))))

    return float(minimize_scalar(bound, bounds=(-32.0, 3.0), method="bounded").fun)


@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 7),
    radius=st.sampled_from([0.5, 1.0, 3.0]),
    kind=st.sampled_from(["any", "convex", "concave", "flat", "sparse"]),
)
@settings(max_examples=150, deadline=None)
def test_no_bound_is_below_it_and_the_best_bound_meets_it(
    seed: int, size: int, radius: float, kind: str
) -> None:
    """Feasible, and equal to the dual's least bound: to 1e-6, as far as that search goes."""
    rng = np.random.default_rng(seed)
    w, curve = rng.normal(size=size), rng.normal(size=size)
    curve = {"convex": np.abs(curve), "concave": -np.abs(curve) - 0.1, "flat": 0.0 * curve}.get(
        kind, curve
    )
    w = np.where(rng.random(size) < 0.6, 0.0, w) if kind == "sparse" else w
    value, u = largest(w, curve, radius)
    assert np.linalg.norm(u) <= radius * (1.0 + 1e-12)
    least = dual(w, curve, radius)
    assert value <= least * (1.0 + 1e-12) + 1e-12
    assert value >= least - 1e-6 * (1.0 + abs(least))


@pytest.mark.parametrize("tilt", [0.0, 1e-300, 1e-17, 1e-9, 1e-5])
def test_the_hard_case(tilt: float) -> None:
    """No slope along the steepest axis: all that is left of the radius goes there."""
    value, u = largest(np.array([1.0, tilt]), np.array([-1.0, 2.0]))
    # By hand, tilt 0: m = 2, u1 = 1 / (2 (2 + 1)) = 1/6, value 1/6 - 1/36 + 2 (1 - 1/36)
    assert value == pytest.approx(1 / 6 - 1 / 36 + 2 * 35 / 36, abs=2.0 * tilt + 1e-14)
    assert np.linalg.norm(u) == pytest.approx(1.0, rel=1e-12)


def test_nothing_to_gain_is_nothing() -> None:
    assert largest(np.zeros(3), np.array([-1.0, -2.0, 0.0]))[0] == 0.0


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_axes_against_lapack(size: int) -> None:
    a = np.random.default_rng(size).normal(size=(size, size))
    a = a + a.T
    work, axes = a.copy(), np.zeros((size, size))
    symmetric_axes(work, axes, size)
    np.testing.assert_allclose(np.sort(np.diag(work)), np.linalg.eigvalsh(a), rtol=0, atol=1e-13)
    np.testing.assert_allclose(axes @ np.diag(np.diag(work)) @ axes.T, a, rtol=0, atol=1e-13)


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_the_root_of_a_correlation_of_any_rank(rank: int) -> None:
    loadings = np.random.default_rng(rank).normal(size=(4, rank))
    loadings /= np.linalg.norm(loadings, axis=1)[:, None]
    rho, rows, root = loadings @ loadings.T, np.array([3, 0, 2]), np.zeros((4, 4))
    lower_root(rho, rows, 3, root)
    np.testing.assert_allclose(
        root[:3, :3] @ root[:3, :3].T, rho[np.ix_(rows, rows)], rtol=0, atol=1e-9
    )
