"""Variance recursions: the filter is the step in a loop, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.maths import recursions as rec

SHOCKS = np.random.default_rng(5).standard_t(4, 300)


def test_filters_equal_streamed_steps_bit_for_bit() -> None:
    h = 1.3
    ewma, garch, gjr = (
        rec.ewma_filter(SHOCKS, h, 0.94),
        rec.garch_filter(SHOCKS, h, 0.1, 0.08, 0.9),
        rec.gjr_filter(SHOCKS, h, 0.1, 0.05, 0.06, 0.9),
    )
    a = b = c = h
    for t, e in enumerate(SHOCKS):
        assert (ewma[t], garch[t], gjr[t]) == (a, b, c)
        a = rec.ewma_step(a, e, 0.94)
        b = rec.garch_step(b, e, 0.1, 0.08, 0.9)
        c = rec.gjr_step(c, e, 0.1, 0.05, 0.06, 0.9)
    assert (ewma[-1], garch[-1], gjr[-1]) == (a, b, c)


def test_compiled_filters_equal_plain_python() -> None:
    assert np.array_equal(
        rec.gjr_filter(SHOCKS, 1.0, 0.1, 0.05, 0.06, 0.9),
        rec.gjr_filter.py_func(SHOCKS, 1.0, 0.1, 0.05, 0.06, 0.9),
    )
    assert rec.arch_backcast(SHOCKS) == pytest.approx(rec.arch_backcast.py_func(SHOCKS), rel=1e-14)


def test_gjr_without_gamma_is_garch() -> None:
    gjr = rec.gjr_filter(SHOCKS, 1.0, 0.1, 0.08, 0.0, 0.9)
    assert np.array_equal(gjr, rec.garch_filter(SHOCKS, 1.0, 0.1, 0.08, 0.9))


def test_igarch_without_constant_is_ewma() -> None:
    garch = rec.garch_filter(SHOCKS, 1.0, 0.0, 0.06, 0.94)
    assert garch == pytest.approx(rec.ewma_filter(SHOCKS, 1.0, 0.94), rel=1e-13)


def test_backcast_of_equal_squares_is_their_square() -> None:
    assert rec.arch_backcast(np.full(200, -3.0)) == pytest.approx(9.0, rel=1e-14)
    assert rec.arch_backcast(np.array([2.0, 4.0])) == pytest.approx(
        (4.0 + 0.94 * 16.0) / 1.94, rel=1e-14
    )


def test_variance_path_reaches_the_long_run_level() -> None:
    path = rec.garch_variance_path(4.0, 0.1, 0.9, 400)
    assert path[:2] == pytest.approx([4.0, 0.1 + 0.9 * 4.0])
    assert path[-1] == pytest.approx(0.1 / (1.0 - 0.9), rel=1e-12)


@settings(max_examples=50, deadline=None)
@given(scale=st.floats(1e-4, 1e4))
def test_variances_scale_with_the_square_of_the_unit(scale: float) -> None:
    base = rec.gjr_filter(SHOCKS, 1.0, 0.1, 0.05, 0.06, 0.9)
    square = scale * scale
    scaled = rec.gjr_filter(SHOCKS * scale, square, 0.1 * square, 0.05, 0.06, 0.9)
    assert scaled == pytest.approx(base * square, rel=1e-10)
