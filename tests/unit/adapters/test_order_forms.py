"""Open orders, owners, modes and accrued funding of books, in JSON and in tables."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from plimsoll.adapters.files.account_forms import read_accounts
from plimsoll.adapters.files.book import read_book
from plimsoll.adapters.files.order_forms import StatedOrder
from plimsoll.errors import DataFormatError

ROW = {"market": "BTC-PERPETUAL", "quantity": 100, "entry_price": 60_000, "funding": -0.01}
ORDER = {"market": "BTC-PERPETUAL", "quantity": -50, "price": 61_000}


def desk(**changes: Any) -> dict[str, Any]:
    return {"account": "desk", "positions": [ROW], "collateral": {"BTC": 2}, **changes}


def test_rows_count_contracts_and_sizes_count_coins() -> None:
    coins = {"account": "fund", "positions": {"BTC-PERPETUAL": 1}, "orders": [ORDER]}
    found = read_accounts([desk(orders=[ORDER, {**ORDER, "price": None}]), coins])
    plain = {"market": "BTC-PERPETUAL", "quantity": -50.0}
    assert found.orders == (
        StatedOrder(account="desk", in_base=False, price=61_000.0, **plain),
        StatedOrder(account="desk", in_base=False, price=None, **plain),
        StatedOrder(account="fund", in_base=True, price=61_000.0, **plain),
    )
    assert found.positions[0].funding == -0.01
    assert found.positions[1].funding is None


def test_owner_and_portfolio(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_text(json.dumps([desk(owner="A", portfolio=False), desk(account="b", owner="A")]))
    found = read_accounts(path)
    assert found.owner == {"desk": "A", "b": "A"}
    assert found.portfolio == {"desk": False}


def test_an_account_may_have_nothing_but_orders() -> None:
    found = read_accounts([desk(), {"account": "new", "positions": [], "orders": [ORDER]}])
    assert found.names == ("desk", "new")
    assert [o.account for o in found.orders] == ["new"]


def test_sections_have_orders_by_account() -> None:
    row = {"account": "a", **ROW}
    book = {"positions": [row], "orders": [{"account": "a", **ORDER}]}
    assert read_accounts(book).orders[0].quantity == -50.0


@pytest.mark.parametrize(
    ("order", "quantity", "price"),
    [
        ({"quantity": None}, math.nan, 61_000.0),
        ({"price": math.nan}, math.nan, None),
        ({"quantity": math.nan, "price": None}, math.nan, None),
        ({"price": -1}, -50.0, -1.0),  # the book gives the account its reason
    ],
)
def test_bad_values_are_kept_for_the_book(order: Any, quantity: float, price: Any) -> None:
    found = read_accounts([desk(orders=[{**ORDER, **order}])]).orders[0]
    assert found.quantity == pytest.approx(quantity, nan_ok=True)
    if not math.isnan(quantity):
        assert found.price == price


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"orders": {"BTC-PERPETUAL": 1}}, "account desk: orders"),
        ({"orders": [{"market": "X"}]}, "no quantity"),
        ({"orders": [{**ORDER, "limit": 3}]}, "limit"),
        ({"orders": [{**ORDER, "account": "b"}]}, "leave it out"),
        ({"orders": [{**ORDER, "quantity": "ten"}]}, "account desk, market BTC-PERPETUAL"),
        ({"owner": 7}, "account desk: owner"),
        ({"owner": " "}, "account desk: owner"),
        ({"portfolio": "yes"}, "account desk: portfolio"),
        ({"positions": [{**ROW, "funding": "much"}]}, "funding"),
    ],
)
def test_what_cannot_be_read_is_named(changes: Any, words: str) -> None:
    with pytest.raises(DataFormatError, match=words):
        read_accounts([desk(**changes)])


def test_book_of_a_parameter_set(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    rows = [
        {"account": "b", "market": "X", "quantity": 1, "entry_price": 10, "funding": 0.5},
        {"account": "a", "market": "X", "quantity": 2, "entry_price": 10},
    ]
    held = [{"account": n, "currency": "USD", "amount": 100} for n in ("a", "b")]
    orders = [
        {"account": "c", "market": "Y", "quantity": 3},
        {"account": "b", "market": "X", "quantity": -1, "price": 11},
    ]
    path.write_text(json.dumps({"positions": rows, "collateral": held, "orders": orders}))
    book = read_book(path)
    assert book.accounts == ("b", "a", "c")
    assert book.funding is not None
    assert book.funding.tolist() == [0.5, 0.0]
    assert [o.price for o in book.account("b").orders] == [11.0]
    assert [(o.market, o.quantity, o.price) for o in book.account("c").orders] == [("Y", 3.0, None)]
    assert book.account("a").orders == ()


def test_funding_column_of_a_csv(tmp_path: Path) -> None:
    path, held = tmp_path / "book.csv", tmp_path / "collateral.csv"
    path.write_text("account,market,quantity,entry_price,funding\na,X,1,10,0.5\na,Y,1,10,\n")
    held.write_text("account,currency,amount\na,USD,100\n")
    book = read_book(path, held)
    assert book.funding is not None
    assert book.funding.tolist() == [0.5, 0.0]
    assert read_accounts(path).positions[0].funding == 0.5
