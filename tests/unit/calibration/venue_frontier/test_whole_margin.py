"""The terms beside cost and swings: who is closed out, what the fund would pay, exact scales."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.calibration.appetite.stated import StatedFund
from plimsoll.calibration.appetite.statement import Profile
from plimsoll.calibration.appetite.weights import objective_weights
from plimsoll.calibration.published import DailyLosses
from plimsoll.calibration.venue_frontier.fund_draw import fund_exposure, worst_days_mean
from plimsoll.calibration.venue_frontier.initial_leg import InitialLeg, UserPaths, user_paths
from plimsoll.calibration.venue_frontier.level import loss_ratios, scale_at_rate
from plimsoll.calibration.venue_frontier.record import VenueRecord, daily_counts
from plimsoll.calibration.venue_frontier.terms import objective_terms, weighted
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, HOUR_NS, NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.maths.daily_excess import daily_excess

FloatArray = NDArray[np.float64]


def record(loss: FloatArray, markets: tuple[str, ...]) -> VenueRecord:
    days = len(loss)
    return VenueRecord(
        time_ns=DAY_NS * np.arange(days, dtype=np.int64),
        markets=markets,
        horizon_hours=np.ones(len(markets), dtype=np.int64),
        losses=DailyLosses(loss=loss, lag_days=2),
        usable=np.ones((days, len(markets)), dtype=np.bool_),
        reviews=(),
        target=0.01,
        shares=(),
    )


def leg(worst: list[float], at_call: list[float]) -> InitialLeg:
    """One market, one day, longs; shorts never lose."""
    path = np.zeros((2, 1, len(worst), 1, 2))
    path[0, 0, :, 0, 0], path[1, 0, :, 0, 0] = worst, at_call
    return InitialLeg(
        reaction=record(np.zeros((1, 1, 1, 2)), ("A",)),
        extra=np.full((1, 1), 0.002),
        link=0.5,
        users=UserPaths(worst=path[0], at_call=path[1]),
    )


@pytest.mark.parametrize(
    ("worst", "at_call", "closed_out"),
    [
        ([0.02, 0.01, 0.01], [0.01, 0.0, 0.0], False),  # equity 0.06 - 0.02 is MM: not below
        ([0.031, 0.0, 0.0], [0.01, 0.0, 0.0], True),  # below MM, solvent at the call
        ([0.07, 0.0, 0.0], [0.06, 0.0, 0.0], True),  # nothing left at the call: not negative
        ([0.07, 0.0, 0.0], [0.061, 0.0, 0.0], False),  # insolvent at the next call
        ([0.07, 0.05, 0.0], [0.07, 0.01, 0.0], False),  # closed out once, at the first
        ([0.0, 0.0, 0.05], [0.0, 0.0, 0.02], True),
        ([0.05, 0.0, float("nan")], [0.0, 0.0, float("nan")], False),  # not followed
    ],
)
def test_a_solvent_user_is_closed_out_below_maintenance_and_solvent_at_the_next_call(
    worst: list[float], at_call: list[float], closed_out: bool
) -> None:
    """MM = 0.028 + 0.002, what the reaction adds 0.03: IM = 0.06, the cushion 0.03."""
    one = leg(worst, at_call)
    margin, added = np.full((1, 1, 2), 0.028), np.full((1, 1, 2), 0.03)
    assert one.initial(margin, added)[0, 0, 0] == pytest.approx(0.06)
    judged, found = one.solvent_liquidations(margin, added)
    assert found[0, 0].tolist() == [closed_out, False]
    assert judged[0, 0, 0] == bool(np.isfinite(worst).all())


def test_the_link_lifts_initial_margin() -> None:
    one = leg([0.0], [0.0])
    initial = one.initial(np.full((1, 1, 2), 0.028), np.full((1, 1, 2), 0.01))
    assert initial[0, 0, 0] == pytest.approx(0.06), "0.03 / 0.5 exceeds 0.03 + 0.01"


def history(close: FloatArray, mask_from_ns: NDArray[np.int64] | None = None) -> MarketHistory:
    return MarketHistory(
        markets=("A", "B"),
        time_ns=HOUR_NS * np.arange(len(close), dtype=np.int64),
        interval_ns=HOUR_NS,
        close=close,
        active=np.ones(close.shape, dtype=bool),
        mask_from_ns=np.full(close.shape, NEVER_MASKED) if mask_from_ns is None else mask_from_ns,
        price_kind=PriceKind.MARK,
    )


def test_paths_of_users_are_those_of_the_prices() -> None:
    rng = np.random.default_rng(3)
    close = np.exp(np.cumsum(0.01 * rng.standard_normal((24 * 5, 2)), axis=0))
    close[24 + 15, 0] = np.nan  # the price at a margin call of the second day
    set_ns = DAY_NS * np.arange(1, 4, dtype=np.int64)
    found = user_paths(history(close), [Payoff.LINEAR, Payoff.INVERSE], set_ns, 2)
    start, path = close[23, 0], close[24:32, 0]
    assert found.at_call[0, 0, 0] == pytest.approx([1 - path[-1] / start, path[-1] / start - 1])
    assert found.worst[0, 0, 0] == pytest.approx([1 - path.min() / start, path.max() / start - 1])
    start, path = close[23, 1], close[40:48, 1]
    assert found.worst[0, 2, 1] == pytest.approx([start / path.min() - 1, 1 - start / path.max()])
    assert np.isnan(found.at_call[0, 1, 0]).all()
    assert np.isnan(found.worst[0, 1, 0]).all()
    assert np.isfinite(found.worst[0, 2, 0]).all(), "later calls have their price"


def test_a_bar_condemned_later_is_seen_and_one_condemned_in_time_is_not() -> None:
    close = np.full((24 * 6, 2), 100.0)
    close[30, 0] = 50.0
    masks = np.full(close.shape, NEVER_MASKED)
    set_ns = DAY_NS * np.arange(1, 5, dtype=np.int64)
    for known_day, seen in ((3, False), (4, True)):  # what began on day 1 is counted on day 3
        masks[30, 0] = DAY_NS * known_day
        found = user_paths(history(close, masks.copy()), [Payoff.LINEAR] * 2, set_ns, 2)
        assert (found.worst[0, 0, 0, 0] > 0.4) is np.bool_(seen)


def test_the_fund_pays_each_days_worst_start_of_both_sides() -> None:
    loss = np.zeros((3, 2, 2, 2))
    loss[0, 0, 0, 0], loss[0, 1, 0, 0] = 0.15, 0.12  # the worse of two starts
    loss[1, 0, 0, 0], loss[1, 0, 1, 1] = 0.2, 0.3
    stated = StatedFund(available_usd=1.0, open_interest_usd={"A": 100.0, "alt": 10.0})
    exposure = fund_exposure(stated, ("A", "B"), {"A": "large", "B": "alt"})
    lived = daily_counts(record(loss, ("A", "B")), np.full((3, 2, 2), 0.1))
    draws = exposure.draws(lived)
    assert draws == pytest.approx([5.0, 10.0 + 2.0, 0.0])
    assert worst_days_mean(draws, np.array([True, True, True])) == pytest.approx(12.0)
    assert worst_days_mean(np.arange(200.0), np.ones(200, dtype=np.bool_)) == pytest.approx(198.5)
    assert np.isnan(worst_days_mean(draws, np.zeros(3, dtype=np.bool_)))


def test_counts_are_those_of_plain_sums() -> None:
    rng = np.random.default_rng(5)
    loss, margin = rng.standard_t(4, (40, 3, 6)), rng.uniform(0.5, 1.5, (40, 6))
    loss[rng.random(loss.shape) < 0.2] = np.nan
    margin[rng.random(margin.shape) < 0.1] = np.nan
    count, broke, over, worst = daily_excess(loss, margin)
    excess = loss - margin[:, None]
    beyond = np.where(excess > 0.0, excess, 0.0)
    np.testing.assert_array_equal(count, np.isfinite(excess).sum(axis=1))
    np.testing.assert_array_equal(broke, (excess > 0.0).sum(axis=1))
    np.testing.assert_allclose(over, beyond.sum(axis=1), rtol=1e-13)
    np.testing.assert_array_equal(worst, beyond.max(axis=1))


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.04, 0.3])
def test_a_scale_is_the_same_read_off_the_largest_ratios(rate: float) -> None:
    rng = np.random.default_rng(7)
    loss = rng.standard_t(4, (60, 4, 3, 2))
    loss[rng.random(loss.shape) < 0.3] = np.nan
    held = record(loss, ("A", "B", "C"))
    margin = rng.uniform(0.5, 1.5, (60, 3, 2))
    ratios = loss_ratios(held, margin)
    days, markets = rng.random(60) < 0.4, np.array([True, False, True])
    whole = held.ratios(margin)
    assert ratios.scale(rate, days) == scale_at_rate(whole[days], rate)
    assert ratios.scale(rate, days, markets) == scale_at_rate(whole[days][:, :, markets], rate)


def test_a_term_that_could_not_be_measured_adds_nothing() -> None:
    weights = objective_weights(Profile.MODERATE, 0.5)
    parts = weighted(objective_terms(0.9, 2.0, 0.4, 0.02, float("nan")), weights)
    assert parts == pytest.approx(
        {
            "capital": 0.45,
            "peak_to_trough": 0.25,
            "five_day_call": 0.04,
            "churn": 0.007,
            "solvent_liquidations": 0.0,
        }
    )
