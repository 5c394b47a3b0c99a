"""Rolling forecasts: equal to independent fits, blind to the future, the same on any threads."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
)
from plimsoll.estimators import (
    Ewma,
    Garch,
    GjrGarch,
    filtered_risk,
    rolling_ewma_forecast,
    rolling_garch_forecast,
)
from plimsoll.estimators.volatility.garch_options import DEFAULT_PERSISTENCE_CAP


def simulate(seed: int, n: int = 400) -> np.ndarray:
    rng = np.random.default_rng(seed)
    returns, h = np.empty(n), 4e-4
    for t in range(n):
        returns[t] = np.sqrt(h) * rng.standard_t(5) * np.sqrt(0.6)
        h = 2e-5 + 0.15 * returns[t] ** 2 + 0.8 * h
    return returns


TABLE = np.array([simulate(s) for s in range(3)])


@pytest.mark.parametrize("model", [Garch(), GjrGarch(), Garch(innovations="normal")], ids=str)
def test_searching_every_time_equals_independent_fits(model: Garch | GjrGarch) -> None:
    rolled = rolling_garch_forecast(TABLE[0], window=300, model=model, search_every=1)
    for d in range(0, 101, 10):
        fitted = model.fit(TABLE[0, d : d + 300])
        assert rolled.log_likelihood[0, d] == pytest.approx(fitted.log_likelihood, abs=1e-6)
        expected = np.sqrt(fitted.variance_next)
        assert rolled.volatility[0, d] == pytest.approx(expected, rel=1e-9)
        risk = filtered_risk(fitted, confidence=0.99)
        assert rolled.value_at_risk[0, d, 1] == pytest.approx(risk.value_at_risk, rel=1e-9)
        found = rolled.expected_shortfall[0, d, 1]
        assert found == pytest.approx(risk.expected_shortfall, rel=1e-9)


def test_climbing_from_the_last_optimum_finds_that_of_independent_fits() -> None:
    """1e-6 of log-likelihood on at least 95 % of windows; clustering is clear in this series."""
    returns = simulate(11, 900)
    climbed = rolling_garch_forecast(returns, window=500, search_every=50)
    searched = rolling_garch_forecast(returns, window=500, search_every=1)
    gap = searched.log_likelihood - climbed.log_likelihood
    assert np.mean(np.abs(gap) < 1e-6) >= 0.95


@pytest.mark.parametrize("refit_every", [1, 7])
def test_the_future_does_not_matter(refit_every: int) -> None:
    options = {"window": 300, "refit_every": refit_every}
    honest = rolling_garch_forecast(TABLE, **options)
    scrambled = TABLE.copy()
    scrambled[:, 350:] = np.random.default_rng(0).normal(size=(3, 50)) * 10.0
    tampered = rolling_garch_forecast(scrambled, **options)
    for name in ("volatility", "value_at_risk", "expected_shortfall", "omega", "log_likelihood"):
        before, after = getattr(honest, name), getattr(tampered, name)
        assert np.array_equal(before[:, :51], after[:, :51])
        assert not np.array_equal(before[:, 51:], after[:, 51:])


def test_between_refits_parameters_stay_and_the_volatility_moves() -> None:
    rolled = rolling_garch_forecast(TABLE[0], window=300, refit_every=10)
    assert rolled.alpha[0, :10] == pytest.approx(rolled.alpha[0, 0], rel=1e-12)
    assert rolled.omega[0, :10] == pytest.approx(rolled.omega[0, 0], rel=1e-12)
    assert np.unique(rolled.volatility[0, :10]).size == 10
    assert np.all(rolled.alpha + rolled.beta <= DEFAULT_PERSISTENCE_CAP + 1e-9)


def test_threads_do_not_change_a_bit() -> None:
    one = rolling_garch_forecast(TABLE, window=350, workers=1)
    two = rolling_garch_forecast(TABLE, window=350, workers=2)
    assert np.array_equal(one.value_at_risk, two.value_at_risk)
    assert np.array_equal(one.volatility, two.volatility)


def test_windows_that_one_fit_refuses_for_zeros_are_nan_and_the_next_ones_recover() -> None:
    """A t bears 18 zeros of 60: refused are the windows that begin at 59 to 181."""
    returns = simulate(5, 300)
    returns[100:200] = 0.0
    rolled = rolling_garch_forecast(returns, window=60)
    rows = np.arange(241)
    refused = (rows >= 59) & (rows <= 181)
    for numbers in (rolled.volatility[0], rolled.value_at_risk[0, :, 0], rolled.omega[0]):
        assert np.array_equal(np.isnan(numbers), refused)
    for first in (59, 181):
        with pytest.raises(EstimationError, match="may be 0"):
            Garch().fit(returns[first : first + 60])


def test_a_normal_law_bears_more_zeros() -> None:
    """54 of 60: refused are the windows that begin at 95 to 145."""
    returns = simulate(5, 300)
    returns[100:200] = 0.0
    rolled = rolling_garch_forecast(returns, window=60, model=Garch(innovations="normal"))
    rows = np.arange(241)
    refused = (rows >= 95) & (rows <= 145)
    assert np.array_equal(np.isnan(rolled.volatility[0]), refused)


def test_ewma_refuses_the_windows_that_one_fit_refuses() -> None:
    """Frozen for 40 returns, with a half-life of 3 a stuck feed from the 26th on."""
    returns = simulate(6, 300)
    returns[150:190] = 0.0
    model = Ewma(half_life=3.0, innovations="normal", variance_start="sample_variance")
    rolled = rolling_ewma_forecast(returns, window=100, half_life=3.0)
    for d in range(201):
        if np.isnan(rolled.volatility[0, d]):
            with pytest.raises(EstimationError, match="the last returns must not all be 0"):
                model.fit(returns[d : d + 100])
        else:
            model.fit(returns[d : d + 100])
    assert np.array_equal(np.flatnonzero(np.isnan(rolled.volatility[0])), np.arange(76, 91))


def test_ewma_equals_the_filter() -> None:
    rolled = rolling_ewma_forecast(TABLE[1], window=250, half_life=20.0)
    model = Ewma(half_life=20.0, innovations="normal", variance_start="sample_variance")
    fitted = model.fit(TABLE[1, :250])
    assert rolled.volatility[0, 0] == pytest.approx(np.sqrt(fitted.variance_next), rel=1e-12)
    risk = filtered_risk(fitted, confidence=0.975)
    assert rolled.value_at_risk[0, 0, 0] == pytest.approx(risk.value_at_risk, rel=1e-12)
    for value in TABLE[1, 250:]:
        fitted = fitted.update(value)
    assert rolled.volatility[0, -1] == pytest.approx(np.sqrt(fitted.variance_next), rel=1e-12)


def test_ewma_is_blind_to_the_future() -> None:
    honest = rolling_ewma_forecast(TABLE, window=250, half_life=20.0)
    scrambled = TABLE.copy()
    scrambled[:, 300:] = 0.5
    tampered = rolling_ewma_forecast(scrambled, window=250, half_life=20.0)
    assert np.array_equal(honest.value_at_risk[:, :51], tampered.value_at_risk[:, :51])


def test_coverage_of_its_own_model() -> None:
    """99 % value-at-risk over 3 x 900 days of a known GARCH-t: 27 breaches +- 3 sd (5.2)."""
    table = np.array([simulate(s, 1400) for s in range(20, 23)])
    rolled = rolling_garch_forecast(table, window=500, confidences=(0.99,), refit_every=5)
    breaches = np.sum(-table[:, 500:] > rolled.value_at_risk[:, :-1, 0])
    assert 27 - 16 <= breaches <= 27 + 16


def test_refusals() -> None:
    with pytest.raises(InsufficientDataError):
        rolling_garch_forecast(TABLE[0, :100], window=200)
    with pytest.raises(ParameterError):
        rolling_garch_forecast(TABLE, window=20)
    with pytest.raises(ParameterError):
        rolling_garch_forecast(TABLE, window=300, refit_every=0)
    with pytest.raises(ParameterError):
        rolling_garch_forecast(TABLE, window=300, confidences=())
    bad = TABLE.copy()
    bad[1, 7] = np.nan
    with pytest.raises(DataFormatError, match="row 7"):
        rolling_garch_forecast(bad, window=300)
