"""Properties of SVI for any smile: forms, mixtures, scaling, extrapolation, conditions."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll.maths import ssvi, svi, svi_forms

K = np.concatenate((np.linspace(-3.0, 3.0, 301), np.linspace(-0.2, 0.2, 81)))
LEVEL = st.floats(1e-5, 2.0)
LEAN = st.floats(-0.97, 0.97)


@st.composite
def smiles(draw: st.DrawFn) -> np.ndarray:
    """Raw SVI with positive variance and wings within Lee's bound."""
    rho = draw(LEAN)
    b = draw(st.floats(1e-3, 1.0)) * 2.0 / (1.0 + abs(rho))
    sigma, m = draw(st.floats(1e-3, 2.0)), draw(st.floats(-1.0, 1.0))
    lowest = draw(LEVEL)
    return np.array([lowest - b * sigma * np.sqrt(1.0 - rho**2), b, rho, m, sigma])


@st.composite
def essvi_slices(draw: st.DrawFn) -> np.ndarray:
    """An eSSVI slice that fulfils both conditions against butterflies."""
    theta, rho = draw(LEVEL), draw(LEAN)
    most = min(4.0, np.sqrt(4.0 * theta * (1.0 + abs(rho)))) / (1.0 + abs(rho))
    return np.array([theta, rho, most * draw(st.floats(1e-3, 1.0))])


def _g(points: svi.SurfacePoints) -> np.ndarray:
    w, slope = points.variance, points.slope
    level = 1.0 - 0.5 * K * slope / w
    return level**2 - 0.25 * slope**2 * (1.0 / w + 0.25) + 0.5 * points.curvature


@given(smiles())
def test_total_variance_is_convex_and_above_its_lowest_point(raw: np.ndarray) -> None:
    w, slope, bend = svi.svi_slopes(raw, np.sort(K))
    lowest = raw[0] + raw[1] * raw[4] * np.sqrt(1.0 - raw[2] ** 2)
    assert np.all(w >= lowest - 1e-12 * (abs(raw[0]) + raw[1]))
    assert np.all(bend >= 0.0)
    assert np.all(np.diff(slope) >= -1e-15)
    assert np.all(slope <= raw[1] * (1.0 + raw[2]) + 1e-12)
    assert np.all(slope >= -raw[1] * (1.0 - raw[2]) - 1e-12)


@given(smiles(), st.floats(0.003, 3.0))
def test_nodes_come_back(raw: np.ndarray, tau: float) -> None:
    """As smiles: the parameters of a nearly straight one are lost in its rounding."""
    back = svi_forms.nodes_to_raw(svi_forms.raw_to_nodes(raw, tau), tau)
    size = np.abs(raw[0]) + raw[1] * (np.abs(K) + abs(raw[3]) + raw[4])
    bend = svi.svi_slopes(raw, 0.0)[2]
    assume(bend > 1e-6)
    found, exact = svi.svi_total_variance(back, K), svi.svi_total_variance(raw, K)
    assert np.all(np.abs(found - exact) <= 1e-9 * size / min(1.0, float(bend)))


@given(smiles(), st.floats(1e-4, 1.0))
def test_g_of_a_scaled_smile_is_not_below_the_lesser_of_zero_and_its_own(
    raw: np.ndarray, share: float
) -> None:
    """Concave in the scale, a square at zero: the rule before the first expiry."""
    own = svi.durrleman(raw, K)
    scaled = _g(svi.surface_points(raw[None], [1.0], K, share))
    assert np.all(scaled >= np.minimum(own, 0.0) - 1e-9 * (1.0 + np.abs(own)))


@given(essvi_slices(), st.floats(1.0, 100.0))
def test_extrapolation_of_a_clean_slice_is_clean(one: np.ndarray, times: float) -> None:
    raw = ssvi.ssvi_to_raw(one)
    found = svi.surface_points(raw[None], [1.0], K, times)
    w, slope = found.variance, found.slope
    size = 1.0 + (0.5 * K * slope / w) ** 2 + slope**2 / w + found.curvature
    assert np.all(_g(found) >= -1e-12 * size)
    assert np.all(np.diff(found.variance - svi.svi_total_variance(raw, K)) <= 1e-9)


@given(essvi_slices())
def test_slices_within_the_conditions_have_no_butterfly(one: np.ndarray) -> None:
    raw = ssvi.ssvi_to_raw(one)
    w, slope, bend = svi.svi_slopes(raw, K)
    size = 1.0 + (0.5 * K * slope / w) ** 2 + slope**2 / w + bend
    assert np.all(svi.durrleman(raw, K) >= -1e-12 * size)


@given(essvi_slices(), LEAN, st.floats(0.0, 1.0), st.floats(0.0, 2.0))
def test_slices_within_the_calendar_conditions_do_not_cross(
    early: np.ndarray, rho: float, place: float, growth: float
) -> None:
    least = max((1.0 + early[1]) / (1.0 + rho), (1.0 - early[1]) / (1.0 - rho))
    theta = early[0] * least * np.exp(growth)
    late = np.array([theta, rho, early[2] * least * np.exp(growth * place)])
    assert ssvi.calendar_slack([early, late]).min() >= -1e-12
    low, high = ssvi.ssvi_total_variance([early, late], K)
    assert np.all(high - low >= -1e-11 * high)


@given(smiles(), smiles(), st.floats(0.01, 5.0), st.floats(0.01, 5.0), st.floats(0.0, 12.0))
def test_surface_points_lie_between_their_neighbours(
    one: np.ndarray, two: np.ndarray, first: float, gap: float, at: float
) -> None:
    found = svi.surface_points([one, two], [first, first + gap], K, at)
    low, high = svi.svi_total_variance([one, two], K)
    if first <= at <= first + gap:
        assert np.all(found.variance >= np.minimum(low, high) * (1.0 - 1e-9) - 1e-14)
        assert np.all(found.variance <= np.maximum(low, high) * (1.0 + 1e-9) + 1e-14)
    elif at < first:
        assert np.all(found.variance <= low * (1.0 + 1e-12))
    else:
        assert np.all(found.variance >= high * (1.0 - 1e-12))
    assert np.all(found.extrapolated == (at > first + gap))
