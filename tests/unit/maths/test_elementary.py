"""Elementary kernels against mpmath with 50 digits.

The tolerances are the accuracies the module states, a few tenths of an ulp above the worst of the
points drawn here; a wrong coefficient or a lost correction term exceeds them.
"""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from numba import njit

from plimsoll.maths import elementary

COUNT = 1500
ROOT_PI = math.sqrt(math.pi)


@pytest.fixture(autouse=True)
def _fifty_digits():
    with mp.workdps(50):
        yield


def on_arrays(kernel):
    """Loop as callers write it, so that the vectorised code is what is tested."""

    @njit
    def loop(x):
        out = np.empty(x.size)
        for i in range(x.size):
            out[i] = kernel(x[i])
        return out

    return loop


def scaled_erfc(x):
    return mp.exp(x * x) * mp.erfc(x)


def draws(*ranges):
    rng = np.random.default_rng(20)
    return np.concatenate([rng.uniform(low, high, COUNT) for low, high in ranges])


def magnitudes(low, high):
    rng = np.random.default_rng(21)
    return rng.choice([-1.0, 1.0], COUNT) * 10.0 ** rng.uniform(low, high, COUNT)


CASES = {
    "exp": (mp.exp, 1.3e-16, lambda: np.r_[draws((-700, 700), (-1, 1)), magnitudes(-18, -1)]),
    "exp_nonpositive": (mp.exp, 1.3e-16, lambda: draws((-708, 0), (-1, 0), (-40, 0))),
    "log": (mp.log, 1.6e-16, lambda: np.r_[np.exp(draws((-708, 708), (-1, 1))), draws((0.5, 2))]),
    "log_positive": (mp.log, 1.6e-16, lambda: np.r_[np.exp(draws((-708, 708))), draws((0, 1))]),
    "log1p": (
        mp.log1p,
        1.8e-16,
        lambda: np.r_[magnitudes(-300, -0.1), draws((-0.99, 2), (2, 1e9)), np.exp(draws((20, 90)))],
    ),
    "erfcx_positive": (
        scaled_erfc,
        5.5e-16,
        lambda: np.r_[draws((0, 0.5), (0, 6), (0, 30)), abs(magnitudes(-18, 4))],
    ),
    "erfcx": (scaled_erfc, 6.0e-16, lambda: draws((-26, 6), (-1, 1))),
    "normal_cdf": (mp.ncdf, 7.5e-16, lambda: draws((-37, 0), (-37, 0), (-3, 9))),
    "normal_pdf": (mp.npdf, 4.0e-16, lambda: draws((-37, 37), (-3, 3))),
}


@pytest.mark.parametrize("name", CASES)
def test_relative_error_is_what_the_module_states(name):
    exact, tolerance, points = CASES[name]
    x = points()
    found = on_arrays(getattr(elementary, name))(x)
    errors = [
        abs(mp.mpf(float(got)) / exact(mp.mpf(float(at))) - 1)
        for at, got in zip(x, found, strict=True)
    ]
    worst = int(np.argmax(errors))
    assert errors[worst] <= tolerance, (x[worst], found[worst])


def test_log_ratio_next_to_one_and_far_from_it():
    rng = np.random.default_rng(3)
    b = 10.0 ** rng.uniform(-5, 8, 4 * COUNT)
    a = b * np.exp(np.r_[draws((-600, 600), (-1, 1), (-1e-3, 1e-3)), magnitudes(-15, -3)])
    found = njit(lambda p, q: elementary.log_ratio(p, q))
    for numerator, denominator in zip(a, b, strict=True):
        exact = mp.log(mp.mpf(float(numerator)) / mp.mpf(float(denominator)))
        error = abs(found(numerator, denominator) - exact)
        assert error <= 3.0e-16 * abs(exact), (numerator, denominator)


def test_parts_of_log_ratio_are_exact_to_1e_16_however_large():
    rng = np.random.default_rng(4)
    parts = njit(lambda p, q: elementary.log_ratio_parts(p, q))
    for log_of in rng.uniform(-600, 600, COUNT):
        a = math.exp(log_of)
        high, low = parts(a, 1.25)
        assert abs(mp.mpf(high) + mp.mpf(low) - mp.log(mp.mpf(a) / mp.mpf(1.25))) < 1e-16


INFINITE, MISSING = math.inf, math.nan
LIMITS = {
    "exp": [(0.0, 1.0), (-INFINITE, 0.0), (INFINITE, INFINITE), (710.0, INFINITE), (-750.0, 0.0)],
    "exp_nonpositive": [(0.0, 1.0), (-708.5, 0.0), (-INFINITE, 0.0)],
    "log": [(1.0, 0.0), (0.0, -INFINITE), (INFINITE, INFINITE), (-1.0, MISSING)],
    "log1p": [
        (0.0, 0.0),
        (-1.0, -INFINITE),
        (INFINITE, INFINITE),
        (-1.5, MISSING),
        (5e-324, 5e-324),
    ],
    "erfcx_positive": [(0.0, 1.0)],
    "erfcx": [(0.0, 1.0), (INFINITE, 0.0), (-INFINITE, INFINITE), (1e305, 1e-305 / ROOT_PI)],
    "normal_cdf": [(0.0, 0.5), (-INFINITE, 0.0), (INFINITE, 1.0)],
    "normal_pdf": [(-INFINITE, 0.0), (INFINITE, 0.0)],
}


@pytest.mark.parametrize("name", LIMITS)
def test_poles_limits_and_missing_values(name):
    points, expected = zip(*[*LIMITS[name], (MISSING, MISSING)], strict=True)
    found = on_arrays(getattr(elementary, name))(np.array(points))
    np.testing.assert_allclose(found, expected, rtol=2.3e-16, atol=0.0)


def test_subnormal_results_and_arguments_keep_their_digits():
    x = np.array([-708.5, -720.0, -740.0, -745.0])
    exact = np.array([float(mp.exp(mp.mpf(v))) for v in x])
    assert np.all(np.abs(on_arrays(elementary.exp)(x) - exact) <= 5e-324)
    tiny = np.array([5e-324, 1e-310, 2.3e-308])
    np.testing.assert_allclose(on_arrays(elementary.log)(tiny), np.log(tiny), rtol=2.3e-16)
    tail = on_arrays(elementary.normal_cdf)(np.array([-38.0, -38.4]))
    exact = np.array([float(mp.ncdf(mp.mpf(v))) for v in ("-38", "-38.4")])
    # A subnormal of about 2.9e-316 carries some 26 bits.
    np.testing.assert_allclose(tail, exact, rtol=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_an_element_has_the_same_bits_wherever_it_stands(name):
    loop = on_arrays(getattr(elementary, name))
    x = draws((0.01, 6))[:37] * (-1.0 if name == "exp_nonpositive" else 1.0)
    one_by_one = np.concatenate([loop(x[i : i + 1]) for i in range(x.size)])
    np.testing.assert_array_equal(loop(x), one_by_one)
