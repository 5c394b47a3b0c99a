"""Closed hours: planted sessions are found and forecast, quiet weekends are not closed ones."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
)
from plimsoll.estimators.realised.session_volatility import SessionVolatility
from plimsoll.estimators.realised.trading_hours import (
    TradingHours,
    TradingHoursDetector,
    always_open,
)
from plimsoll.estimators.realised.week_hours import MONDAY_NS

FRIDAY_CLOSE, SUNDAY_OPEN = 118, 167
CLOSED = (np.arange(168) >= FRIDAY_CLOSE) & (np.arange(168) < SUNDAY_OPEN)
WITHIN = 1.998  # of a Student-t with 6 degrees of freedom and unit variance: 5 % lie outside


def planted(
    weeks: int, *, closed: float = 0.05, gap: float = 12.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Hourly returns: sd 1 % in open hours, ``closed`` of it in others, sqrt(gap) at opening."""
    generator = np.random.default_rng(seed)
    sd = np.where(CLOSED, closed, 1.0)
    sd[SUNDAY_OPEN] = np.sqrt(gap)
    z = generator.standard_t(6, 168 * weeks) / np.sqrt(1.5)
    return MONDAY_NS + HOUR_NS * np.arange(168 * weeks), 0.01 * np.tile(sd, weeks) * z


def known_hours() -> TradingHours:
    return TradingHours(
        slot_ns=HOUR_NS,
        open=~CLOSED,
        activity_ratio=0.05,
        activity_t=-50.0,
        volume_ratio=1.0,
        quietest=CLOSED,
        weeks=20,
    )


@pytest.mark.parametrize("closed", [0.0, 0.05, 0.2])
def test_planted_hours_are_found_exactly(closed: float) -> None:
    time, r = planted(20, closed=closed)
    found = TradingHoursDetector().detect(time, r)
    np.testing.assert_array_equal(found.open, ~CLOSED)
    assert found.flagged
    assert found.closed_slots == 49
    assert found.reopening_slot == SUNDAY_OPEN
    assert "re-opens Sun 23:00" in found.sentence()


def test_missing_weekend_bars_are_closed_hours_too() -> None:
    time, r = planted(20)
    kept = ~np.tile(CLOSED, 20)
    found = TradingHoursDetector().detect(time[kept], r[kept])
    np.testing.assert_array_equal(found.open, ~CLOSED)


def test_finer_bars_and_days() -> None:
    generator = np.random.default_rng(3)
    time = MONDAY_NS + (HOUR_NS // 4) * np.arange(8 * 168 * 4)
    r = 0.01 * np.tile(np.repeat(np.where(CLOSED, 0.05, 1.0), 4), 8)
    r = r * generator.standard_normal(r.size)
    np.testing.assert_array_equal(TradingHoursDetector().detect(time, r).open, ~CLOSED)
    days = np.tile([1.0, 1.0, 1.0, 1.0, 1.0, 0.02, 0.02], 12) * generator.standard_normal(84)
    found = TradingHoursDetector(slot_ns=DAY_NS).detect(MONDAY_NS + DAY_NS * np.arange(84), days)
    np.testing.assert_array_equal(found.open, [True] * 5 + [False] * 2)


def test_a_quiet_weekend_is_not_closed_and_false_alarms_are_rare() -> None:
    generator = np.random.default_rng(1)
    n = 168 * 12
    time = MONDAY_NS + HOUR_NS * np.arange(n)
    weekend = np.tile(np.where(np.arange(168) >= 120, 0.65, 1.0), 12)
    flagged = 0
    for _ in range(100):
        z = generator.standard_t(3, n)
        flagged += TradingHoursDetector().detect(time, weekend * z).flagged
        flagged += TradingHoursDetector().detect(time, z).flagged
    assert flagged == 0


def test_volume_must_agree() -> None:
    time, r = planted(20)
    volume = np.full(time.size, 10.0)
    found = TradingHoursDetector().detect(time, r, volume)
    assert not found.flagged
    assert found.volume_ratio == pytest.approx(1.0)
    volume[np.tile(CLOSED, 20)] = 1.0
    found = TradingHoursDetector().detect(time, r, volume)
    assert found.flagged
    assert found.volume_ratio == pytest.approx(0.1, rel=1e-9)
    # Mark-price bars carry no volume at all: moves alone decide.
    assert TradingHoursDetector().detect(time, r, np.zeros(time.size)).flagged


@pytest.mark.parametrize("kind", ["zeros", "spike", "constant"])
def test_degenerate_markets_are_never_flagged(kind: str) -> None:
    time = MONDAY_NS + HOUR_NS * np.arange(168 * 6)
    r = np.zeros(time.size) if kind != "constant" else np.full(time.size, 0.01)
    if kind == "spike":
        r[500] = 1.0
    found = TradingHoursDetector().detect(time, r)
    assert not found.flagged
    assert found.reopening_slot == -1
    assert "no closed hours" in found.sentence()
    assert np.all(found.reopenings_before(time) == 0)


def scored(hours: TradingHours, bars: int, start: int) -> float:
    """Rms of returns over ``bars`` begun at one slot of each week, over their forecast sd."""
    return float(np.sqrt(np.mean(standardised(hours, bars, start) ** 2)))


def standardised(hours: TradingHours, bars: int, start: int) -> np.ndarray:
    time, r = planted(260, seed=9)
    path = np.concatenate([[0.0], np.cumsum(r)])
    fitted, done, z = SessionVolatility(hours=hours).fit(time[:1], r[:1]), 1, []
    for i in range(168 * 20 + start, time.size - bars, 168):
        fitted, done = fitted.update(time[done:i], r[done:i]), i
        z.append((path[i + bars] - path[i]) / fitted.forecast(int(time[i]), bars).volatility)
    return np.array(z)


def test_coverage_over_a_reopening_with_and_without_sessions() -> None:
    """Sunday 21:00 for 8 h: 240 weekends; 5 % nominal, binomial error 1.4 points."""
    sessions, plain = (standardised(h, 8, 165) for h in (known_hours(), always_open()))
    assert np.mean(np.abs(sessions) > WITHIN) < 0.093
    assert np.mean(np.abs(plain) > WITHIN) > 0.15
    # Errors of an rms of 240: 0.07; three of them.
    assert scored(known_hours(), 8, 165) == pytest.approx(1.0, abs=0.2)
    assert scored(always_open(), 8, 165) > 1.5
    # Monday morning: the calendar clock has been averaged down by the weekend.
    assert scored(known_hours(), 8, 4) == pytest.approx(1.0, abs=0.15)
    assert scored(always_open(), 8, 4) > 1.12
    # Inside the weekend the calendar clock is far too wide.
    assert scored(known_hours(), 8, 140) == pytest.approx(1.0, abs=0.15)
    assert scored(always_open(), 8, 140) < 0.15
    # From Friday evening over the whole weekend and Monday.
    assert scored(known_hours(), 72, 116) == pytest.approx(1.0, abs=0.2)


def test_parts_of_a_horizon_in_closed_form() -> None:
    """Constant squares: the level is 1, a closed bar 0.01, a re-opening bar 9."""
    sd = np.where(CLOSED, 0.1, 1.0)
    sd[[167, 0]] = 3.0
    time = MONDAY_NS + HOUR_NS * np.arange(168 * 30)
    r = np.tile(sd, 30) * np.where(np.arange(time.size) % 2, 1.0, -1.0)
    model = SessionVolatility(hours=known_hours(), reopening_bars=2, gap_prior_weeks=4.0)
    fitted = model.fit(time, r)
    assert fitted.level[0] == pytest.approx(1.0, rel=1e-12)
    assert fitted.closed_ratio[0] == pytest.approx(0.01, rel=1e-9)
    # 30 weeks of two bars (the first week begins inside the window, cold); priors 1 + 6 and 1.
    np.testing.assert_array_equal(fitted.ratios[2:, 0], [30, 29])
    first, second = (30 * 9.0 + 4.0 * 7.0) / 34.0, (29 * 9.0 + 4.0) / 33.0
    assert fitted.reopening_ratios[0] == pytest.approx([first, second], rel=1e-9)
    expected = (first + second) / 2.0
    assert fitted.gap_ratio[0] == pytest.approx(expected, rel=1e-9)
    start = MONDAY_NS + 168 * 30 * HOUR_NS + 116 * HOUR_NS
    ahead = fitted.forecast(start, 54)  # Friday 20:00: 2 open, 49 closed, 2 re-opening, 1 open
    assert ahead.open_variance == pytest.approx(3.0, rel=1e-9)
    assert ahead.closed_variance == pytest.approx(0.49, rel=1e-9)
    assert ahead.gap_variance == pytest.approx(2.0 * expected, rel=1e-9)
    assert ahead.reopenings == 1
    assert ahead.variance == pytest.approx(3.49 + 2.0 * expected, rel=1e-9)
    assert ahead.standard_error >= 2.0 * fitted.gap_ratio[1] - 1e-9
    # Begun between the two, only the second is to come; with the first unprinted, it spans both.
    midnight = MONDAY_NS + 168 * 31 * HOUR_NS
    after = fitted.forecast(midnight, 3)
    assert after.gap_variance == pytest.approx(second, rel=1e-9)
    assert after.open_variance == pytest.approx(2.0, rel=1e-9)
    assert after.standard_error == pytest.approx(fitted.reopening_ratios[1][1], rel=1e-9)
    assert after.reopenings == 0
    pending = fitted.forecast(midnight, 3, reopened=False)
    assert pending.gap_variance == pytest.approx(first, rel=1e-9)
    assert pending.reopenings == 1
    assert fitted.forecast(start, 54, reopened=False).reopenings == 2


def test_the_error_of_the_gap_covers_it() -> None:
    """Gap variance 12 from 52 weekends, prior nearly off: two errors cover it most of the time."""
    inside = 0
    for seed in range(200):
        time, r = planted(52, seed=seed)
        model = SessionVolatility(hours=known_hours(), reopening_bars=1, gap_prior_weeks=0.01)
        value, error = model.fit(time, r).gap_ratio
        inside += abs(value - 12.0) < 2.0 * error
    # Squares of a t(6) are skewed: when their mean is low so is its error. Not 95 %.
    assert inside > 160


def test_without_any_weekend_the_prior_stands() -> None:
    time, r = planted(1)
    fitted = SessionVolatility(hours=known_hours()).fit(time[10:110], r[10:110])
    value, error = fitted.gap_ratio
    assert value == pytest.approx(1.0 + 0.25 * 24 / 4)
    assert error == pytest.approx(value * np.sqrt(2.0 / 4.0))
    assert fitted.forecast(int(time[110]), 60).gap_variance > 0.0
    assert fitted.closed_ratio == (0.0, 0.0)


def test_a_return_over_missing_closed_bars_is_a_gap() -> None:
    time, r = planted(10)
    kept = ~np.tile(CLOSED, 10)
    kept[167 - 1 + 168 : 167 + 4 + 168] = False  # an outage over the whole first re-opening window
    model = SessionVolatility(hours=known_hours(), reopening_bars=2)
    fitted = model.fit(time[kept], r[kept])
    whole = model.fit(time[~np.tile(CLOSED, 10)], r[~np.tile(CLOSED, 10)])
    # The bar that spans the outage holds the gap: it counts as the first, the second is missed.
    np.testing.assert_array_equal(fitted.ratios[2:, 0], whole.ratios[2:, 0] - [0, 1])


def test_stream_is_batch_to_the_bit() -> None:
    time, r = planted(6)
    r[300:310] = np.nan
    model = SessionVolatility(hours=known_hours(), factors=np.linspace(0.5, 1.5, 168))
    batch = model.fit(time, r)
    streamed = model.fit(time[:7], r[:7])
    for t in range(7, time.size, 11):
        streamed = streamed.update(time[t : t + 11], r[t : t + 11])
    np.testing.assert_array_equal(streamed.level, batch.level)
    np.testing.assert_array_equal(streamed.ratios, batch.ratios)
    ahead = int(time[-1]) + HOUR_NS
    assert streamed.forecast(ahead, 100) == batch.forecast(ahead, 100)


def test_a_market_that_never_closes_is_a_plain_ewma() -> None:
    time, r = planted(4)
    fitted = SessionVolatility(hours=always_open(), half_life=50.0).fit(time, r)
    decay, level = 0.5 ** (1 / 50.0), 0.0
    for seen, x in enumerate(r, start=1):
        level += max(1 - decay, 1 / seen) * (x * x - level)
    found = fitted.forecast(int(time[-1]) + HOUR_NS, 8)
    assert found.variance == pytest.approx(8 * level, rel=1e-12)
    assert (found.closed_variance, found.gap_variance, found.reopenings) == (0.0, 0.0, 0)


def test_wrong_use_is_refused() -> None:
    time, r = planted(6)
    with pytest.raises(InsufficientDataError, match="weeks"):
        TradingHoursDetector().detect(time[:300], r[:300])
    with pytest.raises(InsufficientDataError):
        TradingHoursDetector().detect([], [])
    with pytest.raises(DataFormatError):
        TradingHoursDetector().detect(time, r[1:])
    with pytest.raises(DataFormatError, match="negative"):
        TradingHoursDetector().detect(time, r, -np.ones(time.size))
    for wrong in ({"slot_ns": 5}, {"least_hours": 100}, {"quiet_ratio": 1.0}, {"least_weeks": 2}):
        with pytest.raises(ParameterError):
            TradingHoursDetector(**wrong)
    hours = known_hours()
    for wrong in ({"half_life": 0.0}, {"factors": np.zeros(168)}, {"reopening_bars": 0}):
        with pytest.raises(ParameterError):
            SessionVolatility(hours=hours, **wrong)
    fitted = SessionVolatility(hours=hours).fit(time, r)
    with pytest.raises(DataFormatError, match="rise"):
        fitted.update(time[:1], r[:1])
    with pytest.raises(ParameterError, match="after"):
        fitted.forecast(int(time[0]), 8)
    ahead = int(time[-1]) + HOUR_NS
    for flat in (np.zeros(time.size), np.full(time.size, np.nan)):
        with pytest.raises(EstimationError, match="open bars"):
            SessionVolatility(hours=hours).fit(time, flat).forecast(ahead, 8)
