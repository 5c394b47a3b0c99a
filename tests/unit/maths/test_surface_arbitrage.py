"""Scans of g and of the rise of total variance: against plain numpy, and known cases."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.maths import surface_arbitrage as scan
from plimsoll.maths.ssvi import ssvi_to_raw
from plimsoll.maths.svi import durrleman, svi_slopes, svi_total_variance

VOGT = np.array([-0.0410, 0.1331, 0.3060, 0.3586, 0.4153])
CLEAN = ssvi_to_raw([[0.02, -0.3, 0.1], [0.05, -0.25, 0.15], [0.09, -0.2, 0.2]])


def _points(raw: np.ndarray, even: int, bound: float) -> np.ndarray:
    k = np.empty(even + scan.NEAR_POINTS)
    scan.even_points(bound, k[:even])
    scan.near_points(float(np.sqrt(svi_total_variance(raw, 0.0))), bound, k[even:])
    return k


def _far(bound: float) -> np.ndarray:
    """Far out on both sides, on points of numpy's own."""
    far = np.geomspace(bound, 1e6, 20001)
    return np.concatenate((-far, far))


def _order(early: np.ndarray, late: np.ndarray, bound: float = 3.0) -> np.ndarray:
    found = np.empty((1, scan.PAIR_COLUMNS))
    scan.check_order(np.stack((early, late)), 4001, bound, found)
    return found[0]


def _mixtures(raw: np.ndarray, early: list[int], late: list[int], share: list[float]) -> np.ndarray:
    found = np.empty((len(share), scan.SLICE_COLUMNS))
    scan.check_mixtures(raw, np.array(early), np.array(late), np.array(share), 4001, 3.0, found)
    return found


def test_points_are_even_and_dense_near_the_money() -> None:
    even, near, far = np.empty(4001), np.empty(scan.NEAR_POINTS), np.empty(2 * scan.FAR_POINTS)
    scan.even_points(3.0, even)
    np.testing.assert_allclose(even, np.linspace(-3.0, 3.0, 4001), atol=1e-15)
    scan.near_points(0.01, 3.0, near)
    np.testing.assert_allclose(near, np.linspace(-0.12, 0.12, 401), atol=1e-16)
    scan.near_points(2.0, 3.0, near)
    assert np.abs(near).max() == 3.0
    scan.far_points(3.0, far)
    np.testing.assert_allclose(far[500:], np.geomspace(3.0, 1e7, 501)[1:], rtol=1e-11)
    np.testing.assert_array_equal(far[:500], -far[500:])


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


def test_a_butterfly_beyond_the_bound_is_found() -> None:
    """Lee's bound holds with room and g is positive on [-3, 3], yet not at 3.9."""
    raw = np.array([-1.775, 0.7005, 0.0756, 0.566, 2.8098])
    found = _mixtures(raw[None].copy(), [0], [0], [0.0])[0]
    k = _far(3.0)
    assert durrleman(raw, k).min() < 0.0 < durrleman(raw, np.linspace(-3.0, 3.0, 4001)).min()
    assert found[2] == found[4] == 0.0
    assert found[7] > 0.0
    np.testing.assert_allclose(found[5], durrleman(raw, k).min(), rtol=2e-3)
    assert found[6] == pytest.approx(k[np.argmin(durrleman(raw, k))], rel=0.1)


@pytest.mark.parametrize("reach", [1e3, 1e5, 1e10])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_crossing_beyond_the_bound_is_found(reach: float, side: float) -> None:
    """Steeper wings on both sides and far above near the money, but an intercept that is 0.005
    too low, which shows where the wide bend has run out, and which the slope makes good only at
    ``reach``."""
    early = np.array([0.04, 0.1, 0.0, 0.0, 0.3])
    late = np.array([0.04, 0.1 + 0.005 / reach, 0.0, 0.05 * side, 3.0])
    k = side * np.geomspace(3.0, 900.0, 10_001)
    gap = np.subtract(*svi_total_variance(np.stack((late, early)), k))
    assert gap.min() < 0.0 < gap[0]
    found = _order(early, late)
    assert found[0] > 0.0 == found[2]
    assert found[5] > 0.0
    assert found[3] <= 0.99 * gap.min()  # of coarser points
    assert np.sign(found[4]) == side
    assert (late[1] - early[1]) * (1.0 - abs(early[2])) > 0.0


@pytest.mark.parametrize(("shift", "lift"), [(0.02, 0.0016), (-0.02, 0.0024)])
def test_equal_slopes_are_decided_by_the_intercepts(shift: float, lift: float) -> None:
    """Moved right by 0.02, the right wing comes down by 0.02 b (1 + rho) = 0.0016."""
    early = np.array([0.04, 0.1, -0.2, 0.1, 0.2])
    for room, crossed in ((1e-5, False), (-1e-5, True)):
        late = early + np.array([lift + room, 0.0, 0.0, shift, 0.001])
        assert (_order(early, late)[5] > 0.0) == crossed


def test_smiles_after_the_last_are_checked_at_all_times() -> None:
    """Against numpy: the least g of w + c over shifts c from 0 to 1000 times w."""
    shifts = np.concatenate(([0.0], np.geomspace(1e-5, 1e3, 4001)))
    for raw in (VOGT, CLEAN[0], np.array([0.001, 0.9, 0.1, 0.2, 0.02])):
        found = np.empty(scan.SLICE_COLUMNS)
        scan.check_later(raw, 401, 3.0, found)
        k = _points(raw, 401, 3.0)
        w, slope, bend = svi_slopes(raw, k)
        x = 1.0 / (w + shifts[:, None] * w)
        g = (1.0 - 0.5 * k * slope * x) ** 2 - slope**2 / 4.0 * (x + 0.25) + 0.5 * bend
        np.testing.assert_allclose(found[0], g.min(), rtol=1e-4, atol=1e-9)
        assert (found[2] > 0.0) == (g.min() < 0.0)
