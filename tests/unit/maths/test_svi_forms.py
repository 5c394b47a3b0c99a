"""Jump-wings and node forms: published numbers, definitions by mpmath, round trips."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.maths import svi_form_jacobians, svi_forms
from plimsoll.maths.svi import svi_total_variance

VOGT = (-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)
VOGT_JUMP_WINGS = (0.01742625, -0.1752111, 0.6997381, 1.316798, 0.0116249)
"""Gatheral and Jacquier (2014), section 5.1, for one year."""
SMILES = np.array(
    [
        VOGT,
        (0.04, 0.4, -0.3, 0.05, 0.1),
        (0.0007, 0.017, -0.62, 0.011, 0.034),
        (0.1, 0.05, 0.9, -1.2, 0.8),
        (0.03, 0.2, -0.2, -0.3, 0.02),
    ]
)
TAU = np.array([1.0, 0.5, 2.0 / 365.0, 0.9, 0.25])


def test_jump_wings_of_vogts_smile_are_the_published_ones() -> None:
    """Published to seven digits."""
    np.testing.assert_allclose(svi_forms.raw_to_jump_wings(VOGT, 1.0), VOGT_JUMP_WINGS, rtol=5e-7)


def test_published_jump_wings_give_vogts_smile() -> None:
    """Seven digits in; ``m`` and ``sigma`` lose one of them."""
    np.testing.assert_allclose(svi_forms.jump_wings_to_raw(VOGT_JUMP_WINGS, 1.0), VOGT, rtol=2e-5)


def test_nodes_are_derivatives_of_the_volatility() -> None:
    """Volatility and its derivatives in k at the money by mpmath; wings far out."""
    for raw, tau in zip(SMILES, TAU, strict=True):
        found = svi_forms.raw_to_nodes(raw, tau)
        a, b, rho, m, sigma = (mpmath.mpf(float(x)) for x in raw)

        def vol(k: mpmath.mpf) -> mpmath.mpf:
            root = mpmath.sqrt((k - m) ** 2 + sigma**2)  # noqa: B023
            return mpmath.sqrt((a + b * (rho * (k - m) + root)) / tau)  # noqa: B023

        with mpmath.workdps(40):
            exact = [float(mpmath.diff(vol, 0, order)) for order in range(3)]
        np.testing.assert_allclose(found[:3], exact, rtol=1e-12)
        far = svi_total_variance(raw, [-2e6, -1e6, 1e6, 2e6])
        np.testing.assert_allclose(found[3:], [(far[3] - far[2]) / 1e6, (far[0] - far[1]) / 1e6])


@pytest.mark.parametrize("form", ["jump_wings", "nodes"])
def test_round_trips(form: str) -> None:
    """A few last places times the condition of the way back."""
    back = {
        "jump_wings": lambda: svi_forms.jump_wings_to_raw(
            svi_forms.raw_to_jump_wings(SMILES, TAU), TAU
        ),
        "nodes": lambda: svi_forms.nodes_to_raw(svi_forms.raw_to_nodes(SMILES, TAU), TAU),
    }
    np.testing.assert_allclose(back[form](), SMILES, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("form", ["jump_wings", "nodes"])
def test_jacobians_are_the_derivatives(form: str) -> None:
    """Against differences in 40 digits, of the forms written in mpmath."""
    jacobian = {
        "jump_wings": svi_form_jacobians.jump_wings_jacobian,
        "nodes": svi_form_jacobians.nodes_jacobian,
    }[form]
    for raw, tau in zip(SMILES, TAU, strict=True):
        found = jacobian(raw, tau)
        with mpmath.workdps(40):
            point = [mpmath.mpf(float(x)) for x in raw]
            for j in range(5):
                step = mpmath.mpf(10) ** -15
                up = _mp_form(form, [x + step * (i == j) for i, x in enumerate(point)], tau)
                down = _mp_form(form, [x - step * (i == j) for i, x in enumerate(point)], tau)
                exact = [float((u - d) / (2 * step)) for u, d in zip(up, down, strict=True)]
                np.testing.assert_allclose(found[:, j], exact, rtol=1e-10, atol=1e-12)


def _mp_form(form: str, raw: list[mpmath.mpf], tau: float) -> list[mpmath.mpf]:
    """The forms by their definitions, derivatives of w written out."""
    a, b, rho, m, sigma = raw
    radius, leg = mpmath.sqrt(m**2 + sigma**2), mpmath.sqrt(1 - rho**2)
    w, slope, bend = a + b * (radius - rho * m), b * (rho - m / radius), b * sigma**2 / radius**3
    if form == "jump_wings":
        root = mpmath.sqrt(w)
        low = a + b * sigma * leg
        return [w / tau, slope / root / 2, b * (1 - rho) / root, b * (1 + rho) / root, low / tau]
    vol = mpmath.sqrt(w / tau)
    skew = slope / (2 * vol * tau)
    return [vol, skew, (bend / (2 * tau) - skew**2) / vol, b * (1 + rho), b * (1 - rho)]


def test_covariances_are_carried_over() -> None:
    """Delta method against 200,000 draws: their own error of a variance is 0.3 %."""
    raw, tau = np.array(SMILES[1]), 0.5
    deviation = 1e-4 * np.abs(raw)
    covariance = np.diag(deviation**2)
    jacobian = svi_form_jacobians.nodes_jacobian(raw, tau)
    carried = svi_form_jacobians.carried_covariance(covariance, jacobian)
    draws = raw + deviation * np.random.default_rng(5).standard_normal((200_000, 5))
    sampled = np.cov(svi_forms.raw_to_nodes(draws, tau), rowvar=False)
    scale = np.sqrt(np.outer(np.diag(carried), np.diag(carried)))
    np.testing.assert_allclose(carried / scale, sampled / scale, atol=0.02)
    np.testing.assert_array_equal(carried, carried.T)


def test_a_flat_smile_comes_back_from_its_nodes() -> None:
    again = svi_forms.nodes_to_raw(svi_forms.raw_to_nodes([0.04, 0.0, 0.0, 0.0, 1.0], 1.0), 1.0)
    np.testing.assert_allclose(again, [0.04, 0.0, 0.0, 0.0, 1.0], rtol=1e-15)


def test_what_no_smile_has_is_refused() -> None:
    with pytest.raises(UsageError, match="other than 0"):
        svi_forms.jump_wings_to_raw([0.04, 0.0, 0.5, 0.5, 0.03], 1.0)
    with pytest.raises(UsageError, match="v > v_low"):
        svi_forms.jump_wings_to_raw([0.04, 0.1, 0.5, 0.5, 0.05], 1.0)
    with pytest.raises(UsageError, match="between those of the wings"):
        svi_forms.nodes_to_raw([0.2, 1.0, 1.0, 0.01, 0.01], 1.0)
    with pytest.raises(UsageError, match="positive total variance"):
        svi_forms.raw_to_nodes([-1.0, 0.1, 0.0, 0.0, 0.1], 1.0)
    with pytest.raises(UsageError, match="five entries"):
        svi_forms.raw_to_nodes([1.0, 2.0], 1.0)
