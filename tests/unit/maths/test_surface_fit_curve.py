"""The fit's coordinates against raw SVI, and its gradients against central differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.maths.surface_fit_curve import (
    SHAPE,
    butterfly,
    butterfly_partials,
    coordinates_of_raw,
    lowest_variance,
    lowest_variance_gradient,
    raw_of_coordinates,
    svi_curve,
    svi_gradient,
    svi_gradient_of_slopes,
    svi_shape,
)
from plimsoll.maths.svi import durrleman, svi_slopes

DEVIATION = 0.17
THETA = np.array([0.1, -0.8, -1.3, 0.4, -0.2])
K = np.array([-1.1, -0.3, -0.02, 0.0, 0.05, 0.4, 1.7])
STEP = 1e-6


def shape_of(theta: np.ndarray) -> np.ndarray:
    shape = np.empty(SHAPE)
    svi_shape(np.array(theta), DEVIATION, shape)
    return shape


def differences(value: object) -> np.ndarray:
    """Central differences by each coordinate; error about STEP**2."""
    rows = []
    for j in range(5):
        step = np.zeros(5)
        step[j] = STEP
        rows.append((value(THETA + step) - value(THETA - step)) / (2.0 * STEP))  # type: ignore[operator]
    return np.array(rows)


coordinates = st.tuples(
    st.floats(-1, 1), st.floats(-4, 1), st.floats(-4, 1), st.floats(-3, 3), st.floats(-2, 2)
)


@given(theta=coordinates, deviation=st.floats(0.005, 0.8))
@settings(max_examples=60)
def test_coordinates_and_raw_parameters_are_one_to_one(
    theta: tuple[float, ...], deviation: float
) -> None:
    first, scale = np.array([theta]), np.array([deviation])
    again = coordinates_of_raw(raw_of_coordinates(first, scale), scale)
    # a is a small difference of large terms where the width is large: 1e-8 is its conditioning.
    np.testing.assert_allclose(again, first, atol=1e-8)


def test_curve_is_that_of_the_raw_parameters() -> None:
    raw = raw_of_coordinates(THETA[None, :], np.array([DEVIATION]))[0]
    found = np.array([svi_curve(shape_of(THETA), k) for k in K])
    np.testing.assert_allclose(found, np.stack(svi_slopes(raw, K), axis=1), rtol=1e-12, atol=1e-14)


def test_g_is_durrlemans() -> None:
    raw = raw_of_coordinates(THETA[None, :], np.array([DEVIATION]))[0]
    found = [butterfly(k, *svi_curve(shape_of(THETA), k)) for k in K]
    np.testing.assert_allclose(found, durrleman(raw, K), rtol=1e-10)


@pytest.mark.parametrize("k", K)
def test_gradients_are_those_of_the_curve(k: float) -> None:
    value, slope, bend = np.empty((3, 5))
    svi_gradient(shape_of(THETA), k, value)
    svi_gradient_of_slopes(shape_of(THETA), k, slope, bend)
    expected = differences(lambda theta: np.array(svi_curve(shape_of(theta), k)))
    np.testing.assert_allclose(np.stack((value, slope, bend), axis=1), expected, atol=1e-8)


@pytest.mark.parametrize("k", K)
def test_partials_of_g(k: float) -> None:
    w, slope, bend = svi_curve(shape_of(THETA), k)
    by_value, by_slope = butterfly_partials(k, w, slope)
    step = 1e-7
    up, down = butterfly(k, w + step, slope, bend), butterfly(k, w - step, slope, bend)
    assert by_value == pytest.approx((up - down) / (2.0 * step), rel=1e-6, abs=1e-6)
    up, down = butterfly(k, w, slope + step, bend), butterfly(k, w, slope - step, bend)
    assert by_slope == pytest.approx((up - down) / (2.0 * step), rel=1e-6, abs=1e-6)


def test_lowest_variance_is_the_least_of_the_curve() -> None:
    k = np.linspace(-5.0, 5.0, 200_001)
    raw = raw_of_coordinates(THETA[None, :], np.array([DEVIATION]))[0]
    least = svi_slopes(raw, k)[0].min() / DEVIATION**2
    # The grid misses the minimum by at most half a step: second order in 2.5e-5 / (S s).
    assert lowest_variance(shape_of(THETA)) == pytest.approx(least, rel=1e-6)
    gradient = np.empty(5)
    lowest_variance_gradient(shape_of(THETA), gradient)
    expected = differences(lambda theta: lowest_variance(shape_of(theta)))
    np.testing.assert_allclose(gradient, expected, atol=1e-8)
