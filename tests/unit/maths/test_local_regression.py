"""Leave-one-out local fits: exact on parabolas, blind to the point itself, hard on outliers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.maths.local_regression import leave_one_out

Vector = NDArray[np.float64]


def fitted(
    x: Vector, y: Vector, unit: float = 0.01, most: int = 8, left_out: int | None = None
) -> tuple[Vector, Vector]:
    """Return what the neighbours imply and its error."""
    active = np.ones(len(x), dtype=np.bool_)
    if left_out is not None:
        active[left_out] = False
    implied, error = np.empty(len(x)), np.empty(len(x))
    leave_one_out(x, y, np.full(len(x), unit), active, most, implied, error)
    return implied, error


X = np.sort(np.random.default_rng(5).uniform(-2.0, 2.0, size=25))


def test_a_parabola_is_implied_exactly() -> None:
    y = 0.5 - 0.1 * X + 0.07 * X * X
    # The ridge of 1e-9 that keeps coincident points solvable bends the fit by about as much.
    np.testing.assert_allclose(fitted(X, y)[0], y, atol=1e-7)


@pytest.mark.parametrize("count", [3, 4, 5])
def test_a_line_is_implied_exactly_by_few(count: int) -> None:
    x, y = X[:count], 0.5 - 0.1 * X[:count]
    np.testing.assert_allclose(fitted(x, y)[0], y, atol=1e-7)


def test_the_point_itself_has_no_say() -> None:
    y = np.cos(X)
    moved = y.copy()
    moved[7] += 100.0
    assert fitted(X, y)[0][7] == fitted(X, moved)[0][7]


def test_one_outlier_barely_moves_its_neighbours() -> None:
    y = 0.5 - 0.1 * X + 0.07 * X * X
    moved = y.copy()
    moved[12] += 1.0  # a hundred units
    others = np.arange(len(X)) != 12
    inside = others & (np.arange(len(X)) > 3) & (np.arange(len(X)) < len(X) - 4)
    assert np.abs(fitted(X, moved)[0] - y)[inside].max() < 0.01
    assert fitted(X, moved)[0][12] == pytest.approx(y[12], abs=1e-7)


def test_points_left_out_are_no_neighbours_but_get_a_value() -> None:
    y = 0.5 - 0.1 * X
    moved = y.copy()
    moved[12] += 1.0
    implied, _ = fitted(X, moved, left_out=12)
    np.testing.assert_allclose(implied, y, atol=1e-7)


def test_the_error_is_that_of_the_fit() -> None:
    """Against the scatter of the fit over 2,000 draws of noise small enough not to reweight."""
    rng = np.random.default_rng(9)
    y = 0.5 - 0.1 * X + 0.07 * X * X
    draws = [fitted(X, y + 0.01 * rng.normal(size=len(X))) for _ in range(2_000)]
    scatter = np.std([implied for implied, _ in draws], axis=0)
    stated = np.mean([error for _, error in draws], axis=0)
    # Robust weights know less than plain ones say: the scatter may exceed the error, by a third.
    assert (np.abs(scatter / stated - 1.0) < 0.35).all()


def test_fewer_than_two_neighbours_imply_nothing() -> None:
    implied, error = fitted(X[:2], X[:2])
    assert np.isnan(implied).all()
    assert np.isnan(error).all()


def test_coincident_points_imply_their_mean() -> None:
    x, y = np.zeros(4), np.array([0.2, 0.2, 0.2, 0.2])
    np.testing.assert_allclose(fitted(x, y)[0], y, atol=1e-7)
