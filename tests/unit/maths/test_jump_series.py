"""Merton's series and Kou's prices against routes that share nothing with them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr, roots_genlaguerre
from scipy.stats import poisson

from plimsoll.errors import EstimationError, UsageError
from plimsoll.maths import black76
from plimsoll.maths.characteristic_functions import bates_law, kou_law, merton_law
from plimsoll.maths.fourier_prices import cos_prices, lewis_prices
from plimsoll.maths.jump_series import kou_prices, merton_prices

MERTON = {
    "tau": 0.1,
    "volatility": 0.4,
    "jump_intensity": 6.0,
    "jump_mean": -0.07,
    "jump_sd": 0.1,
}
KOU = {
    "tau": 0.25,
    "volatility": 0.35,
    "jump_intensity": 7.0,
    "up_probability": 0.4,
    "up_rate": 14.0,
    "down_rate": 9.0,
}
K = np.array([-0.9, -0.35, -0.1, 0.0, 0.05, 0.3, 0.8])


def _kou_by_conditioning(k: float, p: dict[str, float]) -> float:
    """Out-of-the-money price given the numbers of up and down jumps.

    m upward jumps add a gamma(m) variable of rate eta1, n downward ones take off a gamma(n) of
    rate eta2; given both, the price is Black's. Gauss-Laguerre over the gammas, no Fourier.
    """
    up, down = p["up_probability"], 1.0 - p["up_probability"]
    count = p["jump_intensity"] * p["tau"]
    kbar = up * p["up_rate"] / (p["up_rate"] - 1) + down * p["down_rate"] / (p["down_rate"] + 1) - 1
    total = 0.0
    for m in range(26):
        for n in range(26):
            weight = poisson.pmf(m, up * count) * poisson.pmf(n, down * count)
            if weight > 1e-15:
                x, x_weights = _gamma_nodes(m, p["up_rate"])
                y, y_weights = _gamma_nodes(n, p["down_rate"])
                shift = np.exp(x[:, None] - y[None, :] - count * kbar)
                price = _black(shift, k, p["volatility"] * math.sqrt(p["tau"]))
                total += weight * float(x_weights @ price @ y_weights)
    return total


def _gamma_nodes(shape: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    if shape == 0:
        return np.zeros(1), np.ones(1)
    nodes, weights = roots_genlaguerre(48, shape - 1)
    return nodes / rate, weights / weights.sum()


def _black(forward: np.ndarray, k: float, deviation: float) -> np.ndarray:
    d1 = (np.log(forward) - k) / deviation + 0.5 * deviation
    if k >= 0:
        return forward * ndtr(d1) - math.exp(k) * ndtr(d1 - deviation)
    return math.exp(k) * ndtr(deviation - d1) - forward * ndtr(-d1)


def test_merton_series_agrees_with_both_integrals() -> None:
    """The only things shared are the parameters. 1e-12 relative, or 1e-12 of the forward by COS."""
    series = merton_prices(K, **MERTON)
    np.testing.assert_allclose(series, lewis_prices(merton_law(**MERTON), K), rtol=2e-12)
    np.testing.assert_allclose(series, cos_prices(merton_law(**MERTON), K), rtol=0, atol=1e-12)


def test_merton_series_keeps_its_digits_in_the_far_wings() -> None:
    k = np.array([-6.0, -3.0, 2.0, 4.0])
    series = merton_prices(k, **MERTON)
    assert series.max() < 1e-15
    np.testing.assert_allclose(series, lewis_prices(merton_law(**MERTON), k), rtol=1e-10)


def test_merton_with_many_jumps() -> None:
    """500 jumps to expiry, up on average: the series must look far beyond the first terms."""
    p = MERTON | {"jump_intensity": 5000.0, "jump_mean": 0.01, "jump_sd": 0.005}
    series = merton_prices(K, **p)
    np.testing.assert_allclose(series, lewis_prices(merton_law(**p), K), rtol=1e-11)


def test_merton_published_price() -> None:
    """Jumps without mean effect (kbar 0): the weights are then Poisson and each term Black's.

    S 100, K 100, one year, volatility 0.2, one jump a year of deviation 0.2: the classic formula
    added by hand with the normal distribution of scipy.
    """
    mean = -0.5 * 0.2**2
    expected = sum(
        poisson.pmf(n, 1.0) * float(_black(np.ones(1), 0.0, 0.2 * math.sqrt(1 + n))[0])
        for n in range(40)
    )
    found = merton_prices(
        [0.0], tau=1.0, volatility=0.2, jump_intensity=1.0, jump_mean=mean, jump_sd=0.2
    )
    assert found[0] == pytest.approx(expected, rel=1e-13)


def test_merton_without_jumps_is_black_and_without_diffusion_still_a_price() -> None:
    found = merton_prices(K, **(MERTON | {"jump_intensity": 0.0}))
    black = black76.price(1.0, np.exp(K), 0.1, 0.4, K >= 0)
    np.testing.assert_allclose(found, black, rtol=1e-13)  # 0.4 sqrt(0.1) rounds otherwise
    still = merton_prices(K, **(MERTON | {"volatility": 0.0}))
    assert ((still > 0.0) & (still < np.minimum(1.0, np.exp(K)))).all()


def test_bates_without_vol_of_vol_is_the_merton_series() -> None:
    p = {name: MERTON[name] for name in ("tau", "jump_intensity", "jump_mean", "jump_sd")}
    law = bates_law(v0=0.16, kappa=2.0, theta=0.16, sigma_v=0.0, rho=-0.5, **p)
    np.testing.assert_allclose(lewis_prices(law, K), merton_prices(K, **MERTON), rtol=2e-12)


@pytest.mark.parametrize("k", [-0.5, -0.1, 0.0, 0.2, 0.6])
def test_kou_agrees_with_conditioning_on_the_jumps(k: float) -> None:
    """1e-9 of the forward: Gauss-Laguerre with 48 nodes over each gamma variable."""
    assert kou_prices([k], **KOU)[0] == pytest.approx(_kou_by_conditioning(k, KOU), abs=1e-9)


def test_kou_only_down_is_a_one_sided_law() -> None:
    p = KOU | {"up_probability": 0.0}
    for k in (-0.4, 0.3):
        assert kou_prices([k], **p)[0] == pytest.approx(_kou_by_conditioning(k, p), abs=1e-9)


def test_kou_agrees_with_cos() -> None:
    np.testing.assert_allclose(
        kou_prices(K, **KOU), cos_prices(kou_law(**KOU), K), rtol=0.0, atol=1e-12
    )


def test_refuses_what_has_no_price() -> None:
    with pytest.raises(UsageError):
        merton_prices([math.inf], **MERTON)
    with pytest.raises(UsageError):
        merton_prices(K, **(MERTON | {"jump_sd": -0.1}))
    with pytest.raises(EstimationError, match="lewis_prices"):
        merton_prices([0.0], **(MERTON | {"jump_intensity": 1e6, "jump_mean": 0.0}))
