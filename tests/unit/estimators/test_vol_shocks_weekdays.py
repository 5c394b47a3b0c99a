"""Weekday effects and the variance clock: planted, found again, and removed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS
from vol_histories import DAY, FIRST, TENORS, history, moves

from plimsoll.domain.surface import CALENDAR
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.implied.term_structure import TermStructure
from plimsoll.estimators.vol_shocks.moves import surface_moves
from plimsoll.estimators.vol_shocks.variance_clock import (
    estimate_variance_clock,
    on_variance_clock,
)
from plimsoll.estimators.vol_shocks.weekdays import (
    weekday,
    weekday_effects,
    without_weekday_effects,
)
from plimsoll.maths.variance_clock import variance_years

EFFECTS = np.array([0.0, -0.02, 0.01, -0.05, -0.5, 0.45, 0.11])
WEIGHTS = np.array([1.2, 1.1, 1.25, 1.0, 1.45, 0.3, 0.7])


def planted(count: int = 140, noise: float = 0.2, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    days = (np.arange(count) + 3) % 7  # the first move starts on a Thursday
    return EFFECTS[days][:, None] + noise * rng.standard_normal((count, len(TENORS)))


def test_weekdays_of_known_dates() -> None:
    """1 January 2026 was a Thursday, 29 February 2024 too, 20 July 1969 a Sunday."""
    dates = ("2026-01-01T23:59", "2024-02-29T00:00", "1969-07-20T20:17")
    times = np.array(dates, dtype="datetime64[ns]").astype(np.int64)
    assert weekday(times).tolist() == [3, 3, 6]


def test_effects_are_those_of_a_regression_on_dummies() -> None:
    """statsmodels: coefficients of seven dummies, and R^2 about the mean."""
    level = planted()
    found = weekday_effects(moves(level), seed=1)
    dummies = (np.arange(140)[:, None] + 3) % 7 == np.arange(7)
    for tenor in (0, 4):
        peer = OLS(level[:, tenor], dummies.astype(np.float64)).fit()
        np.testing.assert_allclose(found.mean[:, tenor], peer.params, rtol=1e-10)
        centred = level[:, tenor] - level[:, tenor].mean()
        assert found.explained[tenor] == pytest.approx(1.0 - peer.ssr / (centred @ centred))
    own = level[(np.arange(140) + 3) % 7 == 4, 0]
    assert found.standard_error[4, 0] == pytest.approx(own.std(ddof=1) / np.sqrt(own.size))


def test_share_explained_has_an_honest_error() -> None:
    """The R^2 of thirty fresh samples scatters by what one sample's bootstrap says, within 40 %."""
    drawn = [weekday_effects(moves(planted(seed=s)), seed=1) for s in range(30)]
    scatter = np.std([d.explained[0] for d in drawn], ddof=1)
    assert np.mean([d.explained_error[0] for d in drawn]) == pytest.approx(scatter, rel=0.4)


def test_weekdays_without_meaning_explain_what_chance_does() -> None:
    rng = np.random.default_rng(5)
    found = weekday_effects(moves(rng.standard_normal((700, 7))), seed=1)
    np.testing.assert_allclose(found.chance, 6 / 699)
    assert np.mean(found.explained) == pytest.approx(6 / 699, abs=0.006)  # four errors of 7 tenors


def test_removed_they_are_gone() -> None:
    before = moves(planted())
    after = without_weekday_effects(before, weekday_effects(before, seed=1))
    np.testing.assert_allclose(weekday_effects(after, seed=1).explained, 0.0, atol=1e-12)
    np.testing.assert_array_equal(after.spot, before.spot)


def test_effects_of_the_past_do_not_know_the_future() -> None:
    """Shuffle what comes after day 100: effects of before it, and moves rid of them, stay."""
    level = planted()
    other = level.copy()
    other[100:] = np.random.default_rng(1).permutation(other[100:]) * 3.0
    now = FIRST + 100 * DAY

    def known(values: np.ndarray) -> np.ndarray:
        past = moves(values).before(now)
        return without_weekday_effects(past, weekday_effects(past, seed=1)).level

    np.testing.assert_array_equal(known(level), known(other))


def test_missing_moves_count_for_nothing() -> None:
    level = planted()
    level[5, 0] = np.nan
    found = weekday_effects(moves(level), seed=1)
    assert found.count[:, 0].sum() == 139
    assert found.mean[1, 0] == pytest.approx(np.nanmean(level[(np.arange(140) + 3) % 7 == 1, 0]))
    with pytest.raises(InsufficientDataError, match="weekday"):
        weekday_effects(moves(planted(15)), seed=1)


def structures(
    count: int = 70, noise: float = 0.0, slope: float = 0.0, seed: int = 3
) -> list[TermStructure]:
    """Daily and weekly expiries at 08:00 priced with `WEIGHTS`; levels wander from day to day."""
    rng = np.random.default_rng(seed)
    found = []
    for day in range(count):
        at = FIRST + day * DAY
        days = np.array([1, 2, 3, 4, 8, 15]) * DAY - DAY // 24
        years = variance_years(WEIGHTS, at, at + days)
        level = 0.25 * np.exp(0.3 * rng.standard_normal())
        steps = np.diff(years, prepend=0.0) * np.exp(noise * rng.standard_normal(6))
        w = level * np.cumsum(steps * (1.0 + slope * days / DAY))
        found.append(TermStructure(at_ns=int(at), maturity_ns=at + days, total_variance=w))
    return found


def test_a_clock_is_read_off_exactly() -> None:
    """Without noise seven weights fit all intervals: equal to rounding of the iteration."""
    found = estimate_variance_clock(structures(), replicates=20, seed=1)
    np.testing.assert_allclose(found.clock.day_weights, WEIGHTS, rtol=1e-7)
    np.testing.assert_allclose(found.standard_error, 0.0, atol=1e-6)
    assert found.explained == pytest.approx(1.0, abs=1e-9)
    assert (found.surfaces, found.intervals, found.negative) == (70, 280, 0)


def test_a_clock_of_noisy_expiries_is_within_its_errors() -> None:
    """Fifteen samples of 10 % noise: the mean is unbiased within four errors of a mean, and the
    weights scatter by the stated errors within 40 %."""
    drawn = [
        estimate_variance_clock(structures(noise=0.1, seed=s), replicates=60, seed=1)
        for s in range(15)
    ]
    weights = np.array([d.clock.day_weights for d in drawn])
    stated = np.mean([d.standard_error for d in drawn], axis=0)
    assert np.all(np.abs(weights.mean(axis=0) - WEIGHTS) < 4 * stated / np.sqrt(15) + 0.005)
    scatter = weights.std(axis=0, ddof=1)
    assert np.mean(scatter) == pytest.approx(np.mean(stated), rel=0.4)


def test_a_sloping_term_structure_hardly_bends_the_clock() -> None:
    """Forward variance rising by 2 % a day over four days: every weekday stands at every distance
    as often as any other, so the weights keep to 2 %."""
    found = estimate_variance_clock(structures(slope=0.02), replicates=10, seed=1)
    np.testing.assert_allclose(found.clock.day_weights, WEIGHTS, rtol=0.02)


def test_negative_forward_variance_is_counted() -> None:
    bad = structures()
    w = np.array(bad[10].total_variance)
    w[1] = 0.9 * w[0]
    bad[10] = replace(bad[10], total_variance=w)
    found = estimate_variance_clock(bad, replicates=5, seed=1)
    assert found.negative == 1
    assert found.intervals == 279


def test_the_clock_of_a_date_does_not_know_the_future() -> None:
    one = structures(noise=0.1)
    other = one[:40] + [
        replace(s, total_variance=np.array(s.total_variance) ** 0.5) for s in one[40:]
    ]
    now = one[40].at_ns

    def known(history: list[TermStructure]) -> tuple[float, ...]:
        past = [s for s in history if s.at_ns < now]
        return estimate_variance_clock(past, replicates=5, seed=1).clock.day_weights

    assert known(one) == known(other)


def test_on_its_clock_volatility_stands_still() -> None:
    """A market of constant variance per hour of its clock: calendar volatility of short tenors
    swings by the weekday, that of clock time does not move."""
    clock = estimate_variance_clock(structures(), replicates=5, seed=1).clock
    one = history(70)
    ends = one.at_ns[:, None] + (one.tenors_days * DAY).astype(np.int64)
    w = 0.25 * variance_years(WEIGHTS, one.at_ns[:, None], ends)
    still = replace(one, atm_vol=np.sqrt(w / (one.tenors_days / 365)))
    assert float(np.abs(surface_moves(still).level[:, 0]).max()) > 0.1
    rescaled = on_variance_clock(still, clock)
    np.testing.assert_allclose(rescaled.atm_vol, 0.5, rtol=1e-7)
    np.testing.assert_allclose(surface_moves(rescaled).level, 0.0, atol=1e-7)
    same = on_variance_clock(still, CALENDAR)
    np.testing.assert_allclose(same.atm_vol, still.atm_vol, rtol=1e-12)


def test_too_little_is_refused() -> None:
    with pytest.raises(InsufficientDataError, match="weekday"):
        estimate_variance_clock(structures(3), seed=1)
    weekly = [
        TermStructure(
            at_ns=s.at_ns, maturity_ns=s.maturity_ns[-2:], total_variance=s.total_variance[-2:]
        )
        for s in structures()
    ]
    with pytest.raises(InsufficientDataError, match="weekday"):
        estimate_variance_clock(weekly, seed=1)
