"""Concentration, days to liquidate, and the cost of moving an index, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookTerms
from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
    UsageError,
)
from plimsoll.estimators.liquidity import (
    concentration,
    days_to_liquidate,
    index_push,
    push_mid,
)
from plimsoll.estimators.liquidity.manipulation import IndexRule, index_price
from sampled_books import book

BIDS = {99.0: 1.0, 98.0: 2.0}
ASKS = {101.0: 1.0, 102.0: 2.0, 105.0: 4.0}


def test_concentration_by_hand() -> None:
    found = concentration([50.0, 30.0, 20.0, 0.0], top=2)
    assert found.herfindahl == pytest.approx(0.38)
    assert found.top_share == pytest.approx(0.8)
    assert found.effective_holders == pytest.approx(1.0 / 0.38)
    assert found.holders == 3
    assert concentration(np.ones(8)).effective_holders == pytest.approx(8.0)
    assert concentration([7.0]).top_share == 1.0


def test_concentration_refuses_what_is_no_side() -> None:
    for wrong in ([-1.0], [np.nan], [[1.0]]):
        with pytest.raises(DataFormatError):
            concentration(wrong)
    for nothing in ([], [0.0, 0.0]):
        with pytest.raises(InsufficientDataError):
            concentration(nothing)


def test_days_to_liquidate() -> None:
    assert days_to_liquidate(0.0, 1.0) == 0.0
    assert days_to_liquidate(30.0, 10.0, participation=0.5) == 6.0
    with pytest.raises(EstimationError, match="trade"):
        days_to_liquidate(1.0, 0.0)
    with pytest.raises(DataFormatError):
        days_to_liquidate(-1.0, 1.0)
    with pytest.raises(ParameterError):
        days_to_liquidate(1.0, 1.0, participation=0.0)


def test_a_push_takes_the_levels_in_the_way() -> None:
    # Mid 100. For 102 the ask must stand at 105: 1 at 101 and 2 at 102 are taken, 3 coins.
    push = push_mid(book(BIDS, ASKS), 0.02)
    assert push.reached
    assert push.taken == pytest.approx(300.0)
    assert push.loss == pytest.approx(1.0 + 2.0 * 2.0)
    assert push.shift == pytest.approx(0.02)
    # A tenth of a per cent asks for 101.2: the next level stands at 102, so mid goes to 100.5.
    small = push_mid(book(BIDS, ASKS), 0.001)
    assert (small.taken, small.loss) == (100.0, 1.0)
    assert small.shift == pytest.approx(0.005)
    # Of an inverse book the same contracts are 100 dollars each.
    coins = push_mid(book(BIDS, ASKS, BookTerms(payoff=Payoff.INVERSE, contract_size=101.0)), 0.001)
    assert coins.taken == pytest.approx(100.0)
    assert coins.loss == pytest.approx(1.0)


def test_a_push_down_and_a_book_too_thin() -> None:
    down = push_mid(book(BIDS, ASKS), -0.005)
    assert (down.taken, down.loss, down.reached) == (100.0, 1.0, True)
    thin = push_mid(book(BIDS, ASKS), -0.05)
    assert not thin.reached
    assert thin.taken == pytest.approx(300.0)
    assert np.isnan(thin.shift)


def test_an_index_moves_by_the_weight_or_not_at_all() -> None:
    near = {"a": book(BIDS, ASKS), "b": book(BIDS, ASKS), "c": book(BIDS, ASKS)}
    weights = {"a": 2.0, "b": 1.0, "c": 1.0}
    mean = index_push(near, weights, venue="b", shift=0.02, rule="mean")
    assert mean.index_shift == pytest.approx(0.005)
    assert index_push(near, weights, venue="b", shift=0.02).index_shift == 0.0
    alone = index_push({"a": near["a"]}, {"a": 1.0}, venue="a", shift=0.02)
    assert alone.index_shift == pytest.approx(0.02)
    heavy = index_push(near, {**weights, "a": 3.0}, venue="a", shift=0.02)
    assert heavy.index_shift == pytest.approx(0.02)
    unreached = index_push(near, weights, venue="b", shift=0.5, rule="mean")
    assert unreached.index_shift == pytest.approx(0.125)


def test_the_weighted_median() -> None:
    prices = np.array([5.0, 1.0, 3.0])
    assert index_price(prices, np.ones(3), IndexRule.MEDIAN) == 3.0
    assert index_price(prices, np.array([1.0, 1.0, 3.0]), IndexRule.MEDIAN) == 3.0
    assert index_price(prices[:2], np.ones(2), IndexRule.MEDIAN) == 3.0
    assert index_price(prices, np.array([0.1, 0.2, 0.1]), IndexRule.MEDIAN) == 2.0


def test_pushes_refuse_nonsense() -> None:
    good = book(BIDS, ASKS)
    for shift in (0.0, -1.0, np.nan):
        with pytest.raises(ParameterError):
            push_mid(good, shift)
    with pytest.raises(UsageError, match="one_sided"):
        push_mid(book({}, ASKS), 0.01)
    with pytest.raises(UsageError, match="same venues"):
        index_push({"a": good}, {"b": 1.0}, venue="a", shift=0.01)
    with pytest.raises(UsageError, match="every book"):
        index_push({"a": good, "b": book({}, ASKS)}, {"a": 1.0, "b": 1.0}, venue="a", shift=0.01)
    with pytest.raises(ParameterError):
        index_push({"a": good}, {"a": 0.0}, venue="a", shift=0.01)
