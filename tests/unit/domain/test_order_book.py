"""Order books: units, order of levels, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookStatus, BookTerms, OrderBook
from plimsoll.errors import UsageError

INVERSE = BookTerms(payoff=Payoff.INVERSE, contract_size=100.0)


def _book(bids: list[float], asks: list[float], terms: BookTerms = INVERSE) -> OrderBook:
    return OrderBook(
        market="X",
        at_ns=1,
        bid_price=np.array(bids),
        bid_size=np.ones(len(bids)),
        ask_price=np.array(asks),
        ask_size=np.ones(len(asks)),
        terms=terms,
    )


def test_linear_sizes_are_coins_and_inverse_sizes_are_quote_currency() -> None:
    linear = BookTerms(contract_size=0.01)
    assert float(linear.base(200.0, 50.0)) == 2.0
    assert float(linear.notional(200.0, 50.0)) == 100.0
    assert float(INVERSE.base(2.0, 50.0)) == 4.0
    assert float(INVERSE.notional(2.0, 50.0)) == 200.0


def test_notional_is_base_times_price_under_both_payoffs() -> None:
    sizes, prices = np.array([1.0, 7.0]), np.array([33.0, 60_000.0])
    for terms in (BookTerms(contract_size=0.001), INVERSE):
        worth = terms.base(sizes, prices) * prices
        np.testing.assert_allclose(terms.notional(sizes, prices), worth, rtol=1e-15)


def test_status_and_mid() -> None:
    assert _book([99.0, 98.0], [101.0]).mid == 100.0
    assert _book([99.0], [101.0]).status is BookStatus.GOOD
    assert _book([], [101.0]).status is BookStatus.ONE_SIDED
    assert _book([101.0], [101.0]).status is BookStatus.CROSSED
    assert np.isnan(_book([102.0], [101.0]).mid)


def test_sides_are_worth_their_levels() -> None:
    book = _book([50.0, 25.0], [100.0])
    assert book.bid_notional().tolist() == [100.0, 100.0]
    assert _book([50.0], [100.0], BookTerms()).ask_notional().tolist() == [100.0]


@pytest.mark.parametrize("bids", [[98.0, 99.0], [99.0, 99.0], [0.0], [float("nan")], [-1.0]])
def test_levels_out_of_order_or_not_positive_are_refused(bids: list[float]) -> None:
    with pytest.raises(UsageError, match="bid"):
        _book(bids, [101.0])


def test_sizes_of_unknown_worth_are_refused() -> None:
    for terms in (BookTerms(contract_size=float("nan")), BookTerms(payoff=Payoff.QUANTO)):
        assert not terms.is_known
        with pytest.raises(UsageError, match="known amount"):
            terms.notional(1.0, 2.0)
    with pytest.raises(UsageError, match="positive"):
        BookTerms(contract_size=0.0)


def test_levels_are_locked() -> None:
    with pytest.raises(ValueError, match="read-only"):
        _book([99.0], [101.0]).bid_price[0] = 1.0
