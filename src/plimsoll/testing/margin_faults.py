"""Examinations with bad input: a reason in the account concerned, every other bit as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from plimsoll.domain.account import Account, Order
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Option
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.testing.book_fault_cases import order_faults, pool_faults, position_faults
from plimsoll.testing.fault import FAULTY, Fault, holding, ordered
from plimsoll.testing.generated_books import sized
from plimsoll.testing.margin_case import MarginCase
from plimsoll.testing.margin_findings import MarginFinding, failed
from plimsoll.testing.margin_properties import MarginProperty
from plimsoll.testing.market_fault_cases import bad_marks, bad_terms, stale_mark, without_forward
from plimsoll.testing.subject import Subject
from plimsoll.testing.unit_numbers import UnitKey, differences, unit_numbers

FAULTS = MarginProperty.FAULTS


def check_faults(
    subject: Subject, book: Book, *, spoilt: frozenset[str] = frozenset()
) -> list[MarginFinding]:
    """Try every kind of bad input beside the accounts of ``book``.

    Parameters
    ----------
    spoilt : frozenset of str
        Markets whose quotes must stay good, since they price currencies.
    """
    out = []
    for fault in faults(subject, spoilt):
        own = fault.case is subject.case
        try:
            prepared = subject.prepared if own else fault.case.prepared()
            found = prepared.requirements(_with(book, fault.account))
        except Exception as error:  # whatever it is: one bad market must not sink the book
            out.append(failed(FAULTS, f"{fault.name} raises: {error!r}"))
            continue
        out += _reasons_given(subject, fault, found)
        out += _others_unchanged(subject, fault, book, found)
    return out


def faults(subject: Subject, spoilt: frozenset[str] = frozenset()) -> Iterator[Fault]:
    """Yield every kind of bad input, each in one market of every kind of contract."""
    case = subject.case
    ordering = MarginProperty.ORDERS in subject.promises
    good = _one_of_each_kind(case, [m for m in subject.markets if m not in spoilt])
    yield Fault(name="unknown instrument", case=case, account=holding(case, "UNKNOWN-1", 1.0))
    if ordering:
        lost = Order(market="UNKNOWN-1", quantity=1.0)
        yield Fault(
            name="order in an unknown instrument",
            case=case,
            account=Account(name=FAULTY, orders=(lost,)),
        )
    for market in good:
        yield from _faults_of(subject, market, sized(case, market, 1_000.0))


def _faults_of(subject: Subject, market: str, quantity: float) -> Iterator[Fault]:
    """Yield what may be wrong with one market and with what is held or ordered in it."""
    case, ordering = subject.case, MarginProperty.ORDERS in subject.promises
    yield from position_faults(case, market, quantity)
    yield from pool_faults(case, market, quantity)
    if ordering:
        yield from order_faults(case, market, quantity)
    for fault in _of_market(subject, market, quantity):
        yield fault
        if ordering:
            yield ordered(fault)


def _of_market(subject: Subject, market: str, quantity: float) -> Iterator[Fault]:
    case = subject.case
    option = isinstance(case.instruments[market], Option)
    if not option or MarginProperty.OPTION_MARKS in subject.promises:
        yield from bad_marks(case, market, quantity)
    yield stale_mark(case, market, quantity)
    yield from bad_terms(case, market, quantity)
    if option:
        yield without_forward(case, market, quantity)


def _reasons_given(subject: Subject, fault: Fault, found: Requirements) -> list[MarginFinding]:
    """What is wrong with the answer for the faulty account itself."""
    said = _reasons(found)
    if fault.same_as is not None and not said:
        return _same_numbers(subject, fault, found)
    out = []
    if not said or fault.reason not in (None, *said):
        names = ", ".join(sorted(r.name for r in said)) or "no reason"
        wanted = "a reason" if fault.reason is None else fault.reason.name
        detail = f"{fault.name}: the account has {names} instead of {wanted}"
        out.append(failed(FAULTS, detail, account=fault.account))
    unit = int(found.units_of(FAULTY)[1 if fault.isolated else 0])
    if not np.isnan([found.initial[unit], found.maintenance[unit]]).all():
        out.append(
            failed(
                FAULTS,
                f"{fault.name}: the account has a number",
                found=float(found.initial[unit]),
                account=fault.account,
            )
        )
    if fault.isolated and np.isnan(found.initial[int(found.units_of(FAULTY)[0])]):
        detail = f"{fault.name}: the cross pool has no number"
        out.append(failed(FAULTS, detail, account=fault.account))
    return out


def _reasons(found: Requirements) -> set[MarginReason]:
    """All reasons of the faulty account, of its units and of its positions."""
    first, last = (int(x) for x in found.book.offsets[found.book.row(FAULTY) :][:2])
    codes = set(found.parts.reason[first:last].tolist())
    if found.unit_reason is not None:
        codes |= {int(found.unit_reason[u]) for u in found.units_of(FAULTY)}
    return {MarginReason(code) for code in codes if code != 0}


def _same_numbers(subject: Subject, fault: Fault, found: Requirements) -> list[MarginFinding]:
    """The account must ask what it asks without what looks wrong."""
    assert fault.same_as is not None
    alone = Book.from_accounts([fault.same_as])
    return differences(
        FAULTS,
        f"{fault.name}: the account itself",
        found.book,
        subject.numbers(alone),
        unit_numbers(found),
        gross={},
        tolerance=None,
    )


def _others_unchanged(
    subject: Subject, fault: Fault, book: Book, found: Requirements
) -> list[MarginFinding]:
    def untouched(key: UnitKey) -> bool:
        account = book.account(key[0])
        held = {p.market for p in account.positions} | {o.market for o in account.orders}
        return not fault.touched & held

    before = {k: u for k, u in subject.numbers(book).items() if untouched(k)}
    return differences(
        FAULTS,
        f"{fault.name}: another account",
        book,
        before,
        unit_numbers(found),
        gross={},
        tolerance=None,
    )


def _with(book: Book, account: Account) -> Book:
    """Put an account before a book: its markets then come before those of all others."""
    return Book.from_accounts([account, *(book.account(name) for name in book.accounts)])


def _one_of_each_kind(case: MarginCase, markets: list[str]) -> list[str]:
    """The first market of every kind of contract and payoff."""
    kind: Callable[[str], tuple[str, str]] = lambda m: (  # noqa: E731
        type(case.instruments[m]).__name__,
        case.instruments[m].payoff.value,
    )
    return list({kind(m): m for m in reversed(markets)}.values())[::-1]
