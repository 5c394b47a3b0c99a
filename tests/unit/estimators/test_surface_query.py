"""Volatility, forward and standard error at any strike and expiry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_surface import AT, DAY, surface

from plimsoll.domain.surface import VarianceClock, VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.query import (
    at_moneyness,
    at_strike,
    forward_at,
    standard_error,
)


def test_a_listed_expiry_gives_its_own_smile() -> None:
    one = surface().smiles[1]
    strikes = np.array([50.0, 100.0, 250.0])
    found = at_strike(surface(), strikes, one.expiry_ns)
    k = np.log(strikes / one.forward)
    w = one.a + one.b * (one.rho * (k - one.m) + np.hypot(k - one.m, one.sigma))
    np.testing.assert_allclose(found.total_variance, w, rtol=1e-13)  # rounding of one formula
    np.testing.assert_allclose(found.volatility, np.sqrt(w / one.tau_years), rtol=1e-13)


def test_skew_and_curvature_are_the_derivatives_of_the_volatility() -> None:
    k, h, expiry = np.linspace(-1, 1, 9), 1e-4, AT + 45 * DAY

    def vol(x: np.ndarray) -> np.ndarray:
        return at_moneyness(surface(), x, expiry).volatility

    found = at_moneyness(surface(), k, expiry)
    # central differences: truncation h^2, rounding eps/h and eps/h^2
    np.testing.assert_allclose(found.skew, (vol(k + h) - vol(k - h)) / (2 * h), atol=1e-6)
    second = (vol(k + h) - 2 * vol(k) + vol(k - h)) / h**2
    np.testing.assert_allclose(found.curvature, second, atol=1e-5)


def test_total_variance_is_linear_between_expiries() -> None:
    ends = at_moneyness(surface(), 0.1, AT + np.array([30, 90]) * DAY).total_variance
    middle = at_moneyness(surface(), 0.1, AT + 50 * DAY).total_variance
    assert float(middle) == pytest.approx(ends[0] * 2 / 3 + ends[1] / 3, rel=1e-12)


def test_a_weekend_counts_by_its_weight() -> None:
    clock = VarianceClock(day_weights=(1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5))
    weekly = replace(surface(), clock=clock)
    seven_days = at_moneyness(weekly, 0.0, AT + 14 * DAY).total_variance
    plain = at_moneyness(surface(), 0.0, AT + 14 * DAY).total_variance
    assert float(seven_days) == pytest.approx(float(plain), rel=1e-9)  # whole weeks: no difference
    days = at_moneyness(weekly, 0.0, AT + np.arange(8, 16) * DAY).total_variance
    steps = np.diff(days)
    assert steps.max() / steps.min() == pytest.approx(2.4, rel=1e-6)


def test_forwards_are_log_linear_from_the_index_on() -> None:
    days = np.array([1, 7, 20, 90, 200])
    np.testing.assert_allclose(
        forward_at(surface(), AT + days * DAY), 100.0 * np.exp(0.05 * days / 365), rtol=1e-12
    )


def test_after_the_last_expiry_the_answer_says_so() -> None:
    found = at_moneyness(surface(), 0.0, AT + np.array([80, 100]) * DAY)
    assert found.extrapolated.tolist() == [False, True]


def test_standard_errors_agree_with_simulation() -> None:
    raw = surface().smiles[1].raw
    covariance = np.diag((0.01 * np.abs(raw)) ** 2)
    rng = np.random.default_rng(5)
    draws = rng.multivariate_normal(raw, covariance, 20_000)
    k = 0.2
    a, b, rho, m, sigma = draws.T
    w = a + b * (rho * (k - m) + np.hypot(k - m, sigma))
    spread = np.sqrt(w / (30 / 365)).std()
    found = float(standard_error(surface(covariance), k, AT + 30 * DAY))
    # the spread of 20,000 draws has a relative error of 0.5 %, the delta method of about 1 %
    assert found == pytest.approx(spread, rel=0.03)


def test_no_covariance_no_standard_error() -> None:
    assert np.isnan(standard_error(surface(), 0.0, AT + 30 * DAY))


def test_standard_errors_of_many_points_are_those_of_the_formula() -> None:
    """Gradients by central differences; each point before, between and after the expiries."""
    root = 1e-3 * np.random.default_rng(2).normal(size=(5, 5))
    priced = surface(root @ root.T)
    k, days = np.linspace(-1.0, 1.0, 5), np.array([3, 7, 20, 30, 45, 90, 120])
    found = standard_error(priced, k, AT + days[:, None] * DAY)
    for i, day in enumerate(days):
        for j, at in enumerate(k):
            expected = _error_by_differences(priced, float(at), int(day))
            # differences: truncation h^2 and rounding eps/h of a gradient of size one
            assert found[i, j] == pytest.approx(expected, rel=1e-7)


def _error_by_differences(priced: VolSurface, k: float, day: int) -> float:
    """Square root of the sum over smiles of g' C g, g the volatility's derivatives."""
    h, variance = 1e-6, 0.0
    for i, one in enumerate(priced.smiles):
        gradient = []
        for name in ("a", "b", "rho", "m", "sigma"):
            ends = []
            for shift in (-h, h):
                moved = list(priced.smiles)
                moved[i] = replace(one, **{name: getattr(one, name) + shift})
                there = replace(priced, smiles=tuple(moved))
                ends.append(float(at_moneyness(there, k, AT + day * DAY).volatility))
            gradient.append((ends[1] - ends[0]) / (2 * h))
        assert one.covariance is not None
        variance += float(np.array(gradient) @ one.covariance @ np.array(gradient))
    return float(np.sqrt(variance))


def test_only_the_smiles_that_enter_need_a_covariance() -> None:
    known = surface(1e-6 * np.eye(5))
    partly = replace(known, smiles=(replace(known.smiles[0], covariance=None), *known.smiles[1:]))
    found = standard_error(partly, 0.1, AT + np.array([7, 10, 30, 60, 90]) * DAY)
    assert np.isnan(found).tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, "a", None, 1j, [1.0, [2.0]], True])
def test_moneyness_and_strikes_that_are_no_numbers_are_refused(odd: object) -> None:
    """True is the number 1, as everywhere in numpy."""
    expiry = AT + 30 * DAY
    if odd is True:
        assert float(at_strike(surface(), True, expiry).log_moneyness) < 0.0
        return
    for ask, field in ((at_moneyness, "log_moneyness"), (at_strike, "strike")):
        with pytest.raises(UsageError, match=f"^{field}: must be") as refused:
            ask(surface(), odd, expiry)
        assert refused.value.field == field
    with pytest.raises(UsageError, match=r"^log_moneyness: must be"):
        standard_error(surface(), odd, expiry)


def test_shapes_that_do_not_fit_are_refused() -> None:
    expiries = AT + np.array([20, 30]) * DAY
    told = r"^strike: must broadcast with expiry_ns, found 'strike \(3,\), expiry_ns \(2,\)'"
    with pytest.raises(UsageError, match=told):
        at_strike(surface(), [90.0, 100.0, 110.0], expiries)
    with pytest.raises(UsageError, match=r"^log_moneyness: must broadcast"):
        at_moneyness(surface(), [0.1, 0.2, 0.3], expiries)
    found = at_strike(surface(), np.array([[90.0], [100.0], [110.0]]), expiries)
    assert found.volatility.shape == (3, 2)


def test_past_expiries_and_bad_strikes_are_refused() -> None:
    with pytest.raises(UsageError, match="expiry_ns"):
        at_moneyness(surface(), 0.0, AT)
    with pytest.raises(UsageError, match="strike"):
        at_strike(surface(), [100.0, -1.0], AT + DAY)
