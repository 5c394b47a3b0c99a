"""Books remember layouts: no margin may depend, by a bit, on what a book was asked before.

The oracle is an equal book that was never asked anything. Two snapshots alternate; in the second
one the month's contracts have expired, marks have moved, and one market has none.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.market import DAY_NS, MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.units.cells import unit_layout
from plimsoll.testing.generated_books import BookRules, generated_book
from sandbox_margin import INSTRUMENTS, MONTH, SNAPSHOT
from sandbox_models import MODELS

ORDERS = ((0, 0, 1, 0, 1, 1), (1, 0, 0, 1, 1, 0))
"""Which snapshot is asked about, one time after another."""


def later() -> MarketSnapshot:
    rng = np.random.default_rng(11)
    quotes = {
        market: replace(quote, mark=quote.mark * float(rng.uniform(0.9, 1.1)))
        for market, quote in SNAPSHOT.quotes.items()
        if market != "KEEL_USDC-Q"
    }
    return replace(SNAPSHOT, at_ns=MONTH + DAY_NS // 24, quotes=quotes)


@cache
def prepared(name: str) -> tuple[Any, ...]:
    case = MODELS[name].case
    return tuple(
        case.model.prepare(market, case.parameters, INSTRUMENTS) for market in (SNAPSHOT, later())
    )


def fresh(name: str) -> Book:
    """Random accounts, and one that holds what nobody knows beside what everybody knows."""
    held = MODELS[name]
    rules = BookRules(accounts=12, collateral=held.collateral)
    accounts = generated_book(held.case, list(INSTRUMENTS), rules, seed=5)
    odd = Account(
        name="odd",
        positions=(
            Position(market="HELM-PERP", quantity=float("nan"), entry_price=1.0),
            Position(market="HELM_USDC-PERP", quantity=2.0, entry_price=1.0),
            Position(market="KEEL-PERP", quantity=3.0, entry_price=1.0, funding=float("nan")),
            Position(market="nobody's", quantity=1.0, entry_price=1.0),
        ),
    )
    return Book.from_accounts([*(accounts.account(a) for a in accounts.accounts), odd])


def bits(found: Requirements) -> dict[str, bytes]:
    """Every number of an answer."""
    columns: dict[str, Any] = {
        name: getattr(found, name)
        for name in ("initial", "maintenance", "unrealised", "collateral", "account", "position")
    }
    columns["binding"], columns["unit_reason"] = found.binding_scenario, found.unit_reason
    for name in ("unit", "initial", "maintenance", "unrealised", "reason"):
        columns[f"parts.{name}"] = getattr(found.parts, name)
    for term in found.terms:
        columns[f"{term.name}.initial"] = term.initial
        columns[f"{term.name}.maintenance"] = term.maintenance
    return {name: np.asarray(column).tobytes() for name, column in columns.items()}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", list(MODELS))
def test_asked_again_and_again_under_two_snapshots(name: str, order: tuple[int, ...]) -> None:
    book = fresh(name)
    for at in order:
        asked = prepared(name)[at]
        assert bits(asked.requirements(book)) == bits(asked.requirements(fresh(name)))


@pytest.mark.parametrize("name", list(MODELS))
def test_asked_by_several_threads_at_once(name: str) -> None:
    book = fresh(name)
    expected = [bits(asked.requirements(fresh(name))) for asked in prepared(name)]
    turns = [turn % 2 for turn in range(12)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda at: bits(prepared(name)[at].requirements(book)), turns))
    assert found == [expected[at] for at in turns]


@pytest.mark.parametrize("name", list(MODELS))
def test_nobody_writes_into_what_a_book_remembers(name: str) -> None:
    book = fresh(name)
    asked = prepared(name)[0]
    expected = bits(asked.requirements(book))
    found = asked.requirements(book)
    layout = unit_layout(book)
    for column in (layout.account, layout.position, layout.unit_of_position):
        assert not column.flags.writeable
    columns = [getattr(found, c) for c in ("initial", "maintenance", "unrealised", "collateral")]
    columns += [found.account, found.position, found.binding_scenario, found.unit_reason]
    columns += [getattr(found.parts, c) for c in ("unit", "initial", "maintenance", "reason")]
    columns += [column for term in found.terms for column in (term.initial, term.maintenance)]
    for column in columns:
        if column is not None and column.flags.writeable:
            column[:] = 1
    assert bits(asked.requirements(book)) == expected


def test_the_two_snapshots_differ_in_what_has_a_reason() -> None:
    """Else nothing above would be shown."""
    book, asked = fresh("okx"), prepared("okx")
    first, second = (p.requirements(book).parts.reason != 0 for p in asked)
    assert (second & ~first).any()
    assert first.any()
