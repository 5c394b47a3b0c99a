"""Losses of variance forecasts and the Mincer-Zarnowitz regression, against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError
from plimsoll.estimators.realised.forecast_evaluation import mincer_zarnowitz, qlike, squared_error


def test_losses_are_least_at_the_true_variance_whatever_the_proxy() -> None:
    """Patton (2011): a noisy unbiased proxy does not move the minimum."""
    generator = np.random.default_rng(0)
    proxy = 2.0 * generator.chisquare(1, 200_000)
    grid = np.linspace(1.0, 4.0, 61)
    for loss in (qlike, squared_error):
        mean = [float(np.nanmean(loss(proxy, np.full(proxy.size, f)))) for f in grid]
        assert grid[int(np.argmin(mean))] == pytest.approx(2.0, abs=0.051)


def test_regression_is_that_of_statsmodels() -> None:
    generator = np.random.default_rng(1)
    forecast = np.exp(generator.standard_normal(300))
    realised = np.exp(generator.standard_normal(300)) * forecast
    found = mincer_zarnowitz(realised, forecast, lags=6)
    peer = sm.OLS(realised, sm.add_constant(forecast)).fit(
        cov_type="HAC", cov_kwds={"maxlags": 6, "use_correction": False}
    )
    np.testing.assert_allclose([found.intercept, found.slope], peer.params, rtol=1e-9)
    np.testing.assert_allclose([found.intercept_error, found.slope_error], peer.bse, rtol=1e-9)
    wald = peer.wald_test((np.eye(2), [0.0, 1.0]), use_f=False, scalar=True)
    assert found.statistic == pytest.approx(float(wald.statistic), rel=1e-8)
    assert found.p_value == pytest.approx(float(wald.pvalue), rel=1e-8)
    assert found.r_squared == pytest.approx(peer.rsquared, rel=1e-9)


def test_a_perfect_a_biased_and_a_missing_forecast() -> None:
    x = np.linspace(1.0, 2.0, 50)
    perfect = mincer_zarnowitz(x, x)
    assert (perfect.p_value, perfect.slope) == (1.0, pytest.approx(1.0))
    assert mincer_zarnowitz(2.0 * x, x).p_value < 1e-9
    holed = x.copy()
    holed[3] = np.nan
    assert mincer_zarnowitz(holed, x).observations == 49
    assert np.isnan(qlike([0.0], [1.0]))[0]


def test_wrong_use_is_refused() -> None:
    with pytest.raises(DataFormatError):
        qlike([1.0], [0.0])
    with pytest.raises(DataFormatError):
        squared_error([-1.0], [1.0])
    with pytest.raises(DataFormatError):
        qlike([1.0, 2.0], [1.0])
    with pytest.raises(InsufficientDataError):
        mincer_zarnowitz(np.ones(10), np.ones(10))
    with pytest.raises(EstimationError):
        mincer_zarnowitz(np.linspace(1, 2, 30), np.ones(30))
