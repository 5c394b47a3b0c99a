"""Generalised Pareto: density, moments, maximum likelihood against scipy and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.maths import gpd
from plimsoll.maths.gpd_fit import gpd_fit_mle, gpd_observed_information


def sample(xi: float, n: int = 400, seed: int = 1) -> np.ndarray:
    return stats.genpareto.rvs(xi, scale=2.0, size=n, random_state=np.random.default_rng(seed))


@pytest.mark.parametrize("xi", [-0.3, -1e-12, 0.0, 1e-6, 0.2, 0.9])
def test_log_likelihood_against_scipy(xi: float) -> None:
    x = sample(0.1)[:100] / 5.0
    expected = stats.genpareto.logpdf(x, xi, scale=2.0).sum()
    assert gpd.gpd_log_likelihood(x, xi, 2.0) == pytest.approx(expected, rel=1e-9)


def test_log_likelihood_outside_the_support() -> None:
    assert gpd.gpd_log_likelihood(np.array([1.0, 5.0]), -0.5, 2.0) == -np.inf
    assert gpd.gpd_log_likelihood(np.array([1.0]), 0.1, 0.0) == -np.inf


@pytest.mark.parametrize("xi", [-0.3, -0.1, 0.0, 0.15, 0.5, 1.2])
@pytest.mark.parametrize("seed", range(4))
def test_maximum_likelihood_is_not_below_scipy(xi: float, seed: int) -> None:
    x = sample(xi, 150, seed)
    shape, scale, value = gpd_fit_mle(x)
    c, _, s = stats.genpareto.fit(x, floc=0.0)
    assert value > stats.genpareto.logpdf(x, c, 0.0, s).sum() - 1e-7
    assert shape == pytest.approx(c, abs=2e-3)
    assert scale == pytest.approx(s, rel=2e-3)


def test_maximum_likelihood_is_a_stationary_point() -> None:
    x = sample(0.2)
    xi, beta, value = gpd_fit_mle(x)
    for d_xi, d_beta in ((1e-4, 0.0), (-1e-4, 0.0), (0.0, 1e-4), (0.0, -1e-4)):
        assert gpd.gpd_log_likelihood(x, xi + d_xi, beta + d_beta) < value


def test_maximum_likelihood_follows_the_unit() -> None:
    x = sample(0.3)
    xi, beta, _ = gpd_fit_mle(x)
    scaled = gpd_fit_mle(x * 1e-5)
    assert scaled[0] == pytest.approx(xi, rel=1e-8)
    assert scaled[1] == pytest.approx(beta * 1e-5, rel=1e-8)


def test_no_interior_maximum_is_nan() -> None:
    assert np.isnan(gpd_fit_mle(np.full(50, 2.0))[0])
    assert np.isnan(gpd_fit_mle(np.array([1.0]))[0])


@pytest.mark.parametrize("xi", [-0.2, 0.0, 3e-6, 0.3])
def test_observed_information_against_differences(xi: float) -> None:
    """Second differences of the log-likelihood, step 1e-3: 1e-5 relative."""
    x, beta, h = sample(0.1, 200) / 5.0, 2.0, 1e-3

    def value(a: float, b: float) -> float:
        return float(stats.genpareto.logpdf(x, a, scale=b).sum())

    centre = value(xi, beta)
    by_xi = (value(xi + h, beta) - 2 * centre + value(xi - h, beta)) / h**2
    by_beta = (value(xi, beta + h) - 2 * centre + value(xi, beta - h)) / h**2
    cross = value(xi + h, beta + h) - value(xi + h, beta - h)
    cross = (cross - value(xi - h, beta + h) + value(xi - h, beta - h)) / (4 * h**2)
    found = gpd_observed_information(x, xi, beta)
    assert found == pytest.approx((-by_xi, -cross, -by_beta), rel=2e-5)


@pytest.mark.parametrize("xi", [-0.2, 0.0, 0.25, 0.6])
def test_weighted_moments_are_exact_on_population_moments(xi: float) -> None:
    """E[X] = beta / (1 - xi), E[X (1 - F)] = beta / (2 (2 - xi)) (Hosking and Wallis)."""
    beta = 3.0
    found = gpd.gpd_from_moments(beta / (1.0 - xi), beta / (2.0 * (2.0 - xi)))
    assert found == pytest.approx((xi, beta), abs=1e-12)


def test_weighted_moments_of_equal_excesses_are_nan() -> None:
    assert np.isnan(gpd.gpd_fit_pwm(np.full(30, 0.1))[0])


@pytest.mark.parametrize("xi", [-0.2, 0.0, 0.25])
def test_quantile_and_shortfall_against_scipy(xi: float) -> None:
    u, beta, share = 1.5, 2.0, 0.05
    law = stats.genpareto(xi, loc=u, scale=beta)
    var = gpd.gpd_tail_quantile(u, xi, beta, share, 0.999)
    assert var == pytest.approx(law.ppf(1.0 - 0.001 / share), rel=1e-10)
    beyond = law.expect(lambda x: x, lb=var) / (0.001 / share)
    assert gpd.gpd_tail_shortfall(u, xi, beta, var) == pytest.approx(beyond, rel=1e-6)


def test_no_shortfall_without_a_mean() -> None:
    assert np.isnan(gpd.gpd_tail_shortfall(1.0, 1.0, 2.0, 5.0))


def test_pot_quantile_is_empirical_in_the_body() -> None:
    values = np.random.default_rng(0).standard_t(4, 1000)
    found = gpd.pot_quantile_pwm(values, 0.05, 0.9)
    assert found == np.quantile(values, 0.9)


def test_pot_quantile_of_an_exponential_tail() -> None:
    """Exact quantile log(1000); the sample is a stratified exponential, xi = 0."""
    values = -np.log1p(-(np.arange(20000) + 0.5) / 20000)
    found = gpd.pot_quantile_pwm(values[::-1].copy(), 0.1, 0.999)
    assert found == pytest.approx(np.log(1000.0), rel=5e-3)


def test_pot_quantile_needs_ten_exceedances() -> None:
    assert np.isnan(gpd.pot_quantile_pwm(np.arange(100.0), 0.05, 0.99))
    assert np.isnan(gpd.pot_quantile_pwm(np.empty(0), 0.05, 0.99))
