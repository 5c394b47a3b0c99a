"""Published parameters: derivatives by differences, standard errors by drawing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_surface import smile

from plimsoll.domain.surface import SviSmile
from plimsoll.estimators.surface.published import PublishedSmile, published_smile
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.maths.svi import svi_total_variance
from plimsoll.sandbox.option_chain import option_chain

COVARIANCE = np.diag([1e-5, 3e-4, 2e-3, 1e-4, 4e-4]) ** 2 * 100.0
QUOTES = prepare_chain(option_chain(3).chain)


def published(own: SviSmile) -> PublishedSmile:
    return published_smile(own, QUOTES)


def vol(own: SviSmile, k: float) -> float:
    return float(np.sqrt(svi_total_variance(own.raw, k) / own.tau_years))


def test_skew_and_curvature_are_derivatives_in_log_moneyness() -> None:
    """Central differences with steps of 1e-4: error of 1e-8 of each, rounding below."""
    own, step = smile(30, 100.0), 1e-4
    down, middle, up = (vol(own, x) for x in (-step, 0.0, step))
    found = published(own)
    by_hand = (middle, (up - down) / (2 * step), (up + down - 2 * middle) / step**2)
    assert found.at_money == pytest.approx(by_hand, rel=1e-6)
    # Per deviation: the same derivatives in x = k / (vol sqrt(tau)).
    deviation = middle * np.sqrt(own.tau_years)
    scaled = (middle, by_hand[1] * deviation, by_hand[2] * deviation**2)
    assert found.per_deviation == pytest.approx(scaled, rel=1e-6)


def test_jump_wings_are_what_traders_read() -> None:
    """v from the smile at the money, wings from its slope far out, least variance on a grid."""
    own = smile(90, 100.0)
    v, psi, put, call, least = published(own).jump_wings
    root = np.sqrt(svi_total_variance(own.raw, 0.0))
    assert v == pytest.approx(vol(own, 0.0) ** 2, rel=1e-12)
    far = 1e6
    slopes = [
        svi_total_variance(own.raw, x + 1.0) - svi_total_variance(own.raw, x) for x in (-far, far)
    ]
    assert put == pytest.approx(-slopes[0] / root, rel=1e-6)
    assert call == pytest.approx(slopes[1] / root, rel=1e-6)
    grid = svi_total_variance(own.raw, np.linspace(-2.0, 2.0, 400_001)) / own.tau_years
    assert least == pytest.approx(grid.min(), rel=1e-9)
    step = 1e-5
    rise = np.sqrt(svi_total_variance(own.raw, step)) - np.sqrt(svi_total_variance(own.raw, -step))
    assert psi == pytest.approx(rise / (2 * step), rel=1e-8)


def test_standard_errors_by_drawing() -> None:
    """Raw parameters drawn 20,000 times: deviations known to half a per cent, and second order."""
    own = smile(90, 100.0, COVARIANCE)
    draws = np.random.default_rng(4).multivariate_normal(own.raw, COVARIANCE, 20_000)
    names = ("a", "b", "rho", "m", "sigma")
    values = [
        published(replace(own, **dict(zip(names, map(float, raw), strict=True)))) for raw in draws
    ]
    found = published(own)
    for name in ("at_money", "per_deviation", "jump_wings"):
        drawn = np.array([getattr(value, name) for value in values]).std(axis=0)
        assert getattr(found, f"{name}_error") == pytest.approx(drawn, rel=0.03)


def test_without_a_covariance_errors_are_unknown() -> None:
    found = published(smile(30, 100.0))
    assert np.isnan(found.at_money_error).all()
    assert np.isnan(found.per_deviation_error).all()
    assert np.isnan(found.jump_wings_error).all()
    assert np.isfinite(found.jump_wings).all()


def test_the_worth_of_a_tick_is_the_median_of_the_usable_quotes() -> None:
    expiry = QUOTES.chain.expiries_ns[3]
    found = published_smile(replace(smile(30, 100.0), expiry_ns=expiry), QUOTES)
    rows = [
        i
        for i in range(len(QUOTES.chain))
        if QUOTES.chain.expiry_ns[i] == expiry and QUOTES.status[i] == 0
    ]
    worth = sorted(QUOTES.vol_per_tick[rows].tolist())
    middle = len(worth) // 2
    median = worth[middle] if len(worth) % 2 else 0.5 * (worth[middle - 1] + worth[middle])
    assert found.vol_per_tick == pytest.approx(median)
    assert np.isnan(published(smile(30, 100.0)).vol_per_tick)  # an expiry the chain has not
