"""The first-order filter against scipy's general one: the same operations, so the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from plimsoll.maths.linear_filter import first_order_filter


@pytest.mark.parametrize(
    ("gain", "decay"), [(1.0, 0.97), (0.25, 0.75), (1.0 - 0.5**0.01, 0.5**0.01), (1.0, 0.0)]
)
def test_equals_scipy_to_the_last_bit(gain: float, decay: float) -> None:
    values = np.random.default_rng(1).standard_normal((400, 3))
    expected = lfilter([gain], [1.0, -decay], values, axis=0)
    np.testing.assert_array_equal(first_order_filter(values, gain, decay), expected)


def test_impulse_decays_geometrically() -> None:
    values = np.zeros((5, 1))
    values[1] = 1.0
    np.testing.assert_array_equal(
        first_order_filter(values, 2.0, 0.5).ravel(), [0.0, 2.0, 1.0, 0.5, 0.25]
    )


def test_no_rows() -> None:
    assert first_order_filter(np.empty((0, 2)), 1.0, 0.5).shape == (0, 2)
