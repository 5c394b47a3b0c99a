"""Orders, owners, funding and portfolio pools of a book: in and out, taken, and refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.account import Account, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.open_orders import OpenOrders
from plimsoll.errors import UsageError

BUY = Order(market="ETH", quantity=2.0, price=9.0)
SELL = Order(market="SOL", quantity=-5.0)
HELD = Position(market="BTC", quantity=1.0, entry_price=100.0, funding=-0.25)
ACCOUNTS = (
    Account(name="main", positions=(HELD,), orders=(BUY, SELL), portfolio=True),
    Account(name="bare", collateral={"USDT": 3.0}),
    Account(name="sub", positions=(HELD,), orders=(SELL,), owner="main"),
)


def test_orders_owners_funding_and_pools_go_in_and_come_out() -> None:
    book = Book.from_accounts(ACCOUNTS)
    assert book.account("bare") == ACCOUNTS[1]
    assert book.account("sub") == ACCOUNTS[2]
    # A linked account names its owner by the first of his accounts, be it itself.
    assert book.account("main") == replace(ACCOUNTS[0], owner="main")
    assert book.owner is not None
    assert book.owner.tolist() == [0, 1, 0]
    assert book.markets == ("BTC", "ETH", "SOL")
    assert book.orders is not None
    assert book.orders.offsets.tolist() == [0, 2, 2, 3]


def test_take_keeps_what_belongs_to_the_accounts() -> None:
    book = Book.from_accounts(ACCOUNTS).take(np.array([2, 1]))
    assert book.account("sub").orders == (SELL,)
    assert book.account("sub").positions == (HELD,)
    assert book.account("bare") == ACCOUNTS[1]
    assert book.owner is not None
    assert book.owner.tolist() == [0, 1]


def test_a_book_without_them_has_none() -> None:
    book = Book.from_accounts([Account(name="a", positions=(replace(HELD, funding=0.0),))])
    assert book.orders is None
    assert book.owner is None
    assert book.account("a").orders == ()
    assert not book.account("a").portfolio


def test_a_quantity_may_be_unknown() -> None:
    book = Book.from_accounts([Account(name="a", positions=(replace(HELD, quantity=np.nan),))])
    assert np.isnan(book.quantity[0])


@pytest.mark.parametrize(
    "bad",
    [
        replace(BUY, quantity=float("nan")),
        replace(BUY, quantity=float("inf")),
        replace(BUY, price=0.0),
        replace(BUY, price=-1.0),
        replace(BUY, price=float("inf")),
    ],
)
def test_an_order_nobody_can_read_is_kept_as_unknown(bad: Order) -> None:
    book = Book.from_accounts([Account(name="a", orders=(SELL, bad))])
    assert book.orders is not None
    np.testing.assert_array_equal(book.orders.quantity, [SELL.quantity, np.nan])
    assert np.isnan(book.orders.price[0])  # a market order


@pytest.mark.parametrize("price", [None, 9.0, float("inf")])
def test_an_order_with_nothing_left_to_be_filled_is_left_out(price: float | None) -> None:
    done = replace(BUY, quantity=0.0, price=price)
    accounts = (Account(name="a", orders=(done,)), Account(name="b", orders=(done, SELL)))
    book = Book.from_accounts(accounts)
    assert book.account("a").orders == ()
    assert book.account("b").orders == (SELL,)
    assert book.orders is not None
    assert book.orders.offsets.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("funding", np.zeros(3)),
        ("owner", np.zeros(2, dtype=np.int64)),
        ("portfolio", np.zeros(4, dtype=np.bool_)),
        (
            "orders",
            OpenOrders(
                offsets=np.array([0, 1]),
                market=np.array([0]),
                quantity=np.ones(1),
                price=np.ones(1),
            ),
        ),
        (
            "orders",
            OpenOrders(
                offsets=np.array([0, 1, 1, 1]),
                market=np.array([7]),
                quantity=np.ones(1),
                price=np.ones(1),
            ),
        ),
    ],
)
def test_columns_of_another_shape_are_refused(field: str, value: object) -> None:
    book = Book.from_accounts(ACCOUNTS)
    with pytest.raises(UsageError, match=field):
        replace(book, **{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", np.ones(2)),
        ("quantity", np.ones(1, dtype=np.float32)),
        ("market", np.zeros(1)),
        ("offsets", np.array([1, 1])),
        ("offsets", np.array([0, 2, 1])),
        ("offsets", np.zeros(0, dtype=np.int64)),
    ],
)
def test_orders_of_another_shape_are_refused(field: str, value: np.ndarray) -> None:
    one = {
        "offsets": np.array([0, 1]),
        "market": np.array([0]),
        "quantity": np.ones(1),
        "price": np.ones(1),
    }
    with pytest.raises(UsageError, match=rf"orders\.{field}"):
        OpenOrders(**(one | {field: value}))
