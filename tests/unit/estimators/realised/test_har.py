"""Heterogeneous autoregression: statsmodels, closed forms, stream and walk, degenerate input."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm

from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
    UsageError,
)
from plimsoll.estimators.realised.har import Har
from plimsoll.estimators.realised.har_forecasts import har_walk_forward
from plimsoll.estimators.realised.har_options import HarRegressors, HarScale
from plimsoll.estimators.realised.variance_record import VarianceRecord


def simulated(days: int, seed: int = 3) -> VarianceRecord:
    """Log variance as a slow and a fast autoregression; parts and implied variance at random."""
    generator = np.random.default_rng(seed)
    slow, fast = np.zeros(days), np.zeros(days)
    for t in range(1, days):
        slow[t] = 0.98 * slow[t - 1] + 0.1 * generator.standard_normal()
        fast[t] = 0.5 * fast[t - 1] + 0.3 * generator.standard_normal()
    variance = 1e-3 * np.exp(slow + fast)
    share = generator.uniform(0.1, 0.9, days)
    return VarianceRecord(
        variance=variance,
        jump=variance * np.where(generator.random(days) < 0.3, 0.3, 0.0),
        fall=variance * share,
        implied=1e-3 * np.exp(slow + 0.1 * generator.standard_normal(days)),
    )


def plain_design(record: VarianceRecord, horizon: int, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the plain regression by slices, nothing shared with the package."""
    v = record.variance
    change = {"log": np.log, "variance": np.array, "square_root": np.sqrt}[scale]
    rows, target = [], []
    for t in range(29, v.size - horizon):
        means = [v[t - n + 1 : t + 1].mean() for n in (1, 7, 30)]
        rows.append([1.0, *change(np.array(means))])
        target.append(float(change(v[t + 1 : t + 1 + horizon].mean())))
    return np.array(rows), np.array(target)


@pytest.mark.parametrize(("scale", "horizon"), list(product(HarScale, (1, 7))))
def test_coefficients_and_errors_are_those_of_statsmodels(scale: HarScale, horizon: int) -> None:
    record = simulated(500)
    fitted = Har(scale=scale, horizon_days=horizon).fit(record)
    design, target = plain_design(record, horizon, scale.value)
    peer = sm.OLS(target, design).fit(
        cov_type="HAC", cov_kwds={"maxlags": 9, "use_correction": False}
    )
    # 1e-8 and 1e-7: both solve a 4 by 4 system; regressors are correlated to 0.99.
    np.testing.assert_allclose(fitted.coefficients, peer.params, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(fitted.standard_errors(lags=9), peer.bse, rtol=1e-7)
    assert fitted.r_squared == pytest.approx(peer.rsquared, rel=1e-8)
    assert fitted.observations == target.size


def test_weighted_regression_is_that_of_statsmodels() -> None:
    record = simulated(400)
    fitted = Har(scale="variance", weights="inverse_long").fit(record)
    design, target = plain_design(record, 1, "variance")
    peer = sm.WLS(target, design, weights=1.0 / design[:, 3]).fit(
        cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": False}
    )
    np.testing.assert_allclose(fitted.coefficients, peer.params, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(fitted.standard_errors(lags=4), peer.bse, rtol=1e-7)


@pytest.mark.parametrize("regressors", list(HarRegressors))
@pytest.mark.parametrize("scale", list(HarScale))
def test_stream_is_batch_to_the_bit(regressors: HarRegressors, scale: HarScale) -> None:
    record = simulated(260)
    model = Har(regressors=regressors, scale=scale, implied=True, horizon_days=2)
    fitted = model.fit(record.first(240))
    rows = fitted.forecasts_at(model.rows(record).design)
    streamed = fitted
    for day in range(240, 260):
        streamed = streamed.update(record.first(day + 1).last(1))
        assert streamed.forecast() == rows[day]
    again = streamed.refit()
    np.testing.assert_array_equal(again.coefficients, model.fit(record).coefficients)
    assert again.forecast() == model.fit(record).forecast()


def test_planted_coefficients_come_back_within_their_errors() -> None:
    """200 paths of a log HAR: the errors estimated are the spread that is seen."""
    truth, found, errors = np.array([-0.35, 0.4, 0.3, 0.2]), [], []
    generator = np.random.default_rng(11)
    for _ in range(200):
        v = np.full(900, np.exp(-3.5))
        for t in range(30, v.size):
            means = np.log([v[t - 1], v[t - 7 : t].mean(), v[t - 30 : t].mean()])
            v[t] = np.exp(truth[0] + truth[1:] @ means + 0.4 * generator.standard_normal())
        fitted = Har().fit(VarianceRecord(variance=v[100:]))
        found.append(fitted.coefficients)
        errors.append(fitted.standard_errors())
    spread = np.std(found, axis=0)
    # Three standard errors of a mean of 200, and the bias of an autoregression (downwards).
    gap = np.abs(np.mean(found, axis=0) - truth)
    assert np.all(gap[1:] < 3.0 * spread[1:] / np.sqrt(200) + 0.06)
    np.testing.assert_allclose(np.mean(errors, axis=0), spread, rtol=0.2)


def test_log_forecast_is_unbiased_only_with_its_correction() -> None:
    generator = np.random.default_rng(4)
    v = np.exp(0.8 * generator.standard_normal(6000))
    # Independent days: the mean of a lognormal is exp(s^2 / 2) times its median.
    for correction, expected in (
        ("normal", np.exp(0.32)),
        ("smearing", np.exp(0.32)),
        ("none", 1.0),
    ):
        model = Har(bias_correction=correction, insanity="none")
        fitted = model.fit(VarianceRecord(variance=v))
        assert fitted.forecast() == pytest.approx(expected, rel=0.06), correction
    root = Har(scale="square_root", insanity="none").fit(VarianceRecord(variance=v))
    assert root.forecast() == pytest.approx(np.exp(0.32), rel=0.08)


def test_insane_forecasts_are_bounded() -> None:
    record = simulated(200)
    shock = VarianceRecord(variance=np.array([1e3]))
    base = VarianceRecord(variance=record.variance)
    free = Har(scale="variance", insanity="none").fit(base).update(shock).forecast()
    clipped = Har(scale="variance").fit(base)
    assert free > 1.0
    assert clipped.update(shock).forecast() == clipped.bounds[1]
    mean = Har(scale="variance", insanity="mean").fit(base).update(shock)
    assert mean.forecast() == pytest.approx(mean.target_variance.mean(), rel=1e-14)


@pytest.mark.parametrize("window", [None, 120])
def test_walk_forward_sees_no_future(window: int | None) -> None:
    record, model = simulated(320), Har(horizon_days=3, implied=True)
    options = {"first_rows": 100, "window_rows": window, "refit_every": 5}
    whole = har_walk_forward(model, record, **options)
    for days in (180, 247):
        cut = har_walk_forward(model, record.first(days), **options)
        np.testing.assert_array_equal(whole.forecast[:days], cut.forecast)
    # The estimate in force on a day of refit is that of a fit to the days before.
    day = 29 + 100 + 2 + 5 * 10
    expanding = har_walk_forward(model, record, first_rows=100, refit_every=5)
    fitted = model.fit(record.first(day + 1))
    np.testing.assert_array_equal(expanding.coefficients[day], fitted.coefficients)
    assert expanding.forecast[day] == fitted.forecast()


def test_a_useful_and_a_useless_regressor_are_told_apart() -> None:
    record = simulated(900)
    useful = Har(implied=True).fit(record).weight_test("implied")
    assert useful.p_two_sided < 1e-6
    assert useful.statistic == pytest.approx(useful.estimate / useful.standard_error)
    rejected = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        noise = VarianceRecord(
            variance=np.exp(generator.standard_normal(400)),
            implied=np.exp(generator.standard_normal(400)),
        )
        rejected += Har(implied=True).fit(noise).weight_test("implied").p_two_sided < 0.05
    # 5 % of 200, three binomial errors, and the known excess of HAC tests at this length.
    assert 1 <= rejected <= 22


def test_missing_days_are_left_out_and_refused_only_where_needed() -> None:
    variance = np.array(simulated(300).variance)
    variance[150] = np.nan
    fitted = Har().fit(VarianceRecord(variance=variance))
    assert fitted.observations == 300 - 30 - 31
    variance[-3] = np.nan
    with pytest.raises(EstimationError, match="variance_7"):
        Har().fit(VarianceRecord(variance=variance)).forecast()


@pytest.mark.parametrize("scale", list(HarScale))
@pytest.mark.parametrize("kind", ["constant", "zeros", "spike", "thirty", "all_missing"])
def test_degenerate_records_answer_or_refuse(kind: str, scale: HarScale) -> None:
    record = {
        "constant": np.full(300, 2.0),
        "zeros": np.zeros(300),
        "spike": np.r_[np.full(150, 1.0), 50.0, np.full(149, 1.0)],
        "thirty": simulated(30).variance,
        "all_missing": np.full(300, np.nan),
    }[kind]
    try:
        found = Har(scale=scale).fit(VarianceRecord(variance=record)).forecast()
    except (EstimationError, InsufficientDataError):
        assert kind != "spike"
        return
    assert np.isfinite(found)
    assert found > 0.0


def test_wrong_use_is_refused() -> None:
    for wrong in ({"scale": "cube"}, {"lags_days": (7, 1)}, {"horizon_days": 0}, {"lags_days": ()}):
        with pytest.raises(ParameterError):
            Har(**wrong)
    plain = VarianceRecord(variance=simulated(200).variance)
    with pytest.raises(DataFormatError, match="jump"):
        Har(regressors="jumps").fit(plain)
    with pytest.raises(DataFormatError):
        plain.extended(simulated(3))
    with pytest.raises(DataFormatError, match="negative"):
        VarianceRecord(variance=np.array([1.0, -1.0]))
    with pytest.raises(UsageError, match="variance_7"):
        Har().fit(plain).weight_test("variance_9")
    with pytest.raises(InsufficientDataError):
        har_walk_forward(Har(), plain, first_rows=300)
    with pytest.raises(ParameterError):
        har_walk_forward(Har(), plain, refit_every=0)
