"""What an explanation says of a margin unit whatever the model: terms, totals, equity, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import ExplainedTerm, UnitExplanation
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.errors import UsageError
from plimsoll.margin.units.assembly import lacking
from plimsoll.margin.units.cells import UnitLayout
from plimsoll.margin.units.market_rows import BookValues


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StatedUnits:
    """The margin units of a book with their terms.

    Parameters
    ----------
    book : Book
    layout : UnitLayout
    values : BookValues
    terms : sequence of RequirementTerm
        (U,) columns as handed to `plimsoll.margin.units.assembly.assemble`.
    numeraire : str
    about : tuple of (str, str)
        What each term is, by its name.
    """

    book: Book
    layout: UnitLayout
    values: BookValues
    terms: Sequence[RequirementTerm]
    numeraire: str
    about: tuple[tuple[str, str], ...] = ()

    def stated(self, unit: int) -> UnitExplanation:
        """Return what is known of a unit without its model; reasons are among its notes.

        Raises
        ------
        UsageError
            For a unit the book does not have.
        """
        if not 0 <= unit < len(self.layout):
            raise UsageError(f"must lie in 0 .. {len(self.layout) - 1}", found=unit, field="unit")
        lacks = self.lacks(unit)
        terms = self._terms(unit, lacks)
        return UnitExplanation(
            account=self.book.accounts[int(self.layout.account[unit])],
            unit=unit_name(self.book, int(self.layout.position[unit])),
            numeraire=self.numeraire,
            initial=left_to_right(t.initial for t in terms),
            maintenance=left_to_right(t.maintenance for t in terms),
            equity=float("nan") if lacks else self._equity(unit),
            terms=terms,
            notes=self._reasons(unit),
            reasons=self._reasons(unit),
        )

    def lacks(self, unit: int) -> bool:
        """Whether a unit has a reason instead of a number."""
        return bool(lacking(self.layout, self.values)[unit])

    def positions(self, unit: int) -> list[int]:
        """Rows in the book of a unit's positions."""
        return np.flatnonzero(self.layout.unit_of_position == unit).tolist()

    def _terms(self, unit: int, lacks: bool) -> tuple[ExplainedTerm, ...]:
        about, nan = dict(self.about), float("nan")
        return tuple(
            ExplainedTerm(
                name=term.name,
                title=term.title,
                initial=nan if lacks else float(term.initial[unit]),
                maintenance=nan if lacks else float(term.maintenance[unit]),
                about=about.get(term.name, ""),
            )
            for term in self.terms
        )

    def _equity(self, unit: int) -> float:
        unrealised = left_to_right(self.values.unrealised[self.positions(unit)].tolist())
        return float(self.values.collateral[unit]) + unrealised

    def _reasons(self, unit: int) -> tuple[str, ...]:
        """Say which positions have no number, and what else the unit lacks."""
        found = [
            f"{self.book.markets[int(self.book.market[p])]}: "
            f"{MarginReason(int(self.values.reason[p])).text}"
            for p in self.positions(unit)
            if self.values.reason[p] != 0
        ]
        own = MarginReason(int(self.values.unit_reason[unit]))
        return (*found, *([own.text] if own else []))


def unit_name(book: Book, position: int) -> str:
    """Name a margin unit: ``cross`` for -1, else the market of its isolated position."""
    return "cross" if position < 0 else f"isolated {book.markets[int(book.market[position])]}"


def left_to_right(values: Iterable[float]) -> float:
    """Sum as terms and parts are added everywhere; `sum` compensates since Python 3.12.

    >>> left_to_right([1e16, 1.0, -1e16])
    0.0
    """
    total = 0.0
    for value in values:
        total += value
    return total
