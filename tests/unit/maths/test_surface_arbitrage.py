"""Scans of g and of the rise of total variance: against plain numpy, and known cases."""

from __future__ import annotations

import numpy as np

from plimsoll.maths import surface_arbitrage as scan
from plimsoll.maths.ssvi import ssvi_to_raw
from plimsoll.maths.svi import durrleman, svi_slopes, svi_total_variance

VOGT = np.array([-0.0410, 0.1331, 0.3060, 0.3586, 0.4153])
CLEAN = ssvi_to_raw([[0.02, -0.3, 0.1], [0.05, -0.25, 0.15], [0.09, -0.2, 0.2]])


def _points(raw: np.ndarray, even: int, bound: float) -> np.ndarray:
    k = np.empty(even + scan.NEAR_POINTS)
    scan.even_points(bound, k)
    scan.near_points(float(np.sqrt(svi_total_variance(raw, 0.0))), bound, k)
    return k


def _mixtures(raw: np.ndarray, early: list[int], late: list[int], share: list[float]) -> np.ndarray:
    found = np.empty((len(share), scan.SLICE_COLUMNS))
    scan.check_mixtures(raw, np.array(early), np.array(late), np.array(share), 4001, 3.0, found)
    return found


def test_points_are_even_and_dense_near_the_money() -> None:
    k = np.empty(4001 + scan.NEAR_POINTS)
    scan.even_points(3.0, k)
    scan.near_points(0.01, 3.0, k)
    np.testing.assert_allclose(k[:4001], np.linspace(-3.0, 3.0, 4001), atol=1e-15)
    np.testing.assert_allclose(k[4001:], np.linspace(-0.12, 0.12, 401), atol=1e-16)
    scan.near_points(2.0, 3.0, k)
    assert np.abs(k).max() == 3.0


def test_least_g_is_numpys() -> None:
    for raw in (VOGT, *CLEAN):
        found = _mixtures(raw[None].copy(), [0], [0], [0.0])[0]
        k = _points(raw, 4001, 3.0)
        g = durrleman(raw, k)
        np.testing.assert_allclose(found[0], g.min(), rtol=1e-10)
        assert found[1] == k[np.argmin(g)]
        assert found[2] == np.sum(g < 0.0)
        np.testing.assert_allclose(found[3], svi_total_variance(raw, k).min(), rtol=1e-13)


def test_a_mixture_is_linear_in_total_variance() -> None:
    found = _mixtures(CLEAN, [0], [1], [0.3])[0]
    k = _points(CLEAN[0], 4001, 3.0)
    w, slope, bend = (0.7 * low + 0.3 * high for low, high in svi_slopes(CLEAN[:2], k))
    g = (1.0 - 0.5 * k * slope / w) ** 2 - 0.25 * slope**2 * (1.0 / w + 0.25) + 0.5 * bend
    np.testing.assert_allclose(found[0], g.min(), rtol=1e-12)
    assert found[2] == 0.0


def test_least_rise_is_numpys_and_crossings_are_counted() -> None:
    late = CLEAN[0] + np.array([0.0, -0.01, 0.0, 0.0, 0.0])
    raw = np.stack((CLEAN[0], late))
    found = np.empty((1, scan.PAIR_COLUMNS))
    scan.check_order(raw, 4001, 3.0, found)
    k = _points(raw[0], 4001, 3.0)
    low, high = svi_total_variance(raw, k)
    assert found[0, 0] == (high - low).min()
    assert found[0, 1] == k[np.argmin(high - low)]
    assert found[0, 2] == np.sum(high < low) > 0


def test_equal_slices_do_not_cross() -> None:
    found = np.empty((1, scan.PAIR_COLUMNS))
    scan.check_order(np.stack((CLEAN[0], CLEAN[0])), 4001, 3.0, found)
    assert found[0, 0] == 0.0
    assert found[0, 2] == 0.0


def test_the_allowance_is_for_rounding_only() -> None:
    """A fall of 1e-11 of the variance counts, one of 1e-13 does not."""
    for share, counted in ((1e-11, 4402), (1e-13, 0)):
        early = np.array([0.04, 0.0, 0.0, 0.0, 1.0])
        late = early * np.array([1.0 - share, 1.0, 1.0, 1.0, 1.0])
        found = np.empty((1, scan.PAIR_COLUMNS))
        scan.check_order(np.stack((early, late)), 4001, 3.0, found)
        assert found[0, 2] == counted


def test_nan_is_a_violation() -> None:
    raw = CLEAN[:1].copy()
    raw[0, 0] = np.nan
    found = _mixtures(raw, [0], [0], [0.0])[0]
    assert found[2] == found[4] == 4001 + scan.NEAR_POINTS


def test_negative_variance_is_counted() -> None:
    raw = np.array([[-0.05, 0.2, 0.0, 0.5, 0.1]])
    found = _mixtures(raw, [0], [0], [0.0])[0]
    k = _points(raw[0], 4001, 3.0)
    assert found[4] == np.sum(~(svi_total_variance(raw[0], k) >= 0.0)) > 0
