"""The whole family: streaming, units, options, refusals, degenerate series, known models."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
    PlimsollError,
)
from plimsoll.estimators.volatility import (
    AsymmetricEwma,
    Egarch,
    EgarchParameters,
    Ewma,
    Garch,
    GarchParameters,
    GjrGarch,
    ScoreEwma,
    filter_at,
)
from plimsoll.maths.egarch_recursion import egarch_empirical_growth, egarch_normal_growth

EGARCH = EgarchParameters(
    mean=0.0, omega=-0.4, alpha=0.2, gamma=-0.1, beta=0.95, degrees_of_freedom=6.0
)
MODELS = [
    Garch(innovations="skewt"),
    Garch(variance_start="squared_residuals"),
    Garch(innovations="normal", variance_start="first_squared_residuals"),
    Garch(persistence_rule="unconstrained"),
    GjrGarch(innovations="skewt", mean="zero", variance_start="sample_variance"),
    Egarch(),
    Egarch(innovations="normal", variance_start="first_squared_residuals"),
    Egarch(innovations="skewt", mean="zero", bounds="arch"),
    Ewma(half_life=20.0, innovations="skewt"),
    AsymmetricEwma(half_life=20.0),
    AsymmetricEwma(half_life=20.0, asymmetry=-0.3, innovations="normal"),
    AsymmetricEwma(half_life=20.0, innovations="skewt", variance_start="sample_variance"),
    ScoreEwma(half_life=20.0),
    ScoreEwma(half_life=20.0, degrees_of_freedom=4.0, variance_start="sample_variance"),
    ScoreEwma(half_life=20.0, degrees_of_freedom=np.inf),
]


def simulate(n: int = 900, seed: int = 1, p: EgarchParameters = EGARCH) -> np.ndarray:
    """An EGARCH with Student-t innovations, daily size."""
    rng = np.random.default_rng(seed)
    nu = p.degrees_of_freedom
    z = rng.standard_t(nu, n) * np.sqrt((nu - 2.0) / nu)
    log_h, out = p.omega / (1.0 - p.beta), np.empty(n)
    for t in range(n):
        out[t] = p.mean + np.exp(0.5 * log_h) * z[t]
        news = p.alpha * (abs(z[t]) - np.sqrt(2.0 / np.pi)) + p.gamma * z[t]
        log_h = p.omega + news + p.beta * log_h
    return out


RETURNS = simulate()


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_streamed_equals_batch_bit_for_bit(model: Any) -> None:
    """The fit of 400 returns, streamed over the rest, against a filter of all at its parameters."""
    fitted = model.fit(RETURNS[:400])
    if hasattr(fitted, "filter"):
        expected = fitted.filter(RETURNS)
    else:
        start = dataclasses.replace(fitted, variance_next=float(fitted.variances[0]))
        path = [start.variance_next]
        for value in RETURNS:
            start = start.update(value)
            path.append(start.variance_next)
        expected = np.array(path)
    assert np.array_equal(fitted.variances, expected[:401])
    for t, value in enumerate(RETURNS[400:], start=400):
        assert fitted.variance_next == expected[t]
        fitted = fitted.update(value)
    assert fitted.variance_next == expected[-1]
    assert fitted.observations == RETURNS.size


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_risk_follows_the_unit(model: Any) -> None:
    """Relative 2e-4: the climbs end at other digits, and EGARCH's mean has kinks."""
    base, percent = model.fit(RETURNS), model.fit(100.0 * RETURNS)
    for measure in (
        "value_at_risk",
        "expected_shortfall",
        "filtered_value_at_risk",
        "filtered_expected_shortfall",
    ):
        expected = 100.0 * getattr(base, measure)(0.99)
        assert getattr(percent, measure)(0.99) == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_refusals(model: Any) -> None:
    for bad in (np.nan, np.inf):
        values = RETURNS.copy()
        values[123] = bad
        with pytest.raises(DataFormatError, match="row 123"):
            model.fit(values)
        with pytest.raises(DataFormatError):
            model.fit(RETURNS).update(bad)
    with pytest.raises(InsufficientDataError):
        model.fit(RETURNS[:10])
    with pytest.raises(EstimationError, match="must vary"):
        model.fit(np.zeros(100))
    with pytest.raises(ParameterError):
        model.fit(RETURNS).forecast(0)
    for confidence in (0.0, 1.0, np.nan):
        with pytest.raises(ParameterError):
            model.fit(RETURNS).value_at_risk(confidence)


def degenerate() -> dict[str, np.ndarray]:
    spike, zeros = np.zeros(300), RETURNS[:300].copy()
    spike[150] = 0.5
    zeros[np.random.default_rng(3).random(300) < 0.8] = 0.0
    late, tiny = RETURNS[:300].copy(), 1e-9 * RETURNS[:300]
    late[:80] = 0.0
    return {
        "one spike": spike,
        "30 observations": RETURNS[:30],
        "mostly zeros": zeros,
        "frozen at first": late,
        "tiny": tiny,
        "two values": np.tile([0.01, -0.01], 100),
        "trend": np.linspace(-0.05, 0.05, 200),
        "crash of 60 sd": np.append(RETURNS[:250], -60.0 * RETURNS.std()),
    }


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("case", degenerate())
def test_degenerate_series_have_an_answer_or_a_clear_error(model: Any, case: str) -> None:
    try:
        fitted = model.fit(degenerate()[case])
    except PlimsollError:
        return
    after = fitted.update(1.0).update(-1e6)
    for found in (fitted, after):
        assert np.isfinite(found.variance_next)
        assert found.variance_next > 0.0
        assert np.all(np.isfinite(found.forecast(5)))
        assert np.isfinite(found.value_at_risk(0.99))
        assert np.isfinite(found.filtered_expected_shortfall(0.99))
    assert np.all(np.isfinite(fitted.variances))
    if hasattr(fitted, "standard_errors"):
        try:
            errors = fitted.standard_errors()
        except EstimationError:
            return
        assert np.all(np.isfinite(dataclasses.astuple(errors)))


@pytest.mark.parametrize(
    "build",
    [
        lambda: Egarch(innovations="ged"),  # type: ignore[arg-type]
        lambda: Egarch(bounds="free"),  # type: ignore[arg-type]
        lambda: Egarch(persistence_cap=0.0),
        lambda: Ewma(half_life=5.0, variance_start="squared_residuals"),
        lambda: AsymmetricEwma(half_life=5.0, asymmetry=1.0),
        lambda: AsymmetricEwma(half_life=5.0, asymmetry=np.nan),
        lambda: ScoreEwma(half_life=-1.0),
        lambda: ScoreEwma(half_life=5.0, degrees_of_freedom=2.0),
        lambda: filter_at((0.0,), RETURNS, initial=1.0),  # type: ignore[arg-type]
        lambda: filter_at(EGARCH, RETURNS, initial=0.0),
        lambda: filter_at(EGARCH, RETURNS, initial="first"),  # type: ignore[arg-type]
        lambda: filter_at(dataclasses.replace(EGARCH, skew=1.0), RETURNS, initial=1.0),
        lambda: filter_at(dataclasses.replace(EGARCH, omega=np.nan), RETURNS, initial=1.0),
        lambda: filter_at(
            dataclasses.replace(EGARCH, degrees_of_freedom=2.0), RETURNS, initial=1.0
        ),
    ],
)
def test_wrong_options_are_refused(build: Any) -> None:
    with pytest.raises(ParameterError):
        build()


def test_a_variance_that_turns_negative_is_refused() -> None:
    bad = GarchParameters(
        mean=0.0, omega=1e-6, alpha=-2.0, gamma=0.0, beta=0.1, degrees_of_freedom=5.0
    )
    with pytest.raises(EstimationError, match="positive and finite"):
        filter_at(bad, RETURNS, initial="sample_variance")


@pytest.mark.parametrize("model", [m for m in MODELS if hasattr(m, "mean")], ids=str)
def test_log_densities_and_filter_agree_with_the_fit(model: Any) -> None:
    fitted = model.fit(RETURNS)
    assert fitted.log_densities().sum() == pytest.approx(fitted.log_likelihood, rel=1e-9)
    assert np.all(np.isfinite(fitted.log_densities()))
    seen = filter_at(fitted.parameters, RETURNS, initial=fitted.variance_start)
    assert seen.log_likelihood == pytest.approx(fitted.log_likelihood, rel=1e-9)
    assert seen.variances == pytest.approx(fitted.variances, rel=1e-9)


def test_richer_models_are_never_less_likely() -> None:
    for seed in range(4):
        returns = simulate(seed=seed)
        plain, skewed = Garch().fit(returns), Garch(innovations="skewt").fit(returns)
        assert skewed.log_likelihood > plain.log_likelihood - 1e-6
        assert GjrGarch(innovations="skewt").fit(returns).log_likelihood > (
            skewed.log_likelihood - 1e-6
        )
        normal = Egarch(innovations="normal").fit(returns).log_likelihood
        assert normal < Egarch().fit(returns).log_likelihood
        free = Garch(persistence_rule="unconstrained").fit(returns).log_likelihood
        assert free > Garch(persistence_rule="stationary").fit(returns).log_likelihood - 1e-6


def test_both_engines_of_garch_find_the_same_optimum() -> None:
    """At infinite skew-freedom: GARCH-t by the fast kernel, and skew-t with lambda next to 0."""
    for seed in range(3):
        returns = simulate(seed=seed)
        skewed = Garch(innovations="skewt", persistence_rule="stationary").fit(returns)
        plain = Garch(persistence_rule="stationary").fit(returns)
        gain = skewed.log_likelihood - plain.log_likelihood
        ratio = skewed.parameters.skew / skewed.standard_errors().skew
        assert gain == pytest.approx(0.5 * ratio**2, abs=0.5)


def test_estimates_scatter_as_their_standard_errors_say() -> None:
    """40 samples of 2,000: the z-scores have mean 0 +- 0.55 and sd 1 +- 0.4."""
    scores = []
    for seed in range(40):
        fitted = Egarch(mean="zero", persistence_rule="stationary").fit(simulate(2000, seed + 50))
        p, e = fitted.parameters, fitted.standard_errors()
        names = ("alpha", "gamma", "beta", "degrees_of_freedom")
        scores.append([(getattr(p, n) - getattr(EGARCH, n)) / getattr(e, n) for n in names])
    z = np.array(scores)
    assert np.all(np.abs(z.mean(axis=0)) < 0.55)
    assert np.all(np.abs(z.std(axis=0) - 1.0) < 0.4)


def test_forecast_of_a_normal_egarch_is_the_mean_of_its_simulation() -> None:
    """200,000 paths of four steps: the standard error of the mean is below 0.4 %, asked 1.5 %."""
    fitted = Egarch(innovations="normal").fit(RETURNS)
    p, rng = fitted.parameters, np.random.default_rng(5)
    log_h = np.full(200_000, np.log(fitted.variance_next))
    for k in range(4):
        assert fitted.forecast(4)[k] == pytest.approx(np.exp(log_h).mean(), rel=0.015)
        z = rng.standard_normal(log_h.size)
        news = p.alpha * (np.abs(z) - np.sqrt(2.0 / np.pi)) + p.gamma * z
        log_h = p.omega + news + p.beta * log_h
    assert fitted.forecast_law == "normal"


def test_forecast_of_a_heavy_egarch_is_the_mean_over_its_residuals() -> None:
    """Two steps ahead exactly, by enumeration of the residuals."""
    fitted = Egarch().fit(RETURNS)
    p, z = fitted.parameters, fitted.standardised_residuals
    news = p.alpha * (np.abs(z) - np.sqrt(2.0 / np.pi)) + p.gamma * z
    log_h = p.omega + news + p.beta * np.log(fitted.variance_next)
    assert fitted.forecast(1)[0] == pytest.approx(fitted.variance_next, rel=1e-12)
    assert fitted.forecast(2)[1] == pytest.approx(np.exp(log_h).mean(), rel=1e-12)
    again = p.omega + np.add.outer(p.beta * log_h, news)
    assert fitted.forecast(3)[2] == pytest.approx(np.exp(again).mean(), rel=1e-12)
    assert fitted.forecast_law == "residuals"


def test_growth_of_a_normal_by_quadrature() -> None:
    """Simpson's rule on either side of the kink of ``|z|``: 1e-9."""
    grid = np.linspace(0.0, 40.0, 40_001)
    for alpha, gamma in [(0.3, -0.1), (1.0, 0.5), (4.0, -1.0)]:
        total = 0.0
        for z in (grid, -grid):
            news = alpha * (np.abs(z) - np.sqrt(2.0 / np.pi)) + gamma * z
            total += integrate.simpson(np.exp(news) * stats.norm.pdf(z), x=grid)
        assert egarch_normal_growth(alpha, gamma) == pytest.approx(np.log(total), rel=1e-9)
        sample = np.random.default_rng(1).standard_normal(50)
        news = alpha * (np.abs(sample) - np.sqrt(2.0 / np.pi)) + gamma * sample
        found = egarch_empirical_growth(alpha, gamma, sample)
        assert found == pytest.approx(np.log(np.exp(news).mean()), rel=1e-12)


def test_one_print_of_a_million_deviations_meets_the_ceiling() -> None:
    fitted = Egarch().fit(RETURNS)
    hit = fitted.update(1e6 * RETURNS.std())
    assert hit.variance_next == fitted.variance_ceiling


def test_asymmetry_is_recovered_and_zero_asymmetry_is_the_ewma() -> None:
    rng, theta, decay = np.random.default_rng(8), 0.4, 0.94
    returns, h = np.empty(4000), 1e-4
    for t in range(returns.size):
        returns[t] = np.sqrt(h) * rng.standard_normal()
        weight = 1.0 + theta if returns[t] < 0.0 else 1.0 - theta
        h = max(decay * h + (1.0 - decay) * weight * returns[t] ** 2, 1e-8)
    half_life = float(np.log(0.5) / np.log(decay))
    fitted = AsymmetricEwma(half_life=half_life, innovations="normal").fit(returns)
    assert fitted.is_estimated
    assert fitted.asymmetry == pytest.approx(theta, abs=0.12)
    plain = Ewma(half_life=half_life).fit(returns)
    zero = AsymmetricEwma(half_life=half_life, asymmetry=0.0).fit(returns)
    assert np.array_equal(zero.variances, plain.variances)
    assert zero.value_at_risk(0.99) == plain.value_at_risk(0.99)
    assert (
        fitted.log_likelihood
        > AsymmetricEwma(half_life=half_life, asymmetry=0.0, innovations="normal")
        .fit(returns)
        .log_likelihood
    )


def test_a_jump_moves_the_score_ewma_by_a_bounded_factor() -> None:
    fitted = ScoreEwma(half_life=20.0, degrees_of_freedom=4.0).fit(RETURNS)
    limit = fitted.decay + (1.0 - fitted.decay) * 5.0
    assert fitted.update(1e6).variance_next <= limit * fitted.variance_next * (1.0 + 1e-12)
    plain = Ewma(half_life=20.0).fit(RETURNS)
    infinite = ScoreEwma(half_life=20.0, degrees_of_freedom=np.inf).fit(RETURNS)
    assert infinite.variances == pytest.approx(plain.variances, rel=1e-13)


def test_score_ewma_finds_the_likeliest_freedom() -> None:
    fitted = ScoreEwma(half_life=20.0).fit(RETURNS)
    for factor in (0.97, 1.03):
        other = ScoreEwma(
            half_life=20.0, degrees_of_freedom=fitted.degrees_of_freedom * factor
        ).fit(RETURNS)
        assert other.log_likelihood < fitted.log_likelihood


def test_a_negative_size_term_needs_the_bounds_of_arch() -> None:
    """Independent returns: no size term to find, so the likelier one may be negative."""
    returns = 0.01 * np.random.default_rng(2).standard_t(5, 400)
    default = Egarch(mean="zero").fit(returns)
    assert default.parameters.alpha >= 0.0
    assert Egarch(bounds="arch").fit(RETURNS).parameters.alpha == pytest.approx(
        Egarch().fit(RETURNS).parameters.alpha, rel=1e-4
    )
