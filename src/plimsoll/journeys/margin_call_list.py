"""Margin calls of a book: who falls short of what, why, and what would cure it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plimsoll.domain.book import Book
from plimsoll.domain.table import Cell, Column, Table
from plimsoll.errors import UsageError
from plimsoll.journeys.margin_health import STATE_WORDS, currency_column, shared_currency
from plimsoll.journeys.margin_units import digits_of, money
from plimsoll.journeys.margined_book import MarginedBook, PlacedUnit
from plimsoll.journeys.venue_rules import liquidation_rule
from plimsoll.margin.calls.health import HealthState, health
from plimsoll.margin.calls.margin_calls import DepositTerms, MarginCall, margin_calls
from plimsoll.margin.liquidation import LiquidationRule

_ROUNDS = 4
_LEAST_FACTOR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCall:
    """A call with the currency of its amounts."""

    currency: str
    call: MarginCall

    @property
    def account(self) -> str:
        """Who is called."""
        return self.call.account


def listed_calls(
    books: Iterable[MarginedBook], rule: LiquidationRule | None = None, *, cures: bool = True
) -> tuple[ListedCall, ...]:
    """Return the calls of every unit that is judged; the worst state first, in each currency.

    Parameters
    ----------
    books : iterable of MarginedBook
    rule : LiquidationRule, optional
        Whose costs closing has; by default the venue's.
    cures : bool
        Whether to look for them, which margins each called account some dozens of times.
    """
    return tuple(
        ListedCall(currency=book.currency, call=_cured(book, call, unit, rule) if cures else call)
        for book in books
        for call, unit in _calls(book)
    )


def _calls(book: MarginedBook) -> list[tuple[MarginCall, int]]:
    """Calls of judged units by urgency, with their units."""
    states = health(book.requirements).state
    called = {}
    for unit in book.units:
        state = HealthState(int(states[unit]))
        if state is HealthState.HEALTHY:
            continue
        if book.is_judged(unit) or state is HealthState.UNKNOWN:
            called[(book.account_of(unit), book.name_of(unit))] = unit
    # The order of urgency is that of the calls without cures.
    ordered = [c for c in margin_calls(book.requirements, {}) if (c.account, c.unit) in called]
    return [(call, called[(call.account, call.unit)]) for call in ordered]


def _cured(
    book: MarginedBook, call: MarginCall, unit: int, rule: LiquidationRule | None
) -> MarginCall:
    if call.state is HealthState.UNKNOWN:
        return call
    placed = book.placed(unit)
    found = margin_calls(
        book.prepared.requirements(placed.book),
        _deposit_terms(book, placed, call),
        book.liquidator(rule or liquidation_rule(book.venue)),
    )
    return next((c for c in found if (c.account, c.unit) == (call.account, call.unit)), call)


def _deposit_terms(
    book: MarginedBook, placed: PlacedUnit, call: MarginCall
) -> dict[str, DepositTerms]:
    """What a deposit of each currency adds, as the model counts it: haircuts included."""
    found = {}
    for currency in _currencies(book, placed):
        try:
            price = book.pricing.price(currency, book.snapshot, book.instruments)
        except UsageError:
            continue
        if not (math.isfinite(price) and price > 0.0):
            continue
        factor = _factor(book, placed, call, currency, price)
        if math.isfinite(factor) and factor > _LEAST_FACTOR:
            found[currency] = DepositTerms(price=price, factor=min(factor, 1.0))
    return found


def _currencies(book: MarginedBook, placed: PlacedUnit) -> list[str]:
    """Those of the pool and of what it settles in; an isolated margin is in its settlement's."""
    position = int(book.prepared.requirements(placed.book).position[placed.unit])
    held = placed.book
    if position >= 0:
        market = held.markets[int(held.market[position])]
        return [book.instruments[market].settle]
    used = [held.markets[int(m)] for m in np.unique(held.market)]
    settled = [book.instruments[m].settle for m in used if m in book.instruments]
    return list(dict.fromkeys([*held.currencies, *settled, book.currency]))


def _factor(
    book: MarginedBook, placed: PlacedUnit, call: MarginCall, currency: str, price: float
) -> float:
    """Share of a deposit that counts, at the size of the deposit that cures."""
    factor = 1.0
    for _ in range(_ROUNDS):
        amount = call.shortfall / (price * factor)
        before = _excess(book, placed, call)
        after = _excess(book, _with_deposit(placed, currency, amount), call)
        found = (after - before) / (amount * price)
        if not found > _LEAST_FACTOR or abs(found - factor) <= 1e-12:
            return found
        factor = found
    return factor


def _excess(book: MarginedBook, placed: PlacedUnit, call: MarginCall) -> float:
    of = book.prepared.requirements(placed.book)
    asked = of.initial if call.state is HealthState.UNDER_INITIAL else of.maintenance
    return float(of.equity[placed.unit] - asked[placed.unit])


def _with_deposit(placed: PlacedUnit, currency: str, amount: float) -> PlacedUnit:
    book = placed.book
    if placed.unit >= len(book):
        isolated = np.array(book.isolated_margin)
        isolated[np.flatnonzero(book.isolated)[placed.unit - len(book)]] += amount
        return PlacedUnit(replace(book, isolated_margin=isolated), placed.unit)
    return PlacedUnit(_with_collateral(book, placed.unit, currency, amount), placed.unit)


def _with_collateral(book: Book, row: int, currency: str, amount: float) -> Book:
    currencies, collateral = book.currencies, np.array(book.collateral)
    if currency not in currencies:
        currencies = (*currencies, currency)
        collateral = np.concatenate([collateral, np.zeros((len(book), 1))], axis=1)
    collateral[row, currencies.index(currency)] += amount
    return replace(book, currencies=currencies, collateral=np.ascontiguousarray(collateral))


def call_table(listed: Sequence[ListedCall]) -> Table:
    """Return one row per call with its reason and what cures it, each by itself."""
    currency, digits = shared_currency(item.currency for item in listed)
    return Table(
        name="calls",
        title="Margin calls",
        columns=(
            Column(name="account", title="Account"),
            *currency_column(currency if listed else "-"),
            Column(name="unit", title="Margin unit"),
            Column(name="state", title="State"),
            money("shortfall", "Shortfall", currency, digits),
            Column(name="deposit", title="Cured by a deposit of"),
            Column(name="reduction", title="or by closing"),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(_cells(item, currency) for item in listed),
        notes=tuple(_notes(listed)),
    )


def _notes(listed: Sequence[ListedCall]) -> Iterator[str]:
    if any(item.call.deposits for item in listed):
        yield "Deposits and closings cure by themselves, one of them; closing costs are paid."


def _cells(item: ListedCall, currency: str) -> tuple[Cell, ...]:
    call = item.call
    return (
        call.account,
        *(() if currency else (item.currency,)),
        call.unit,
        STATE_WORDS[call.state],
        call.shortfall,
        " or ".join(f"{_amount(d.amount, d.currency)} {d.currency}" for d in call.deposits),
        " or ".join(f"{r.share:.1%} of {r.market}" for r in call.reductions),
        call.reason,
    )


def calls_document(listed: Sequence[ListedCall]) -> list[dict[str, object]]:
    """Return calls as plain values, every cure with its full precision."""
    return [
        {
            "account": item.call.account,
            "unit": item.call.unit,
            "currency": item.currency,
            "state": item.call.state.name.lower(),
            "shortfall": item.call.shortfall,
            "reason": item.call.reason,
            "deposits": [{"currency": d.currency, "amount": d.amount} for d in item.call.deposits],
            "reductions": [
                {"market": r.market, "contracts": r.contracts, "share": r.share, "cost": r.cost}
                for r in item.call.reductions
            ],
        }
        for item in listed
    ]


def _amount(amount: float, currency: str) -> str:
    """Round up, so that what is printed cures."""
    scale = 10.0 ** digits_of(currency)
    return f"{math.ceil(amount * scale) / scale:,.{digits_of(currency)}f}"
