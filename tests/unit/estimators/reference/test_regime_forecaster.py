"""The two-regime forecaster: no look-ahead, the volatility that was simulated, dead markets."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.estimators.reference.forecast import Forecaster, forecast
from plimsoll.estimators.reference.regime import RegimeSimulation, regime_day_path
from synthetic_panel import closes, panel_of


def test_the_future_changes_nothing_and_dead_markets_have_no_number() -> None:
    close = closes(330, 2)
    close[:, 1] = 7.0
    panel, method = panel_of(close), RegimeSimulation()
    assert isinstance(method, Forecaster)
    whole = forecast(method, panel, 8)
    for boundary in (290, 310):
        cut = forecast(method, panel.as_known(boundary), 8)
        kept = slice(0, boundary + 1)
        np.testing.assert_array_equal(whole.value_at_risk[kept], cut.value_at_risk)
        np.testing.assert_array_equal(whole.expected_shortfall[kept], cut.expected_shortfall)
    assert np.isfinite(whole.value_at_risk[-1, 0]).all()
    assert np.isnan(whole.value_at_risk[:, 1]).all()


def test_the_path_follows_planted_regimes() -> None:
    rng = np.random.default_rng(0)
    truth = np.where((np.arange(900) // 60) % 2, 3.0, 1.0)
    path = regime_day_path(
        truth * rng.standard_normal(900), np.arange(1, 901), window=1095, refit_every=30
    )
    assert np.isnan(path[:249]).all()
    settled = np.arange(300, 899)
    settled = settled[(settled + 1) % 60 > 20]
    assert path[settled][truth[settled + 1] == 1.0].mean() == pytest.approx(1.0, abs=0.35)
    assert path[settled][truth[settled + 1] == 3.0].mean() == pytest.approx(3.0, abs=0.4)
