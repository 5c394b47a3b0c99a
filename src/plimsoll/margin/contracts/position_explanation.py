"""Explanation of margin units whose positions are margined one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import (
    BindingChange,
    Contribution,
    ExplainedTerm,
    UnitExplanation,
)
from plimsoll.domain.requirement import RequirementTerm, TermSource, total_of
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.margin.units.stated_units import unit_name

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NextTiers = Callable[[IntArray], tuple[BindingChange, ...]]
"""Of rows of the book, where the next tier of each begins."""

POSITIONS = "positions"
"""Name of the term that is the sum over positions."""
ABOUT = {
    POSITIONS: "every position by its own size; the table of positions has the rates",
    "open_orders": "what the worst of fills adds",
    "open_loss": "what fills lose at once, at their limits",
    "collateral_weights": "value of the collateral beyond what it counts",
    "uncounted_profit": "unrealised profit that is not counted",
    "funding": "funding owed; what is due is not counted",
}
_SMOOTH = "no tier and no scenario binds: each position is asked by its own size"
_MOST = 6
"""Positions named in one line."""


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
    initial, maintenance : (P,) float64
        Of each position; they add up to the term `POSITIONS`.
    source : TermSource
        What each position is margined by: notional, tier, rates, deduction.
    next_tiers : callable or None
        None for models without tiers.
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
    initial: FloatArray
    maintenance: FloatArray
    source: TermSource
    next_tiers: NextTiers | None = None
    notes: tuple[str, ...] = ()

    def explanation(self, unit: int) -> UnitExplanation:
        """Return terms, what each position adds to them, and the tiers it stands in."""
        initial, maintenance = total_of(self.terms, self.equity.size)
        held = np.flatnonzero(self.unit_of_position == unit)
        changes = () if self.next_tiers is None else self.next_tiers(held)
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
                    about=ABOUT.get(term.name, ""),
                )
                for term in self.terms
            ),
            contributions=tuple(self._contribution(int(p)) for p in held),
            binding=self._binding(held, changes),
            would_change=_would_change(changes) if changes else _SMOOTH if held.size else "",
            changes=changes,
            details=self._details(held) if held.size else None,
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
            initial=float(self.initial[row]),
            of=POSITIONS,
        )

    def _binding(self, held: IntArray, changes: tuple[BindingChange, ...]) -> str:
        if changes:
            return "; ".join(f"{change.where}: {change.now}" for change in changes[:_MOST]) + (
                f"; and {len(changes) - _MOST} more" if len(changes) > _MOST else ""
            )
        known = held[np.isfinite(self.maintenance[held])]
        if not known.size:
            return ""
        largest = int(known[np.argmax(self.maintenance[known])])
        return f"each position by its own size, {self._market(largest)} the most"

    def _details(self, held: IntArray) -> Table:
        """What each position is margined by; columns that say nothing are left out."""
        columns: list[tuple[Column, tuple[Cell, ...]]] = [
            (Column(name="market", title="Market"), tuple(self._market(int(p)) for p in held))
        ]
        columns += [(term.column, term.values) for term in self.source.terms(held)]
        for name, values in (("initial", self.initial), ("maintenance", self.maintenance)):
            title = f"{name.capitalize()} margin"
            column = Column(name=name, title=title, kind=ColumnKind.MONEY, unit=self.numeraire)
            columns.append((column, tuple(values[held].tolist())))
        shown = [(c, v) for c, v in columns if any(_says(cell) for cell in v)]
        return Table(
            name="margin_by_position",
            title="How each position is margined",
            columns=tuple(column for column, _ in shown),
            rows=tuple(zip(*(values for _, values in shown), strict=True)),
        )

    def _market(self, row: int) -> str:
        return self.book.markets[int(self.book.market[row])]


def _says(cell: Cell) -> bool:
    return cell is not None and cell != "" and cell == cell


def _would_change(changes: tuple[BindingChange, ...]) -> str:
    said = []
    for change in changes[:_MOST]:
        how = [f"{change.contracts:+,.10g} contracts"] if np.isfinite(change.contracts) else []
        if np.isfinite(change.price):
            how.append(f"a mark of {change.price:,.10g}")
        said.append(f"{change.where}: {change.then}" + (f" ({' or '.join(how)})" if how else ""))
    more = len(changes) - _MOST
    return "; ".join(said) + (f"; and {more} more" if more > 0 else "")
