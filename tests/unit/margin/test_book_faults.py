"""What a book lacks, found once: against plain loops over accounts and positions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.margin.units.book_faults import book_faults
from plimsoll.margin.units.cells import unit_layout

NAN, INF = float("nan"), float("inf")
LONG = Position(market="BTC", quantity=2.0, entry_price=100.0)
ISOLATED = replace(LONG, mode=MarginMode.ISOLATED, isolated_margin=1.0)
BUY = Order(market="BTC", quantity=1.0)

sizes = st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0, NAN, INF])
positions = st.builds(
    lambda market, quantity, aside: replace(
        ISOLATED if aside else LONG, market=market, quantity=quantity
    ),
    st.sampled_from(["BTC", "ETH", "SOL"]),
    sizes,
    st.booleans(),
)
holdings = st.lists(st.lists(positions, max_size=6), max_size=5)


def book_of(held: list[list[Position]]) -> Book:
    return Book.from_accounts(
        Account(name=f"account {row}", positions=tuple(own)) for row, own in enumerate(held)
    )


def repeated(held: list[list[Position]]) -> list[int]:
    """Rows of positions of one market, sign and mode, account by account."""
    found, row = [], 0
    for own in held:
        kinds = [
            (p.market, p.quantity > 0.0, p.mode) if 0.0 < abs(p.quantity) < INF else None
            for p in own
        ]
        count = Counter(kinds)
        found += [row + i for i, kind in enumerate(kinds) if kind is not None and count[kind] > 1]
        row += len(own)
    return found


@given(holdings)
@settings(deadline=None)
def test_duplicates_are_found_in_every_account(held: list[list[Position]]) -> None:
    assert book_faults(book_of(held)).duplicate.tolist() == repeated(held)


def test_many_duplicates_in_one_account() -> None:
    held = [[LONG] * 40, [LONG], [ISOLATED] * 3]
    assert book_faults(book_of(held)).duplicate.tolist() == [*range(40), 41, 42, 43]


def test_a_good_book_has_no_faults() -> None:
    account = Account(name="a", positions=(LONG, ISOLATED), orders=(BUY,), collateral={"USD": -1.0})
    faults = book_faults(Book.from_accounts([account, Account(name="b")]))
    for name in faults.__dataclass_fields__:
        assert not getattr(faults, name).size


def test_faults_are_looked_for_once() -> None:
    book = book_of([[LONG]])
    assert book_faults(book) is book_faults(book)


@pytest.mark.parametrize(
    ("account", "unit", "reason"),
    [
        (Account(name="x", collateral={"USD": NAN}), 1, MarginReason.NO_COLLATERAL),
        (Account(name="x", orders=(replace(BUY, quantity=INF),)), 1, MarginReason.NO_ORDER),
        (Account(name="x", orders=(BUY, replace(BUY, price=0.0))), 1, MarginReason.NO_ORDER),
        (
            Account(name="x", collateral={"USD": INF}, orders=(replace(BUY, quantity=INF),)),
            1,
            MarginReason.NO_COLLATERAL,
        ),
        (
            Account(name="x", positions=(replace(ISOLATED, isolated_margin=None),)),
            3,
            MarginReason.NO_ISOLATED_MARGIN,
        ),
    ],
)
def test_the_unit_that_lacks_something_has_the_reason(
    account: Account, unit: int, reason: MarginReason
) -> None:
    good = Account(name="good", collateral={"USD": 1.0}, orders=(BUY,))
    book = Book.from_accounts([good, account, replace(good, name="too", positions=(LONG,))])
    found = book_faults(book).unit_reasons(unit_layout(book))
    assert {u: MarginReason(c) for u, c in enumerate(found.tolist()) if c} == {unit: reason}


def test_reasons_that_stand_already_are_kept() -> None:
    book = book_of(
        [[replace(LONG, entry_price=NAN), LONG, replace(LONG, market="ETH", leverage=0)]]
    )
    faults, needs = book_faults(book), np.array([True, True, True])
    reason = np.array([0, int(MarginReason.NO_MARK), 0])
    assert faults.note_positions(reason, needs).tolist() == [0]
    assert reason.tolist() == [MarginReason.DUPLICATE_POSITION, MarginReason.NO_MARK, 0]
    assert faults.note_leverages(reason).tolist() == [2]
    assert reason[2] == MarginReason.NO_LEVERAGE


def test_what_is_worth_its_mark_needs_no_entry() -> None:
    bare = replace(LONG, entry_price=NAN)
    faults = book_faults(book_of([[bare, replace(bare, market="ETH")]]))
    reason = np.zeros(2, dtype=np.int64)
    faults.note_positions(reason, np.array([False, True]))
    assert reason.tolist() == [0, MarginReason.NO_ENTRY_PRICE]
