"""Examinations of what must not matter: order, company, and the unit of the currency."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from plimsoll.domain.book import Book
from plimsoll.testing.margin_findings import MarginFinding
from plimsoll.testing.margin_properties import MarginProperty
from plimsoll.testing.subject import Subject
from plimsoll.testing.unit_numbers import UnitKey, UnitNumbers, differences, unit_numbers


def check_account_order(subject: Subject, book: Book) -> list[MarginFinding]:
    """The book turned around by `Book.take`: every bit stays, but for owners' sums."""
    found = subject.prepared.requirements(book)
    turned = book.take(np.arange(len(book))[::-1].copy())
    gross, here, there = subject.gross(found), unit_numbers(found), subject.numbers(turned)
    alone = _unlinked(book)
    out = []
    for bits in (True, False):
        out += differences(
            MarginProperty.ACCOUNT_ORDER,
            "accounts in reverse",
            book,
            {key: unit for key, unit in here.items() if (key[0] in alone) is bits},
            there,
            gross=gross,
            tolerance=None if bits else subject.tolerance,
        )
    return out


def check_position_order(subject: Subject, book: Book) -> list[MarginFinding]:
    """Positions, orders and currencies of every account in reverse."""
    found = subject.prepared.requirements(book)
    accounts = [book.account(name) for name in book.accounts]
    turned = Book.from_accounts(
        replace(
            a,
            positions=a.positions[::-1],
            orders=a.orders[::-1],
            collateral=dict(reversed(list(a.collateral.items()))),
        )
        for a in accounts
    )
    return differences(
        MarginProperty.POSITION_ORDER,
        "positions in reverse",
        book,
        unit_numbers(found),
        subject.numbers(turned),
        gross=subject.gross(found),
        tolerance=subject.tolerance,
    )


def check_book_of_one(subject: Subject, book: Book) -> list[MarginFinding]:
    """Every account that is not linked to another, alone: taken out to the bit, rebuilt closely."""
    found = subject.prepared.requirements(book)
    here, gross, out = unit_numbers(found), subject.gross(found), []
    alone = _unlinked(book)
    for row, name in enumerate(book.accounts):
        if name not in alone:
            continue
        taken = subject.numbers(book.take(np.array([row])))
        rebuilt = subject.numbers(Book.from_accounts([book.account(name)]))
        mine = _of_account(here, name)
        for detail, there, tolerance in (
            ("taken out of its book", taken, None),
            ("in a book of its own", rebuilt, subject.tolerance),
        ):
            out += differences(
                MarginProperty.BOOK_OF_ONE,
                detail,
                book,
                mine,
                there,
                gross=gross,
                tolerance=tolerance,
            )
    return out


def check_currency_unit(subject: Subject, book: Book) -> list[MarginFinding]:
    """In a currency worth less by a factor every number is larger by it."""
    if subject.rescaled is None:
        return []
    prepared, factor = subject.rescaled
    found = subject.prepared.requirements(book)
    scaled = {key: unit.times(factor) for key, unit in unit_numbers(found).items()}
    gross = {name: factor * amount for name, amount in subject.gross(found).items()}
    return differences(
        MarginProperty.CURRENCY_UNIT,
        f"in a currency worth 1 / {factor:g}",
        book,
        scaled,
        unit_numbers(prepared.requirements(book)),
        gross=gross,
        tolerance=subject.tolerance,
    )


def _unlinked(book: Book) -> set[str]:
    """Accounts whose owner has no other."""
    if book.owner is None:
        return set(book.accounts)
    count = Counter(book.owner.tolist())
    return {
        name for name, o in zip(book.accounts, book.owner.tolist(), strict=True) if count[o] == 1
    }


def _of_account(numbers: dict[UnitKey, UnitNumbers], name: str) -> dict[UnitKey, UnitNumbers]:
    return {key: unit for key, unit in numbers.items() if key[0] == name}
