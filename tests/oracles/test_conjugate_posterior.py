"""Conjugate learning and pooling against other derivations of the same posterior.

Oracles: the textbook batch formula of the normal-inverse-chi-square posterior (an independent form
of the same sums), and numerical integration of likelihood times prior on a grid, which knows
nothing of conjugacy. The pooled levels are checked against brute-force Gaussian conditioning on
the full covariance matrix and against refits without each market.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from plimsoll.estimators.pooling.conjugate import ConjugateVolatility, VarianceBelief
from plimsoll.estimators.pooling.covariates import MarketCovariates
from plimsoll.estimators.pooling.hierarchy import (
    FittedLevels,
    HierarchicalLevels,
    _coefficients,
)

PRIOR = VarianceBelief(mean=0.002, mean_weight=3.0, freedom=5.0, variance=4e-4)


@pytest.fixture(scope="module")
def returns() -> np.ndarray:
    return np.random.default_rng(7).standard_t(4, 60) * 0.02


@pytest.mark.parametrize("n", [1, 2, 20, 60])
def test_without_forgetting_it_is_the_textbook_posterior(returns: np.ndarray, n: int) -> None:
    r = returns[:n]
    belief = ConjugateVolatility(prior=PRIOR).fit(r).belief
    k, nu = PRIOR.mean_weight + n, PRIOR.freedom + n
    spread = PRIOR.freedom * PRIOR.variance + np.sum((r - r.mean()) ** 2)
    spread += PRIOR.mean_weight * n / k * (r.mean() - PRIOR.mean) ** 2
    mean = (PRIOR.mean_weight * PRIOR.mean + r.sum()) / k
    # The two forms round differently: a few hundred operations, so 1e-12.
    assert (belief.mean_weight, belief.freedom) == (k, nu)
    assert belief.mean == pytest.approx(mean, rel=1e-12)
    assert belief.variance == pytest.approx(spread / nu, rel=1e-12)


def test_forgetting_is_weights_that_fall_with_age(returns: np.ndarray) -> None:
    """With forgetting the posterior is the textbook one of weighted observations."""
    f, n = 0.93, returns.size
    belief = ConjugateVolatility(prior=PRIOR, forgetting=f).fit(returns).belief
    w = f ** np.arange(n - 1, -1, -1)
    k0, nu0 = PRIOR.mean_weight * f**n, PRIOR.freedom * f**n
    mean = (k0 * PRIOR.mean + w @ returns) / (k0 + w.sum())
    spread = nu0 * PRIOR.variance + k0 * (PRIOR.mean - mean) ** 2 + w @ (returns - mean) ** 2
    assert belief.mean_weight == pytest.approx(k0 + w.sum(), rel=1e-12)
    assert belief.mean == pytest.approx(mean, rel=1e-11)
    assert belief.variance == pytest.approx(spread / (nu0 + w.sum()), rel=1e-11)


def test_the_predictive_law_is_the_integrated_posterior() -> None:
    """Integrate N(x | mu, s2) against prior times likelihood over mu and s2 by quadrature."""
    r = np.array([0.01, -0.03, 0.02, 0.005])
    law = ConjugateVolatility(prior=PRIOR).fit(r).predictive

    def joint(mu: np.ndarray, log_v: np.ndarray) -> np.ndarray:
        v = np.exp(log_v)
        prior = stats.norm.pdf(mu, PRIOR.mean, np.sqrt(v / PRIOR.mean_weight))
        scaled = PRIOR.freedom * PRIOR.variance / v
        prior = prior * stats.chi2.pdf(scaled, PRIOR.freedom) * scaled
        return prior * np.prod([stats.norm.pdf(x, mu, np.sqrt(v)) for x in r], axis=0)

    mu = np.linspace(-0.15, 0.15, 801)
    log_v = np.linspace(np.log(1e-6), np.log(0.1), 801)
    grid = joint(mu[:, None], log_v[None, :])

    def double(values: np.ndarray) -> float:
        inner = integrate.simpson(values, x=mu, axis=0)
        return float(integrate.simpson(inner, x=log_v))

    mass = double(grid)
    for x in (-0.1, -0.04, 0.0, 0.03):
        below = stats.norm.cdf(x, mu[:, None], np.exp(0.5 * log_v)[None, :])
        # The grid cuts the far tails of a t with 9 degrees of freedom: 1e-6 is what it resolves.
        assert law.probability_below(x) == pytest.approx(double(grid * below) / mass, abs=1e-6)


@pytest.mark.parametrize("confidence", [0.975, 0.99, 0.999])
def test_measures_are_integrals_of_the_density(returns: np.ndarray, confidence: float) -> None:
    law = ConjugateVolatility(prior=PRIOR).fit(returns[:6]).predictive
    density = stats.t(law.freedom, law.location, law.scale)
    var = law.value_at_risk(confidence)
    assert density.cdf(-var) == pytest.approx(1.0 - confidence, rel=1e-9)
    tail, _ = integrate.quad(lambda x: -x * density.pdf(x), -np.inf, -var, epsabs=1e-14)
    assert law.expected_shortfall(confidence) == pytest.approx(tail / (1.0 - confidence), rel=1e-7)


def test_batch_is_stream_to_the_bit(returns: np.ndarray) -> None:
    model = ConjugateVolatility(prior=PRIOR, forgetting=0.98)
    streamed = model.fit([])
    for value in returns:
        streamed = streamed.update(float(value))
    assert streamed.belief == model.fit(returns).belief


def _population(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, MarketCovariates]:
    rng = np.random.default_rng(seed)
    classes = rng.choice(["major", "meme", "defi"], count)
    cap = np.exp(rng.normal(20, 2, count))
    effect = {"major": -0.5, "meme": 0.4, "defi": 0.0}
    level = -4.5 + np.array([effect[c] for c in classes]) - 0.1 * (np.log(cap) - 20)
    variance = rng.uniform(0.001, 0.05, count)
    level = level + rng.normal(0, 0.25, count) + rng.normal(0, np.sqrt(variance))
    return level, variance, MarketCovariates(market_class=classes.tolist(), market_cap_usd=cap)


@pytest.fixture(scope="module")
def fitted() -> FittedLevels:
    level, variance, covariates = _population(3, 40)
    return HierarchicalLevels().fit(level, variance, covariates)


def _joint_covariance(fitted: FittedLevels) -> tuple[np.ndarray, np.ndarray]:
    prior = np.full(fitted.matrix.shape[1], 0.25)
    prior[0] = 100.0
    latent = fitted.matrix @ np.diag(prior) @ fitted.matrix.T
    latent += fitted.between_sd**2 * np.eye(fitted.levels.size)
    return latent, latent + np.diag(fitted.sampling_variance)


def test_shrunk_levels_are_gaussian_conditioning(fitted: FittedLevels) -> None:
    latent, observed = _joint_covariance(fitted)
    centre = fitted.levels.mean()
    gain = latent @ np.linalg.inv(observed)
    mean = centre + gain @ (fitted.levels - centre)
    sd = np.sqrt(np.diag(latent - gain @ latent))
    # The full matrix has a condition number of about 1e5: ten digits are left.
    np.testing.assert_allclose(fitted.shrunk().mean, mean, rtol=0, atol=1e-9)
    # The oracle takes a variance of 0.003 as the difference of two of 100: 1e-10 of it is noise.
    np.testing.assert_allclose(fitted.shrunk().sd, sd, rtol=0, atol=1e-7)


def test_leave_one_out_is_conditioning_on_the_others(fitted: FittedLevels) -> None:
    latent, observed = _joint_covariance(fitted)
    centre = fitted.levels.mean()
    out = fitted.leave_one_out()
    for i in (0, 7, 39):
        others = np.delete(np.arange(fitted.levels.size), i)
        gain = latent[i, others] @ np.linalg.inv(observed[np.ix_(others, others)])
        mean = centre + gain @ (fitted.levels[others] - centre)
        variance = latent[i, i] - gain @ latent[others, i]
        assert out.mean[i] == pytest.approx(mean, abs=1e-9)
        assert out.sd[i] == pytest.approx(np.sqrt(variance), abs=1e-7)


def test_tau_maximises_the_marginal_posterior(fitted: FittedLevels) -> None:
    """On a fine grid, by the density of the full multivariate normal (no Woodbury, no Cholesky)."""
    grid = fitted.between_sd * np.exp(np.linspace(-0.2, 0.2, 81))
    centred = fitted.levels - fitted.levels.mean()
    latent, _ = _joint_covariance(fitted)
    effects = latent - fitted.between_sd**2 * np.eye(centred.size)

    def log_posterior(tau: float) -> float:
        total = effects + np.diag(fitted.sampling_variance + tau**2)
        evidence = stats.multivariate_normal(cov=total).logpdf(centred)
        return float(evidence - 0.5 * tau**2 + np.log(tau))

    best = grid[int(np.argmax([log_posterior(float(t)) for t in grid]))]
    assert fitted.between_sd == pytest.approx(best, rel=0.005)  # the step of the grid


def test_coefficients_are_weighted_least_squares_without_a_prior() -> None:
    level, variance, covariates = _population(5, 60)
    x = HierarchicalLevels().fit(level, variance, covariates).matrix
    x = np.delete(x, 1, axis=1)  # one class as the reference, or the columns are collinear
    mean, _ = _coefficients(x, level, variance, np.full(x.shape[1], 1e12))
    root = 1.0 / np.sqrt(variance)
    expected, *_ = np.linalg.lstsq(x * root[:, None], level * root, rcond=None)
    np.testing.assert_allclose(mean, expected, rtol=1e-6)


def test_predictions_cover_markets_left_out() -> None:
    """Of 600 simulated markets, 90 % intervals from the others hold 90 %: four standard errors."""
    level, variance, covariates = _population(11, 600)
    out = HierarchicalLevels().fit(level, variance, covariates).leave_one_out()
    score = (level - out.mean) / np.sqrt(out.sd**2 + variance)
    assert np.mean(np.abs(score) < 1.645) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 600))
