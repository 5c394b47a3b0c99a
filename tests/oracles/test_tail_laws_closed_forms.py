"""Densities, distributions, quantiles and shortfalls against scipy, arch and quadrature."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
from arch.univariate import SkewStudent
from scipy import integrate, special, stats

from plimsoll.estimators import (
    AzzaliniSkewT,
    BlockMaxima,
    HansenSkewT,
    JonesFaddySkewT,
    NormalInverseGaussian,
    StudentT,
)
from plimsoll.maths.bessel import bessel_k01_scaled
from plimsoll.maths.gev import gev_of_single, gev_scores
from plimsoll.maths.gpd_fit import gpd_scores
from plimsoll.maths.normal_inverse_gaussian import nig_scores
from plimsoll.maths.student_t_azzalini import azzalini_t_scores
from plimsoll.maths.student_t_fit import student_t_scores
from plimsoll.maths.student_t_incomplete import student_t_lower
from plimsoll.maths.student_t_jones_faddy import jones_faddy_scores
from plimsoll.maths.student_t_two_piece import two_piece_t_scores

SAMPLE = np.random.default_rng(11).standard_t(4, 800) * 1.3 + 0.2
LAWS = (StudentT(), HansenSkewT(), JonesFaddySkewT(), AzzaliniSkewT(), NormalInverseGaussian())
FITTED: list[Any] = [law.fit(SAMPLE) for law in LAWS]
# Shapes far from what the sample gives: skewed, heavy and nearly normal.
SHAPES = [
    *FITTED,
    replace(FITTED[1], degrees_of_freedom=2.2, asymmetry=-0.6),
    replace(FITTED[2], a=0.9, b=3.0),
    replace(FITTED[3], alpha=-3.0, degrees_of_freedom=2.1),
    replace(FITTED[3], alpha=1.0, degrees_of_freedom=300.0),
    replace(FITTED[4], alpha=0.05, beta=-0.03, delta=0.8),
    replace(FITTED[4], alpha=60.0, beta=20.0, delta=50.0),
]
SCORES = {
    student_t_scores: [0.1, 0.2, 1.0],
    two_piece_t_scores: [0.1, 0.2, 1.0, 0.3],
    jones_faddy_scores: [0.1, 0.2, 1.0, 0.3],
    azzalini_t_scores: [0.1, 0.2, 0.7, 1.3],
    nig_scores: [0.1, 0.2, 0.7, 0.3],
}


@pytest.mark.parametrize("z", [1e-8, 1e-3, 0.5, 1.999, 2.0, 2.001, 7.0, 60.0, 1e5])
def test_bessel_functions(z: float) -> None:
    """mpmath at 30 digits; 1e-14."""
    with mpmath.workdps(30):
        expected = [float(mpmath.exp(z) * mpmath.besselk(n, z)) for n in (0, 1)]
    assert bessel_k01_scaled(z) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("nu", [0.5, 1.0, 2.3, 30.0, 500.0])
def test_distribution_of_student_t(nu: float) -> None:
    """mpmath's incomplete beta; 1e-12 relative in the far tail too."""
    for w in (-1e4, -30.0, -3.0, -0.5, -1e-3, 0.7, 4.0):
        with mpmath.workdps(40):
            tail = mpmath.betainc(nu / 2, 0.5, 0, nu / (nu + mpmath.mpf(w) ** 2), regularized=True)
            expected = float(tail / 2 if w < 0 else 1 - tail / 2)
        assert student_t_lower(w, nu) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kernel", SCORES, ids=lambda k: k.__name__)
def test_scores_are_derivatives(kernel: Any) -> None:
    """Central differences of the log-likelihood: 1e-7 of its size."""
    check_scores(kernel, SAMPLE, np.array(SCORES[kernel]))


@pytest.mark.parametrize("xi", [-0.3, -1e-3, 1e-9, 1e-3, 0.3])
def test_scores_of_extreme_values(xi: float) -> None:
    check_scores(gev_scores, np.clip(np.abs(SAMPLE), 0.0, 3.0) + 1.0, np.array([3.0, 0.9, xi]))


def check_scores(kernel: Any, values: np.ndarray, theta: np.ndarray) -> None:
    scores, scratch = np.empty((2, values.size, theta.size))
    total = kernel(values, theta, scores)
    for i in range(theta.size):
        step = np.zeros(theta.size)
        step[i] = 1e-5
        rise = kernel(values, theta + step, scratch) - kernel(values, theta - step, scratch)
        assert scores[:, i].sum() == pytest.approx(rise / 2e-5, abs=1e-7 * abs(total))


@pytest.mark.parametrize("xi", [-0.2, 1e-8, 0.01, 0.4])
def test_scores_of_pareto(xi: float) -> None:
    excesses = np.array([0.01, 0.3, 1.0, 2.7])
    scores = np.empty((4, 2))
    gpd_scores(excesses, xi, 1.4, scores)

    def density(shape: float, scale: float) -> np.ndarray:
        return np.asarray(stats.genpareto.logpdf(excesses, shape, 0.0, scale))

    by_xi = (density(xi + 1e-4, 1.4) - density(xi - 1e-4, 1.4)) / 2e-4
    by_beta = (density(xi, 1.4001) - density(xi, 1.3999)) / 2e-4
    assert scores[:, 0] == pytest.approx(by_xi, rel=1e-5, abs=1e-6)
    assert scores[:, 1] == pytest.approx(by_beta, rel=1e-5, abs=1e-6)


def peer_density(law: Any, x: np.ndarray) -> np.ndarray:
    """Log density by scipy or arch."""
    match type(law).__name__:
        case "FittedStudentT":
            found = stats.t.logpdf(x, law.degrees_of_freedom, law.location, law.scale)
        case "FittedHansenSkewT":
            own = law.hansen_parameters()
            shape = np.array([own.eta, own.skew])
            variance = np.full(x.size, own.standard_deviation**2)
            found = SkewStudent().loglikelihood(shape, x - own.mean, variance, individual=True)
        case "FittedJonesFaddySkewT":
            found = stats.jf_skew_t.logpdf(x, law.a, law.b, law.location, law.scale)
        case "FittedAzzaliniSkewT":
            z, nu = (x - law.location) / law.scale, law.degrees_of_freedom
            inner = law.alpha * z * np.sqrt((nu + 1.0) / (nu + z * z))
            found = np.log(2.0 / law.scale) + stats.t.logpdf(z, nu)
            found = found + stats.t.logcdf(inner, nu + 1.0)
        case _:
            found = stats.norminvgauss.logpdf(
                x, law.alpha * law.delta, law.beta * law.delta, law.mu, law.delta
            )
    return np.asarray(found)


@pytest.mark.parametrize("law", SHAPES, ids=lambda law: type(law).__name__)
def test_densities(law: Any) -> None:
    x = law.quantile(np.array([1e-5, 0.01, 0.3, 0.5, 0.8, 0.99, 1.0 - 1e-5]))
    assert law.log_density(x) == pytest.approx(peer_density(law, x), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("law", FITTED, ids=lambda law: type(law).__name__)
def test_log_likelihood_is_the_sum_of_densities(law: Any) -> None:
    assert law.log_likelihood == pytest.approx(peer_density(law, SAMPLE).sum(), rel=1e-12)


@pytest.mark.parametrize("law", SHAPES, ids=lambda law: type(law).__name__)
def test_distribution_quantile_and_shortfall(law: Any) -> None:
    """Quadrature of the density between quantiles: 1e-9; quantile inverts cdf to 1e-10."""
    levels = np.array([1e-4, 0.01, 0.25, 0.5, 0.9, 0.99, 1.0 - 1e-4])
    at = law.quantile(levels)
    assert law.cdf(at) == pytest.approx(levels, rel=1e-10)
    for low, high, a, b in zip(levels, levels[1:], at, at[1:], strict=False):
        mass = integrate.quad(lambda x: float(law.pdf(x)), a, b, epsabs=1e-13, limit=200)[0]
        assert mass == pytest.approx(high - low, rel=1e-9)
    for confidence in (0.3, 0.99):
        var = law.value_at_risk(confidence)
        # x = -var - exp(s): the loss beyond the quantile, whatever its scale
        beyond = integrate.quad(
            lambda s, v=var: (v + math.exp(s)) * float(law.pdf(-v - math.exp(s))) * math.exp(s),
            -40.0, 60.0, epsabs=1e-14, epsrel=1e-11, limit=1000, points=[-5.0, 0.0, 3.0],
        )[0]  # fmt: skip
        assert law.expected_shortfall(confidence) == pytest.approx(
            beyond / (1.0 - confidence), rel=1e-7, abs=1e-9
        )


def test_skew_t_of_azzalini_keeps_the_absolute_value() -> None:
    """``|Z|`` is distributed as ``|t|``, whatever alpha."""
    law = replace(FITTED[3], location=0.0, scale=1.0, alpha=-2.5, degrees_of_freedom=3.3)
    z = np.array([0.01, 0.5, 2.0, 30.0])
    two_sided = 1.0 - 2.0 * special.stdtr(3.3, -z)
    assert law.cdf(z) - law.cdf(-z) == pytest.approx(two_sided, rel=1e-12)


@pytest.mark.parametrize("xi", [-0.4, -1e-5, 0.0, 1e-5, 0.02, 0.6])
def test_extreme_value_law(xi: float) -> None:
    base = BlockMaxima(block_length=10).fit(np.abs(SAMPLE))
    law = replace(base, xi=xi)
    x = law.quantile(np.array([0.01, 0.4, 0.9, 0.999]))
    peer = stats.genextreme(-xi, law.mu, law.sigma)
    assert law.log_density(x) == pytest.approx(peer.logpdf(x), rel=1e-9, abs=1e-9)
    assert law.cdf(x) == pytest.approx([0.01, 0.4, 0.9, 0.999], rel=1e-10)
    # One observation: its law to the power of the block length is that of the maximum.
    single = law.value_at_risk(0.999)
    assert float(law.cdf(single)) == pytest.approx(0.999**10, rel=1e-10)
    mu, sigma, _ = gev_of_single(law.mu, law.sigma, xi, 10.0)
    tail = stats.genextreme(-xi, mu, sigma)
    beyond = integrate.quad(
        lambda s: float(tail.sf(single + math.exp(s))) * math.exp(s),
        -40.0, 60.0, epsabs=0.0, epsrel=1e-10, limit=1000, points=[0.0, 3.0],
    )[0]  # fmt: skip
    assert law.expected_shortfall(0.999) == pytest.approx(single + beyond / 0.001, rel=1e-7)
