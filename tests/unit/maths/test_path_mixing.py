"""Factors that make t numbers of normals: their law, and what a factor depends on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.maths.path_mixing import _tried_once, fill_mixing


@pytest.mark.parametrize("nu", [2.05, 3.0, 5.0, 40.0])
def test_chi2_has_its_law(nu: float) -> None:
    """100,000 factors; Kolmogorov, and the mean within four standard errors."""
    mix = np.empty(100_000)
    fill_mixing(nu, 11, 0, 1, mix)
    chi2 = (nu - 2.0) / mix**2
    assert stats.kstest(chi2, stats.chi2(nu).cdf).pvalue > 1e-3
    assert abs(chi2.mean() - nu) < 4.0 * np.sqrt(2.0 * nu / mix.size)


def test_normal_law_has_factor_one() -> None:
    mix = np.empty(5)
    fill_mixing(np.inf, 11, 0, 1, mix)
    np.testing.assert_array_equal(mix, 1.0)


def test_rejected_tries_go_on_and_a_factor_depends_on_seed_and_counter_alone() -> None:
    first, whole, part = np.empty(4_000), np.empty(4_000), np.empty(1_000)
    d = 2.5 - 1.0 / 3.0
    _tried_once(d, 1.0 / np.sqrt(9.0 * d), 3, 0, 1, first)
    assert 0.0 < np.mean(first < 0.0) < 0.05
    fill_mixing(5.0, 3, 0, 1, whole)
    assert np.all(whole > 0.0)
    assert np.all(np.isfinite(whole))
    fill_mixing(5.0, 3, 3, 4, part)
    np.testing.assert_array_equal(part, whole[3::4])
