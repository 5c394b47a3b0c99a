"""What a margin run under a parameter set returns: requirements of every account, as a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.table import Table
from plimsoll.journeys.margin_units import (
    MarginStatus,
    accounts_of,
    unit_columns,
    unit_reasons,
    unit_rows,
    unit_status,
)

__all__ = ["MarginResult", "MarginStatus"]


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
        of = self.requirements
        return accounts_of(of, np.flatnonzero(of.under_maintenance))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Accounts with a unit that has no number, in the book's order."""
        return accounts_of(self.requirements, np.flatnonzero(self.requirements.unknown))

    def status(self) -> tuple[MarginStatus, ...]:
        """Return how each margin unit of ``requirements`` stands."""
        return unit_status(self.requirements)

    def table(self) -> Table:
        """Every margin unit that holds a position or collateral, account by account."""
        of = self.requirements
        status, reasons = self.status(), unit_reasons(of)
        return Table(
            name="margin",
            title=f"Margin of {len(of.book):,} account{'' if len(of.book) == 1 else 's'}",
            columns=unit_columns(of.numeraire),
            rows=tuple(unit_rows(of, status, reasons)),
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

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __str__(self) -> str:
        return str(self.table())
