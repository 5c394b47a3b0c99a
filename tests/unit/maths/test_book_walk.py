"""Walking books: costs worked out by hand, linear and inverse."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.maths.book_walk import side_notional, walk_books

ASK = np.array([[101.0, 102.0, 105.0]])
BID = np.array([[99.0, 98.0, 95.0]])
COINS = np.array([[1.0, 2.0, 1.0]])
DOLLARS = np.array([[1.0, 2.0, 1.0]])  # contracts of 100 dollars
MID = np.array([100.0])


def test_linear_average_prices_by_hand() -> None:
    # 2 coins: 101 + 102 = 203, 101.5 each; 4 coins: 101 + 204 + 105 = 410, 102.5 each.
    walked = walk_books(
        ASK, COINS, MID, np.array([50.0, 200.0, 400.0]), contract=1.0, inverse=False
    )
    np.testing.assert_allclose(walked.cost[0], [0.01, 0.015, 0.025], rtol=1e-13)
    assert walked.filled[0].tolist() == [1.0, 1.0, 1.0]
    # Sold, 3 coins: 99 + 2 * 98 = 295, 98.333: 1.667 below mid.
    sold = walk_books(BID, COINS, MID, np.array([300.0]), contract=1.0, inverse=False)
    assert sold.cost[0, 0] == pytest.approx(1.0 - 295.0 / 300.0, rel=1e-13)


def test_inverse_average_prices_by_hand() -> None:
    # 200 dollars bought at 101 and 102 buy 100/101 + 100/102 coins; at mid they are worth 2 coins.
    coins = 100.0 / 101.0 + 100.0 / 102.0
    walked = walk_books(ASK, DOLLARS, MID, np.array([200.0]), contract=100.0, inverse=True)
    assert walked.cost[0, 0] == pytest.approx(1.0 - coins / 2.0, rel=1e-13)
    # A long of 300 dollars sold at 99 and 98 ends with 100/99 + 200/98 coins owed, 3 at mid.
    owed = 100.0 / 99.0 + 200.0 / 98.0
    sold = walk_books(BID, DOLLARS, MID, np.array([300.0]), contract=100.0, inverse=True)
    assert sold.cost[0, 0] == pytest.approx(owed / 3.0 - 1.0, rel=1e-13)


def test_what_the_book_lacks_is_said() -> None:
    walked = walk_books(ASK, COINS, MID, np.array([800.0]), contract=1.0, inverse=False)
    assert walked.filled[0, 0] == pytest.approx(0.5, rel=1e-15)
    assert walked.cost[0, 0] == pytest.approx(0.025, rel=1e-13)


def test_an_empty_side_fills_nothing_and_has_no_cost() -> None:
    nothing = np.full((1, 3), np.nan)
    walked = walk_books(nothing, np.zeros((1, 3)), MID, np.array([1.0]), contract=1.0, inverse=True)
    assert walked.filled[0, 0] == 0.0
    assert np.isnan(walked.cost[0, 0])


def test_no_mid_no_walk() -> None:
    walked = walk_books(
        ASK, COINS, np.array([np.nan]), np.array([1.0]), contract=1.0, inverse=False
    )
    assert np.isnan(walked.cost).all()


def test_depth_counts_levels_at_the_bound() -> None:
    def depth(within: float, inverse: bool) -> float:
        size = 100.0 if inverse else 1.0
        found = side_notional(ASK, COINS, MID, within=within, contract=size, inverse=inverse)
        return float(found[0])

    assert depth(0.009, inverse=False) == 0.0
    assert depth(0.01, inverse=False) == 100.0
    assert depth(0.02, inverse=False) == 300.0
    assert depth(0.05, inverse=True) == 400.0
