"""Online belief in a variance: what it refuses, and what it answers to degenerate returns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from plimsoll.errors import DataFormatError, EstimationError, ParameterError
from plimsoll.estimators.pooling.conjugate import (
    ConjugateVolatility,
    StudentPredictive,
    VarianceBelief,
)

PRIOR = VarianceBelief(mean=0.0, mean_weight=1.0, freedom=4.0, variance=1e-4)


@pytest.mark.parametrize(
    "field", [{"mean": math.nan}, {"mean_weight": 0.0}, {"freedom": -1.0}, {"variance": math.inf}]
)
def test_a_prior_must_be_a_law(field: dict[str, float]) -> None:
    values = {"mean": 0.0, "mean_weight": 1.0, "freedom": 4.0, "variance": 1e-4} | field
    with pytest.raises(ParameterError):
        VarianceBelief(**values)


@pytest.mark.parametrize("forgetting", [0.0, 1.1, math.nan])
def test_forgetting_is_a_share(forgetting: float) -> None:
    with pytest.raises(ParameterError):
        ConjugateVolatility(prior=PRIOR, forgetting=forgetting)
    with pytest.raises(ParameterError):
        PRIOR.update(0.01, forgetting=forgetting)


@pytest.mark.parametrize("returns", [[[0.1]], [math.inf], ["a"]])
def test_unusable_returns_are_refused(returns: list[object]) -> None:
    with pytest.raises(DataFormatError):
        ConjugateVolatility(prior=PRIOR).fit(returns)  # type: ignore[arg-type]


def test_an_update_with_a_hole_is_refused() -> None:
    with pytest.raises(DataFormatError):
        PRIOR.update(math.nan)


@pytest.mark.parametrize(
    "returns",
    [
        [],
        [math.nan] * 5,
        [0.0] * 100_000,
        [0.01] * 30,
        [0.0] * 15 + [3.0] + [0.0] * 14,
        np.random.default_rng(1).normal(0, 0.01, 30),
    ],
    ids=["none", "holes", "zeros", "constant", "spike", "thirty"],
)
@pytest.mark.parametrize("forgetting", [1.0, 0.9])
def test_degenerate_returns_have_a_finite_margin(returns: list[float], forgetting: float) -> None:
    law = ConjugateVolatility(prior=PRIOR, forgetting=forgetting).fit(returns).predictive
    assert 0.0 < law.scale < math.inf
    assert math.isfinite(law.value_at_risk(0.99))
    assert law.value_at_risk(0.99) < law.expected_shortfall(0.99) < math.inf


def test_a_hole_neither_teaches_nor_forgets() -> None:
    model = ConjugateVolatility(prior=PRIOR, forgetting=0.95)
    with_hole = model.fit([0.01, math.nan, -0.02])
    assert with_hole.belief == model.fit([0.01, -0.02]).belief
    assert with_hole.observations == 2


def test_shortfall_needs_a_mean() -> None:
    with pytest.raises(EstimationError):
        StudentPredictive(location=0.0, scale=1.0, freedom=1.0).expected_shortfall(0.99)
    with pytest.raises(ParameterError):
        StudentPredictive(location=0.0, scale=1.0, freedom=3.0).quantile(1.0)


def test_ignorance_costs() -> None:
    known = VarianceBelief(mean=0.0, mean_weight=500.0, freedom=500.0, variance=1e-4)
    assert PRIOR.predictive.value_at_risk(0.99) > 1.5 * known.predictive.value_at_risk(0.99)
    assert PRIOR.volatility_error > 5.0 * known.volatility_error


def test_a_fit_keeps_its_path_of_beliefs() -> None:
    fitted = ConjugateVolatility(prior=PRIOR).fit([0.01, -0.02])
    assert fitted.beliefs.shape == (3, 4)
    assert fitted.beliefs[0].tolist() == [0.0, 1.0, 4.0, 1e-4]
    with pytest.raises(ValueError, match="read-only"):
        fitted.beliefs[0, 0] = 1.0
