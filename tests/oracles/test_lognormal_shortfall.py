"""Lognormal shortfall against forty digits of mpmath, and against simulation-free integrals.

Tolerance 1e-13 relative for quantile and mean; risk factors are differences to one, so theirs is
absolute in units of the mean that they are a difference of.
"""

from __future__ import annotations

from math import exp

import mpmath
import pytest
from scipy.integrate import quad
from scipy.stats import lognorm

from plimsoll.maths.lognormal_shortfall import holding_risk, owing_risk, risk_factors

CASES = [
    (0.0, 0.1, 0.01),
    (1.0, 2.0, 0.05),
    (-0.5, 0.3, 1e-6),
    (0.2, 1e-3, 1e-8),
    (0.0, 5.0, 0.1),
]


def exact(mu: float, sigma: float, tail: float) -> tuple[float, float, float, float]:
    with mpmath.workdps(40):
        m, s, a = mpmath.mpf(mu), mpmath.mpf(sigma), mpmath.mpf(tail)
        z = -mpmath.sqrt(2) * mpmath.erfinv(1 - 2 * a)
        growth = mpmath.e ** (m + s * s / 2)
        low, high = mpmath.e ** (m + s * z), mpmath.e ** (m - s * z)
        below, above = growth * mpmath.ncdf(z - s) / a, growth * mpmath.ncdf(z + s) / a
        return float(low), float(below), float(high), float(above)


@pytest.mark.parametrize(("mu", "sigma", "tail"), CASES)
def test_quantiles_and_means_to_forty_digits(mu: float, sigma: float, tail: float) -> None:
    low, below, high, above = exact(mu, sigma, tail)
    held, owed = holding_risk(mu, sigma, tail), owing_risk(mu, sigma, tail)
    assert held == pytest.approx((-low, -below), rel=1e-13)
    assert owed == pytest.approx((high, above), rel=1e-13)


@pytest.mark.parametrize(("mu", "sigma", "tail"), CASES[:2])
def test_means_are_integrals_over_the_tail(mu: float, sigma: float, tail: float) -> None:
    law = lognorm(s=sigma, scale=exp(mu))
    low, high = law.ppf(tail), law.isf(tail)
    below = quad(lambda y: y * law.pdf(y), 0.0, low, epsabs=0.0)[0] / tail
    assert -holding_risk(mu, sigma, tail).expected_shortfall == pytest.approx(below, rel=1e-8)
    above = quad(lambda y: y * law.pdf(y), high, float("inf"), epsabs=0.0)[0] / tail
    assert owing_risk(mu, sigma, tail).expected_shortfall == pytest.approx(above, rel=1e-8)


def test_factors_of_small_moves_are_normal_shortfall() -> None:
    """For s -> 0 both factors are s n(z) / a, up to s^2."""
    sigma, years, tail = 0.01, 1e-4, 0.01
    found = risk_factors(drift_annual=0.0, sigma_annual=sigma, years=years, tail=tail)
    deviation = sigma * years**0.5
    normal = deviation * 2.6652142203458  # n(z) / a at one per cent
    assert found.long == pytest.approx(normal, rel=5 * deviation)
    assert found.short == pytest.approx(normal, rel=5 * deviation)
    assert found.long < found.short


def test_a_long_loses_at_most_everything() -> None:
    found = risk_factors(drift_annual=0.0, sigma_annual=50.0, years=1.0, tail=0.1)
    assert found.long == pytest.approx(1.0, abs=1e-15)
    assert found.short == pytest.approx(9.0, rel=1e-12)  # the tail carries the whole mean
