"""Examinations with bad input: a reason in the account concerned, every other bit as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.account import Account, Order
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Option
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.protocol import Prepared
from plimsoll.testing.book_fault_cases import order_faults, pool_faults, position_faults
from plimsoll.testing.fault import FAULTY, Fault, holding, ordered
from plimsoll.testing.generated_books import sized
from plimsoll.testing.margin_case import MarginCase
from plimsoll.testing.margin_findings import MarginFinding, failed
from plimsoll.testing.margin_properties import MarginProperty
from plimsoll.testing.market_fault_cases import bad_marks, bad_terms, stale_mark, without_forward
from plimsoll.testing.subject import Subject
from plimsoll.testing.unit_numbers import UnitKey, UnitNumbers, differences, unit_numbers

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
    others = [book.account(name) for name in book.accounts]
    markets = {
        a.name: {p.market for p in a.positions} | {o.market for o in a.orders} for a in others
    }
    before = subject.numbers(book)
    for one in prepared_faults(subject, spoilt):
        fault, prepared = one.fault, one.prepared
        try:
            if isinstance(prepared, Exception):
                raise prepared
            # Its markets then come before those of all others.
            found = prepared.requirements(Book.from_accounts([fault.account, *others]))
        except Exception as error:  # whatever it is: one bad market must not sink the book
            out.append(failed(FAULTS, f"{fault.name} raises: {error!r}"))
            continue
        out += _reasons_given(subject, fault, found)
        untouched = {key: n for key, n in before.items() if not fault.touched & markets[key[0]]}
        out += _others_unchanged(fault, book, untouched, found)
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedFault:
    """A fault with what the model makes of its market; where it fails, the error."""

    fault: Fault
    prepared: Prepared | Exception


def prepared_faults(
    subject: Subject, spoilt: frozenset[str] = frozenset()
) -> Iterator[PreparedFault]:
    """Yield `faults`; neighbours in the same market share its preparation."""
    case: MarginCase | None = None
    made: Prepared | Exception = subject.prepared
    for fault in faults(subject, spoilt):
        if fault.case is not case:
            case = fault.case
            made = subject.prepared if case is subject.case else _attempted(case)
        yield PreparedFault(fault=fault, prepared=made)


def _attempted(case: MarginCase) -> Prepared | Exception:
    try:
        return case.prepared()
    except Exception as error:
        return error


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
    fault: Fault, book: Book, before: Mapping[UnitKey, UnitNumbers], found: Requirements
) -> list[MarginFinding]:
    return differences(
        FAULTS,
        f"{fault.name}: another account",
        book,
        before,
        unit_numbers(found),
        gross={},
        tolerance=None,
    )


def _one_of_each_kind(case: MarginCase, markets: list[str]) -> list[str]:
    """The first market of every kind of contract and payoff."""
    kind: Callable[[str], tuple[str, str]] = lambda m: (  # noqa: E731
        type(case.instruments[m]).__name__,
        case.instruments[m].payoff.value,
    )
    return list({kind(m): m for m in reversed(markets)}.values())[::-1]
