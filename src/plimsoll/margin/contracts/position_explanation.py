"""Explanation of margin units whose positions are margined one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import Contribution, ExplainedTerm, UnitExplanation
from plimsoll.domain.requirement import RequirementTerm, total_of
from plimsoll.margin.units.stated_units import unit_name

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

POSITIONS = "positions"
"""Name of the term that is the sum over positions."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PositionExplainer:
    """Unfolds units into terms and positions; see `UnitExplainer`.

    Parameters
    ----------
    book : Book
    numeraire : str
    terms : tuple of RequirementTerm
    unit_of_position : (P,) int64
    account, position : (U,) int64
        Of each unit, as in `Requirements`.
    equity : (U,) float64
    maintenance : (P,) float64
        Of each position; they add up to the maintenance of the term `POSITIONS`.
    notes : tuple of str
        Assumptions, and the accuracy of a preset.
    """

    book: Book
    numeraire: str
    terms: tuple[RequirementTerm, ...]
    unit_of_position: IntArray
    account: IntArray
    position: IntArray
    equity: FloatArray
    maintenance: FloatArray
    notes: tuple[str, ...] = ()

    def explanation(self, unit: int) -> UnitExplanation:
        """Return terms, and what each position adds to maintenance margin."""
        initial, maintenance = total_of(self.terms, self.equity.size)
        held = np.flatnonzero(self.unit_of_position == unit)
        largest = held[np.argmax(self.maintenance[held])] if held.size else -1
        return UnitExplanation(
            account=self.book.accounts[int(self.account[unit])],
            unit=unit_name(self.book, int(self.position[unit])),
            numeraire=self.numeraire,
            initial=float(initial[unit]),
            maintenance=float(maintenance[unit]),
            equity=float(self.equity[unit]),
            terms=tuple(
                ExplainedTerm(
                    name=term.name,
                    title=term.title,
                    initial=float(term.initial[unit]),
                    maintenance=float(term.maintenance[unit]),
                )
                for term in self.terms
            ),
            contributions=tuple(self._contribution(int(p)) for p in held),
            binding="" if largest < 0 else f"largest part: {self._market(int(largest))}",
            notes=self.notes,
        )

    def _contribution(self, row: int) -> Contribution:
        share = float(self.maintenance[row])
        return Contribution(
            market=self._market(row),
            quantity=float(self.book.quantity[row]),
            value=0.0,
            standalone=share,
            contribution=share,
            of=POSITIONS,
        )

    def _market(self, row: int) -> str:
        return self.book.markets[int(self.book.market[row])]
