"""Strips of model prices against the variance the models are known to have.

For a diffusion the log contract is worth the mean variance to expiry; jumps of log size J, at rate
lambda, add 2 lambda tau E[e^J - 1 - J] (Carr and Madan, 1998; Demeterfi, Derman, Kamal and Zou,
1999). Prices come from characteristic functions, which the strip knows nothing of.
"""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.estimators.implied.variance_strip import Truncation, strip_variance
from plimsoll.maths.characteristic_functions import LogReturnLaw, heston_law, merton_law
from plimsoll.maths.fourier_prices import lewis_prices

TAU, STEP = 30 / 365, 0.01


def strip_of(law: LogReturnLaw, reach: float = 1.6) -> float:
    """Total variance by strikes 1 % apart, one of them on the forward."""
    half = round(reach / STEP)
    k = STEP * np.arange(-half, half + 1)
    prices = lewis_prices(law, k)
    rows = np.concatenate((np.flatnonzero(k <= 0), np.flatnonzero(k >= 0)))
    is_call = np.repeat([False, True], half + 1)
    mids = prices[rows]
    return strip_variance(
        np.exp(k[rows]), is_call, mids, mids, 1.0, TAU, truncation=Truncation.FLAT_VOL
    ).total_variance


def grid_error(variance: float) -> float:
    """What strikes on log steps h add, to order h^2: h^2 / 6 at the kink, and sinh(h) / h."""
    return float((variance + STEP**2 / 6) * np.sinh(STEP) / STEP)


@pytest.mark.parametrize("rho", [-0.7, 0.0, 0.5])
def test_heston(rho: float) -> None:
    """E int v dt = theta tau + (v0 - theta)(1 - e^(-kappa tau)) / kappa, whatever rho and the
    volatility of variance; tails beyond |k| = 1.6 hold less than 1e-6 of it."""
    v0, kappa, theta = 0.4, 4.0, 0.25
    law = heston_law(tau=TAU, v0=v0, kappa=kappa, theta=theta, sigma_v=1.5, rho=rho)
    variance = theta * TAU + (v0 - theta) * (1 - np.exp(-kappa * TAU)) / kappa
    assert strip_of(law) == pytest.approx(grid_error(variance), rel=2e-6)


@pytest.mark.parametrize("jump_mean", [-0.1, 0.0, 0.08])
def test_merton(jump_mean: float) -> None:
    """sigma^2 tau + 2 lambda tau (e^(mu + d^2/2) - 1 - mu)."""
    sigma, rate, sd = 0.4, 3.0, 0.12
    law = merton_law(
        tau=TAU, volatility=sigma, jump_intensity=rate, jump_mean=jump_mean, jump_sd=sd
    )
    jumps = 2 * rate * TAU * (np.exp(jump_mean + sd**2 / 2) - 1 - jump_mean)
    assert strip_of(law) == pytest.approx(grid_error(sigma**2 * TAU + jumps), rel=2e-6)
