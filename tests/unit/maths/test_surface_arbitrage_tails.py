"""Bounds from a far point to infinity: below what numpy finds there, and close to it."""

from __future__ import annotations

import numpy as np

from plimsoll.maths import surface_arbitrage_tails as tails
from plimsoll.maths.surface_fit_curve import SHAPE, coordinates_of_raw, svi_shape
from plimsoll.maths.surface_fit_verification import asymptote, least_far_butterfly
from plimsoll.maths.svi import durrleman, svi_total_variance

SIDES = (-1.0, 1.0)


def _slices(count: int) -> np.ndarray:
    """Raw slices of all kinds: low and high intercepts, flat and steep wings, short and long."""
    rng = np.random.default_rng(11)
    b, rho = rng.uniform(0.005, 1.0, count), rng.uniform(-0.95, 0.95, count)
    m, sigma = rng.normal(0.0, 0.7, count), np.exp(rng.normal(-1.0, 1.2, count))
    lowest = np.exp(rng.normal(-4.0, 1.5, count))
    return np.stack((lowest - b * sigma * np.sqrt(1.0 - rho**2), b, rho, m, sigma), axis=1)


def test_a_smile_tends_to_its_asymptote_from_above() -> None:
    for raw in _slices(50):
        for side in SIDES:
            level, slope = tails.asymptote(raw, side)
            k = np.array([1e2, 1e4, 1e6])
            above = svi_total_variance(raw, side * k) - level - slope * k
            expected = raw[1] * raw[4] ** 2 / (2.0 * k)
            np.testing.assert_allclose(above, expected, rtol=0.1, atol=1e-9)


def test_bound_of_g_holds_and_is_nearly_reached() -> None:
    """From |k| = 1000 the bound is below 4 g everywhere, and at the worst by less than 1e-3 where
    the smile has met its asymptote (w' and the tangent's intercept differ by less than that)."""
    close = 0
    far = np.geomspace(1e3, 1e9, 6001)
    for raw in _slices(400):
        for side in SIDES:
            level, slope = tails.asymptote(raw, side)
            w = float(svi_total_variance(raw, side * far[0]))
            bound = tails.least_tail_butterfly(level, slope, w)
            least = 4.0 * durrleman(raw, side * far).min()
            assert bound <= least + 1e-9
            close += least - bound < 1e-3
    assert close >= 0.95 * 800


def test_bound_of_g_near_the_money_too() -> None:
    """The argument needs no far point, only k > 0 on a rising smile and a tangent above -w."""
    checked = 0
    for raw in _slices(400):
        level, slope = tails.asymptote(raw, 1.0)
        k = np.geomspace(max(raw[3], 0.0) + 3.0 * raw[4], 1e8, 4001)
        w = float(svi_total_variance(raw, k[0]))
        if raw[1] * (raw[2] + 3.0 / np.sqrt(10.0)) <= 0.0 or level < -w:
            continue
        bound = tails.least_tail_butterfly(level, slope, w)
        assert bound <= 4.0 * durrleman(raw, k).min() + 1e-9
        checked += 1
    assert checked > 100


def test_too_low_an_intercept_is_refused() -> None:
    assert tails.least_tail_butterfly(-0.5, 0.1, 0.4) == -np.inf
    assert tails.least_tail_butterfly(np.nan, 0.1, 0.4) == -np.inf
    # (1 - 5.9/6)^2 - 0.01 (1/6 + 1/4)
    np.testing.assert_allclose(tails.least_tail_butterfly(-5.9, 0.1, 6.0), -0.00388889, rtol=1e-6)


def test_gap_is_the_sign_of_the_crossing_beyond() -> None:
    """Where the bound says so, nothing crosses beyond; where it does not, numpy finds why."""
    slices, far, agreed = _slices(400), np.geomspace(1e5, 1e12, 4001), 0
    for early, late in zip(slices[::2], slices[1::2], strict=True):
        for side in SIDES:
            gap = np.subtract(*svi_total_variance(np.stack((late, early)), side * far))
            steeper = tails.asymptote(late, side)[1] >= tails.asymptote(early, side)[1]
            clear = steeper and tails.least_tail_gap(early, late, side, far[0]) >= 0.0
            assert clear == bool(np.all(gap >= 0.0))
            agreed += clear
    assert 100 < agreed < 300


def test_the_fit_bounds_tails_alike() -> None:
    """Its own coordinates and its own code give the same asymptotes and the same bound."""
    for raw in _slices(50):
        deviation = np.sqrt(svi_total_variance(raw, 0.0))
        shape = np.empty(SHAPE)
        svi_shape(coordinates_of_raw(raw[None], np.array([deviation]))[0], float(deviation), shape)
        for j, side in enumerate(SIDES):
            level, slope = asymptote(shape, j)
            expected = tails.asymptote(raw, side)
            np.testing.assert_allclose((level, slope), expected, rtol=1e-9, atol=1e-10)
            w = float(svi_total_variance(raw, 1e3 * side))
            np.testing.assert_allclose(
                least_far_butterfly(level, slope, 1.0 / w),
                tails.least_tail_butterfly(*expected, w),
                rtol=1e-9,
                atol=1e-9,
            )
