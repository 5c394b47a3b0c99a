"""Simulation against exact moments of the variance, the martingale, and semi-analytic prices.

Tolerances are 4.5 standard errors of the simulation (one false alarm in 150,000); seeds are fixed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.maths.characteristic_functions import bates_law, cumulants, heston_law
from plimsoll.maths.fourier_prices import from_out_of_the_money, lewis_prices
from plimsoll.maths.heston_paths import simulate_paths

HESTON = {"tau": 0.5, "v0": 0.25, "kappa": 3.0, "theta": 0.4, "sigma_v": 1.0, "rho": -0.5}
HARSH = {"tau": 0.5, "v0": 0.1, "kappa": 2.0, "theta": 0.3, "sigma_v": 2.5, "rho": -0.9}
JUMPS = {"jump_intensity": 6.0, "jump_mean": -0.06, "jump_sd": 0.1}
ERRORS = 4.5


def _within_errors(sample: np.ndarray, expected: float) -> bool:
    error = sample.std(ddof=1) / math.sqrt(sample.size)
    return bool(abs(sample.mean() - expected) < ERRORS * error)


@pytest.mark.parametrize("parameters", [HESTON, HARSH], ids=["mild", "feller violated"])
def test_variance_has_its_exact_mean_and_variance(parameters: dict[str, float]) -> None:
    """QE matches both moments step by step, so both hold at any step length."""
    paths = simulate_paths(np.random.default_rng(11), paths=40_000, steps=8, **parameters)
    last = paths.variance[:, -1]
    p, decay = parameters, math.exp(-parameters["kappa"] * parameters["tau"])
    mean = p["theta"] + (p["v0"] - p["theta"]) * decay
    gain = p["sigma_v"] ** 2 * (1.0 - decay) / p["kappa"]
    spread = p["v0"] * gain * decay + 0.5 * p["theta"] * gain * (1.0 - decay)
    assert _within_errors(last, mean)
    assert _within_errors((last - mean) ** 2, spread)
    assert (paths.variance >= 0.0).all()


@pytest.mark.parametrize("jumps", [{}, JUMPS], ids=["heston", "bates"])
@pytest.mark.parametrize("parameters", [HESTON, HARSH], ids=["mild", "feller violated"])
def test_price_is_a_martingale_even_with_long_steps(
    parameters: dict[str, float], jumps: dict[str, float]
) -> None:
    paths = simulate_paths(np.random.default_rng(5), paths=40_000, steps=2, **parameters, **jumps)
    for t in (1, 2):
        assert _within_errors(np.exp(paths.log_return[:, t]), 1.0)
    assert paths.uncorrected_share == 0.0


@pytest.mark.parametrize("jumps", [{}, JUMPS], ids=["heston", "bates"])
@pytest.mark.parametrize("parameters", [HESTON, HARSH], ids=["mild", "feller violated"])
def test_prices_agree_with_the_integral(
    parameters: dict[str, float], jumps: dict[str, float]
) -> None:
    """50 steps in half a year; the scheme's bias is then below the simulation's error."""
    paths = simulate_paths(np.random.default_rng(3), paths=40_000, steps=50, **parameters, **jumps)
    law = bates_law(**parameters, **jumps) if jumps else heston_law(**parameters)
    k = np.array([-0.4, -0.1, 0.0, 0.1, 0.4])
    expected = from_out_of_the_money(lewis_prices(law, k), k, k >= 0)
    price = np.exp(paths.log_return[:, -1])
    for strike, value in zip(k, expected, strict=True):
        payoff = price - math.exp(strike) if strike >= 0 else math.exp(strike) - price
        assert _within_errors(np.maximum(payoff, 0.0), value)


def test_log_return_has_the_cumulants_of_the_law() -> None:
    paths = simulate_paths(np.random.default_rng(9), paths=40_000, steps=50, **HESTON, **JUMPS)
    expected = cumulants(bates_law(**HESTON, **JUMPS))
    last = paths.log_return[:, -1]
    assert _within_errors(last, expected.c1)
    assert _within_errors((last - expected.c1) ** 2, expected.c2)


def test_returns_and_variance_move_together_as_told() -> None:
    """Over a short time ``corr(d ln S, dv) = rho``; 0.02 covers error and the step."""
    short = HESTON | {"tau": 0.01}
    for rho in (-0.8, 0.0, 0.6):
        paths = simulate_paths(
            np.random.default_rng(2), paths=40_000, steps=4, **(short | {"rho": rho})
        )
        found = np.corrcoef(paths.log_return[:, -1], paths.variance[:, -1])[0, 1]
        assert found == pytest.approx(rho, abs=0.02)


def test_no_vol_of_vol_is_black() -> None:
    """The variance follows its mean exactly and the return is normal with its integral."""
    still = HESTON | {"sigma_v": 0.0}
    paths = simulate_paths(np.random.default_rng(1), paths=20_000, steps=3, **still)
    decay = math.exp(-3.0 * 0.5)
    np.testing.assert_allclose(paths.variance[:, -1], 0.4 - 0.15 * decay, rtol=1e-14)
    total = 0.4 * 0.5 - 0.15 * (1.0 - decay) / 3.0
    last = paths.log_return[:, -1]
    assert _within_errors(last, -0.5 * total)
    assert _within_errors((last + 0.5 * total) ** 2, total)


def test_small_vol_of_vol_joins_on() -> None:
    """Same draws on either side of the switch at 1e-6, rho 0: the paths meet.

    2e-3: above the switch the integral of the variance is a trapezium of ten steps.
    """
    plain = HESTON | {"rho": 0.0}
    above, below = (
        simulate_paths(
            np.random.default_rng(1), paths=500, steps=10, **(plain | {"sigma_v": sigma_v})
        )
        for sigma_v in (1.01e-6, 0.0)
    )
    np.testing.assert_allclose(above.log_return, below.log_return, atol=2e-3)
    np.testing.assert_allclose(above.variance, below.variance, atol=1e-5)


def test_the_seed_decides_and_shapes_are_as_said() -> None:
    first, again, other = (
        simulate_paths(np.random.default_rng(seed), paths=50, steps=7, **HESTON, **JUMPS)
        for seed in (4, 4, 5)
    )
    assert first.log_return.tobytes() == again.log_return.tobytes()
    assert first.log_return.tobytes() != other.log_return.tobytes()
    assert first.log_return.shape == first.variance.shape == (50, 8)
    assert (first.log_return[:, 0] == 0.0).all()
    assert (first.variance[:, 0] == HESTON["v0"]).all()
    np.testing.assert_allclose(first.years, np.arange(8) / 14.0)


def test_says_where_the_correction_does_not_exist() -> None:
    """rho near 1 and steps of two years with fast reversion: the mean price of a step is infinite.

    Shorter steps cure it.
    """
    wild = {"tau": 6.0, "v0": 0.5, "kappa": 12.0, "theta": 4.0, "sigma_v": 4.6, "rho": 0.999}
    coarse = simulate_paths(np.random.default_rng(1), paths=500, steps=3, **wild)
    fine = simulate_paths(np.random.default_rng(1), paths=500, steps=300, **wild)
    assert coarse.uncorrected_share == 1.0
    assert fine.uncorrected_share == 0.0
    assert np.isfinite(coarse.log_return).all()


@pytest.mark.parametrize(
    "change", [{"paths": 0}, {"steps": 0}, {"tau": -1.0}, {"rho": 2.0}, {"theta": 0.0}]
)
def test_refuses_bad_input(change: dict[str, float]) -> None:
    arguments = {"paths": 2, "steps": 2} | HESTON | change
    with pytest.raises(UsageError) as caught:
        simulate_paths(np.random.default_rng(0), **arguments)
    assert caught.value.field in change
