"""Requirements: what a margin model answers, in columns, with parts that add up exactly.

The rows are *margin units*: what is liquidated as one. First stand the cross pools, one per
account and in the book's order, then one unit per isolated position in the order of positions.
So for a book without isolated positions, rows are accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import UnitExplanation
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One column that explains positions: what it is, and its value per asked row."""

    column: Column
    values: tuple[Cell, ...]


class TermSource(Protocol):
    """What a margin model can say about single positions."""

    def terms(self, positions: IntArray) -> tuple[Term, ...]:
        """Return the model's terms for the given rows of the book."""
        ...


class UnitExplainer(Protocol):
    """What a scenario model can say about one margin unit; positive quantities in numeraire."""

    def explanation(self, unit: int) -> UnitExplanation:
        """Unfold one margin unit: terms, losses by scenario, contributions, what binds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RequirementTerm:
    """One additive part of the requirement of every unit, in the numeraire.

    Parameters
    ----------
    name : str
        Identifier, e.g. ``scenario_loss``.
    title : str
        For tables.
    initial, maintenance : (U,) float64
        Signed: a credit is negative. NaN where the unit has a reason.
    """

    name: str
    title: str
    initial: FloatArray
    maintenance: FloatArray


def total_of(terms: Sequence[RequirementTerm], units: int) -> tuple[FloatArray, FloatArray]:
    """Add terms from left to right, starting at 0: initial and maintenance margin (U,)."""
    initial, maintenance = np.zeros(units), np.zeros(units)
    for term in terms:
        initial += term.initial
        maintenance += term.maintenance
    return initial, maintenance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PositionParts:
    """(P,) parts of each position, in the numeraire; NaN where a reason stands.

    Models that margin positions together have no requirement of a single position: their
    ``initial`` and ``maintenance`` are NaN here, and their requirement stands in
    ``Requirements.terms``.

    Parameters
    ----------
    unit : (P,) int64
        Margin unit to which the position belongs.
    initial, maintenance, unrealised : (P,) float64
    reason : (P,) int64
        `MarginReason` codes.
    """

    unit: IntArray
    initial: FloatArray
    maintenance: FloatArray
    unrealised: FloatArray
    reason: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Requirements:
    """Margin of every unit, in ``numeraire``.

    ``initial[u]``, ``maintenance[u]`` and ``unrealised[u]`` are the sums of the unit's parts,
    added from left to right in the order of positions in the book, starting from 0; equity is
    ``collateral[u] + unrealised[u]``. So totals equal their parts to the last bit.

    Parameters
    ----------
    book : Book
    numeraire : str
    initial, maintenance, unrealised, collateral : (U,) float64
        ``initial`` and ``maintenance`` are NaN, both, exactly where a position of the unit has a
        reason (``parts.reason``) or the unit itself (``unit_reason``: collateral, orders).
    account : (U,) int64
        Account of each unit.
    position : (U,) int64
        Row of the isolated position, -1 for a cross pool.
    parts : PositionParts
    explainer : TermSource
    terms : tuple of RequirementTerm
        Additive parts by unit; ``initial`` and ``maintenance`` are `total_of` them, to the last
        bit. Empty for models whose parts are positions.
    binding_scenario : (U,) int64 or None
        Index of the scenario that sets the requirement, into ``scenario_names``; -1 where another
        term does. None for models without scenarios.
    scenario_names : tuple of str
    unit_reason : (U,) int64 or None
        `MarginReason` codes of units that lack a number though each position has one (a currency
        of the collateral without price, an order in an unknown market); None: there is none.
    unit_explainer : UnitExplainer or None
        Unfolds units of scenario models.
    """

    book: Book
    numeraire: str
    initial: FloatArray
    maintenance: FloatArray
    unrealised: FloatArray
    collateral: FloatArray
    account: IntArray
    position: IntArray
    parts: PositionParts
    explainer: TermSource
    terms: tuple[RequirementTerm, ...] = ()
    binding_scenario: IntArray | None = None
    scenario_names: tuple[str, ...] = ()
    unit_reason: IntArray | None = None
    unit_explainer: UnitExplainer | None = None

    def __len__(self) -> int:
        return int(self.initial.size)

    @property
    def equity(self) -> FloatArray:
        """(U,) collateral plus unrealised profit."""
        return self.collateral + self.unrealised

    @property
    def initial_excess(self) -> FloatArray:
        """(U,) equity less initial margin; negative: no new risk may be taken."""
        return self.equity - self.initial

    @property
    def maintenance_excess(self) -> FloatArray:
        """(U,) equity less maintenance margin; negative: to be liquidated."""
        return self.equity - self.maintenance

    @property
    def unknown(self) -> BoolArray:
        """(U,) units without a number: a position has a reason, or the unit itself."""
        return np.isnan(self.maintenance) | np.isnan(self.initial) | np.isnan(self.equity)

    @property
    def under_initial(self) -> BoolArray:
        """(U,) equity below initial margin; False where unknown."""
        return self.initial_excess < 0.0

    @property
    def under_maintenance(self) -> BoolArray:
        """(U,) equity below maintenance margin; False where unknown."""
        return self.maintenance_excess < 0.0

    def units_of(self, account: str) -> IntArray:
        """Return the units of one account: its cross pool, then its isolated positions."""
        return np.flatnonzero(self.account == self.book.row(account))

    def explain(self, account: str) -> Table:
        """Unfold one account to instruments and terms, with the totals of its units.

        Raises
        ------
        UsageError
            For an account the book does not have.
        """
        row = self.book.row(account)
        first, last = int(self.book.offsets[row]), int(self.book.offsets[row + 1])
        positions = np.arange(first, last, dtype=np.int64)
        terms = self.explainer.terms(positions)
        rows = [
            *self._position_rows(positions, terms),
            *self._unit_rows(self.units_of(account), len(terms)),
        ]
        return Table(
            name="margin_explained",
            title=f"Margin of {account}",
            columns=(*_lead(), *(t.column for t in terms), *_amounts(self.numeraire)),
            rows=tuple(rows),
            notes=_NOTES,
        )

    def explanations(self, account: str) -> tuple[UnitExplanation, ...]:
        """Unfold the units of one account to terms, scenarios and contributions.

        Raises
        ------
        UsageError
            For an account the book does not have, and for a model that explains by position
            only (`explain`).
        """
        if self.unit_explainer is None:
            raise UsageError(
                "must be a model that explains margin units",
                found="one that explains positions",
                field="requirements",
                remedy="call explain(account)",
            )
        told = ((u, self.unit_explainer.explanation(u)) for u in self.units_of(account).tolist())
        return tuple(_with_reasons(one, self.reasons_of(u)) for u, one in told)

    def reasons_of(self, unit: int) -> tuple[str, ...]:
        """Say why a unit has no number: of each position with its market, then of the unit."""
        if not self.unknown[unit]:
            return ()
        reason, book = self.parts.reason, self.book
        faulty = np.flatnonzero((self.parts.unit == unit) & (reason != 0)).tolist()
        found = [
            f"{book.markets[int(book.market[p])]}: {MarginReason(int(reason[p])).text}"
            for p in faulty
        ]
        own = self._unit_reason_text(unit)
        return (*found, *([own] if own else []))

    def _position_rows(
        self, positions: IntArray, terms: tuple[Term, ...]
    ) -> list[tuple[Cell, ...]]:
        parts, rows = self.parts, list[tuple[Cell, ...]]()
        for index, p in enumerate(positions.tolist()):
            lead = (
                self._unit_name(int(parts.unit[p])),
                self.book.markets[int(self.book.market[p])],
            )
            amounts = (None, *(float(c[p]) for c in _part_columns(parts)), None, None)
            reason = MarginReason(int(parts.reason[p])).text
            rows.append((*lead, *(t.values[index] for t in terms), *amounts, reason))
        return rows

    def _unit_rows(self, units: IntArray, blanks: int) -> list[tuple[Cell, ...]]:
        columns = (
            self.collateral,
            self.unrealised,
            self.initial,
            self.maintenance,
            self.equity,
            self.maintenance_excess,
        )
        rows = list[tuple[Cell, ...]]()
        for u in units.tolist():
            amounts = tuple(float(column[u]) for column in columns)
            head = (self._unit_name(u), "total")
            rows.append((*head, *([None] * blanks), *amounts, self._unit_reason_text(u)))
        return rows

    def _unit_reason_text(self, unit: int) -> str:
        """Why a unit has no number though its positions have; those say their own reasons."""
        return "" if self.unit_reason is None else MarginReason(int(self.unit_reason[unit])).text

    def _unit_name(self, unit: int) -> str:
        p = int(self.position[unit])
        return "cross" if p < 0 else f"isolated {self.book.markets[int(self.book.market[p])]}"


_NOTES = (
    "Losses and requirements are positive, profit is signed.",
    "A position with a reason has no number, and neither has its unit, nor has one whose "
    "collateral or orders have a reason.",
)


def _part_columns(parts: PositionParts) -> tuple[FloatArray, FloatArray, FloatArray]:
    return parts.unrealised, parts.initial, parts.maintenance


def _lead() -> tuple[Column, ...]:
    return (Column(name="unit", title="Unit"), Column(name="market", title="Market"))


def _amounts(numeraire: str) -> tuple[Column, ...]:
    titles = {
        "collateral": "Collateral",
        "unrealised": "Unrealised profit",
        "initial": "Initial margin",
        "maintenance": "Maintenance margin",
        "equity": "Equity",
        "maintenance_excess": "Excess over maintenance",
    }
    money = tuple(
        Column(name=name, title=title, kind=ColumnKind.MONEY, unit=numeraire)
        for name, title in titles.items()
    )
    return (*money, Column(name="reason", title="Reason"))


def _with_reasons(told: UnitExplanation, reasons: tuple[str, ...]) -> UnitExplanation:
    """Say reasons, and then nothing of what positions add or what binds."""
    if not reasons:
        return told
    return replace(
        told,
        reasons=reasons,
        contributions=(),
        unspread=(),
        scenarios=(),
        changes=(),
        details=None,
        binding="",
        would_change="",
    )


def account_totals(requirements: Requirements, values: FloatArray) -> FloatArray:
    """Add a (U,) column over the units of each account: its cross pool and isolated positions.

    Raises
    ------
    UsageError
        Where ``values`` has not one entry per unit.
    """
    if values.shape != (len(requirements),):
        raise UsageError(
            f"must have one value per unit ({len(requirements)})",
            found=values.shape,
            field="values",
        )
    return np.bincount(
        requirements.account, weights=values, minlength=len(requirements.book)
    ).astype(np.float64)
