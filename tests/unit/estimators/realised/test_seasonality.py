"""Hour-of-week factors: planted seasons, shrinkage, errors, stream, horizons, degenerate input."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.market import HOUR_NS
from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError
from plimsoll.estimators.realised.seasonal_factors import SeasonalFactors, flat_factors
from plimsoll.estimators.realised.seasonality import HourOfWeekSeasonality, hourly_variance
from plimsoll.estimators.realised.week_hours import MONDAY_NS, WEEK_NS

HOURS = np.arange(168)
PLANTED = np.exp(0.6 * np.sin(2 * np.pi * HOURS / 24)) * np.where(HOURS >= 120, 0.4, 1.0)
PLANTED /= PLANTED.mean()


def market(
    weeks: int, factor: np.ndarray, *, seed: int = 0, nu: float = 4.0
) -> tuple[np.ndarray, np.ndarray]:
    """Hourly returns: factor times a wandering level times Student's t."""
    generator = np.random.default_rng(seed)
    n = 168 * weeks
    level = np.exp(0.02 * np.cumsum(generator.standard_normal(n)))
    z = generator.standard_t(nu, n) / np.sqrt(nu / (nu - 2))
    return MONDAY_NS + HOUR_NS * np.arange(n), 0.01 * np.sqrt(np.tile(factor, weeks)) * level * z


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_planted_factors_come_back(power: float) -> None:
    time, r = market(200, PLANTED)
    found = HourOfWeekSeasonality(power=power, cap=1e9).fit(time, r**2).factors()
    assert found.factor.mean() == pytest.approx(1.0, rel=1e-12)
    gap = np.log(found.factor / PLANTED)
    assert np.sqrt(np.mean(gap**2)) < (0.12 if power < 2.0 else 0.2)
    # Errors of the means as they are: standardised gaps of about unit variance.
    raw = HourOfWeekSeasonality(power=power, cap=1e9, shrink=False).fit(time, r**2).factors()
    z = (raw.factor - PLANTED) / raw.standard_error
    assert 0.7 < np.sqrt(np.mean(z**2)) < 1.35


def test_shrinkage_helps_most_where_weeks_are_few() -> None:
    errors = {True: [], False: []}
    for seed in range(20):
        time, r = market(8, PLANTED, seed=seed)
        for shrink in (True, False):
            model = HourOfWeekSeasonality(shrink=shrink)
            gap = np.log(model.fit(time, r**2).factors().factor / PLANTED)
            errors[shrink].append(np.mean(gap**2))
    assert np.mean(errors[True]) < 0.35 * np.mean(errors[False])


def test_without_seasonality_the_factors_are_nearly_flat() -> None:
    time, r = market(30, np.ones(168), seed=5)
    shrunk = HourOfWeekSeasonality().fit(time, r**2).factors().factor
    raw = HourOfWeekSeasonality(shrink=False).fit(time, r**2).factors().factor
    assert np.std(shrunk) < 0.1
    assert np.std(raw) > 0.3


def test_one_crash_does_not_make_a_season() -> None:
    time, r = market(60, np.ones(168), seed=6)
    r[168 * 30 + 50] = 1.0  # a hundred usual hours at once
    robust = HourOfWeekSeasonality().fit(time, r**2).factors().factor[50]
    plain = HourOfWeekSeasonality(power=2.0, cap=1e9, shrink=False).fit(time, r**2).factors()
    assert robust < 1.5
    assert plain.factor[50] > 2.0


def test_stream_is_batch_to_the_bit() -> None:
    time, r = market(9, PLANTED, seed=7)
    x = r**2
    x[40:47] = np.nan
    model = HourOfWeekSeasonality()
    streamed = model.fit(time[:5], x[:5])
    for t in range(5, time.size, 13):
        streamed = streamed.update(time[t : t + 13], x[t : t + 13])
    batch = model.fit(time, x)
    np.testing.assert_array_equal(streamed.sums, batch.sums)
    np.testing.assert_array_equal(streamed.open_week, batch.open_week)
    np.testing.assert_array_equal(streamed.factors().factor, batch.factors().factor)


def test_there_and_back_and_over_a_horizon() -> None:
    time, r = market(40, PLANTED, seed=8)
    found = HourOfWeekSeasonality().fit(time, r**2).factors()
    flat = found.deseasonalise(time, r)
    np.testing.assert_allclose(found.reseasonalise(time, flat), r, rtol=1e-14)
    raw = HourOfWeekSeasonality(shrink=False)
    left, before = (np.log(raw.fit(time, x**2).factors().factor).std() for x in (flat, r))
    assert left < 0.5 * before
    start = MONDAY_NS + 3 * WEEK_NS + 164 * HOUR_NS
    ahead = [found.factor[h % 168] for h in range(164, 172)]
    assert found.over([start], 8)[0] == pytest.approx(np.mean(ahead), rel=1e-9)
    half = found.over([start + HOUR_NS // 2], 1.0)[0]
    assert half == pytest.approx(0.5 * (found.factor[164] + found.factor[165]), rel=1e-9)
    assert found.over([start], 168.0)[0] == pytest.approx(1.0, rel=1e-9)
    np.testing.assert_array_equal(flat_factors().over([start], 3.0), [1.0])


def test_hours_that_never_move_have_factor_zero() -> None:
    closed = PLANTED * np.where(HOURS >= 130, 0.0, 1.0)
    time, r = market(20, closed)
    found = HourOfWeekSeasonality().fit(time, r**2).factors()
    assert np.all(found.factor[130:] == 0.0)
    assert np.all(found.factor[:130] > 0.0)
    assert np.all(np.isfinite(found.standard_error))
    assert found.over([MONDAY_NS + 130 * HOUR_NS], 8)[0] == pytest.approx(0.0, abs=1e-12)


def test_finer_bars_are_summed_by_hour() -> None:
    time = MONDAY_NS + np.arange(24) * (HOUR_NS // 12)
    opens, variance = hourly_variance(time, np.r_[np.full(12, 0.1), np.full(12, np.nan)])
    np.testing.assert_array_equal(opens, MONDAY_NS + HOUR_NS * np.arange(2))
    assert variance[0] == pytest.approx(0.12)
    assert np.isnan(variance[1])


@pytest.mark.parametrize("kind", ["zeros", "spike", "constant", "short", "holes"])
def test_degenerate_markets_answer_or_refuse(kind: str) -> None:
    n = 168 * 6
    time = MONDAY_NS + HOUR_NS * np.arange(n)
    x = np.ones(n)
    if kind == "zeros":
        x[:] = 0.0
    elif kind == "spike":
        x[:] = 0.0
        x[500] = 1.0
    elif kind == "short":
        time, x = time[:30], x[:30]
    elif kind == "holes":
        x[np.random.default_rng(0).random(n) < 0.5] = np.nan
    fitted = HourOfWeekSeasonality().fit(time, x)
    if kind == "constant":
        np.testing.assert_allclose(fitted.factors().factor, 1.0, rtol=1e-12)
        return
    with pytest.raises(InsufficientDataError, match="weeks"):
        fitted.factors()


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ParameterError):
        HourOfWeekSeasonality(power=3.0)
    with pytest.raises(ParameterError):
        HourOfWeekSeasonality(cap=1.0)
    with pytest.raises(ParameterError):
        HourOfWeekSeasonality(least_weeks=1)
    with pytest.raises(DataFormatError, match="rise"):
        HourOfWeekSeasonality().fit([0, HOUR_NS // 2], [1.0, 1.0])
    with pytest.raises(DataFormatError, match="negative"):
        HourOfWeekSeasonality().fit([0, HOUR_NS], [1.0, -1.0])
    with pytest.raises(DataFormatError, match="168"):
        SeasonalFactors(factor=np.ones(3), standard_error=np.ones(3), weeks=np.ones(3))
    with pytest.raises(ParameterError):
        flat_factors().over([0], 0.0)
    fitted = HourOfWeekSeasonality().fit([0, HOUR_NS], [1.0, 1.0])
    with pytest.raises(DataFormatError, match="rise"):
        fitted.update([HOUR_NS], [1.0])
