"""The columnar book: built from accounts and back, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.domain.open_orders import OpenOrders
from plimsoll.errors import UsageError

NAN, INF = float("nan"), float("inf")
LONG = Position(market="BTC", quantity=2.0, entry_price=100.0, leverage=5.0)
SHORT = Position(market="ETH", quantity=-3.0, entry_price=10.0)
ISOLATED = Position(
    market="ETH",
    quantity=1.0,
    entry_price=11.0,
    mode=MarginMode.ISOLATED,
    isolated_margin=4.0,
)
ACCOUNTS = (
    Account(name="one", positions=(LONG, SHORT), collateral={"USDT": 7.0}),
    Account(name="none"),
    Account(name="two", positions=(ISOLATED, SHORT), collateral={"BTC": 1.0, "USDT": -2.0}),
)


def test_accounts_go_in_and_come_out() -> None:
    book = Book.from_accounts(ACCOUNTS)
    assert tuple(book.account(a.name) for a in ACCOUNTS) == ACCOUNTS
    assert book.markets == ("BTC", "ETH")
    assert book.currencies == ("USDT", "BTC")
    assert book.offsets.tolist() == [0, 2, 2, 4]
    assert book.isolated.tolist() == [False, False, True, False]
    assert book.account_of_position.tolist() == [0, 0, 2, 2]


def test_an_empty_book() -> None:
    book = Book.from_accounts(())
    assert len(book) == 0
    assert book.collateral.shape == (0, 0)


def test_take_reorders_and_repeats_nothing_else() -> None:
    book = Book.from_accounts(ACCOUNTS).take(np.array([2, 0]))
    assert book.accounts == ("two", "one")
    assert book.account("two") == ACCOUNTS[2]
    assert book.account("one") == ACCOUNTS[0]


def test_columns_are_read_only() -> None:
    book = Book.from_accounts(ACCOUNTS)
    with pytest.raises(ValueError, match="read-only"):
        book.quantity[0] = 1.0


def test_a_cross_position_has_no_isolated_margin() -> None:
    wrong = Position(market="BTC", quantity=1.0, entry_price=1.0, isolated_margin=1.0)
    with pytest.raises(UsageError, match=r"a\.BTC\.isolated_margin.*isolated positions only"):
        Book.from_accounts([Account(name="a", positions=(wrong,))])


@pytest.mark.parametrize("margin", [None, NAN, INF, -INF, 1e51])
def test_an_isolated_position_whose_margin_nobody_knows_stays_isolated(
    margin: float | None,
) -> None:
    bad = replace(ISOLATED, isolated_margin=margin)
    book = Book.from_accounts([Account(name="a", positions=(LONG, bad))])
    assert book.isolated.tolist() == [False, True]
    assert book.isolated_margin[1] == INF
    again = Book.from_accounts([book.account("a")])
    np.testing.assert_array_equal(again.isolated_margin, book.isolated_margin)


def test_accounts_of_one_name_are_refused_with_both_rows() -> None:
    with pytest.raises(
        UsageError, match=r"'one' in rows 0 and 2.*once|once.*'one' in rows 0 and 2"
    ):
        Book.from_accounts([*ACCOUNTS[:2], ACCOUNTS[0]])


def test_two_positions_of_one_sign_in_a_market_do_not_sink_the_book() -> None:
    """They are kept side by side; their account has a reason (`test_book_faults`)."""
    book = Book.from_accounts([Account(name="a", positions=(LONG, LONG))])
    assert book.account("a").positions == (LONG, LONG)


def test_a_cross_and_an_isolated_position_of_one_sign_are_allowed() -> None:
    cross = replace(ISOLATED, mode=MarginMode.CROSS, isolated_margin=None)
    accounts = [Account(name="a", positions=(cross, ISOLATED))]
    assert Book.from_accounts(accounts).account("a").positions == (cross, ISOLATED)


def test_a_long_and_a_short_leg_in_one_market_are_allowed() -> None:
    short = replace(LONG, quantity=-1.0)
    assert len(Book.from_accounts([Account(name="a", positions=(LONG, short))]).quantity) == 2


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("quantity", INF, NAN),
        ("quantity", -INF, NAN),
        ("quantity", 1e51, NAN),
        ("entry_price", 0.0, NAN),
        ("entry_price", -1.0, NAN),
        ("entry_price", INF, NAN),
        ("entry_price", 1e-300, NAN),
        ("leverage", 0.0, INF),
        ("leverage", -3.0, INF),
        ("leverage", NAN, INF),
        ("leverage", None, NAN),
        ("funding", INF, NAN),
    ],
)
def test_values_that_cannot_be_are_kept_as_unknown(field: str, value: float, kept: float) -> None:
    bad = replace(LONG, **{field: value})
    book = Book.from_accounts([Account(name="a", positions=(SHORT, bad))])
    np.testing.assert_array_equal(getattr(book, field)[1], kept)
    good = Book.from_accounts([Account(name="a", positions=(SHORT, LONG))])
    for name in {"quantity", "entry_price", "leverage", "funding", "isolated_margin"} - {field}:
        np.testing.assert_array_equal(getattr(book, name), getattr(good, name))


def test_good_columns_are_not_copied() -> None:
    book = Book.from_accounts(ACCOUNTS)
    same = replace(book)
    for name in ("quantity", "entry_price", "isolated_margin", "leverage", "collateral"):
        assert getattr(same, name) is getattr(book, name)


@pytest.mark.parametrize("amount", [NAN, INF, -INF, 1e60])
def test_collateral_that_is_no_amount_is_unknown(amount: float) -> None:
    book = Book.from_accounts([Account(name="a", collateral={"USDT": amount, "BTC": 1.0})])
    np.testing.assert_array_equal(book.collateral, [[NAN, 1.0]])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("offsets", np.array([0, 1])),
        ("offsets", np.array([1, 2, 2, 4])),
        ("offsets", np.array([0, 3, 2, 4])),
        ("market", np.array([0, 1, 1, 2])),
        ("market", np.array([0, 1, 1])),
        ("quantity", np.zeros(4, dtype=np.float32)),
        ("collateral", np.zeros((3, 1))),
        ("collateral", np.zeros((3, 2), dtype=np.int64)),
        ("offsets", np.array([0, 2, 2, 4], dtype=np.int32)),
        ("market", np.array([0, -1, 1, 1])),
    ],
)
def test_columns_that_do_not_fit_are_refused(field: str, value: np.ndarray) -> None:
    with pytest.raises(UsageError, match=field):
        replace(Book.from_accounts(ACCOUNTS), **{field: value})


def test_unknown_account() -> None:
    with pytest.raises(UsageError, match="must be one of the book's accounts, found 'x'"):
        Book.from_accounts(ACCOUNTS).account("x")


def test_columns_that_are_views_of_what_can_be_written_are_copied() -> None:
    """Writing to the array behind a view changes no book; arrays of their own are not copied."""
    behind, price = np.array([9.0, 1.0, -1.0]), np.array([5.0, 100.0, 100.0])
    own = np.array([0.0, 0.0])
    orders = OpenOrders(
        offsets=np.array([0, 1]),
        market=np.zeros(1, dtype=np.int64),
        quantity=behind[1:2],
        price=price[1:2],
    )
    book = Book(
        accounts=("a",),
        markets=("M", "N"),
        offsets=np.array([0, 2]),
        market=np.array([0, 1]),
        quantity=behind[1:],
        entry_price=price[1:],
        isolated_margin=np.full(2, np.nan),
        leverage=np.full(2, np.nan),
        currencies=(),
        collateral=np.zeros((1, 2))[:, :0],
        funding=own,
        orders=orders,
    )
    behind[:], price[:] = 7.0, 7.0
    assert book.quantity.tolist() == [1.0, -1.0]
    assert book.entry_price.tolist() == [100.0, 100.0]
    assert (orders.quantity.tolist(), orders.price.tolist()) == ([1.0], [100.0])
    assert book.funding is own
    assert not any(c.flags.writeable for c in (own, book.quantity, book.collateral))
    again = replace(book, quantity=book.quantity[::-1])  # behind it stands what is frozen
    assert again.quantity.base is not None
