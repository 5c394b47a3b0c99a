"""``plimsoll margin`` takes time linear in accounts, and asks for no account as an object.

A wall clock would be flaky: counted are what a run calls, and processor time of one size against
another of the same run.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import plimsoll
from margin_chain import chain, margin
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError

FEW, MORE = 500, 1_000
OPTIONS = ("BTC-26SEP25-120000-C", "BTC-28MAR25-90000-P")


def accounts(count: int) -> list[dict[str, Any]]:
    return [
        {
            "account": f"a{row}",
            "positions": {"BTC-PERPETUAL": 1.0 + row / count, OPTIONS[row % 2]: -1.0},
            "collateral": {"BTC": 1.0 + row % 3},
        }
        for row in range(count)
    ]


def shown(book: Any) -> dict[str, Any]:
    return margin(book, collateral=None).document()


def calls(work: Callable[[], Any]) -> int:
    """How many calls, of Python functions and of the interpreter's own, some work makes."""
    made = 0

    def count(_: FrameType, event: str, __: Any) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    before = sys.getprofile()
    gc.collect()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return made


def spent(work: Callable[[], Any]) -> float:
    """Processor time of some work, but for the search of garbage in all that there is."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.enable()


def test_twice_the_accounts_are_twice_the_calls() -> None:
    small, large = accounts(FEW), accounts(MORE)
    shown(small)  # what is loaded and compiled once is not counted
    assert calls(lambda: shown(large)) <= 2.1 * calls(lambda: shown(small))


def test_four_times_the_accounts_are_no_more_than_eight_times_the_work() -> None:
    """16 times where each account looks at all others: what a call does inside is seen here."""
    shown(accounts(FEW))
    times = {}
    for count in (4_000, 16_000):
        book = accounts(count)
        taken = []
        for _ in range(2):
            taken.append(spent(lambda book=book: shown(book)))  # type: ignore[misc]
        times[count] = min(taken)
    assert times[16_000] <= 8.0 * times[4_000]


@pytest.mark.parametrize("count", [FEW, MORE])
def test_columns_are_derived_a_few_times_whatever_the_accounts(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these is of all units or accounts at once: once per account would be quadratic."""
    seen = dict.fromkeys(("equity", "account", "row"), 0)
    equity: Any = vars(Requirements)["equity"].fget
    account, row = Book.account, Book.row

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            seen[name] += 1
            return function(*given)

        return call

    monkeypatch.setattr(Requirements, "equity", property(counted("equity", equity)))
    monkeypatch.setattr(Book, "account", counted("account", account))
    monkeypatch.setattr(Book, "row", counted("row", row))
    shown(accounts(count))
    assert seen["equity"] <= 20
    assert seen["account"] == seen["row"] == 0


class Names(tuple[str, ...]):
    """Names that may be read through, and not searched."""

    __slots__ = ()

    def index(self, *_: Any) -> int:
        raise AssertionError("a search of all names")


def test_a_book_finds_its_accounts_without_a_search() -> None:
    names = ("b", "a", "c")
    held = [
        Account(name=n, positions=(Position(market="M", quantity=1.0, entry_price=1.0),))
        for n in names
    ]
    made = Book.from_accounts(held)
    book = Book(
        accounts=Names(names),
        **{
            n: getattr(made, n)
            for n in (
                "markets", "offsets", "market", "quantity", "entry_price", "isolated_margin",
                "leverage", "currencies", "collateral",
            )
        },
    )  # fmt: skip
    assert [book.row(name) for name in names] == [0, 1, 2]
    with pytest.raises(UsageError, match="account: must be one of the book's accounts"):
        book.row("d")


def test_an_account_named_twice_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    book = [*accounts(50), {"account": "a7", "positions": {"BTC-PERPETUAL": 1}}]
    with pytest.raises(plimsoll.errors.DataFormatError, match="must name each account once"):
        margin(book, collateral=None)
    (tmp_path / "book.json").write_text(json.dumps(book[:50]))
    found = margin(tmp_path / "book.json", collateral=None)
    assert len(found.accounts) == 50


def test_segregated_accounts_are_what_each_would_be_alone() -> None:
    """The accounts of a currency are cut out of the book by column; alone they are read by one."""
    eth = chain("ETH")
    book: list[dict[str, Any]] = [
        {"account": "both", "positions": {"BTC-PERPETUAL": 1, "ETH-PERPETUAL": -10},
         "collateral": {"BTC": 1, "ETH": 2},
         "orders": [{"market": "ETH-PERPETUAL", "quantity": 3}]},
        {"account": "money", "positions": {"BTC-PERPETUAL": 1}, "collateral": {"ETH": 1}},
        {"account": "eth", "positions": {"ETH-PERPETUAL": 10}, "collateral": {"ETH": 0.0}},
        {"account": "lost", "positions": {"ETHNOTHING": 1}, "collateral": {"ETH": None}},
        {"account": "strange", "positions": {"NONSENSE": 1, "BTC-PERPETUAL": 2}},
    ]  # fmt: skip
    together = margin(book, market=[chain(), eth], collateral=None)
    rows: list[dict[str, Any]] = [dict(row) for row in together.table()]
    assert [(r["account"], r["currency"]) for r in rows] == [
        ("both", "BTC"), ("both", "ETH"), ("money", "BTC"), ("money", "ETH"), ("eth", "ETH"),
        ("lost", "BTC"), ("lost", "ETH"), ("strange", "BTC"),
    ]  # fmt: skip
    for own in book[:3]:  # names that nobody can read stand elsewhere where they are alone
        result = margin([own], market=[chain(), eth], collateral=None)
        alone, only = [dict(r) for r in result.table()], result.currencies[0]
        mine = [r for r in rows if r["account"] == own["account"]]
        for row in alone:
            (twin,) = [r for r in mine if r["currency"] == row.get("currency", only)]
            for name in ("initial", "maintenance", "equity", "excess"):
                np.testing.assert_array_equal(row[name], twin[name], err_msg=str(own["account"]))
            assert row["reason"] == twin["reason"]
