"""Examinations with bad input: a reason in the account concerned, every other bit as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from plimsoll.domain.account import Account, Order
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Future, Instrument, Option, Pair
from plimsoll.domain.market import HOUR_NS, MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.testing.generated_books import position, sized
from plimsoll.testing.margin_case import MarginCase
from plimsoll.testing.margin_findings import MarginFinding, failed
from plimsoll.testing.margin_properties import MarginProperty
from plimsoll.testing.subject import Subject
from plimsoll.testing.unit_numbers import differences, unit_numbers

_FAULTY = "faulty account"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fault:
    """One thing that is wrong.

    Parameters
    ----------
    name : str
    case : MarginCase
        With the fault in it.
    account : Account
        That holds it.
    touched : frozenset of str
        Markets that may have other numbers now.
    """

    name: str
    case: MarginCase
    account: Account
    touched: frozenset[str] = frozenset()


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
        try:
            prepared = fault.case.prepared()
            found = prepared.requirements(_with(book, fault.account))
        except Exception as error:  # whatever it is: one bad market must not sink the book
            out.append(failed(MarginProperty.FAULTS, f"{fault.name} raises: {error!r}"))
            continue
        out += _reasons_given(fault, found)
        out += _others_unchanged(subject, fault, book, found)
    return out


def faults(subject: Subject, spoilt: frozenset[str] = frozenset()) -> Iterator[Fault]:
    """Yield every kind of bad input, each in one market of every kind of contract."""
    case = subject.case
    good = _one_of_each_kind(case, [m for m in subject.markets if m not in spoilt])
    yield Fault(name="unknown instrument", case=case, account=_holding(case, "UNKNOWN-1", 1.0))
    if MarginProperty.ORDERS in subject.promises:
        lost = Order(market="UNKNOWN-1", quantity=1.0)
        yield Fault(
            name="order in an unknown instrument",
            case=case,
            account=Account(name=_FAULTY, orders=(lost,)),
        )
    for market in good:
        quantity = sized(case, market, 1_000.0)
        yield Fault(
            name=f"NaN quantity of {market}", case=case, account=_holding(case, market, np.nan)
        )
        option = isinstance(case.instruments[market], Option)
        if not option or MarginProperty.OPTION_MARKS in subject.promises:
            yield from _bad_marks(case, market, quantity)
        if isinstance(case.instruments[market], Future | Option):
            yield _expired(case, market, quantity)
        if isinstance(case.instruments[market], Option):
            yield _without_forward(case, market, quantity)


def _bad_marks(case: MarginCase, market: str, quantity: float) -> Iterator[Fault]:
    """Quotes that are missing or impossible; an option may be worth 0."""
    quotes = dict(case.snapshot.quotes)
    option = isinstance(case.instruments[market], Option)
    marks = (np.nan, np.inf, -1.0) if option else (np.nan, np.inf, -1.0, 0.0)
    left = {m: q for m, q in quotes.items() if m != market}
    changed = {"no quote": left} | {
        f"mark {mark}": {**quotes, market: replace(quotes[market], mark=float(mark))}
        for mark in marks
    }
    for name, given in changed.items():
        yield Fault(
            name=f"{name} of {market}",
            case=replace(case, snapshot=replace(case.snapshot, quotes=given)),
            account=_holding(case, market, quantity),
            touched=frozenset({market}),
        )


def _expired(case: MarginCase, market: str, quantity: float) -> Fault:
    """A contract like ``market`` that expired an hour ago and still has its quote."""
    old = f"{market}-EXPIRED"
    held = case.instruments[market]
    assert isinstance(held, Future | Option)
    gone = replace(held, expiry_ns=case.snapshot.at_ns - HOUR_NS)
    quotes = {**case.snapshot.quotes, old: case.snapshot.quotes[market]}
    with_it = replace(
        case,
        instruments={**case.instruments, old: gone},
        snapshot=replace(case.snapshot, quotes=quotes),
    )
    return Fault(name=f"expired {market}", case=with_it, account=_holding(with_it, old, quantity))


def _without_forward(case: MarginCase, market: str, quantity: float) -> Fault:
    """Options of one underlying with neither surface, expiry's quote nor venue's volatility."""
    held = case.instruments[market]
    assert isinstance(held, Option)

    def alike(other: Instrument) -> bool:
        return isinstance(other, Option) and (other.pair, other.settle) == (held.pair, held.settle)

    touched = frozenset(m for m, i in case.instruments.items() if alike(i))
    snapshot = case.snapshot
    bare = replace(
        snapshot,
        quotes={
            m: replace(q, implied_vol_annual=float("nan")) if m in touched else q
            for m, q in snapshot.quotes.items()
        },
        surfaces={k: s for k, s in snapshot.surfaces.items() if k != (held.pair, held.settle)},
        expiries=_kept(snapshot, held),
    )
    return Fault(
        name=f"no surface, forward nor volatility of {market}",
        case=replace(case, snapshot=bare),
        account=_holding(case, market, quantity),
        touched=touched,
    )


def _kept(snapshot: MarketSnapshot, held: Option) -> dict[tuple[Pair, str, int], ExpiryQuote]:
    key = (held.pair, held.settle)
    return {k: q for k, q in snapshot.expiries.items() if k[:2] != key}


def _reasons_given(fault: Fault, found: Requirements) -> list[MarginFinding]:
    unit = int(found.units_of(_FAULTY)[0])
    first, last = (int(x) for x in found.book.offsets[found.book.row(_FAULTY) :][:2])
    own = found.unit_reason is not None and int(found.unit_reason[unit]) != 0
    told = own or bool(np.any(found.parts.reason[first:last] != 0))
    out = []
    levels = [found.initial[unit]]
    if fault.account.positions:  # orders ask for initial margin only
        levels.append(found.maintenance[unit])
    if not np.all(np.isnan(levels)):
        out.append(
            failed(
                MarginProperty.FAULTS,
                f"{fault.name}: the account has a number",
                found=float(found.initial[unit]),
                account=fault.account,
            )
        )
    if not told:
        detail = f"{fault.name}: the account has no reason"
        out.append(failed(MarginProperty.FAULTS, detail, account=fault.account))
    return out


def _others_unchanged(
    subject: Subject, fault: Fault, book: Book, found: Requirements
) -> list[MarginFinding]:
    def untouched(name: str) -> bool:
        account = book.account(name)
        held = {p.market for p in account.positions} | {o.market for o in account.orders}
        return not fault.touched & held

    before = {k: u for k, u in subject.numbers(book).items() if untouched(k[0])}
    return differences(
        MarginProperty.FAULTS,
        f"{fault.name}: another account",
        book,
        before,
        unit_numbers(found),
        gross={},
        tolerance=None,
    )


def _with(book: Book, account: Account) -> Book:
    """Put an account into the middle of a book."""
    held = [book.account(name) for name in book.accounts]
    middle = len(held) // 2
    return Book.from_accounts([*held[:middle], account, *held[middle:]])


def _holding(case: MarginCase, market: str, quantity: float) -> Account:
    return Account(name=_FAULTY, positions=(position(case, market, quantity),))


def _one_of_each_kind(case: MarginCase, markets: list[str]) -> list[str]:
    """The first market of every kind of contract and payoff."""
    kind: Callable[[str], tuple[str, str]] = lambda m: (  # noqa: E731
        type(case.instruments[m]).__name__,
        case.instruments[m].payoff.value,
    )
    return list({kind(m): m for m in reversed(markets)}.values())[::-1]
