"""Requirements from the terms of a portfolio model: reasons carried through, totals to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import (
    PositionParts,
    Requirements,
    RequirementTerm,
    Term,
    UnitExplainer,
    total_of,
)
from plimsoll.domain.table import Column, ColumnKind
from plimsoll.margin.units.cells import UnitLayout
from plimsoll.margin.units.market_rows import BookValues, MarketRows, unit_sums
from plimsoll.maths.stretch_sums import stretch_sums

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarkedPositions:
    """Quantity, entry and mark of each position: what every portfolio model can say of it."""

    book: Book
    rows: MarketRows

    def terms(self, positions: IntArray) -> tuple[Term, ...]:
        """Return one term per column, valued at the given rows of the book."""
        row = self.rows.rows_of(self.book)[self.book.market[positions]]
        columns = {
            ("quantity", "Contracts"): self.book.quantity[positions],
            ("entry_price", "Entry"): self.book.entry_price[positions],
            ("mark", "Mark"): self.rows.mark[row],
        }
        return tuple(
            Term(
                column=Column(name=name, title=title, kind=ColumnKind.NUMBER, digits=4),
                values=tuple(values.tolist()),
            )
            for (name, title), values in columns.items()
        )


def lacking(layout: UnitLayout, values: BookValues) -> BoolArray:
    """(U,) units without a number: one of their positions, or their collateral, has a reason."""
    found: BoolArray = values.unit_reason != 0
    found[layout.unit_of_position[values.reason != 0]] = True
    return found


def _without(bad: BoolArray, term: RequirementTerm) -> RequirementTerm:
    return replace(
        term,
        initial=np.where(bad, np.nan, term.initial),
        maintenance=np.where(bad, np.nan, term.maintenance),
    )


def _unrealised(book: Book, layout: UnitLayout, values: BookValues) -> FloatArray:
    """(U,) sums of positions, in their order; those of an account stand together."""
    if len(layout) > len(book):  # some are isolated
        return unit_sums(layout, values.unrealised)
    return stretch_sums(values.unrealised, book.offsets)


def assemble(
    *,
    book: Book,
    layout: UnitLayout,
    rows: MarketRows,
    values: BookValues,
    terms: Sequence[RequirementTerm],
    numeraire: str,
    binding_scenario: IntArray | None = None,
    scenario_names: tuple[str, ...] = (),
    unit_explainer: UnitExplainer | None = None,
) -> Requirements:
    """Put terms, equity and reasons of a portfolio model together.

    Parameters
    ----------
    terms : sequence of RequirementTerm
        (U,) columns, in the numeraire; what they say of units without a number is overwritten
        by NaN.
    binding_scenario : (U,) int64, optional
    unit_explainer : UnitExplainer, optional

    Returns
    -------
    Requirements
        ``initial`` and ``maintenance`` are the terms' sums from left to right.
    """
    bad = lacking(layout, values)
    kept = tuple(terms) if not bad.any() else tuple(_without(bad, term) for term in terms)
    initial, maintenance = total_of(kept, len(layout))
    initial[bad], maintenance[bad] = np.nan, np.nan
    missing = np.broadcast_to(np.nan, book.market.size)
    return Requirements(
        book=book,
        numeraire=numeraire,
        initial=initial,
        maintenance=maintenance,
        unrealised=_unrealised(book, layout, values),
        collateral=values.collateral,
        account=layout.account,
        position=layout.position,
        parts=PositionParts(
            unit=layout.unit_of_position,
            initial=missing,
            maintenance=missing,
            unrealised=values.unrealised,
            reason=values.reason,
        ),
        explainer=MarkedPositions(book=book, rows=rows),
        terms=kept,
        binding_scenario=binding_scenario,
        scenario_names=scenario_names,
        unit_reason=values.unit_reason,
        unit_explainer=unit_explainer,
    )
