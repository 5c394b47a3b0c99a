"""Stated standard errors against the spread of estimates over simulated panels."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from plimsoll.estimators.nightly import NightlySettings, nightly_estimate
from plimsoll.estimators.nightly.scale_errors import log_volatility_error
from synthetic_panel import history_of

PANELS, MARKETS, DAYS = 24, 6, 150
FAST = NightlySettings(copula_replicates=2)


@cache
def spread_and_errors() -> dict[tuple[int, str], tuple[float, float]]:
    """Spread over panels of log quantile and mean beyond, over volatility; and the error stated."""
    sizes: dict[tuple[int, str], list[np.ndarray]] = {}
    errors: dict[tuple[int, str], list[np.ndarray]] = {}
    for seed in range(PANELS):
        generator = np.random.default_rng(seed)
        common = generator.standard_t(5, (24 * DAYS, 1))
        steps = 0.6 * common + 0.8 * generator.standard_t(5, (24 * DAYS, MARKETS))
        close = 100.0 * np.exp(np.cumsum(0.005 * steps, axis=0))
        found = nightly_estimate(history_of(close), FAST)
        for risk in found.horizons:
            scale = risk.fitted.log_scale[:, None]
            for name, loss, error in (
                ("value", risk.value_at_risk, risk.value_at_risk_log_error),
                ("mean", risk.expected_shortfall, risk.expected_shortfall_log_error),
            ):
                size = np.stack([-np.log1p(-loss[:, 0]), np.log1p(loss[:, 1])], axis=1)
                sizes.setdefault((risk.horizon_hours, name), []).append(np.log(size) - scale)
                errors.setdefault((risk.horizon_hours, name), []).append(error)
    return {
        key: (
            float(np.array(sizes[key]).std(axis=0, ddof=1).mean()),
            float(np.sqrt(np.mean(np.array(errors[key]) ** 2))),
        )
        for key in sizes
    }


@pytest.mark.parametrize("hours", [8, 24])
@pytest.mark.parametrize("what", ["value", "mean"])
def test_errors_of_the_tail_are_the_spread_of_estimates(hours: int, what: str) -> None:
    spread, error = spread_and_errors()[hours, what]
    # 24 panels of six markets that share a factor, two sides: the spread itself is known to about
    # a tenth; with 40 panels the ratios are 1.12, 1.09, 0.95, 0.97.
    assert 0.7 < error / spread < 1.4


def test_error_of_a_volatility_is_the_spread_of_estimates() -> None:
    generator = np.random.default_rng(1)
    decays, weights = 0.5 ** (1.0 / np.array([24.0, 240.0, 4000.0])), np.array([0.3, 0.5])
    bars, many = 3000, 400
    returns = generator.standard_t(6, (bars, many)) / np.sqrt(1.5)
    fades = decays[:, None] ** np.arange(bars - 1, -1, -1)
    fades /= fades.sum(axis=1, keepdims=True)
    log_scales = 0.5 * np.log(fades @ returns**2)
    blend = np.append(weights, 0.2) @ log_scales
    stated = log_volatility_error(returns, weights, decays, np.full(many, float(bars)))
    # Delta method, to first order: within a sixth of the spread over 400 markets.
    assert np.sqrt(np.mean(stated**2)) == pytest.approx(blend.std(), rel=0.17)
    flat = log_volatility_error(np.zeros((50, 1)), weights, decays, np.array([50.0]))
    assert np.isnan(flat).all()
