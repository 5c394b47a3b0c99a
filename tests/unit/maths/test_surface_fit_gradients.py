"""Gradients of loss, objective and conditions against central differences."""

from __future__ import annotations

import numpy as np
import pytest
from surface_fit_samples import WALLED, YEARS, problem, truth

from plimsoll.maths.surface_fit import augmented_value, surface_shapes
from plimsoll.maths.surface_fit_constraints import (
    BETWEEN,
    BUTTERFLY,
    CALENDAR,
    FAMILIES,
    LEE_LEFT,
    LEE_RIGHT,
    MARGIN_BUTTERFLY,
    MARGIN_CALENDAR,
    WINGS,
    add_conditions,
    conditions,
    penalty_value,
    renew_multipliers,
)
from plimsoll.maths.surface_fit_curve import SHAPE, raw_of_coordinates
from plimsoll.maths.surface_fit_loss import quote_loss, quote_loss_slopes
from plimsoll.maths.surface_fit_objective import add_priors, add_quotes
from plimsoll.maths.surface_fit_problem import NormalEquations, SurfaceProblem
from plimsoll.maths.surface_fit_rows import loss_row
from plimsoll.maths.svi import durrleman, svi_slopes, svi_total_variance

STEP = 1e-6


@pytest.mark.parametrize("r", [-7.0, -1.02, -0.3, 0.0, 0.79, 0.81, 1.0, 1.4, 50.0])
def test_slope_of_the_loss(r: float) -> None:
    up, down = quote_loss(r + STEP, *WALLED), quote_loss(r - STEP, *WALLED)
    slope, curvature = quote_loss_slopes(r, *WALLED)
    assert slope == pytest.approx((up - down) / (2.0 * STEP), abs=1e-6)
    assert curvature > 0.0


def test_losses_in_a_row_are_those_one_by_one() -> None:
    r, found = np.linspace(-9.0, 9.0, 101), np.empty(101)
    loss_row(r, *WALLED, found)
    np.testing.assert_allclose(found, [quote_loss(x, *WALLED) for x in r], rtol=1e-14)


def test_loss_prices_the_edge_and_lets_go_far_out() -> None:
    losses = [quote_loss(r, *WALLED) for r in (0.0, 0.5, 1.0, 1.5, 10.0)]
    assert losses[0] == 0.0
    assert losses == sorted(losses)
    assert quote_loss_slopes(1.0, *WALLED)[0] > 3.0 * quote_loss_slopes(0.7, *WALLED)[0]
    assert quote_loss_slopes(30.0, *WALLED)[0] < 0.1


def bent() -> tuple[np.ndarray, SurfaceProblem, np.ndarray, np.ndarray]:
    """A surface that breaks conditions of every family, with multipliers on all."""
    raw = truth()
    given = problem(raw)
    rng = np.random.default_rng(3)
    theta = np.array(given.anchor) + rng.normal(0.0, 0.3, (3, 5))
    theta[0, 0] += 2.5  # crossings
    theta[2, 1] = np.log(2.2 / given.deviation[2])  # Lee
    theta[1, 2:] = np.log(2.0), 1.0, -2.5  # butterflies
    theta[2, 0] += 1.5
    given.share[1] = 0.05  # so is the smile between
    given.link[:] = 0.1
    given.link_precision[:] = 2.0
    given.anchor_precision[:] = 3.0
    multipliers = rng.uniform(0.0, 2.0, (3, FAMILIES, given.points.shape[1]))
    found = np.ones_like(multipliers)
    return theta, given, multipliers, found


def test_gradient_of_the_whole_objective() -> None:
    theta, given, multipliers, found = bent()
    shapes = np.empty((3, SHAPE))
    penalty = 5.0

    def value(at: np.ndarray) -> float:
        return augmented_value(given, WALLED, at, multipliers, penalty, shapes, found)

    assert np.isfinite(value(theta))
    assert all(found[:, family].min() < 0.0 for family in (BUTTERFLY, CALENDAR, BETWEEN, WINGS))
    normal = NormalEquations(np.zeros((3, 5)), np.zeros((3, 5, 5)), np.zeros((3, 5, 5)))
    add_quotes(given, WALLED, shapes, normal)
    add_priors(given, theta, normal)
    add_conditions(given, shapes, found, multipliers, penalty, normal)
    gradient = normal.gradient.copy()
    for i in range(3):
        for j in range(5):
            step = np.zeros((3, 5))
            step[i, j] = STEP
            expected = (value(theta + step) - value(theta - step)) / (2.0 * STEP)
            assert gradient[i, j] == pytest.approx(expected, rel=1e-5, abs=1e-4), (i, j)
    for i in range(3):
        assert np.linalg.eigvalsh(normal.diagonal[i], UPLO="L").min() > 0.0


def test_conditions_are_durrlemans_and_the_growth() -> None:
    given = problem(truth())
    theta = np.array(given.anchor)
    given.share[:] = 0.3
    shapes, found = np.empty((3, SHAPE)), np.ones((3, FAMILIES, given.points.shape[1]))
    surface_shapes(theta, given.deviation, shapes)
    assert conditions(given, theta, shapes, found)
    raw, used = raw_of_coordinates(theta, given.deviation), given.counts[0]
    k = given.points[0, :used]
    np.testing.assert_allclose(
        found[0, BUTTERFLY, :used] + MARGIN_BUTTERFLY, durrleman(raw[0], k), atol=1e-9
    )
    here, after = svi_slopes(raw[0], k), svi_slopes(raw[1], k)
    growth = (after[0] - here[0]) / (after[0] + here[0])
    np.testing.assert_allclose(found[0, CALENDAR, :used] + MARGIN_CALENDAR, growth, atol=1e-9)
    w, slope, bend = (0.7 * a + 0.3 * b for a, b in zip(here, after, strict=True))
    between = (1 - k * slope / (2 * w)) ** 2 - slope**2 / 4 * (1 / w + 0.25) + bend / 2
    np.testing.assert_allclose(found[0, BETWEEN, :used] + MARGIN_BUTTERFLY, between, atol=1e-9)
    steepest = np.log(1.999 / (raw[:, 1] * np.stack((1 - raw[:, 2], 1 + raw[:, 2]))))
    np.testing.assert_allclose(found[:, WINGS, [LEE_LEFT, LEE_RIGHT]], steepest.T, atol=1e-9)


def test_positive_variance_is_required() -> None:
    given = problem(truth())
    theta = np.array(given.anchor)
    theta[1, 0] -= 20.0
    shapes, found = np.empty((3, SHAPE)), np.ones((3, FAMILIES, given.points.shape[1]))
    surface_shapes(theta, given.deviation, shapes)
    assert not conditions(given, theta, shapes, found)
    value = augmented_value(given, WALLED, theta, np.zeros_like(found), 1.0, shapes, found)
    assert value == np.inf


def test_multipliers_follow_the_broken_conditions() -> None:
    given = problem(truth())
    found = np.ones((3, FAMILIES, given.points.shape[1]))
    multipliers = np.zeros_like(found)
    found[0, 0, :2], multipliers[0, 0, :2] = (0.5, -0.2), 1.0
    value = penalty_value(given, found, multipliers, 10.0)
    assert value == pytest.approx((0 - 1 + 9 - 1) / 20.0)
    assert renew_multipliers(found, multipliers, 10.0) == pytest.approx(0.2)
    np.testing.assert_allclose(multipliers[0, 0, :3], [0.0, 3.0, 0.0])


def test_sample_lies_on_its_smiles() -> None:
    given = problem(truth())
    own = svi_total_variance(truth()[1], given.k[15:30])
    np.testing.assert_allclose(given.vol[15:30] ** 2 * YEARS[1], own, rtol=1e-12)
