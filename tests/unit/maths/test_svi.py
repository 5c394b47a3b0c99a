"""Raw SVI: derivatives by mpmath, Durrleman's g by the density of Black prices, interpolation."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.maths import svi
from plimsoll.maths.ssvi import ssvi_to_raw

VOGT = (-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)
"""Axel Vogt's smile (Gatheral and Jacquier, 2014, example 3.1): positive, and a butterfly."""
SMILES = [
    (0.04, 0.4, -0.3, 0.05, 0.1),
    (0.001, 0.02, -0.6, 0.01, 0.03),
    (-0.02, 0.3, 0.7, -0.2, 0.5),
    VOGT,
]
STRIKES = (-2.5, -0.4, -0.01, 0.0, 0.3, 1.7)


def _mp_variance(smile: tuple[float, ...], k: mpmath.mpf) -> mpmath.mpf:
    a, b, rho, m, sigma = (mpmath.mpf(x) for x in smile)
    return a + b * (rho * (k - m) + mpmath.sqrt((k - m) ** 2 + sigma**2))


def _mp_put(smile: tuple[float, ...], strike: mpmath.mpf) -> mpmath.mpf:
    """Undiscounted Black price on a forward of one."""
    w = _mp_variance(smile, mpmath.log(strike))
    d1 = -mpmath.log(strike) / mpmath.sqrt(w) + mpmath.sqrt(w) / 2
    d2 = d1 - mpmath.sqrt(w)
    return strike * mpmath.ncdf(-d2) - mpmath.ncdf(-d1)


@pytest.mark.parametrize("smile", SMILES)
def test_derivatives_are_those_of_mpmath(smile: tuple[float, ...]) -> None:
    """Error of a few last places of the largest term, cancellation included: 1e-14."""
    found = np.array(svi.svi_slopes(smile, STRIKES))
    with mpmath.workdps(40):
        for order in range(3):
            for i, k in enumerate(STRIKES):
                exact = mpmath.diff(lambda x: _mp_variance(smile, x), mpmath.mpf(k), order)
                assert found[order, i] == pytest.approx(float(exact), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("smile", SMILES)
@pytest.mark.parametrize("k", [-1.0, -0.1, 0.0, 0.2, 0.9])
def test_g_is_the_density_of_black_prices(smile: tuple[float, ...], k: float) -> None:
    """Second derivative of put prices in the strike, by differences of 60 digits."""
    with mpmath.workdps(60):
        strike = mpmath.exp(mpmath.mpf(k))
        per_strike = mpmath.diff(lambda x: _mp_put(smile, x), strike, 2)
        w = _mp_variance(smile, mpmath.mpf(k))
        d2 = -mpmath.mpf(k) / mpmath.sqrt(w) - mpmath.sqrt(w) / 2
        exact = per_strike * strike * mpmath.sqrt(2 * mpmath.pi * w) * mpmath.exp(d2**2 / 2)
    assert svi.durrleman(smile, k) == pytest.approx(float(exact), rel=1e-12, abs=1e-13)


def test_vogts_smile_has_a_butterfly() -> None:
    """Figure 1 of the paper: g falls below zero for k around 0.8 and nowhere in the middle."""
    k = np.linspace(-1.5, 1.5, 3001)
    g = svi.durrleman(VOGT, k)
    assert np.all(svi.svi_total_variance(VOGT, k) > 0.0)
    assert g.min() < -0.01
    assert 0.5 < k[np.argmin(g)] < 1.2
    assert np.all(g[np.abs(k) < 0.4] > 0.0)


def test_kernels_say_what_the_arrays_say() -> None:
    k = np.linspace(-2.0, 2.0, 37)
    rows = np.empty((4, k.size))
    for smile in SMILES:
        raw = np.array(smile)
        svi.svi_slopes_row(raw, k, rows[0], rows[1], rows[2])
        svi.durrleman_row(k, rows[0], rows[1], rows[2], rows[3])
        only = [svi.svi_point(*smile, at) for at in k]
        np.testing.assert_array_equal(rows[0], only)
        np.testing.assert_array_equal(rows[:3], svi.svi_slopes(raw, k))
        np.testing.assert_allclose(rows[3], svi.durrleman(raw, k), rtol=1e-12, atol=1e-14)


def test_slices_and_strikes_broadcast() -> None:
    raw = np.array(SMILES).reshape(2, 2, 5)
    k = np.array(STRIKES).reshape(3, 2)
    found = svi.svi_total_variance(raw, k)
    assert found.shape == (2, 2, 3, 2)
    assert found[1, 0, 2, 1] == svi.svi_total_variance(SMILES[2], STRIKES[5])


def test_between_expiries_total_variance_is_linear() -> None:
    raw, years, k = np.array(SMILES[:2])[::-1], np.array([0.1, 0.5]), np.array(STRIKES)
    low, high = svi.svi_total_variance(raw, k)
    found = svi.surface_points(raw, years, k, 0.2)
    np.testing.assert_allclose(found.variance, 0.75 * low + 0.25 * high, rtol=1e-14)
    np.testing.assert_allclose(found.forward_variance, (high - low) / 0.4, rtol=1e-13)
    assert not found.extrapolated.any()
    slopes, bends = svi.svi_slopes(raw, k)[1:]
    np.testing.assert_allclose(found.slope, 0.75 * slopes[0] + 0.25 * slopes[1], rtol=1e-13)
    np.testing.assert_allclose(found.curvature, 0.75 * bends[0] + 0.25 * bends[1], rtol=1e-13)


def test_at_an_expiry_the_surface_is_its_slice() -> None:
    raw, years = np.array(SMILES[:2])[::-1], np.array([0.1, 0.5])
    for i in range(2):
        found = svi.surface_points(raw, years, STRIKES, years[i])
        np.testing.assert_array_equal(found.variance, svi.svi_total_variance(raw[i], STRIKES))
        assert not found.extrapolated.any()


def test_before_the_first_expiry_variance_is_scaled() -> None:
    raw, years = np.array(SMILES[:1]), np.array([0.5])
    found = svi.surface_points(raw, years, STRIKES, 0.125)
    own = svi.svi_total_variance(raw[0], STRIKES)
    np.testing.assert_allclose(found.variance, 0.25 * own, rtol=1e-15)
    np.testing.assert_allclose(found.forward_variance, own / 0.5, rtol=1e-15)
    assert not svi.surface_points(raw, years, STRIKES, 0.0).variance.any()


def test_after_the_last_expiry_the_volatility_at_the_money_stays_and_is_flagged() -> None:
    raw, years = np.array(SMILES[:2])[::-1], np.array([0.1, 0.5])
    found = svi.surface_points(raw, years, [0.0, 0.3], 1.0)
    money = svi.svi_total_variance(raw[1], 0.0)
    assert found.extrapolated.all()
    assert found.variance[0] == pytest.approx(2.0 * float(money), rel=1e-15)
    np.testing.assert_allclose(found.forward_variance, money / 0.5, rtol=1e-15)


def _g_of(points: svi.SurfacePoints, k: np.ndarray) -> np.ndarray:
    w, slope = points.variance, points.slope
    level = 1.0 - 0.5 * k * slope / w
    return level**2 - 0.25 * slope**2 * (1.0 / w + 0.25) + 0.5 * points.curvature


@pytest.mark.parametrize("share", [1e-6, 0.1, 0.5, 0.999])
def test_scaling_before_the_first_expiry_makes_no_butterfly(share: float) -> None:
    """g of s w is concave in s: not below the lesser of a square and the slice's own g."""
    raw, k = ssvi_to_raw([[0.05, -0.7, 0.3]]), np.linspace(-3.0, 3.0, 1001)
    own = svi.durrleman(raw[0], k)
    assert own.min() > 0.0
    found = _g_of(svi.surface_points(raw, [0.4], k, 0.4 * share), k)
    assert np.all(found >= np.minimum(own, 0.0) - 1e-13)


@pytest.mark.parametrize("times", [1.001, 1.5, 3.0, 50.0])
def test_extrapolation_makes_no_butterfly_and_no_crossing(times: float) -> None:
    """Steep slices, on the edge of freedom from butterflies, skewed to either side."""
    k = np.linspace(-3.0, 3.0, 2001)
    for theta in (0.002, 0.05, 0.8):
        for rho in (-0.95, -0.4, 0.0, 0.8):
            psi = min(4.0 / (1.0 + abs(rho)), np.sqrt(4.0 * theta / (1.0 + abs(rho))))
            raw = ssvi_to_raw([[theta, rho, psi]])
            found = svi.surface_points(raw, [0.4], k, 0.4 * times)
            assert np.all(_g_of(found, k) >= -1e-12)
            assert np.all(found.forward_variance > 0.0)


def test_wrong_use_is_refused() -> None:
    with pytest.raises(UsageError, match="last axis"):
        svi.svi_total_variance([0.1, 0.2], 0.0)
    with pytest.raises(UsageError, match="positive and rise"):
        svi.surface_points(SMILES[:2], [0.2, 0.2], 0.0, 0.1)
    with pytest.raises(UsageError, match="at least 0"):
        svi.surface_points(SMILES[:1], [0.2], 0.0, -0.1)
    with pytest.raises(UsageError, match="their n times"):
        svi.surface_points(SMILES[:2], [0.2], 0.0, 0.1)
