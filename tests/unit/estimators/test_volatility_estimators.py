"""Garch, GjrGarch, Ewma: streaming, options, refusals, units, and simulation from known models."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
)
from plimsoll.estimators import Ewma, Garch, GjrGarch
from plimsoll.estimators.volatility.ewma import decay_of_half_life, half_life_of_decay
from plimsoll.maths.recursions import ewma_filter

MODELS = [
    Garch(),
    Garch(innovations="normal", mean="zero"),
    Garch(variance_start="sample_variance", persistence_rule="stationary"),
    GjrGarch(),
    Ewma(half_life=20.0),
    Ewma(half_life=20.0, innovations="normal", variance_start="sample_variance"),
]


def simulate(n: int = 700, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    returns, h = np.empty(n), 4e-4
    for t in range(n):
        returns[t] = np.sqrt(h) * rng.standard_t(5) * np.sqrt(0.6)
        h = 1e-5 + 0.12 * returns[t] ** 2 + 0.85 * h
    return returns


RETURNS = simulate()


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_streamed_equals_batch_bit_for_bit(model: Any) -> None:
    fitted = start = model.fit(RETURNS[:400])
    if isinstance(model, Ewma):
        expected = ewma_filter(RETURNS, fitted.variances[0], fitted.decay)
    else:
        expected = fitted.filter(RETURNS)
    for t, value in enumerate(RETURNS[400:], start=400):
        assert fitted.variance_next == expected[t]
        fitted = fitted.update(value)
    assert fitted.variance_next == expected[-1]
    assert (start.observations, fitted.observations) == (400, RETURNS.size)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_fit_leaves_its_input_and_itself_alone(model: Any) -> None:
    values = RETURNS.copy()
    fitted = model.fit(values)
    assert np.array_equal(values, RETURNS)
    values[:] = 0.0
    assert np.array_equal(fitted.returns, RETURNS)
    with pytest.raises(ValueError, match="read-only"):
        fitted.variances[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted.variance_next = 1.0


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_risk_follows_the_unit(model: Any) -> None:
    base, percent = model.fit(RETURNS), model.fit(100.0 * RETURNS)
    for measure in ("value_at_risk", "expected_shortfall"):
        expected = 100.0 * getattr(base, measure)(0.99)
        assert getattr(percent, measure)(0.99) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_by_row(model: Any, bad: float) -> None:
    values = RETURNS.copy()
    values[[123, 200]] = bad
    with pytest.raises(DataFormatError, match="row 123") as error:
        model.fit(values)
    assert error.value.row == 123
    with pytest.raises(DataFormatError):
        model.fit(RETURNS).update(bad)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_refusals(model: Any) -> None:
    with pytest.raises(InsufficientDataError):
        model.fit(RETURNS[:10])
    with pytest.raises(EstimationError, match="must vary"):
        model.fit(np.full(100, 0.01))
    with pytest.raises(DataFormatError, match="one-dimensional"):
        model.fit(RETURNS.reshape(2, -1))
    with pytest.raises(DataFormatError, match="numbers"):
        model.fit(["a", "b"])
    with pytest.raises(ParameterError):
        model.fit(RETURNS).forecast(0)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Garch(innovations="cauchy"),  # type: ignore[arg-type]
        lambda: Garch(mean="ar"),  # type: ignore[arg-type]
        lambda: GjrGarch(variance_start="zero"),  # type: ignore[arg-type]
        lambda: Garch(persistence_rule="none"),  # type: ignore[arg-type]
        lambda: Garch(persistence_cap=1.5),
        lambda: Ewma(half_life=0.0),
        lambda: Ewma(half_life=float("nan")),
    ],
)
def test_wrong_options_are_refused(build: Any) -> None:
    with pytest.raises(ParameterError):
        build()


def test_the_persistence_rule_is_recorded_and_reported_when_it_binds() -> None:
    trending = np.cumsum(np.random.default_rng(0).normal(size=600)) ** 2 * 0.01
    returns = np.random.default_rng(1).normal(size=600) * np.sqrt(trending + 0.01)
    capped, free = Garch().fit(returns), Garch(persistence_rule="stationary").fit(returns)
    assert capped.parameters.persistence == pytest.approx(0.995, abs=1e-12)
    assert capped.status == ("persistence",)
    assert (capped.persistence_rule, capped.persistence_limit) == ("capped", 0.995)
    assert free.persistence_limit == 1.0
    assert free.parameters.persistence > 0.995
    assert free.log_likelihood > capped.log_likelihood


def test_zero_mean_is_zero_and_its_error_too() -> None:
    fitted = Garch(mean="zero").fit(RETURNS)
    assert fitted.parameters.mean == 0.0
    assert fitted.standard_errors().mean == 0.0
    assert fitted.standard_errors().gamma == 0.0
    assert fitted.standard_errors().alpha > 0.0


def test_log_densities_sum_to_the_log_likelihood() -> None:
    for model in (Garch(), GjrGarch(innovations="normal")):
        fitted = model.fit(RETURNS)
        assert fitted.log_densities().sum() == pytest.approx(fitted.log_likelihood, rel=1e-10)


def test_gjr_is_never_less_likely_than_garch() -> None:
    for seed in range(5):
        returns = simulate(seed=seed)
        gap = GjrGarch().fit(returns).log_likelihood - Garch().fit(returns).log_likelihood
        assert gap > -1e-6


def test_estimates_scatter_as_their_standard_errors_say() -> None:
    """60 samples of 2,000: the z-scores of alpha and nu have mean 0 +- 0.5, sd 1 +- 0.35."""
    scores = []
    for seed in range(60):
        fitted = Garch(mean="zero").fit(simulate(2000, seed=seed + 100))
        p, e = fitted.parameters, fitted.standard_errors()
        scores.append([(p.alpha - 0.12) / e.alpha, (p.beta - 0.85) / e.beta])
    z = np.array(scores)
    assert np.all(np.abs(z.mean(axis=0)) < 0.5)
    assert np.all(np.abs(z.std(axis=0) - 1.0) < 0.35)


def test_forecast_is_the_recursion_in_expectation() -> None:
    fitted = GjrGarch(persistence_rule="stationary").fit(RETURNS)
    path, p = fitted.forecast(4), fitted.parameters
    assert path[0] == fitted.variance_next
    assert path[1:] == pytest.approx(p.omega + p.persistence * path[:-1], rel=1e-14)


def test_half_life_and_decay_are_inverse() -> None:
    assert decay_of_half_life(half_life_of_decay(0.97)) == pytest.approx(0.97, rel=1e-14)
    # methodology 5.1: 0.94 -> 11.2, 0.97 -> 22.8, 0.99 -> 69
    found = [half_life_of_decay(d) for d in (0.94, 0.97, 0.99)]
    assert found == pytest.approx([11.2, 22.8, 69.0], abs=0.06)


def test_zero_inflated_returns_have_a_normal_fit_and_no_heavy_one() -> None:
    returns = np.where(np.random.default_rng(2).random(500) < 0.7, 0.0, RETURNS[:500])
    fitted = Garch(innovations="normal").fit(returns)
    assert np.isfinite(fitted.log_likelihood)
    assert fitted.value_at_risk(0.99) > 0.3 * np.quantile(-returns, 0.99)
    with pytest.raises(EstimationError, match="30% of the returns may be 0"):
        Garch().fit(returns)
