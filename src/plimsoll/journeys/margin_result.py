"""What a margin run under a parameter set returns: requirements of every account, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.table import Table
from plimsoll.errors import UsageError
from plimsoll.journeys.margin_institutions import with_charges
from plimsoll.journeys.margin_reasons import culprit_currencies
from plimsoll.journeys.margin_units import (
    MarginStatus,
    accounts_of,
    unit_columns,
    unit_reasons,
    unit_rows,
    unit_status,
)

if TYPE_CHECKING:
    from plimsoll.journeys.margin_call_list import ListedCall
    from plimsoll.journeys.margin_health import UnitHealth
    from plimsoll.journeys.margin_liquidation import LiquidationLine
    from plimsoll.journeys.margin_plan import UnitPlan
    from plimsoll.journeys.margin_standing import Listing, Standing
    from plimsoll.journeys.margined_book import MarginedBook
    from plimsoll.margin.liquidation import LiquidationRule

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
    margined : MarginedBook or None
        Model and market behind the requirements; None: they were not computed here.
    """

    requirements: Requirements
    parameters: ParameterSet
    notes: tuple[str, ...] = ()
    margined: MarginedBook | None = None

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
        known = self.margined
        subject = None if known is None else culprit_currencies(known.prepared, of)
        status, reasons = self.status(), unit_reasons(of, subject=subject)
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
        of = self.requirements
        return with_charges(of.explain(account), of, account)

    def standing(self) -> Standing:
        """Return what answers for health, liquidation prices, calls and plans.

        Raises
        ------
        UsageError
            Where the requirements stand alone, without their model and market.
        """
        from plimsoll.journeys.margin_standing import Standing

        if self.margined is None:
            raise UsageError("must have model and market", found="none", field="margined")
        accounts = tuple(self.requirements.book.accounts)
        return Standing(books=(self.margined,), accounts=accounts, notes=self.notes)

    def health(self) -> Listing[UnitHealth]:
        """Return how each margin unit stands: maintenance over equity, excess, state, call."""
        return self.standing().health()

    def liquidation(self, account: str | None = None, **options: Any) -> Listing[LiquidationLine]:
        """Return the marks at which units are liquidated; see `PresetMargin.liquidation`."""
        return self.standing().liquidation(account, **options)

    def calls(self) -> Listing[ListedCall]:
        """Return the margin calls with their reasons, and what would cure each."""
        return self.standing().calls()

    def plan(self, account: str, *, rule: LiquidationRule | None = None) -> Listing[UnitPlan]:
        """Return the step-by-step liquidation of an account, one plan per margin unit."""
        return self.standing().plan(account, rule=rule)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __str__(self) -> str:
        return str(self.table())
