"""Pooled tails, their errors, and the activity that scales them: closed forms and plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.estimators.pooling.activity import no_activity
from plimsoll.estimators.pooling.pooled_tail import (
    PooledTail,
    pooled_tail,
    predictive_log_margin,
    shrunk_tail,
)
from plimsoll.estimators.pooling.scaled_moves import ScaledMoves


def test_a_pareto_tail_is_known_in_closed_form() -> None:
    """Quantile, index and shortfall of x^-3; tolerances are four standard errors or more."""
    index, n = 3.0, 400_000
    moves = np.random.default_rng(1).pareto(index, n) + 1.0
    tail = pooled_tail(moves, np.arange(n) % 500, 0.99)
    assert tail is not None
    assert tail.log_quantile == pytest.approx(np.log(100.0) / index, abs=4 * tail.log_error)
    assert tail.index == pytest.approx(index, rel=0.1)
    shortfall = np.log(index / (index - 1.0)) + np.log(100.0) / index
    assert tail.log_shortfall == pytest.approx(shortfall, abs=0.05)
    # Independent moves: the clustered error is the binomial one, sqrt(p (1 - p) / n) / (alpha p).
    assert tail.log_error == pytest.approx(np.sqrt(0.99 / (0.01 * n)) / index, rel=0.25)


def test_moves_that_belong_together_count_as_one() -> None:
    rng = np.random.default_rng(2)
    moves = rng.standard_t(4, 20_000)
    apart = pooled_tail(moves, np.arange(20_000), 0.99)
    copies = pooled_tail(np.repeat(moves[:400], 50), np.repeat(np.arange(400), 50), 0.99)
    assert apart is not None
    assert copies is not None
    assert copies.log_error > 4.0 * apart.log_error
    assert (apart.markets, copies.markets) == (20_000.0, 400.0)


@pytest.mark.parametrize("moves", [np.empty(0), np.ones(999), np.zeros(5000), -np.ones(5000)])
def test_a_pool_that_cannot_tell_says_nothing(moves: np.ndarray) -> None:
    assert pooled_tail(moves, np.zeros(moves.size, dtype=np.int64), 0.99) is None


def test_a_pool_of_equal_moves_has_a_finite_tail() -> None:
    tail = pooled_tail(np.ones(5000), np.zeros(5000, dtype=np.int64), 0.99)
    assert tail is not None
    assert np.isfinite([tail.log_quantile, tail.log_error, tail.log_shortfall, tail.index]).all()


def _tail(log_quantile: float, markets: float) -> PooledTail:
    return PooledTail(
        log_quantile=log_quantile,
        log_error=0.1,
        index=4.0,
        log_shortfall=log_quantile + 0.3,
        markets=markets,
        moves=1000,
    )


def test_shrinkage_is_by_the_number_of_markets() -> None:
    few, many = _tail(2.0, 5.0), _tail(1.0, 200.0)
    mixed = shrunk_tail(few, many, 10.0)
    assert mixed is not None
    assert mixed.log_quantile == pytest.approx(1.0 + 5.0 / 15.0)
    assert mixed.log_error == pytest.approx(0.1 * np.hypot(1 / 3, 2 / 3))
    assert (mixed.markets, mixed.peers) == (5.0, 200.0)
    alone = shrunk_tail(None, many, 10.0)
    assert alone is not None
    assert alone.log_quantile == many.log_quantile
    assert (alone.markets, alone.moves, alone.peers) == (0.0, 0, 200.0), "no listing is behind it"
    assert shrunk_tail(few, None, 10.0) is few
    assert shrunk_tail(None, None, 10.0) is None
    alone = shrunk_tail(few, many, np.inf)
    assert alone is not None
    assert alone.log_quantile == many.log_quantile


@pytest.mark.parametrize("sd", [0.1, 0.3])
def test_the_predictive_quantile_holds_when_its_scale_is_uncertain(sd: float) -> None:
    """Pareto moves times an unknown lognormal scale are exceeded as often as promised."""
    rng = np.random.default_rng(3)
    n, index, outside = 2_000_000, 4.0, 0.01
    moves = (1.0 - rng.random(n)) ** (-1.0 / index) * np.exp(rng.normal(0.0, sd, n))
    plug_in = outside ** (-1.0 / index)
    raised = plug_in * np.exp(predictive_log_margin(index, sd**2))
    share = np.mean(moves > raised)
    assert share == pytest.approx(outside, abs=4 * np.sqrt(outside / n))
    assert np.mean(moves > plug_in) > share


def test_a_market_is_left_out_of_its_own_tail() -> None:
    rng = np.random.default_rng(4)
    market = np.arange(30_000) % 3
    moves = rng.standard_t(4, 30_000) * np.array([1.0, 1.0, 5.0])[market]
    pool = ScaledMoves(
        moves=moves, market=market, day=np.zeros(30_000, dtype=np.int64), delay_days=2
    )
    fall, rise = pool.without(2).tails(0.99)
    assert fall == pooled_tail(-moves[market < 2], market[market < 2], 0.99)
    assert rise == pooled_tail(moves[market < 2], market[market < 2], 0.99)


def test_a_pool_knows_only_complete_moves() -> None:
    pool = ScaledMoves(
        moves=np.arange(5.0),
        market=np.zeros(5, dtype=np.int64),
        day=np.array([1, 2, 3, 3, 4]),
        delay_days=2,
    )
    assert pool.known(5).moves.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert pool.known(2).moves.size == 0


def test_activity_is_the_weighted_mean_of_its_definition() -> None:
    rng = np.random.default_rng(5)
    returns = np.abs(rng.normal(0, 0.01, (72, 2)))
    returns[10:14, 0] = np.nan
    state = no_activity(2, (6.0,), skip=5)
    for day in range(3):
        state = state.after(returns[24 * day : 24 * day + 24])
    for column in range(2):
        values = returns[:, column]
        used = np.flatnonzero(np.isfinite(values))[5:]
        fade = 0.5 ** ((71 - used) / 6.0)
        expected = [np.sum(fade * values[used]) / np.sum(fade), np.mean(values[used])]
        np.testing.assert_allclose(state.log_level[column], np.log(expected), rtol=1e-12)
    assert state.seen.tolist() == [68, 72]


def test_what_never_moved_has_no_activity() -> None:
    state = no_activity(2, (6.0,), skip=0).after(np.zeros((24, 2)))
    assert np.isnan(state.log_level).all()
