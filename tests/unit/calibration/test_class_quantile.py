"""The quantile that a class lends to its young markets, against numpy's own, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.calibration.class_floor import row_quantile


@pytest.mark.parametrize("quantile", [0.0, 0.25, 0.333, 0.5, 0.75, 0.9, 0.999, 1.0])
@pytest.mark.parametrize("markets", [1, 2, 3, 17])
def test_equals_nanquantile(quantile: float, markets: int) -> None:
    rng = np.random.default_rng(markets)
    values = rng.standard_t(3, (200, markets, 2))
    values[rng.random(values.shape) < 0.3] = np.nan
    known = ~np.isnan(values).all(axis=1)
    assert known.any()
    found = row_quantile(values, quantile)
    for day, side in zip(*np.nonzero(known), strict=True):
        assert found[day, side] == np.nanquantile(values[day, :, side], quantile)


def test_no_member_with_a_value_gives_none() -> None:
    values = np.full((2, 3, 2), np.nan)
    values[1, 0, 1] = 4.0
    np.testing.assert_array_equal(row_quantile(values, 1.0), [[np.nan, np.nan], [np.nan, 4.0]])
