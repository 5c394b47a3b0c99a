"""Filtered historical simulation: one step by hand, several steps by closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import ParameterError
from plimsoll.estimators import (
    Ewma,
    Garch,
    GjrGarch,
    filtered_risk,
    risk_of_losses,
    simulate_horizon,
)
from plimsoll.estimators.horizon.filtered_simulation import NO_RATIO_BOUNDS

RETURNS = np.random.default_rng(9).standard_t(5, 600) * 0.02


@pytest.mark.parametrize("model", [Garch(), GjrGarch(), Ewma(half_life=30.0)], ids=str)
def test_one_step_by_hand(model: Garch | GjrGarch | Ewma) -> None:
    fitted = model.fit(RETURNS)
    mean = getattr(getattr(fitted, "parameters", None), "mean", 0.0)
    outcomes = -(mean + np.sqrt(fitted.variance_next) * fitted.standardised_residuals)
    found = filtered_risk(fitted, confidence=0.99)
    assert found.value_at_risk == pytest.approx(np.quantile(outcomes, 0.99), rel=1e-10)
    worst = np.sort(outcomes)[-6:]
    assert found.expected_shortfall == pytest.approx(worst.mean(), rel=1e-10)
    order = filtered_risk(fitted, confidence=0.99, convention="order_stat")
    assert order.value_at_risk == pytest.approx(np.sort(outcomes)[593], rel=1e-10)
    assert (order.quantile_convention, order.shortfall_convention) == ("order_stat", "tailmean")


def test_updates_move_the_forecast_and_keep_the_residuals() -> None:
    fitted = Ewma(half_life=30.0).fit(RETURNS)
    later = fitted.update(0.2)
    ratio = np.sqrt(later.variance_next / fitted.variance_next)
    before, after = (filtered_risk(f, confidence=0.99).value_at_risk for f in (fitted, later))
    assert after == pytest.approx(ratio * before, rel=1e-12)


@pytest.mark.parametrize("model", [Garch(), Ewma(half_life=30.0)], ids=str)
def test_one_step_paths_agree_with_the_closed_form(model: Garch | Ewma) -> None:
    """50,000 draws with replacement: the 95 % quantile within 3 %."""
    fitted = model.fit(RETURNS)
    paths = simulate_horizon(fitted, horizon=1, paths=50_000, seed=2, ratio_bounds=NO_RATIO_BOUNDS)
    simulated = risk_of_losses(-paths, confidence=0.95)
    exact = filtered_risk(fitted, confidence=0.95)
    assert simulated.value_at_risk == pytest.approx(exact.value_at_risk, rel=0.03)
    assert simulated.expected_shortfall == pytest.approx(exact.expected_shortfall, rel=0.03)


def test_paths_repeat_with_the_seed_and_bounds_tame_them() -> None:
    fitted = Garch().fit(RETURNS).update(0.5)
    options = {"horizon": 5, "paths": 2000}
    same = [simulate_horizon(fitted, seed=4, **options) for _ in range(2)]
    assert np.array_equal(*same)
    assert not np.array_equal(same[0], simulate_horizon(fitted, seed=5, **options))
    free = simulate_horizon(fitted, seed=4, ratio_bounds=NO_RATIO_BOUNDS, **options)
    assert np.std(same[0]) < np.std(free)


def test_refusals() -> None:
    fitted = Garch().fit(RETURNS)
    for wrong in ({"horizon": 0}, {"paths": 0}, {"ratio_bounds": (2.0, 1.0)}):
        with pytest.raises(ParameterError):
            simulate_horizon(fitted, **{"horizon": 2, "paths": 10, "seed": 1, **wrong})
    with pytest.raises(ParameterError):
        filtered_risk(fitted, confidence=1.0)
    with pytest.raises(ParameterError):
        filtered_risk(fitted, confidence=0.99, convention="type9")  # type: ignore[arg-type]
