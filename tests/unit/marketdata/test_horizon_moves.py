"""Moves over a horizon against a plain double loop, and losses against their contracts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from plimsoll.domain.market import HOUR_NS, NEVER_MASKED, FloatArray, MarketHistory, PriceKind
from plimsoll.errors import UsageError
from plimsoll.marketdata import (
    horizon_moves,
    inverse_long_loss,
    inverse_short_loss,
    linear_long_loss,
    linear_short_loss,
    one_bar_returns,
)


def history_of(close: FloatArray, **columns: np.ndarray) -> MarketHistory:
    return MarketHistory(
        time_ns=HOUR_NS * np.arange(close.shape[0]),
        interval_ns=HOUR_NS,
        markets=tuple(f"M{n}" for n in range(close.shape[1])),
        close=close,
        active=columns.get("active", np.ones(close.shape, dtype=bool)),
        mask_from_ns=columns.get("mask_from_ns", np.full(close.shape, NEVER_MASKED)),
        price_kind=PriceKind.MARK,
    )


def random_history(seed: int) -> MarketHistory:
    rng = np.random.default_rng(seed)
    close = np.exp(np.cumsum(0.01 * rng.standard_normal((80, 4)), axis=0))
    close[rng.random(close.shape) < 0.15] = np.nan
    close[30:37, 1] = np.nan
    active = np.ones(close.shape, dtype=bool)
    active[:10, 2] = False
    active[40:45, 3] = False
    active[70:, 0] = False
    mask = np.where(rng.random(close.shape) < 0.05, 0, NEVER_MASKED)
    return history_of(close, active=active, mask_from_ns=mask)


@pytest.mark.parametrize("horizon", [1, 4, 100])
@pytest.mark.parametrize("wait", [0, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_against_a_plain_loop(horizon: int, wait: int, seed: int) -> None:
    history = random_history(seed)
    usable = np.where(history.active, history.usable_close(), np.nan)
    times, markets = usable.shape
    moves = np.full(usable.shape, np.nan)
    waits = np.full(usable.shape, -1)
    lost = np.zeros(markets, dtype=int)
    for n in range(markets):
        for s in range(times):
            if np.isnan(usable[s, n]):
                continue
            for e in range(s + horizon, min(times, s + horizon + wait + 1)):
                if np.isfinite(usable[e, n]):
                    if history.active[s : e + 1, n].all():
                        moves[s, n] = np.log(usable[e, n]) - np.log(usable[s, n])
                        waits[s, n] = e - s - horizon
                    break
            lost[n] += np.isnan(moves[s, n]) and s + horizon + wait < times
    found = horizon_moves(history, horizon, wait)
    assert_array_equal(found.log_move, moves)
    assert_array_equal(found.wait_bars, waits)
    assert_array_equal(found.measured, np.isfinite(moves).sum(axis=0))
    assert_array_equal(found.waited, (waits > 0).sum(axis=0))
    assert_array_equal(found.lost, lost)


def test_the_move_through_an_outage_is_not_lost() -> None:
    close = np.array([[100.0], [99.0], [np.nan], [np.nan], [80.0], [81.0]])
    found = horizon_moves(history_of(close), 1, 2)
    assert found.log_move[1, 0] == np.log(80.0) - np.log(99.0)
    assert found.wait_bars[:, 0].tolist() == [0, 2, -1, -1, 0, -1]
    assert found.waited.tolist() == [1]
    assert horizon_moves(history_of(close), 1, 1).lost.tolist() == [1]


def test_one_bar_returns_do_not_bridge_holes() -> None:
    close = np.array([[1.0], [2.0], [np.nan], [4.0], [8.0]])
    returns = one_bar_returns(history_of(close))[:, 0]
    assert_array_equal(np.isfinite(returns), [False, True, False, False, True])
    assert returns[1] == pytest.approx(np.log(2.0), rel=1e-15)
    active = np.array([[True], [False], [True], [True], [True]])
    assert np.isnan(one_bar_returns(history_of(close, active=active))[1, 0])


def test_losses_are_those_of_the_contracts() -> None:
    """100 coins linear, 1,000 dollars inverse, from 50 to 40 dollars a coin: by hand."""
    move = np.log(np.array([40.0 / 50.0]))
    assert linear_long_loss(move) == pytest.approx(100 * (50 - 40) / (100 * 50), rel=1e-15)
    assert linear_short_loss(move) == pytest.approx(-100 * (50 - 40) / (100 * 50), rel=1e-15)
    coins_at_entry, coins_at_exit = 1000 / 50, 1000 / 40
    loss = (coins_at_exit - coins_at_entry) / coins_at_entry
    assert inverse_long_loss(move) == pytest.approx(loss, rel=1e-15)
    assert inverse_short_loss(move) == pytest.approx(-loss, rel=1e-15)


def test_wrong_horizons_are_refused() -> None:
    history = random_history(0)
    with pytest.raises(UsageError, match="horizon_bars: must be at least 1"):
        horizon_moves(history, 0)
    with pytest.raises(UsageError, match="max_wait_bars: must be at least 0"):
        horizon_moves(history, 1, -1)
