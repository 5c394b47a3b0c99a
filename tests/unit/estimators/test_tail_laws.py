"""Laws by maximum likelihood: domains, degenerate inputs, units, bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
    PlimsollError,
)
from plimsoll.estimators import (
    AzzaliniSkewT,
    BlockMaxima,
    CornishFisher,
    HansenSkewT,
    Hill,
    JonesFaddySkewT,
    NormalInverseGaussian,
    PeaksOverThreshold,
    StudentT,
    TwoSidedTail,
)

RNG = np.random.default_rng(5)
SAMPLE = RNG.standard_t(4, 700)
LAWS = (StudentT(), HansenSkewT(), JonesFaddySkewT(), AzzaliniSkewT(), NormalInverseGaussian())
MODELS = (*LAWS, CornishFisher(), CornishFisher(matching="moments"))
TAILS = (
    BlockMaxima(block_length=5),
    Hill(order_statistics=10),
    PeaksOverThreshold(),
    TwoSidedTail(),
)
SCALES = {"scale", "delta"}
INVERSE_SCALES = {"alpha", "beta"}
PLACES = {"location", "mode", "mu"}
SPIKE = np.zeros(300)
SPIKE[120] = 40.0
DEGENERATE = {
    "constant": np.full(300, 0.3),
    "zeros": np.zeros(300),
    "spike": SPIKE,
    "two values": np.tile([0.0, 1.0], 150),
    "mostly zero": np.where(np.arange(600) % 3 == 0, RNG.standard_normal(600), 0.0),
    "thirty": RNG.standard_normal(30),
    "few": np.array([0.1, -0.2, 0.05]),
    "uniform": RNG.random(400),
    "line": np.arange(300.0),
    "rounded": np.round(RNG.standard_normal(500), 1),
    "cauchy": RNG.standard_cauchy(500),
    "one-sided": RNG.exponential(size=400),
    "tiny": 1e-200 * RNG.standard_normal(300),
    "huge": 1e200 * RNG.standard_normal(300),
    "far": 1e9 + RNG.standard_normal(300),
}


def identity(model: Any) -> str:
    return type(model).__name__


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("model", MODELS, ids=identity)
def test_degenerate_values_give_numbers_or_a_refusal(model: Any, name: str) -> None:
    try:
        fitted = model.fit(DEGENERATE[name])
        found = [fitted.value_at_risk(0.99), *np.ravel(fitted.quantile([0.01, 0.5, 0.99]))]
        found.append(fitted.expected_shortfall(0.99))
    except PlimsollError:
        return
    assert np.isfinite(found).all()
    assert found[1] <= found[2] <= found[3]
    assert found[-1] >= found[0]


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("model", TAILS, ids=identity)
def test_degenerate_losses_give_numbers_or_a_refusal(model: Any, name: str) -> None:
    try:
        fitted = model.fit(DEGENERATE[name])
        if isinstance(model, TwoSidedTail):
            found = [fitted.quantile(0.001), fitted.quantile(0.999)]
        elif isinstance(model, PeaksOverThreshold):
            found = [fitted.quantile(0.99), *fitted.standard_errors()]
        else:
            found = [fitted.value_at_risk(0.99)]
    except PlimsollError:
        return
    assert np.isfinite(found).all()


@pytest.mark.parametrize("model", LAWS, ids=identity)
def test_thin_tails_are_answered(model: Any) -> None:
    """A normal sample has no finite optimum in nu: the bound is told, the risk is the normal's."""
    normal = np.random.default_rng(1).standard_normal(3000)
    fitted = model.fit(np.concatenate([normal, -normal]))
    expected = 2.326 * float(np.std(normal))
    assert fitted.value_at_risk(0.99) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("model", [*MODELS, *TAILS], ids=identity)
def test_holes_are_refused_by_row(model: Any) -> None:
    with pytest.raises(DataFormatError, match="row 7"):
        model.fit([*SAMPLE[:7], np.nan, *SAMPLE])


@pytest.mark.parametrize("model", MODELS, ids=identity)
def test_few_observations_are_refused(model: Any) -> None:
    with pytest.raises(InsufficientDataError, match="30"):
        model.fit(SAMPLE[:29])


@pytest.mark.parametrize("model", LAWS, ids=identity)
def test_thirty_observations_are_answered(model: Any) -> None:
    for first in range(0, 600, 30):
        assert 0.5 < model.fit(SAMPLE[first : first + 30]).value_at_risk(0.99) < 30.0


@pytest.mark.parametrize("model", LAWS, ids=identity)
@settings(max_examples=6)
@given(shift=st.floats(-50.0, 50.0), size=st.floats(1e-4, 1e4))
def test_units_do_not_matter(model: Any, shift: float, size: float) -> None:
    base, moved = model.fit(SAMPLE), model.fit(shift + size * SAMPLE)
    nig = isinstance(model, NormalInverseGaussian)
    for name, value in base.parameters().items():
        expected = value
        if name in SCALES:
            expected = value * size
        elif name in PLACES:
            expected = shift + value * size
        elif nig and name in INVERSE_SCALES:
            expected = value / size
        tolerance = 1e-5 * max(1.0, size, abs(expected))
        assert getattr(moved, name) == pytest.approx(expected, rel=1e-5, abs=tolerance)
    assert moved.value_at_risk(0.99) == pytest.approx(
        size * base.value_at_risk(0.99) - shift, rel=1e-6, abs=1e-6 * size + 1e-9
    )


@pytest.mark.parametrize("model", LAWS, ids=identity)
def test_mirrored_values_swap_the_tails(model: Any) -> None:
    up, down = model.fit(SAMPLE), model.fit(-SAMPLE)
    assert down.value_at_risk(0.99) == pytest.approx(float(up.quantile(0.99)), rel=1e-6)
    assert up.log_likelihood == pytest.approx(down.log_likelihood, rel=1e-11)


@pytest.mark.parametrize("model", LAWS, ids=identity)
def test_the_same_values_give_the_same_bytes(model: Any) -> None:
    first, second = model.fit(SAMPLE), model.fit(SAMPLE.copy())
    assert first.parameters() == second.parameters()


@pytest.mark.parametrize("model", LAWS, ids=identity)
def test_domains(model: Any) -> None:
    fitted = model.fit(SAMPLE)
    for wrong in (0.0, 1.0, np.nan, [0.5, 1.5]):
        with pytest.raises(ParameterError):
            fitted.quantile(wrong)
    with pytest.raises(ParameterError, match="confidence"):
        fitted.value_at_risk(1.0)
    with pytest.raises(ParameterError, match="block_length"):
        fitted.standard_errors(block_length=0)
    with pytest.raises(ParameterError):
        fitted.standard_errors(kind="guess")


def test_laws_without_a_mean_have_no_shortfall() -> None:
    hansen, jones = HansenSkewT().fit(SAMPLE), JonesFaddySkewT().fit(SAMPLE)
    azzalini = AzzaliniSkewT().fit(SAMPLE)
    for law in (
        replace(hansen, degrees_of_freedom=0.9),
        replace(jones, a=0.5),
        replace(azzalini, degrees_of_freedom=1.0),
    ):
        assert np.isfinite(law.value_at_risk(0.99))
        with pytest.raises(EstimationError, match="mean"):
            law.expected_shortfall(0.99)
    with pytest.raises(EstimationError, match="two degrees"):
        replace(hansen, degrees_of_freedom=2.0).hansen_parameters()


def test_return_levels_and_domains_of_block_maxima() -> None:
    losses = np.random.default_rng(2).standard_t(3, 2100)
    fitted = BlockMaxima(block_length=21).fit(losses)
    assert fitted.return_level(10) == pytest.approx(float(fitted.quantile(0.9)), rel=1e-12)
    assert fitted.observations == 100
    # A block with half the independent values leaves each of them heavier.
    assert fitted.value_at_risk(0.99, extremal_index=0.5) > fitted.value_at_risk(0.99)
    with pytest.raises(ParameterError):
        fitted.return_level(1.0)
    with pytest.raises(ParameterError, match="extremal_index"):
        fitted.value_at_risk(0.99, extremal_index=0.0)
    with pytest.raises(InsufficientDataError, match="whole blocks"):
        BlockMaxima(block_length=200).fit(losses)
    with pytest.raises(ParameterError):
        BlockMaxima(block_length=0)
    heavy = replace(fitted, xi=1.0)
    assert heavy.variance_is_infinite
    with pytest.raises(EstimationError, match="below 1"):
        heavy.expected_shortfall(0.99)


def test_hill_by_hand() -> None:
    losses = [8.0, 1.0, 4.0, 2.0, 0.5]
    usual = Hill(order_statistics=2).fit(losses)
    assert usual.xi == pytest.approx((np.log(8 / 2) + np.log(4 / 2)) / 2)
    assert Hill(order_statistics=2, convention="k").fit(losses).xi == pytest.approx(np.log(2) / 2)
    assert usual.value_at_risk(0.8) == pytest.approx(2.0 * (2 / 5 / 0.2) ** usual.xi)
    with pytest.raises(EstimationError, match="below 1"):
        usual.expected_shortfall(0.8)
    assert usual.variance_is_infinite
    with pytest.raises(ParameterError, match="anchor"):
        usual.value_at_risk(0.5)
    with pytest.raises(EstimationError, match="positive"):
        Hill(order_statistics=2).fit([-1.0, -2.0, -3.0, -4.0])
    with pytest.raises(EstimationError, match="differ"):
        Hill(order_statistics=2).fit([2.0, 2.0, 2.0, 1.0])
    with pytest.raises(InsufficientDataError):
        Hill(order_statistics=5).fit(losses)


def test_cornish_fisher_of_a_nearly_normal_sample() -> None:
    """Skew and kurtosis near zero: the normal quantile to first order."""
    fitted = CornishFisher().fit(np.random.default_rng(0).standard_t(30, 20_000))
    assert fitted.value_at_risk(0.95) == pytest.approx(1.645 * fitted.standard_deviation, rel=0.03)
    assert_allclose(fitted.quantile([0.5]), fitted.mean, atol=0.02)
    errors = fitted.standard_errors(seed=1)
    assert errors["mean"] == pytest.approx(fitted.standard_deviation / np.sqrt(20_000), rel=0.2)
    assert 0.0 < fitted.value_at_risk_standard_error(0.95, seed=1, replicates=60) < 0.05
    with pytest.raises(EstimationError, match="Student-t"):
        CornishFisher().fit(np.random.default_rng(0).random(500))  # thinner than the normal
