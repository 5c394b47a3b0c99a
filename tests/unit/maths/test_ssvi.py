"""eSSVI slices: the raw SVI they are, and their conditions against smiles sampled densely."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.maths import ssvi
from plimsoll.maths.svi import durrleman, svi_total_variance

K = np.concatenate((np.linspace(-3.0, 3.0, 601), np.sinh(np.linspace(-8.0, 8.0, 161))))


def _random_slices(rng: np.random.Generator, n: int) -> np.ndarray:
    theta = np.exp(rng.uniform(np.log(1e-4), np.log(2.0), n))
    return np.stack((theta, rng.uniform(-0.98, 0.98, n), np.empty(n)), axis=-1)


def test_a_slice_is_the_raw_svi_it_is_turned_into() -> None:
    rng = np.random.default_rng(1)
    slices = _random_slices(rng, 200)
    slices[:, 2] = rng.uniform(0.01, 4.0, 200)
    raw = ssvi.ssvi_to_raw(slices)
    found = svi_total_variance(raw, K)
    np.testing.assert_allclose(ssvi.ssvi_total_variance(slices, K), found, rtol=1e-9, atol=1e-13)


def test_gatheral_and_jacquiers_formula() -> None:
    """Their equation (4.1), phi written out."""
    theta, rho, psi = 0.09, -0.4, 0.25
    phi = psi / theta
    root = np.sqrt((phi * K + rho) ** 2 + 1.0 - rho**2)
    exact = 0.5 * theta * (1.0 + rho * phi * K + root)
    np.testing.assert_allclose(ssvi.ssvi_total_variance([theta, rho, psi], K), exact, rtol=1e-13)


def test_level_and_skew_at_the_money() -> None:
    """``w(0) = theta`` and ``w'(0) = rho psi``."""
    theta, rho, psi = 0.09, -0.4, 0.25
    h = 1e-6
    down, at, up = ssvi.ssvi_total_variance([theta, rho, psi], [-h, 0.0, h])
    assert at == pytest.approx(theta, rel=1e-15)
    assert (up - down) / (2.0 * h) == pytest.approx(rho * psi, rel=1e-9)


def test_sufficient_conditions_leave_no_butterfly() -> None:
    """300 slices on the edge of either condition: g, of terms of size 1, is not below -1e-12."""
    rng = np.random.default_rng(2)
    slices = _random_slices(rng, 300)
    wing = 1.0 + np.abs(slices[:, 1])
    slices[:, 2] = np.minimum(4.0 / wing, np.sqrt(4.0 * slices[:, 0] / wing))
    assert np.all(np.abs(ssvi.butterfly_slack(slices).min(axis=-1)) < 1e-12)
    assert durrleman(ssvi.ssvi_to_raw(slices), K).min() > -1e-12


@pytest.mark.parametrize(
    "broken",
    [
        [2.5, -0.5, 4.2 / 1.5],  # wing steeper than Lee's bound
        [0.01, -0.5, 2.0 * np.sqrt(0.04 / 1.5)],  # twice the second condition's psi
    ],
)
def test_far_beyond_either_condition_there_is_a_butterfly(broken: list[float]) -> None:
    assert ssvi.butterfly_slack(broken).min() < 0.0
    assert durrleman(ssvi.ssvi_to_raw(broken), K).min() < 0.0


def _later(rng: np.random.Generator, early: np.ndarray) -> np.ndarray:
    """A slice that fulfils the four conditions against ``early``, at random."""
    theta, rho, psi = early
    while True:
        new_rho = rng.uniform(-0.95, 0.95)
        least = max((1.0 + rho) / (1.0 + new_rho), (1.0 - rho) / (1.0 - new_rho))
        growth = least * np.exp(rng.exponential(0.2))
        new_psi = psi * rng.uniform(least, growth)
        if growth < 50.0:
            return np.array([theta * growth, new_rho, new_psi])


def test_sufficient_conditions_leave_no_crossing() -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        early = _random_slices(rng, 1)[0]
        early[2] = rng.uniform(0.05, 1.0) * np.sqrt(early[0])
        late = _later(rng, early)
        assert np.all(ssvi.calendar_slack([early, late]) >= -1e-12)
        low, high = ssvi.ssvi_total_variance([early, late], K)
        assert np.all(high - low >= -1e-12 * high)


def test_each_calendar_condition_is_seen() -> None:
    early = [0.04, -0.3, 0.2]
    broken = {
        0: [0.039, -0.3, 0.2],
        1: [0.08, -0.5, 0.21],
        2: [0.08, -0.1, 0.21],
        3: [0.05, -0.3, 0.27],
    }
    assert np.all(ssvi.calendar_slack([early, [0.08, -0.3, 0.25]]) > 0.0)
    for column, late in broken.items():
        slack = ssvi.calendar_slack([early, late])[0]
        assert slack[column] < 0.0
        assert not ssvi.is_free_of_arbitrage([early, late])


def test_wrong_use_is_refused() -> None:
    with pytest.raises(UsageError, match="psi > 0"):
        ssvi.ssvi_to_raw([0.04, 0.0, 0.0])
    with pytest.raises(UsageError, match="last axis"):
        ssvi.ssvi_total_variance([0.04, 0.0], 0.0)
