"""Quantile conventions against numpy and hand arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.maths.order_statistics import (
    quantile_order_statistic,
    quantile_type7,
    upper_tail_mean,
)

ORDERED = np.sort(np.random.default_rng(2).normal(size=501))


@pytest.mark.parametrize("p", [0.0, 0.01, 0.5, 0.975, 0.99, 1.0])
def test_type7_is_numpy_linear(p: float) -> None:
    assert quantile_type7(ORDERED, p) == pytest.approx(np.quantile(ORDERED, p), rel=1e-12)


@pytest.mark.parametrize("p", [0.01, 0.5, 0.99, 1.0])
def test_order_statistic_is_numpy_inverted_cdf(p: float) -> None:
    expected = np.quantile(ORDERED, p, method="inverted_cdf")
    assert quantile_order_statistic(ORDERED, p) == expected


def test_order_statistic_where_the_product_is_whole() -> None:
    """0.99 * 100 is 99.00000000000001 in floating point for some n: still the 99th."""
    values = np.arange(1.0, 101.0)
    assert quantile_order_statistic(values, 0.99) == 99.0
    assert quantile_order_statistic(np.arange(1.0, 11.0), 0.7) == 7.0


def test_tail_mean_counts_the_boundary_by_its_fraction() -> None:
    # 10 values at 0.75: the worst 2.5 are 10, 9 and half of 8.
    expected = (10.0 + 9.0 + 0.5 * 8.0) / 2.5
    assert upper_tail_mean(np.arange(1.0, 11.0), 0.75) == pytest.approx(expected, rel=1e-14)
    assert upper_tail_mean(np.arange(1.0, 11.0), 0.9) == pytest.approx(10.0, rel=1e-12)
