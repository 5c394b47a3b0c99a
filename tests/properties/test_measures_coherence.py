"""Axioms of risk measures, and expected shortfall against its linear programme.

Tolerances: sums of up to 60 terms of size up to 1e3, so 1e-9 absolute is 1e4 rounding errors;
the linear programme is solved by HiGHS to 1e-7 relative feasibility.
"""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.optimize import linprog

from plimsoll.measures import (
    Convention,
    Spectrum,
    expected_shortfall,
    exponential_spectrum,
    power_spectrum,
    shortfall_mixture_spectrum,
    spectral,
    value_at_risk,
)

Vector = NDArray[np.float64]
LOSS = st.floats(-1e3, 1e3, allow_nan=False).map(lambda x: round(x, 6))
LEVEL = st.sampled_from([0.5, 0.6, 0.75, 0.9, 0.95, 0.975, 0.99, 0.123])
ABSOLUTE = 1e-9
COMPILING = settings(deadline=None)  # the first call of a kernel compiles it
SPECTRA = [exponential_spectrum(3.0), exponential_spectrum(40.0), power_spectrum(4.0)]


def _samples(low: int = 1, high: int = 60) -> st.SearchStrategy[Vector]:
    return hnp.arrays(np.float64, st.integers(low, high), elements=LOSS)


@st.composite
def _weighted(draw: st.DrawFn) -> tuple[Vector, NDArray[np.int64]]:
    losses = draw(_samples(1, 25))
    counts = draw(hnp.arrays(np.int64, losses.size, elements=st.integers(0, 4)))
    assume(counts.sum() > 0)
    return losses, counts


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[Vector, Vector]:
    first = draw(_samples())
    return first, draw(hnp.arrays(np.float64, first.size, elements=LOSS))


def _all(losses: Vector, level: float) -> list[float]:
    return [
        value_at_risk(losses, level).value,
        value_at_risk(losses, level, convention=Convention.TYPE7).value,
        expected_shortfall(losses, level).value,
        *(spectral(losses, s).value for s in SPECTRA),
    ]


@COMPILING
@given(_samples(), LEVEL, st.floats(-500, 500))
def test_translation(losses: Vector, level: float, shift: float) -> None:
    np.testing.assert_allclose(
        _all(losses + shift, level), np.array(_all(losses, level)) + shift, atol=ABSOLUTE
    )


@COMPILING
@given(_samples(), LEVEL, st.floats(0.01, 100))
def test_positive_homogeneity_of_value_and_error(
    losses: Vector, level: float, factor: float
) -> None:
    np.testing.assert_allclose(
        _all(factor * losses, level),
        factor * np.array(_all(losses, level)),
        atol=ABSOLUTE * max(factor, 1.0),
    )
    one, many = expected_shortfall(losses, level), expected_shortfall(factor * losses, level)
    np.testing.assert_allclose(
        many.standard_error, factor * one.standard_error, rtol=1e-7, atol=1e-7 * factor
    )


@COMPILING
@given(_pairs(), LEVEL)
def test_monotone(pair: tuple[Vector, Vector], level: float) -> None:
    losses, bump = pair
    worse = np.array(_all(losses + np.abs(bump), level))
    assert np.all(worse >= np.array(_all(losses, level)) - ABSOLUTE)


@COMPILING
@given(_pairs(), LEVEL)
def test_shortfall_and_spectra_are_subadditive_on_equal_scenarios(
    pair: tuple[Vector, Vector], level: float
) -> None:
    first, second = pair
    for measure in (
        lambda x: expected_shortfall(x, level).value,
        *(lambda x, s=s: spectral(x, s).value for s in SPECTRA),
    ):
        assert measure(first + second) <= measure(first) + measure(second) + ABSOLUTE


@COMPILING
@given(_samples(), LEVEL)
def test_shortfall_is_at_least_the_value_at_risk_and_the_mean(losses: Vector, level: float) -> None:
    shortfall = expected_shortfall(losses, level).value
    assert shortfall >= value_at_risk(losses, level).value - ABSOLUTE
    assert shortfall >= losses.mean() - ABSOLUTE
    assert shortfall <= losses.max() + ABSOLUTE


@COMPILING
@given(_samples(), st.floats(0.02, 0.97), st.floats(0.0, 0.02))
def test_rising_in_confidence(losses: Vector, level: float, step: float) -> None:
    for measure in (value_at_risk, expected_shortfall):
        lower, upper = measure(losses, level).value, measure(losses, level + step).value
        assert upper >= lower - 1e-6


@COMPILING
@given(_weighted(), LEVEL, st.floats(0.01, 100.0))
def test_integer_weights_are_repetitions_and_scale_is_nothing(
    case: tuple[Vector, NDArray[np.int64]], level: float, scale: float
) -> None:
    losses, counts = case
    repeated, weights = np.repeat(losses, counts), counts * scale
    for measure in (
        lambda x, w: value_at_risk(x, level, weights=w),
        lambda x, w: expected_shortfall(x, level, weights=w),
        *(lambda x, w, s=s: spectral(x, s, weights=w) for s in SPECTRA),
    ):
        expected = measure(repeated, None).value
        np.testing.assert_allclose(measure(losses, weights).value, expected, atol=ABSOLUTE)


@COMPILING
@given(_samples(), LEVEL, st.randoms(use_true_random=False))
def test_order_of_observations_is_nothing(losses: Vector, level: float, random: object) -> None:
    shuffled = losses.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _all(shuffled, level) == _all(losses, level)


@COMPILING
@given(_samples(), st.lists(LEVEL, min_size=1, max_size=4, unique=True), st.data())
def test_spectral_of_a_step_spectrum_is_the_mixture_of_shortfalls(
    losses: Vector, levels: list[float], data: st.DataObject
) -> None:
    raw = data.draw(st.lists(st.integers(1, 9), min_size=len(levels), max_size=len(levels)))
    shares = np.array(raw) / sum(raw)
    mixture = sum(
        share * expected_shortfall(losses, level).value
        for share, level in zip(shares, levels, strict=True)
    )
    found = spectral(losses, shortfall_mixture_spectrum(levels, list(shares))).value
    np.testing.assert_allclose(found, mixture, atol=ABSOLUTE)


@settings(max_examples=40, deadline=None)
@given(_weighted(), LEVEL)
def test_shortfall_is_the_optimum_of_the_rockafellar_uryasev_programme(
    case: tuple[Vector, NDArray[np.int64]], level: float
) -> None:
    """min over v of ``v + sum p_i (L_i - v)+ / (1 - c)``, as a linear programme."""
    losses, counts = case
    share = counts / counts.sum()
    size = losses.size
    solved = linprog(
        c=np.concatenate(([1.0], share / (1.0 - level))),
        A_ub=np.hstack((-np.ones((size, 1)), -np.eye(size))),
        b_ub=-losses,
        bounds=[(None, None), *([(0.0, None)] * size)],
        method="highs",
    )
    assert solved.status == 0
    found = expected_shortfall(losses, level, weights=counts).value
    np.testing.assert_allclose(found, solved.fun, rtol=1e-7, atol=1e-6)


@COMPILING
@given(_samples(), LEVEL)
def test_the_order_statistic_minimises_the_programme(losses: Vector, level: float) -> None:
    def objective(v: float) -> float:
        return v + float(np.maximum(losses - v, 0.0).mean()) / (1.0 - level)

    v = value_at_risk(losses, level).value
    np.testing.assert_allclose(
        objective(v), expected_shortfall(losses, level).value, rtol=1e-8, atol=1e-7
    )


@COMPILING
@given(st.floats(0.1, 60.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_spectra_mind_worse_outcomes_more(aversion: float, first: float, second: float) -> None:
    spectrum: Spectrum = exponential_spectrum(aversion)
    low, high = np.array([min(first, second)]), np.array([max(first, second)])
    assert spectrum.density(low)[0] >= spectrum.density(high)[0]
    assert spectrum.cumulative(low)[0] <= spectrum.cumulative(high)[0]
