"""Examinations of books beside other books: legs, sizes, orders, scenarios, payoffs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from plimsoll.domain.account import Account, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Option, Payoff, Perpetual, Spot
from plimsoll.domain.requirement import Requirements, account_totals
from plimsoll.testing.filled_accounts import filled_accounts
from plimsoll.testing.generated_books import position
from plimsoll.testing.margin_findings import MarginFinding, failed
from plimsoll.testing.margin_properties import MarginProperty
from plimsoll.testing.subject import Subject
from plimsoll.testing.unit_numbers import unit_numbers

LEVELS = ("initial", "maintenance")


def check_subadditive(subject: Subject, book: Book) -> list[MarginFinding]:
    """Cross positions of each account together, and each alone; no collateral, no orders."""
    out = []
    for name in book.accounts:
        held = [p for p in book.account(name).positions if p.isolated_margin is None]
        if len(held) < 2:
            continue
        whole = Account(name="whole", positions=tuple(held))
        legs = [Account(name=f"leg {n}", positions=(p,)) for n, p in enumerate(held)]
        made = Book.from_accounts([whole, *legs])
        found = subject.prepared.requirements(made)
        slack = subject.gross(found)["whole"]
        for level in LEVELS:
            column = getattr(found, level)
            together, alone = float(column[0]), float(column[1:].sum())
            if together > alone + subject.tolerance.of(alone, slack):
                out.append(
                    failed(
                        MarginProperty.SUBADDITIVE,
                        f"{level} margin of the whole beside the sum of its legs",
                        expected=alone,
                        found=together,
                        account=whole,
                    )
                )
    return out


def check_more_scenarios(subject: Subject, book: Book) -> list[MarginFinding]:
    """The model with some scenarios left out never asks more."""
    if subject.fewer is None:
        return []
    found = subject.prepared.requirements(book)
    here, there = unit_numbers(found), unit_numbers(subject.fewer.requirements(book))
    gross, out = subject.gross(found), []
    for key, unit in here.items():
        for level in LEVELS:
            more, less = getattr(unit, level), getattr(there[key], level)
            if more < less - subject.tolerance.of(less, gross[key[0]]):
                out.append(
                    failed(
                        MarginProperty.MORE_SCENARIOS,
                        f"{level} margin with all scenarios beside that with fewer",
                        expected=less,
                        found=more,
                        account=book.account(key[0]),
                    )
                )
    return out


def check_orders(subject: Subject, book: Book) -> list[MarginFinding]:
    """Initial margin with orders and without; an order in an unknown market is a reason."""
    if book.orders is None or not len(book.orders):
        return []
    found = subject.prepared.requirements(book)
    without = subject.prepared.requirements(replace(book, orders=None))
    here, there = unit_numbers(found), unit_numbers(without)
    gross, out = subject.gross(found), []
    for key, unit in here.items():
        before = there[key].initial
        if unit.initial < before - subject.tolerance.of(before, gross[key[0]]):
            out.append(
                failed(
                    MarginProperty.ORDERS,
                    "initial margin with orders beside that without",
                    expected=before,
                    found=unit.initial,
                    account=book.account(key[0]),
                )
            )
    return out


def check_fills(subject: Subject, book: Book) -> list[MarginFinding]:
    """Initial margin with orders beside that after fills, account by account."""
    if book.orders is None:
        return []
    ordering = np.flatnonzero(np.diff(book.orders.offsets)).tolist()
    accounts = [book.account(book.accounts[a]) for a in ordering]
    return [finding for account in accounts for finding in _check_fills(subject, account)]


def _check_fills(subject: Subject, account: Account) -> list[MarginFinding]:
    """A cross pool with market orders, beside what it is after fills: all, or one side of a coin.

    Isolated positions are left out: models differ in whether an order moves them.
    """
    if any(o.market not in subject.case.instruments for o in account.orders):
        return []
    at_market = tuple(replace(order, price=None) for order in account.orders)
    pool = tuple(p for p in account.positions if p.isolated_margin is None)
    ordering = replace(account, name="with orders", positions=pool, orders=at_market, owner="")
    accounts = [ordering, *filled_accounts(subject, ordering)]
    found = subject.prepared.requirements(Book.from_accounts(accounts))
    asked, gross = float(found.initial[0]), subject.gross(found)
    return [
        failed(
            MarginProperty.FILLS,
            f"initial margin with orders beside that {after.name}",
            expected=float(found.initial[row]),
            found=asked,
            account=account,
        )
        for row, after in enumerate(accounts)
        if asked < found.initial[row] - subject.tolerance.of(asked, gross[after.name])
    ]


def check_order_beside_isolated(
    subject: Subject, market: str, quantity: float
) -> list[MarginFinding]:
    """An order that asks something asks it too where it enlarges an isolated position."""
    order = (Order(market=market, quantity=quantity),)
    aside = (position(subject.case, market, quantity, isolated_margin=0.0),)
    accounts = [
        Account(name="alone", orders=order),
        Account(name="beside", orders=order, positions=aside),
        Account(name="without", positions=aside),
    ]
    found = subject.prepared.requirements(Book.from_accounts(accounts))
    alone, beside, without = account_totals(found, found.initial).tolist()
    if alone > 0.0 and not beside > without:
        return [
            failed(
                MarginProperty.ORDERS,
                "initial margin of an isolated position with an order on its side, beside that "
                "without the order",
                expected=without,
                found=beside,
                account=accounts[1],
            )
        ]
    return []


def check_monotone(
    subject: Subject, market: str, quantity: float, growth: float
) -> list[MarginFinding]:
    """An isolated position entered at the mark, and one ``growth`` times as large.

    Nothing is set aside for either: a margin in coin would be a position of its own.
    """
    sizes = {"small": quantity, "large": quantity * growth}
    accounts = [
        Account(name=n, positions=(position(subject.case, market, q, isolated_margin=0.0),))
        for n, q in sizes.items()
    ]
    found = subject.prepared.requirements(Book.from_accounts(accounts))
    gross, out = subject.gross(found)["large"], []
    for level in LEVELS:
        small, large = (float(x) for x in getattr(found, level)[2:])
        if large < small - subject.tolerance.of(small, gross):
            out.append(
                failed(
                    MarginProperty.MONOTONE,
                    f"{level} margin of the larger position beside that of the smaller",
                    expected=small,
                    found=large,
                    account=accounts[1],
                )
            )
    return out


def check_not_free(subject: Subject, market: str, quantity: float) -> list[MarginFinding]:
    """A position that may lose more than was paid for it, alone, asks something at both levels."""
    instrument = subject.case.instruments[market]
    if quantity > 0.0 and isinstance(instrument, Spot | Option):
        return []
    alone = Account(name="alone", positions=(position(subject.case, market, quantity),))
    found = subject.prepared.requirements(Book.from_accounts([alone]))
    return [
        failed(
            MarginProperty.NOT_FREE,
            f"{level} margin of a lone position",
            found=float(getattr(found, level)[0]),
            account=alone,
        )
        for level in LEVELS
        if not getattr(found, level)[0] > 0.0
    ]


def parity_pairs(subject: Subject) -> Iterator[tuple[str, str]]:
    """Linear and inverse perpetuals of one coin that the model margins."""
    held: Mapping[str, Instrument] = subject.case.instruments
    for one in subject.markets:
        for other in subject.markets:
            linear, inverse = held[one], held[other]
            if (
                isinstance(linear, Perpetual)
                and isinstance(inverse, Perpetual)
                and linear.payoff is Payoff.LINEAR
                and inverse.payoff is Payoff.INVERSE
                and linear.pair.base == inverse.pair.base
            ):
                yield one, other


def check_parity(
    subject: Subject, linear: str, inverse: str, notional_usd: float
) -> list[MarginFinding]:
    """One dollar size, linear and inverse: one margin."""
    sizes = {m: notional_usd / subject.case.notional_usd(m) for m in (linear, inverse)}
    held: dict[str, Position] = {m: position(subject.case, m, q) for m, q in sizes.items()}
    found = subject.prepared.requirements(
        Book.from_accounts(Account(name=m, positions=(p,)) for m, p in held.items())
    )
    return _parity_of(subject, found, held[linear])


def _parity_of(subject: Subject, found: Requirements, held: Position) -> list[MarginFinding]:
    out, gross = [], max(subject.gross(found).values())
    for level in LEVELS:
        one, other = (float(x) for x in account_totals(found, getattr(found, level)))
        apart = abs(one - other)
        if np.isnan(apart) or apart > subject.tolerance.of(one, gross):
            out.append(
                failed(
                    MarginProperty.PARITY,
                    f"{level} margin of the inverse perpetual beside that of the linear one",
                    expected=one,
                    found=other,
                    account=Account(name="linear", positions=(held,)),
                )
            )
    return out
