"""Student-t against scipy, mpmath and the published table of methodology 5.2."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

from plimsoll.maths import student_t as t
from plimsoll.maths.student_t_fit import NU_HIGHEST, student_t_fit, student_t_fit_above

# (nu, tail probability, VaR over sd, ES over VaR), printed to 3 decimals.
TABLE = [
    (3.0, 0.01, 2.622, 1.542),
    (4.0, 0.01, 2.649, 1.393),
    (6.0, 0.01, 2.566, 1.283),
    (3.0, 0.005, 3.372, 1.526),
    (4.0, 0.005, 3.256, 1.374),
    (6.0, 0.005, 3.027, 1.261),
]


@pytest.mark.parametrize(("nu", "alpha", "var", "ratio"), TABLE)
def test_published_table(nu: float, alpha: float, var: float, ratio: float) -> None:
    scale = t.unit_variance_scale(nu)
    found = t.student_t_value_at_risk(1.0 - alpha, nu, 0.0, scale)
    shortfall = t.student_t_expected_shortfall(1.0 - alpha, nu, 0.0, scale)
    assert found == pytest.approx(var, abs=6e-4)
    assert shortfall / found == pytest.approx(ratio, abs=6e-4)


@pytest.mark.parametrize("nu", [0.7, 2.1, 4.0, 30.0, 400.0])
def test_density_and_quantile_against_scipy(nu: float) -> None:
    for x in (-7.0, -0.2, 0.0, 3.0):
        expected = stats.t.logpdf(x, nu, 0.4, 1.7)
        assert t.student_t_log_density(x, nu, 0.4, 1.7) == pytest.approx(expected, rel=1e-12)
        assert t.student_t_cdf(x, nu, 0.4, 1.7) == pytest.approx(stats.t.cdf(x, nu, 0.4, 1.7))
    for p in (0.001, 0.3, 0.99):
        expected = stats.t.ppf(p, nu, 0.4, 1.7)
        assert t.student_t_quantile(p, nu, 0.4, 1.7) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("nu", [2.5, 5.0])
def test_quantile_inverts_mpmath_distribution(nu: float) -> None:
    with mpmath.workdps(30):
        q = mpmath.mpf(float(t.student_t_quantile(0.999, nu)))
        beyond = mpmath.betainc(nu / 2, 0.5, 0, nu / (nu + q * q), regularized=True) / 2
    assert float(beyond) == pytest.approx(0.001, rel=1e-12)


def test_shortfall_is_the_mean_beyond() -> None:
    var = float(t.student_t_value_at_risk(0.99, 3.0, 0.2, 1.5))
    law = stats.t(3.0, -0.2, 1.5)
    mean, _ = integrate.quad(lambda x: x * law.pdf(x), var, np.inf)
    found = t.student_t_expected_shortfall(0.99, 3.0, 0.2, 1.5)
    assert found == pytest.approx(mean / 0.01, rel=1e-7)


def test_no_mean_no_shortfall() -> None:
    assert t.student_t_expected_shortfall(0.99, 1.0) == np.inf


def test_many_degrees_of_freedom_are_normal() -> None:
    assert t.student_t_value_at_risk(0.99, 1e9) == pytest.approx(stats.norm.ppf(0.99), rel=1e-8)
    normal = stats.norm.pdf(stats.norm.ppf(0.99)) / 0.01
    assert t.student_t_expected_shortfall(0.99, 1e9) == pytest.approx(normal, rel=1e-6)


@pytest.mark.parametrize("nu", [1.5, 2.3, 4.0, 12.0])
def test_fit_is_not_below_scipy(nu: float) -> None:
    values = np.random.default_rng(int(10 * nu)).standard_t(nu, 1500) * 3.0 + 1.0
    location, scale, found, log_likelihood, converged = student_t_fit(values)
    peer = stats.t.fit(values)
    assert converged
    assert log_likelihood > stats.t.logpdf(values, *peer).sum() - 1e-7
    assert (found, location, scale) == pytest.approx(peer, rel=5e-3)


def test_fit_follows_the_unit() -> None:
    values = np.random.default_rng(1).standard_t(4, 500)
    location, scale, nu, _, _ = student_t_fit(values)
    moved = student_t_fit(values * 1e-4 + 7e-4)
    assert moved[:3] == pytest.approx((location * 1e-4 + 7e-4, scale * 1e-4, nu), rel=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_fit_mirrors_to_the_bit_and_moves_with_the_values_at_the_bound(seed: int) -> None:
    """Light tails stand on nu = 500; the mirrored fit takes the same steps with the other sign."""
    rng = np.random.default_rng(seed)
    for values in (rng.uniform(-1.0, 1.0, 400 + seed), rng.standard_normal(300)):
        location, scale, nu, value, converged = student_t_fit(values)
        assert converged
        assert student_t_fit(-values) == (-location, scale, nu, value, True)
        moved = student_t_fit(3.0 * values + 7.0)
        # The climb ends where a step gains 1e-11: to 1e-6 of the scale.
        assert moved[0] == pytest.approx(3.0 * location + 7.0, abs=1e-5 * scale)
        assert moved[1] == pytest.approx(3.0 * scale, rel=1e-5)


@pytest.mark.parametrize("bound", [2.05, NU_HIGHEST])
def test_a_fit_at_its_bound_is_the_optimum_of_location_and_scale(bound: float) -> None:
    """Against scipy with the degrees of freedom held; the likelihood is flat to 1e-8 there."""
    rng = np.random.default_rng(11)
    wild = bound < 3.0
    values = rng.standard_t(1.2, 700) if wild else rng.uniform(-2.0, 3.0, 700)
    location, scale, nu, value, converged = student_t_fit_above(values, 2.05)
    assert converged
    assert nu == pytest.approx(bound, rel=1e-12)
    _, peer_location, peer_scale = stats.t.fit(values, f0=bound)
    assert value > stats.t.logpdf(values, bound, peer_location, peer_scale).sum() - 1e-9
    assert location == pytest.approx(peer_location, abs=1e-3 * scale)
    assert scale == pytest.approx(peer_scale, rel=1e-3)
