"""Daily refits against those of arch 8.0.0 (``in_roll_*.csv``): window 500, GARCH(1,1)-t.

arch climbs once from one start; where a window's likelihood has several optima either side may
stand on another one, and arch stops at 1e-6 of its likelihood. So the days are compared in the
middle and at the 95th percentile, and the likelihood day by day by independent fits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plimsoll.estimators import Garch, rolling_garch_forecast
from plimsoll.maths.student_t import (
    student_t_expected_shortfall,
    student_t_value_at_risk,
    unit_variance_scale,
)

CASES = {"btc": "in_btc.csv", "sp500": "in_sp500_2010_2018.csv"}


@pytest.mark.parametrize("series", CASES)
def test_rolling_refits_follow_arch(reference_dir: Path, series: str) -> None:
    folder = reference_dir / "stats_vectors"
    options = {"delimiter": ",", "names": True, "dtype": None, "encoding": "utf8"}
    returns = np.genfromtxt(folder / CASES[series], **options)["r"][-1500:]
    vector = np.genfromtxt(folder / f"in_roll_{series}.csv", **options)
    model = Garch(persistence_rule="stationary")
    rolled = rolling_garch_forecast(returns, window=500, model=model, confidences=(0.975, 0.99))
    volatility = rolled.volatility[0, :-1]
    gap = np.abs(volatility / vector["sigma"] - 1.0)
    assert np.median(gap) < 1e-4
    assert np.quantile(gap, 0.95) < 2e-3
    nu, mean = rolled.degrees_of_freedom[0, :-1], rolled.mean[0, :-1]
    scale = np.array([unit_variance_scale(x) for x in nu])
    for level, var, shortfall in ((0.975, "var975", "es975"), (0.99, "var99", "es99")):
        own = volatility * student_t_value_at_risk(level, nu, 0.0, scale) - mean
        assert np.quantile(np.abs(own / vector[var] - 1.0), 0.95) < 2e-3
        own = volatility * student_t_expected_shortfall(level, nu, 0.0, scale) - mean
        assert np.quantile(np.abs(own / vector[shortfall] - 1.0), 0.95) < 2e-3
