"""What a margin run returns: requirements of every account, shown as a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from plimsoll.domain.book import IntArray
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.table import Cell, Column, ColumnKind, Table


class MarginStatus(StrEnum):
    """How a margin unit stands."""

    HOLDS = "holds"
    UNDER_INITIAL = "under initial"  # no new risk may be taken
    UNDER_MAINTENANCE = "under maintenance"  # to be liquidated
    UNKNOWN = "unknown"  # a position of it has a reason instead of a number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginResult:
    """Margin of every account; shows itself as a table, one row per margin unit.

    A margin unit is what is liquidated as one: an account's cross pool, or an isolated position.

    Parameters
    ----------
    requirements : Requirements
        The columns behind the table.
    parameters : ParameterSet
    notes : tuple of str
        What was taken for granted.
    """

    requirements: Requirements
    parameters: ParameterSet
    notes: tuple[str, ...] = ()

    @property
    def under_maintenance(self) -> tuple[str, ...]:
        """Accounts with a unit under its maintenance margin, in the book's order."""
        return self._accounts(np.flatnonzero(self.requirements.under_maintenance))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Accounts with a unit that has no number, in the book's order."""
        return self._accounts(np.flatnonzero(self.requirements.unknown))

    def status(self) -> tuple[MarginStatus, ...]:
        """Return how each margin unit of ``requirements`` stands."""
        of = self.requirements
        columns = zip(
            of.unknown.tolist(),
            of.under_maintenance.tolist(),
            of.under_initial.tolist(),
            strict=True,
        )
        return tuple(_status(*flags) for flags in columns)

    def table(self) -> Table:
        """Every margin unit that holds a position or collateral, account by account."""
        of = self.requirements
        unit = of.numeraire
        status, reasons = self.status(), self._reasons()
        return Table(
            name="margin",
            title=f"Margin of {len(of.book):,} account{'' if len(of.book) == 1 else 's'}",
            columns=(
                Column(name="account", title="Account"),
                Column(name="unit", title="Margin unit"),
                _money("initial", "Initial margin", unit),
                _money("maintenance", "Maintenance margin", unit),
                _money("equity", "Equity", unit),
                _money("excess", "Excess over maintenance", unit),
                Column(name="status", title="Status"),
                Column(name="reason", title="Reason"),
            ),
            rows=tuple(
                self._row(u, status[u].value, reasons.get(u, "")) for u in self._shown().tolist()
            ),
            notes=self.notes,
        )

    def explain(self, account: str) -> Table:
        """Unfold one account to its positions, rates, tiers and deductions.

        Raises
        ------
        UsageError
            For an account the book does not have.
        """
        return self.requirements.explain(account)

    def _shown(self) -> IntArray:
        """Units in order of account, without cross pools that hold nothing."""
        of = self.requirements
        empty = np.ones(len(of), dtype=np.bool_)
        empty[of.parts.unit] = False
        empty[: len(of.book)] &= (of.book.collateral == 0.0).all(axis=1)
        alone = np.bincount(of.account, minlength=len(of.book)) == 1  # an account keeps a row
        shown = np.flatnonzero(~empty | alone[of.account])
        return shown[np.argsort(of.account[shown], kind="stable")].astype(np.int64)

    def _row(self, unit: int, status: str, reason: str) -> tuple[Cell, ...]:
        of, position = self.requirements, int(self.requirements.position[unit])
        book = of.book
        name = "cross" if position < 0 else f"isolated {book.markets[int(book.market[position])]}"
        amounts = (of.initial, of.maintenance, of.equity, of.maintenance_excess)
        return (
            book.accounts[int(of.account[unit])],
            name,
            *(float(column[unit]) for column in amounts),
            status,
            reason,
        )

    def _reasons(self) -> dict[int, str]:
        """Why units have no number, with the market."""
        parts, book = self.requirements.parts, self.requirements.book
        out: dict[int, list[str]] = {}
        for p in np.flatnonzero(parts.reason).tolist():
            market = book.markets[int(book.market[p])]
            text = f"{market}: {MarginReason(int(parts.reason[p])).text}"
            out.setdefault(int(parts.unit[p]), []).append(text)
        return {unit: "; ".join(texts) for unit, texts in out.items()}

    def _accounts(self, units: IntArray) -> tuple[str, ...]:
        rows = np.unique(self.requirements.account[units]).tolist()
        return tuple(self.requirements.book.accounts[row] for row in rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __str__(self) -> str:
        return str(self.table())


def _status(unknown: bool, under_maintenance: bool, under_initial: bool) -> MarginStatus:
    if unknown:
        return MarginStatus.UNKNOWN
    if under_maintenance:
        return MarginStatus.UNDER_MAINTENANCE
    return MarginStatus.UNDER_INITIAL if under_initial else MarginStatus.HOLDS


def _money(name: str, title: str, unit: str) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.MONEY, unit=unit)
