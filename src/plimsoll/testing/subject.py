"""A margin model under examination: prepared once, with what it promises."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.protocol import Prepared
from plimsoll.testing.generated_books import position, sized
from plimsoll.testing.margin_case import MarginCase, RescaledCase, Tolerance, in_half_dollars
from plimsoll.testing.margin_properties import OPTIONAL, MarginProperty
from plimsoll.testing.unit_numbers import UnitKey, UnitNumbers, gross_by_account, unit_numbers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """What every examination takes.

    Parameters
    ----------
    case : MarginCase
    prepared : Prepared
    markets : tuple of str
        Markets the model gives numbers for.
    promises : frozenset of MarginProperty
    rescaled : (Prepared, float) or None
        The model in a currency in which numbers are so many times as large.
    fewer : Prepared or None
        The model with some of its scenarios left out.
    tolerance : Tolerance
    """

    case: MarginCase
    prepared: Prepared
    markets: tuple[str, ...]
    promises: frozenset[MarginProperty]
    rescaled: tuple[Prepared, float] | None
    fewer: Prepared | None
    tolerance: Tolerance

    def numbers(self, book: Book) -> dict[UnitKey, UnitNumbers]:
        """Return the numbers of every unit of ``book``."""
        return unit_numbers(self.prepared.requirements(book))

    def gross(self, found: Requirements) -> dict[str, float]:
        """Return the gross notional of each account, in the numeraire."""
        return gross_by_account(self.case, found.book, found.numeraire)


def subject(
    case: MarginCase,
    *,
    promises: Collection[MarginProperty] = OPTIONAL,
    rescaled: RescaledCase | None = None,
    fewer: MarginCase | None = None,
    tolerance: Tolerance | None = None,
) -> Subject:
    """Prepare a model for examination."""
    prepared = case.prepared()
    other = rescaled or in_half_dollars(case)
    return Subject(
        case=case,
        prepared=prepared,
        markets=margined_markets(case, prepared),
        promises=frozenset(promises),
        rescaled=None if other is None else (other.case.prepared(), other.factor),
        fewer=None if fewer is None else fewer.prepared(),
        tolerance=tolerance or Tolerance(),
    )


def margined_markets(case: MarginCase, prepared: Prepared) -> tuple[str, ...]:
    """Return the instruments of which a position of 1,000 USD has a number."""
    markets = tuple(case.instruments)
    book = Book.from_accounts(
        Account(name=m, positions=(position(case, m, sized(case, m, 1_000.0)),)) for m in markets
    )
    unknown = prepared.requirements(book).unknown
    return tuple(m for m, lacks in zip(markets, unknown.tolist(), strict=True) if not lacks)
