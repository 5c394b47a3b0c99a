"""Merton and Kou on returns: Fourier, moments, recovery, horizons, the test for jumps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.jumps import (
    FittedJumpLaw,
    FittedKou,
    FittedMerton,
    Kou,
    Merton,
    jump_ratio_test,
)
from plimsoll.maths.characteristic_functions import exponential_jumps_law, normal_jumps_law
from plimsoll.maths.jump_kou import kou_scores
from plimsoll.maths.jump_merton import merton_scores

COMMON = {"log_likelihood": 0.0, "observations": 0, "point": None}
KOU = FittedKou(drift=0.001, volatility=0.02, intensity=0.4, up_probability=0.3, up_rate=30.0,
                down_rate=18.0, **COMMON)  # type: ignore[arg-type] # fmt: skip
MERTON = FittedMerton(drift=0.001, volatility=0.02, intensity=0.4, jump_mean=-0.03, jump_sd=0.05,
                      **COMMON)  # type: ignore[arg-type] # fmt: skip
LAWS = [MERTON, KOU, MERTON.over(24.0), KOU.over(12.0)]


def characteristic(law: FittedJumpLaw, u: np.ndarray) -> np.ndarray:
    """From the compensated jumps of option pricing: the compensator is put back."""
    if isinstance(law, FittedMerton):
        jumps = normal_jumps_law(
            tau=1.0, jump_intensity=law.intensity, jump_mean=law.jump_mean, jump_sd=law.jump_sd
        )
        mean = math.expm1(law.jump_mean + 0.5 * law.jump_sd**2)
    else:
        assert isinstance(law, FittedKou)
        p, up, down = law.up_probability, law.up_rate, law.down_rate
        jumps = exponential_jumps_law(
            tau=1.0, jump_intensity=law.intensity, up_probability=p, up_rate=up, down_rate=down
        )
        mean = p / (up - 1.0) - (1.0 - p) / (down + 1.0)
    shift = law.drift + law.intensity * mean
    smooth = -0.5 * (law.volatility * u) ** 2 + 1j * u * shift
    return np.exp(smooth + jumps.log_cf(u))


@pytest.mark.parametrize("law", LAWS)
def test_density_is_the_fourier_inverse(law: FittedJumpLaw) -> None:
    u = np.linspace(0.0, 10.0 / law.volatility, 60_001)
    phi = characteristic(law, u)
    x = np.array([-0.5, -0.2, -0.05, -0.01, 0.0, 0.001, 0.02, 0.07, 0.25])
    inverse = [integrate.simpson((phi * np.exp(-1j * u * v)).real, x=u) / np.pi for v in x]
    # The integral is absolute: 1e-12 of the peak.
    np.testing.assert_allclose(law.pdf(x), inverse, rtol=1e-8, atol=1e-12 / law.volatility)


@pytest.mark.parametrize("law", LAWS)
def test_moments_distribution_and_shortfall_are_integrals_of_the_density(
    law: FittedJumpLaw,
) -> None:
    mean, variance, skewness, excess = law.moments()
    sd = math.sqrt(variance)
    x = np.linspace(mean - 45.0 * sd, mean + 45.0 * sd, 60_001)
    density = law.pdf(x)
    z = (x - mean) / sd
    raw = [integrate.simpson(density * z**k, x=x) for k in range(5)]
    np.testing.assert_allclose(raw, [1.0, 0.0, 1.0, skewness, 3.0 + excess], rtol=1e-8, atol=1e-9)
    for confidence in (0.9, 0.99, 0.9999):
        q = -law.value_at_risk(confidence)
        assert float(law.cdf(q)) == pytest.approx(1.0 - confidence, rel=1e-10)
        y = np.linspace(mean - 60.0 * sd, q, 60_001)
        tail = law.pdf(y)
        assert integrate.simpson(tail, x=y) == pytest.approx(1.0 - confidence, rel=1e-7)
        partial = integrate.simpson(y * tail, x=y)
        shortfall = law.expected_shortfall(confidence)
        assert shortfall == pytest.approx(-partial / (1.0 - confidence), rel=1e-7)


@pytest.mark.parametrize("law", [MERTON, KOU])
def test_far_tails_keep_their_digits(law: FittedJumpLaw) -> None:
    """Log densities bend slowly out there: no cliff where a fixed number of terms ends."""
    x = np.linspace(-3.0, -1.0, 60)
    slope = np.diff(law.log_density(x)) / np.diff(x)
    assert np.isfinite(slope).all()
    assert np.all(slope > 10.0)
    assert np.all(np.abs(np.diff(slope)) < 1.0)


@pytest.mark.parametrize(("scores", "theta"), [
    (merton_scores, [0.1, math.log(0.7), math.log(0.2), -0.5, math.log(2.0)]),
    (kou_scores, [0.1, math.log(0.7), math.log(0.2), math.log(0.5), math.log(0.6), math.log(0.3)]),
    (kou_scores, [-0.1, math.log(2.0), math.log(4.0), math.log(5.0), math.log(3.0), math.log(0.1)]),
])  # fmt: skip
def test_scores_are_slopes(scores, theta) -> None:  # type: ignore[no-untyped-def]
    """Central differences of step 1e-5 are good to about 1e-7 of the value."""
    values, at = np.linspace(-9.0, 9.0, 61), np.array(theta)
    found = np.empty((values.size, at.size))
    scores(values, at, found)
    for j in range(at.size):
        step, spare = np.zeros(at.size), np.empty_like(found)
        step[j] = 1e-5
        slope = (scores(values, at + step, spare) - scores(values, at - step, spare)) / 2e-5
        assert found[:, j].sum() == pytest.approx(slope, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize(("model", "law"), [(Merton(), MERTON), (Kou(), KOU)])
def test_parameters_are_recovered(model: Merton | Kou, law: FittedJumpLaw) -> None:
    """Four standard errors of each; the likelihood is not below that of the truth."""
    drawn = law.simulate(4000, seed=11)
    fitted = model.fit(drawn)
    errors = fitted.standard_errors()
    for name, value in fitted.parameters().items():
        assert abs(value - getattr(law, name)) < 4.0 * errors[name], name
    assert fitted.log_likelihood >= float(np.sum(law.log_density(drawn))) - 1e-6
    assert fitted.log_likelihood == pytest.approx(np.sum(fitted.log_density(drawn)), rel=1e-10)
    assert fitted.bounds_reached == ()
    assert 0.5 < fitted.jump_share < 1.0
    assert fitted.value_at_risk_standard_error(0.99, block_length=10) > 0.0


def test_simulation_follows_the_law() -> None:
    for law in (MERTON, KOU):
        drawn = law.simulate(3000, seed=4)
        assert stats.kstest(drawn, law.cdf).pvalue > 1e-3
        np.testing.assert_array_equal(drawn, law.simulate(3000, seed=4))


def test_horizon_adds_returns() -> None:
    sums = MERTON.simulate(60_000, seed=5).reshape(-1, 3).sum(axis=1)
    assert stats.kstest(sums, MERTON.over(3).cdf).pvalue > 1e-3
    for law in (MERTON, KOU):
        np.testing.assert_allclose(law.over(5).cumulants(), 5.0 * np.array(law.cumulants()))
    with pytest.raises(ParameterError):
        MERTON.over(0.0)


def test_unit_of_returns_does_not_matter() -> None:
    drawn = KOU.simulate(1500, seed=8)
    small, large = Kou().fit(drawn), Kou().fit(100.0 * drawn)
    assert large.volatility == pytest.approx(100.0 * small.volatility, rel=1e-6)
    assert large.up_rate == pytest.approx(small.up_rate / 100.0, rel=1e-5)
    assert small.has_mean_price


def test_jumps_are_tested_by_bootstrap() -> None:
    rng = np.random.default_rng(0)
    calm = jump_ratio_test(rng.standard_normal(200), replicates=19, seed=1)
    assert calm.p_value > 0.05
    assert calm.bootstrap_95 > 2.0  # a chi-squared of no freedom would be 0
    jumpy = jump_ratio_test(MERTON.simulate(300, seed=2), replicates=19, seed=1)
    assert jumpy.p_value == pytest.approx(1 / 20)
    with pytest.raises(ParameterError):
        jump_ratio_test(rng.standard_normal(300), replicates=5)


@pytest.mark.parametrize("model", [Merton(), Kou()])
def test_degenerate_series_are_answered_or_refused(model: Merton | Kou) -> None:
    rng = np.random.default_rng(7)
    with pytest.raises(EstimationError):
        model.fit(np.zeros(100))
    with pytest.raises(InsufficientDataError):
        model.fit(rng.standard_normal(29))
    stale = np.where(rng.random(400) < 0.7, 0.0, rng.standard_normal(400))
    spike = rng.standard_normal(200)
    spike[50] = 300.0
    for values in (stale, np.r_[np.zeros(99), 1.0], spike, rng.standard_normal(30)):
        try:
            fitted = model.fit(values)
        except EstimationError:
            continue
        assert all(np.isfinite(v) for v in fitted.parameters().values())
        assert np.isfinite(fitted.expected_shortfall(0.99))
