"""Hansen's skew-t against the ``arch`` package, quadrature and the Student-t it contains."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arch.univariate import SkewStudent
from scipy import integrate

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.maths.hansen_skew_t import (
    hansen_cdf,
    hansen_constant_slopes,
    hansen_constants,
    hansen_excess_kurtosis,
    hansen_expected_shortfall,
    hansen_log_density,
    hansen_quantile,
    hansen_skewness,
    hansen_value_at_risk,
)
from plimsoll.maths.student_t import student_t_expected_shortfall, unit_variance_scale

LAWS = [(2.3, -0.5), (3.0, 0.1), (4.5, -0.1), (6.0, 0.4), (12.0, -0.8), (200.0, 0.2)]
POINTS = np.array([-9.0, -3.0, -1.0, -0.2, 0.0, 0.1, 0.7, 2.0, 8.0])


def integral(weight: object, law: tuple[float, float], low: float, high: float) -> float:
    def integrand(z: float) -> float:
        return weight(z) * math.exp(float(hansen_log_density(z, *law)))  # type: ignore[operator]

    return float(integrate.quad(integrand, low, high, epsabs=1e-13, epsrel=1e-11, limit=500)[0])


@pytest.mark.parametrize("law", LAWS)
def test_density_is_that_of_arch(law: tuple[float, float]) -> None:
    """Both are the same formula in float64: 1e-10."""
    peer = SkewStudent().loglikelihood(np.array(law), POINTS, np.ones_like(POINTS), individual=True)
    assert hansen_log_density(POINTS, *law) == pytest.approx(peer, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("law", LAWS)
def test_distribution_and_quantile_are_those_of_arch(law: tuple[float, float]) -> None:
    peer = SkewStudent()
    assert hansen_cdf(POINTS, *law) == pytest.approx(peer.cdf(POINTS, np.array(law)), rel=1e-8)
    levels = np.array([1e-4, 0.01, 0.25, 0.5, 0.75, 0.99, 0.9999])
    assert hansen_quantile(levels, *law) == pytest.approx(
        peer.ppf(levels, np.array(law)), rel=1e-7, abs=1e-9
    )
    assert hansen_cdf(hansen_quantile(levels, *law), *law) == pytest.approx(levels, rel=1e-10)


@pytest.mark.parametrize("law", LAWS)
def test_mass_mean_and_variance_by_quadrature(law: tuple[float, float]) -> None:
    """1e-7: the variance of nu = 2.3 converges slowly and is left out."""
    split = -hansen_constants(1.0 / law[0], law[1])[0]
    for weight, expected in ((lambda z: z**0, 1.0), (lambda z: z, 0.0), (lambda z: z * z, 1.0)):
        if law[0] < 3.5 and weight(2.0) == 4.0:
            continue
        found = integral(weight, law, -np.inf, split) + integral(weight, law, split, np.inf)
        assert found == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("confidence", [0.2, 0.5, 0.9, 0.99, 0.999])
def test_expected_shortfall_by_quadrature(law: tuple[float, float], confidence: float) -> None:
    edge = -float(hansen_value_at_risk(confidence, *law))
    mean = integral(lambda z: z, law, -np.inf, edge)
    found = float(hansen_expected_shortfall(confidence, *law))
    assert found == pytest.approx(-mean / (1.0 - confidence), rel=1e-7)


def test_moments_are_those_of_arch() -> None:
    for law in [(8.0, -0.3), (5.5, 0.2), (30.0, 0.6)]:
        third = integral(lambda z: z**3, law, -np.inf, 0.0) + integral(
            lambda z: z**3, law, 0.0, np.inf
        )
        fourth = integral(lambda z: z**4, law, -np.inf, 0.0) + integral(
            lambda z: z**4, law, 0.0, np.inf
        )
        assert hansen_skewness(*law) == pytest.approx(third, rel=1e-6)
        assert hansen_excess_kurtosis(*law) == pytest.approx(fourth - 3.0, rel=1e-5)


def test_no_skew_is_student_t() -> None:
    for nu in (2.5, 4.0, 50.0):
        expected = student_t_expected_shortfall(0.99, nu, 0.0, unit_variance_scale(nu))
        assert hansen_expected_shortfall(0.99, nu, 0.0) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("law", LAWS)
def test_slopes_of_the_constants_by_differences(law: tuple[float, float]) -> None:
    """Central differences with relative step 1e-6: 1e-5."""
    nu, skew = law
    a_skew, b_skew, a_nu, b_nu, c_nu = hansen_constant_slopes(1.0 / nu, skew)
    h = 1e-6
    up, down = hansen_constants(1.0 / nu, skew + h), hansen_constants(1.0 / nu, skew - h)
    assert a_skew == pytest.approx((up[0] - down[0]) / (2 * h), rel=1e-5)
    assert b_skew == pytest.approx((up[1] - down[1]) / (2 * h), rel=1e-5, abs=1e-8)
    k = 1e-6 * nu
    up, down = hansen_constants(1.0 / (nu + k), skew), hansen_constants(1.0 / (nu - k), skew)
    b = hansen_constants(1.0 / nu, skew)[1]
    assert a_nu == pytest.approx((up[0] - down[0]) / (2 * k), rel=1e-4, abs=1e-8)
    assert b_nu == pytest.approx((up[1] - down[1]) / (2 * k), rel=1e-4, abs=1e-8)
    assert c_nu + b_nu / b == pytest.approx((up[2] - down[2]) / (2 * k), rel=1e-4, abs=1e-8)


def test_refusals() -> None:
    for nu, skew in [(2.0, 0.0), (np.nan, 0.0), (np.inf, 0.0), (5.0, 1.0), (5.0, np.nan)]:
        with pytest.raises(ParameterError):
            hansen_quantile(0.5, nu, skew)
    for level in (0.0, 1.0, np.nan):
        with pytest.raises(ParameterError):
            hansen_expected_shortfall(level, 5.0, 0.0)
    with pytest.raises(EstimationError):
        hansen_skewness(3.0, 0.1)
    with pytest.raises(EstimationError):
        hansen_excess_kurtosis(4.0, 0.1)
