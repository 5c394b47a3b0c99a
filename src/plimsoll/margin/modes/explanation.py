"""Explanations by mode: each unit and each position is explained by the model that margins it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import ExplainedTerm, UnitExplanation
from plimsoll.domain.requirement import Requirements, Term, TermSource
from plimsoll.domain.table import Cell, Column
from plimsoll.margin.modes.books import ModeBook

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModeExplainer:
    """Unfolds units by the model of their mode.

    Parameters
    ----------
    margins : tuple of Requirements
        One a part.
    which, local : (U,) int64
        Part of each unit, and its unit there.
    """

    margins: tuple[Requirements, ...]
    which: IntArray
    local: IntArray

    def explanation(self, unit: int) -> UnitExplanation:
        """Return what the unit's own model says of it; names of terms are the model's own."""
        margin, local = self.margins[int(self.which[unit])], int(self.local[unit])
        if margin.unit_explainer is not None:
            return margin.unit_explainer.explanation(local)
        return _totals(margin, local)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModeTerms:
    """Explains positions by the model of their mode: a column of another mode is empty.

    Parameters
    ----------
    modes : tuple of str
    sources : tuple of TermSource
    which, local : (P,) int64
        Part of each position, and its row there.
    """

    modes: tuple[str, ...]
    sources: tuple[TermSource, ...]
    which: IntArray
    local: IntArray

    @classmethod
    def of(cls, book: Book, parts: Sequence[tuple[ModeBook, TermSource]]) -> ModeTerms:
        """Look up where each position of ``book`` went."""
        which = np.zeros(book.market.size, dtype=np.int64)
        local = np.zeros(book.market.size, dtype=np.int64)
        for row, (part, _) in enumerate(parts):
            which[part.position] = row
            local[part.position] = np.arange(part.position.size)
        return cls(
            modes=tuple(str(part.mode) for part, _ in parts),
            sources=tuple(source for _, source in parts),
            which=which,
            local=local,
        )

    def terms(self, positions: IntArray) -> tuple[Term, ...]:
        """Return the columns of all models concerned; one that several share stands once."""
        columns: dict[str, Column] = {}
        cells: dict[str, list[Cell]] = {}
        for row, (mode, source) in enumerate(zip(self.modes, self.sources, strict=True)):
            asked = np.flatnonzero(self.which[positions] == row)
            if not asked.size:
                continue
            for term in source.terms(self.local[positions[asked]]):
                column = _own_column(term.column, mode, columns)
                columns[column.name] = column
                values = cells.setdefault(column.name, [None] * positions.size)
                for place, value in zip(asked.tolist(), term.values, strict=True):
                    values[place] = value
        return tuple(Term(column=c, values=tuple(cells[name])) for name, c in columns.items())


def _own_column(column: Column, mode: str, known: dict[str, Column]) -> Column:
    """The column itself, or under the mode's name where another one has its name already."""
    if known.get(column.name, column) == column:
        return column
    return replace(
        column, name=f"{mode}_{column.name}", title=f"{mode.capitalize()}: {column.title}"
    )


def _totals(margin: Requirements, unit: int) -> UnitExplanation:
    """What can be said of a model that does not explain units."""
    book, row = margin.book, int(margin.position[unit])
    return UnitExplanation(
        account=book.accounts[int(margin.account[unit])],
        unit="cross" if row < 0 else f"isolated {book.markets[int(book.market[row])]}",
        numeraire=margin.numeraire,
        initial=float(margin.initial[unit]),
        maintenance=float(margin.maintenance[unit]),
        equity=float(margin.equity[unit]),
        terms=tuple(
            ExplainedTerm(
                name=term.name,
                title=term.title,
                initial=float(term.initial[unit]),
                maintenance=float(term.maintenance[unit]),
            )
            for term in margin.terms
        ),
    )
