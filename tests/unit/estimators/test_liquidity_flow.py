"""Spreads, order-flow imbalance, resilience, Kyle's lambda: by hand, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
    UsageError,
)
from plimsoll.estimators.liquidity import (
    best_of_samples,
    exogenous_cost,
    fit_order_flow,
    fit_square_root,
    flow_intervals,
    kyle_lambda,
    large_trades,
    mid_at,
    order_flow_events,
    quoted_spread,
    resilience,
    traded_spread,
)
from sampled_books import SECOND_NS, ladder, quotes, trades


def test_quoted_spread_of_a_ladder() -> None:
    np.testing.assert_allclose(quoted_spread(ladder([100.0, 50.0])), [0.001, 0.002], rtol=1e-12)


def test_effective_spread_is_realised_plus_impact() -> None:
    # Mid 100 until 3 s, then 101. Bought at 100.5 after 2.5 s: paid 1 %, one second later -1 %.
    book = quotes([99.5, 99.5, 100.5, 100.5], [1] * 4, [100.5, 100.5, 101.5, 101.5], [1] * 4)
    when = [SECOND_NS // 2, 5 * SECOND_NS // 2, 10 * SECOND_NS]
    found = traded_spread(
        trades(when, [100.5] * 3, [1.0, 2.0, 1.0], [1] * 3), book, realised_after_ns=SECOND_NS
    )
    assert (found.trades, found.dropped) == (1, 2)
    assert found.effective == pytest.approx(0.01)
    assert found.realised == pytest.approx(-0.01)
    assert found.impact == pytest.approx(0.02)


def test_a_quote_of_the_same_moment_is_not_the_one_a_trade_met() -> None:
    book = quotes([99.5, 109.5, 109.5], [1] * 3, [100.5, 110.5, 110.5], [1] * 3)
    met = trades([2 * SECOND_NS], [100.5], [1.0], [1.0])
    assert traded_spread(met, book, realised_after_ns=1).effective == pytest.approx(0.01)


def test_spreads_without_quotes_around_trades_are_refused() -> None:
    with pytest.raises(InsufficientDataError):
        traded_spread(trades([1], [1.0], [1.0], [1.0]), quotes([], [], [], []))
    with pytest.raises(UsageError):
        traded_spread(trades([], [], [], []), quotes([], [], [], []), realised_after_ns=0)


def test_a_mid_is_known_from_its_quote_on() -> None:
    book = quotes([99.0, np.nan, 101.0], [1, 0, 1], [101.0, 102.0, 103.0], [1, 1, 1])
    at = np.array([0, 1, 2, 3, 9]) * SECOND_NS
    np.testing.assert_array_equal(mid_at(book, at), [np.nan, 100.0, np.nan, 102.0, 102.0])


def test_exogenous_cost_is_half_the_bad_spread() -> None:
    spreads = np.linspace(0.001, 0.002, 100)
    found = exogenous_cost(spreads, confidence=0.99)
    assert found.cost == pytest.approx(0.5 * np.sort(spreads)[98], rel=1e-12)
    fixed = exogenous_cost(spreads, scale=3.0)
    assert fixed.cost == pytest.approx(0.5 * (spreads.mean() + 3.0 * spreads.std(ddof=1)))
    assert exogenous_cost([0.001] * 30).cost == 0.0005
    with pytest.raises(InsufficientDataError):
        exogenous_cost(spreads[:5])
    with pytest.raises(DataFormatError):
        exogenous_cost([np.nan, *spreads])


def test_order_flow_by_hand() -> None:
    book = quotes(
        bid=[100, 100, 101, 100, 100, np.nan, 100],
        bid_size=[5, 7, 4, 6, 6, 0, 6],
        ask=[102, 102, 103, 103, 102, 102, 102],
        ask_size=[5, 5, 9, 9, 3, 3, 3],
    )
    # 2 more bid; a better bid of 4 and the ask of 5 gone; the bid of 4 gone; a better ask of 3; a
    # hole says nothing, nor does what follows it.
    assert order_flow_events(book).tolist() == [0.0, 2.0, 4.0 + 5.0, -4.0, -3.0, 0.0, 0.0]


def test_order_flow_that_never_changes_is_refused() -> None:
    still = quotes([99.0] * 30, [1.0] * 30, [101.0] * 30, [1.0] * 30)
    grid = SECOND_NS * np.arange(1, 31)
    with pytest.raises(EstimationError):
        fit_order_flow(still, grid, tick=1.0)
    with pytest.raises(InsufficientDataError):
        fit_order_flow(still, grid[:5], tick=1.0)
    with pytest.raises(ParameterError):
        fit_order_flow(still, grid, tick=0.0)
    with pytest.raises(UsageError):
        fit_order_flow(still, grid[::-1], tick=1.0)


def test_best_quotes_of_sampled_books() -> None:
    best = best_of_samples(ladder([100.0, 101.0], size=3.0))
    np.testing.assert_allclose(best.bid_price, [99.95, 100.95])
    assert best.ask_size.tolist() == [3.0, 3.0]


def test_flow_falls_into_the_interval_it_was_received_in() -> None:
    book = quotes([99.0] * 5, [1] * 5, [101.0] * 5, [1] * 5)
    when = np.array([1.0, 1.5, 2.0, 2.5, 9.0]) * SECOND_NS
    done = trades(when, [100.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0], [1, 1, -1, 1, 1])
    flow = flow_intervals(done, book, SECOND_NS * np.arange(1, 4))
    assert flow.signed_volume.tolist() == [-100.0, 400.0]
    assert flow.volume.tolist() == [500.0, 400.0]


@pytest.mark.parametrize("flow", [np.zeros(30), np.full(30, 5.0)])
def test_flow_that_does_not_vary_has_no_lambda(flow: np.ndarray) -> None:
    with pytest.raises(EstimationError):
        kyle_lambda(np.arange(30.0), flow)


def test_regressions_refuse_holes_and_short_samples() -> None:
    with pytest.raises(DataFormatError, match="row 3"):
        kyle_lambda([0, 1, 2, np.nan] * 10, np.arange(40.0))
    with pytest.raises(InsufficientDataError):
        fit_square_root(np.arange(5.0), np.arange(5.0), volatility=1.0, volume=1.0)
    with pytest.raises(EstimationError):
        fit_square_root(np.arange(30.0), np.zeros(30), volatility=1.0, volume=1.0)
    with pytest.raises(DataFormatError):
        kyle_lambda(np.arange(30.0), np.arange(29.0))


def test_large_trades_are_orders_and_clusters_are_one_event() -> None:
    when = SECOND_NS * np.array([1, 2, 2, 3, 20, 30])
    done = trades(when, np.ones(6), [1.0, 3.0, 3.0, 5.0, 5.0, 1.0], [1, 1, 1, -1, 1, 1])
    # Orders of 1, 6, 5, 5, 1: those of 5 and more; the one at 3 s belongs to that at 2 s.
    found = large_trades(done, size_quantile=0.4, apart_ns=5 * SECOND_NS)
    assert found.tolist() == [2 * SECOND_NS, 20 * SECOND_NS]
    assert large_trades(trades([], [], [], [])).size == 0


def test_a_planted_recovery_is_found() -> None:
    step, half_life = SECOND_NS // 10, 2.0
    time = step * np.arange(20_000)
    events = SECOND_NS * np.arange(100, 1900, 60) + 1
    since = (time[:, None] - events[None, :]) / 1e9
    dips = np.where((since >= 0) & (since < 50), 0.5 ** (np.maximum(since, 0) / half_life), 0.0)
    found = resilience(time, 10.0 - 4.0 * dips.sum(axis=1), events, np.arange(1.0, 11.0))
    # The values are known a tenth of a second late at most: 2 s to a few per cent.
    assert found.half_life_seconds == pytest.approx(half_life, rel=0.05)
    assert found.response[0] == pytest.approx(-4.0 * 0.5**0.5, rel=0.05)
    assert found.events == events.size


def test_what_does_not_recover_or_respond_is_refused() -> None:
    time = SECOND_NS * np.arange(1000)
    events, lags = SECOND_NS * np.arange(50, 950, 100) + 1, np.arange(1.0, 6.0)
    with pytest.raises(EstimationError, match="no change"):
        resilience(time, np.ones(1000), events, lags)
    with pytest.raises(EstimationError, match="halved"):
        resilience(time, np.searchsorted(events, time).astype(float), events, lags)
    with pytest.raises(InsufficientDataError):
        resilience(time, np.ones(1000), events[:2], lags)
    with pytest.raises(InsufficientDataError):
        resilience(time, np.ones(1000), events, lags[:2])
    with pytest.raises(InsufficientDataError):
        resilience(time[:0], np.ones(0), events, lags)
