"""Laws of the log-return: the textbook formulas in 60 digits, cumulants in closed form, limits."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from plimsoll.errors import UsageError
from plimsoll.maths.characteristic_functions import (
    LogReturnLaw,
    bates_law,
    black_law,
    cumulants,
    heston_law,
    kou_law,
    merton_law,
)
from plimsoll.maths.heston_moments import heston_explosion_time

HESTON = {"tau": 0.7, "v0": 0.3, "kappa": 2.5, "theta": 0.5, "sigma_v": 1.4, "rho": -0.6}
JUMPS = {"jump_intensity": 4.0, "jump_mean": -0.08, "jump_sd": 0.12}
KOU = {
    "tau": 0.7,
    "volatility": 0.4,
    "jump_intensity": 9.0,
    "up_probability": 0.4,
    "up_rate": 12.0,
    "down_rate": 8.0,
}
HARSH = [
    HESTON,
    {"tau": 0.002, "v0": 0.02, "kappa": 12.0, "theta": 0.4, "sigma_v": 7.0, "rho": 0.98},
    {"tau": 10.0, "v0": 0.6, "kappa": 0.4, "theta": 0.1, "sigma_v": 2.5, "rho": -0.999},
    {"tau": 10.0, "v0": 0.6, "kappa": 0.4, "theta": 0.1, "sigma_v": 2.5, "rho": 0.999},
    {"tau": 1.0, "v0": 0.6, "kappa": 4.0, "theta": 0.1, "sigma_v": 0.01, "rho": -0.5},
]
LAWS = {
    "black": black_law(tau=0.7, volatility=0.6),
    "heston": heston_law(**HESTON),
    "bates": bates_law(**HESTON, **JUMPS),
    "merton": merton_law(tau=0.7, volatility=0.4, **JUMPS),
    "kou": kou_law(**KOU),
}


def _heston_in_many_digits(z: complex, p: dict[str, float]) -> complex:
    """The little trap as printed in the literature, in 60 digits."""
    with mp.workdps(60):
        s, v0, theta = mp.mpf(p["sigma_v"]), mp.mpf(p["v0"]), mp.mpf(p["theta"])
        kappa, tau = mp.mpf(p["kappa"]), mp.mpf(p["tau"])
        zz = mp.mpc(z)
        b = kappa - mp.mpf(p["rho"]) * s * zz
        d = mp.sqrt(b * b - s * s * (zz * zz - zz))
        g, decay = (b - d) / (b + d), mp.exp(-d * tau)
        drift = (b - d) * tau - 2 * mp.log((1 - g * decay) / (1 - g))
        start = (b - d) * (1 - decay) / (1 - g * decay)
        return complex(kappa * theta / s**2 * drift + v0 / s**2 * start)


@pytest.mark.parametrize("parameters", HARSH)
def test_heston_agrees_with_the_formula_in_60_digits(parameters: dict[str, float]) -> None:
    """1e-12: rounding of terms up to a thousand times the result at large orders."""
    law = heston_law(**parameters)
    inside = np.linspace(0.98 * max(law.lowest_moment, -50), 0.98 * min(law.highest_moment, 50), 5)
    for a in inside:
        for u in (1e-3, 0.7, 11.0, 300.0, 2e4):
            z = complex(a, u)
            expected = _heston_in_many_digits(z, parameters)
            assert law.log_moment(np.array([z]))[0] == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_heston_solves_riccati_equations() -> None:
    """Independent of every closed form: ``D' = (z^2-z)/2 - b D + s^2 D^2 / 2, C' = k theta D``.

    1e-8 is a hundred times the tolerance given to the integrator.
    """
    z = np.array([0.5 + 3.0j, 1.5 - 20.0j, -0.5 + 80.0j])
    k, s = HESTON["kappa"], HESTON["sigma_v"]

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        d = y[:3]
        change = 0.5 * (z * z - z) - (k - HESTON["rho"] * s * z) * d + 0.5 * s * s * d * d
        return np.concatenate([change, k * HESTON["theta"] * d])

    start = np.zeros(6, dtype=complex)
    solved = solve_ivp(slope, (0.0, HESTON["tau"]), start, rtol=1e-10, atol=1e-13).y[:, -1]
    expected = solved[3:] + HESTON["v0"] * solved[:3]
    np.testing.assert_allclose(LAWS["heston"].log_moment(z), expected, rtol=1e-8)


@pytest.mark.parametrize("name", LAWS)
def test_mass_is_one_and_the_forward_is_the_mean(name: str) -> None:
    ends = LAWS[name].log_moment(np.array([0.0, 1.0], dtype=complex))
    np.testing.assert_allclose(ends, 0.0, atol=1e-15)


@pytest.mark.parametrize("name", LAWS)
def test_characteristic_function_is_hermitian_and_below_one(name: str) -> None:
    u = np.linspace(0.1, 300.0, 400)
    forward, backward = LAWS[name].log_cf(u), LAWS[name].log_cf(-u)
    np.testing.assert_allclose(forward, np.conj(backward), rtol=1e-13)
    assert (forward.real < 0.0).all()
    assert (forward.real <= LAWS[name].log_bound(1j * u) + 1e-12).all()


@pytest.mark.parametrize("name", LAWS)
def test_dual_swaps_the_ends_and_is_its_own_inverse(name: str) -> None:
    law = LAWS[name]
    z = np.array([0.3 + 2.0j, 0.8 - 1.0j])
    np.testing.assert_allclose(law.dual().log_moment(z), law.log_moment(1.0 - z))
    np.testing.assert_allclose(law.dual().dual().log_moment(z), law.log_moment(z), rtol=1e-14)


def test_jump_moments_are_expectations_over_jumps() -> None:
    """``lambda tau (E[e^(zJ)] - 1 - z E[e^J - 1])`` with the expectation by quadrature."""
    z, tau = 0.4 + 2.5j, 0.7

    def merton_density(x: float) -> float:
        return math.exp(-0.5 * ((x + 0.08) / 0.12) ** 2) / (0.12 * math.sqrt(2.0 * math.pi))

    def kou_density(x: float) -> float:
        return 0.4 * 12.0 * math.exp(-12.0 * x) if x > 0 else 0.6 * 8.0 * math.exp(8.0 * x)

    for density, name, intensity in ((merton_density, "merton", 4.0), (kou_density, "kou", 9.0)):
        expected = mp.quad(
            lambda x, f=density: f(float(x)) * (mp.exp(z * x) - 1 - z * mp.expm1(x)),
            [-6, -2, -0.5, 0, 0.5, 2, 5],
        )
        jumps = (
            LAWS[name].log_moment(np.array([z]))[0]
            - black_law(tau=tau, volatility=0.4).log_moment(np.array([z]))[0]
        )
        assert jumps == pytest.approx(intensity * tau * complex(expected), rel=1e-10)


def test_heston_without_vol_of_vol_is_black_at_the_mean_variance() -> None:
    """The distance falls with sigma_v to first order (rho) and is 0 at 0: no cancellation."""
    p = HESTON | {"sigma_v": 0.0}
    mean = p["theta"] + (p["v0"] - p["theta"]) * -math.expm1(-p["kappa"] * p["tau"]) / (
        p["kappa"] * p["tau"]
    )
    z = np.array([0.5 + 4.0j, 2.0 + 9.0j, -3.0 + 0.1j])
    black = black_law(tau=p["tau"], volatility=math.sqrt(mean)).log_moment(z)
    np.testing.assert_allclose(heston_law(**p).log_moment(z), black, rtol=1e-14)
    for sigma_v in (1e-2, 1e-5, 1e-9, 1e-160):
        near = heston_law(**(p | {"sigma_v": sigma_v})).log_moment(z)
        assert np.abs(near / black - 1.0).max() < 3.0 * sigma_v + 1e-14


def test_cumulants_in_closed_form() -> None:
    """Merton: lambda tau E[J^n]; Kou likewise; Heston's c1 and c2 by the moments of variance."""
    tau, lam, mu, sd = 0.7, 4.0, -0.08, 0.12
    kbar = math.exp(mu + sd * sd / 2) - 1.0
    found = cumulants(LAWS["merton"])
    assert found.c1 == pytest.approx(tau * (-0.08 + lam * (mu - kbar)), rel=1e-12)
    assert found.c2 == pytest.approx(tau * (0.16 + lam * (mu**2 + sd**2)), rel=1e-12)
    fourth = mu**4 + 6 * mu**2 * sd**2 + 3 * sd**4
    assert found.c4 == pytest.approx(tau * lam * fourth, rel=1e-9)
    found = cumulants(LAWS["kou"])
    assert found.c2 == pytest.approx(
        tau * (0.16 + 9.0 * (0.4 * 2 / 12**2 + 0.6 * 2 / 8**2)), rel=1e-12
    )
    assert found.c4 == pytest.approx(tau * 9.0 * 24 * (0.4 / 12**4 + 0.6 / 8**4), rel=1e-9)


def test_heston_cumulants_by_differentiating_in_many_digits() -> None:
    found = cumulants(LAWS["heston"])
    with mp.workdps(40):
        step = mp.mpf("1e-5")
        values = [_heston_mp(n * step) for n in (-2, -1, 0, 1, 2)]
        c1 = (values[3] - values[1]) / (2 * step)
        c2 = (values[3] - 2 * values[2] + values[1]) / step**2
        c4 = (values[0] - 4 * values[1] + 6 * values[2] - 4 * values[3] + values[4]) / step**4
    assert found.c1 == pytest.approx(float(c1), rel=1e-8)
    assert found.c2 == pytest.approx(float(c2), rel=1e-8)
    assert found.c4 == pytest.approx(float(c4), rel=1e-6)


def _heston_mp(z: mp.mpf) -> mp.mpf:
    """The 60-digit formula without rounding to double."""
    p = {name: mp.mpf(value) for name, value in HESTON.items()}
    b = p["kappa"] - p["rho"] * p["sigma_v"] * z
    d = mp.sqrt(b * b - p["sigma_v"] ** 2 * (z * z - z))
    g, decay = (b - d) / (b + d), mp.exp(-d * p["tau"])
    drift = (b - d) * p["tau"] - 2 * mp.log((1 - g * decay) / (1 - g))
    start = (b - d) * (1 - decay) / (1 - g * decay)
    return (p["kappa"] * p["theta"] * drift + p["v0"] * start) / p["sigma_v"] ** 2


@pytest.mark.parametrize("parameters", HARSH[:4])
def test_moments_explode_exactly_at_the_ends(parameters: dict[str, float]) -> None:
    """The Riccati equation on the real axis blows up at the explosion time, not before."""
    law = heston_law(**parameters)
    k, s, rho = parameters["kappa"], parameters["sigma_v"], parameters["rho"]
    for order in (law.lowest_moment, law.highest_moment):
        blow_up = heston_explosion_time(order, kappa=k, sigma_v=s, rho=rho)
        assert blow_up == pytest.approx(parameters["tau"], rel=1e-6)
        b, gain = k - rho * s * order, 0.5 * (order**2 - order)
        d, t, h = 0.0, 0.0, blow_up / 20000
        while t < 0.99 * blow_up:
            middle = d + 0.5 * h * (gain - b * d + 0.5 * s * s * d * d)
            d, t = d + h * (gain - b * middle + 0.5 * s * s * middle * middle), t + h
        assert math.isfinite(d)
        assert 2.0 / (s * s * d) < 0.03 * blow_up  # near a pole D = 2 / (s^2 (T* - t))


def test_a_law_of_all_moments_says_so() -> None:
    assert LAWS["merton"].highest_moment == 1e9
    assert LAWS["kou"].lowest_moment == -8.0
    assert LAWS["kou"].highest_moment == 12.0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tau": 0.0}, "tau"),
        ({"kappa": 0.0}, "kappa"),
        ({"v0": -0.1}, "v0"),
        ({"sigma_v": math.nan}, "sigma_v"),
        ({"rho": 1.01}, "rho"),
    ],
)
def test_refuses_parameters_out_of_bounds(change: dict[str, float], field: str) -> None:
    with pytest.raises(UsageError) as caught:
        heston_law(**(HESTON | change))
    assert caught.value.field == field


def test_refuses_jumps_without_a_mean() -> None:
    with pytest.raises(UsageError, match="must exceed 1"):
        kou_law(**(KOU | {"up_rate": 1.0}))


def test_sum_of_laws_takes_the_narrower_range() -> None:
    law: LogReturnLaw = LAWS["heston"].plus(LAWS["kou"])
    assert law.lowest_moment == max(LAWS["heston"].lowest_moment, -8.0)
    assert law.highest_moment == min(LAWS["heston"].highest_moment, 12.0)
