"""How a margined book stands: health, liquidation prices, calls and plans, each on demand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from plimsoll.domain.ports import Progress
from plimsoll.domain.table import Table
from plimsoll.errors import UsageError
from plimsoll.journeys.coin_volatility import CoinVolatility
from plimsoll.journeys.margin_call_list import ListedCall, call_table, listed_calls
from plimsoll.journeys.margin_health import UnitHealth, health_table, unit_health
from plimsoll.journeys.margin_liquidation import LiquidationLine, liquidation_lines
from plimsoll.journeys.margin_liquidation_table import liquidation_table
from plimsoll.journeys.margin_plan import UnitPlan, plan_table, unit_plans
from plimsoll.journeys.margined_book import MarginedBook
from plimsoll.margin.liquidation import ClosingCosts, LiquidationRule

T = TypeVar("T")

DAY_HOURS = 24.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Listing(Generic[T]):
    """Rows with the tables that show them.

    Parameters
    ----------
    rows : tuple
        What was found, in full precision.
    tables : tuple of Table
    """

    rows: tuple[T, ...]
    tables: tuple[Table, ...]

    def table(self) -> Table:
        """Return the only table, or the first."""
        return self.tables[0]

    def tables_of(self, account: str) -> tuple[Table, ...]:
        """Return the tables with the rows of one account; those without a row are left out."""
        found = []
        for place, table in enumerate(self.tables):
            if table.columns[0].name != "account":  # one table per row
                own = getattr(self.rows[place], "account", None) == account
                found += [table] if own else []
                continue
            kept = tuple(row for row in table.rows if row[0] == account)
            found += [replace(table, rows=kept)] if kept else []
        return tuple(found)

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> T:
        return self.rows[place]

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in self.tables)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self.tables)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """A margined book, asked how it stands.

    Parameters
    ----------
    books : tuple of MarginedBook
        One per currency of account.
    accounts : tuple of str
        In the order of the book.
    notes : tuple of str
        Accuracy and source, which stand under every table.
    label : str
        Whose rules and how exact, in the title of every table.
    """

    books: tuple[MarginedBook, ...]
    accounts: tuple[str, ...]
    notes: tuple[str, ...] = ()
    label: str = ""

    def health(self) -> Listing[UnitHealth]:
        """Return how each margin unit stands; what it is called for stands in the table."""
        rows = self._in_order(unit_health(self.books))
        short = {
            (c.call.account, c.call.unit, c.currency): c.call.shortfall for c in self._bare_calls()
        }
        return Listing(rows=rows, tables=(self._noted(health_table(rows, short)),))

    def liquidation(
        self,
        account: str | None = None,
        *,
        fee_rate: float = 0.0,
        funding_payments: float = 0.0,
        volatility: Mapping[str, float] | None = None,
        horizon_hours: float = DAY_HOURS,
        progress: Progress | None = None,
    ) -> Listing[LiquidationLine]:
        """Return the prices at which units are liquidated, by market and by coin.

        Raises
        ------
        UsageError
            For an account the book does not have, a rate, volatility or horizon that cannot be.
        """
        costs = ClosingCosts(fee_rate=fee_rate, funding_payments=funding_payments)
        known = {**self._volatilities(), **_stated(volatility or {})}
        rows = liquidation_lines(
            self.books,
            costs=costs,
            volatilities=known,
            horizon_hours=horizon_hours,
            account=None if account is None else self._known(account),
            progress=progress,
        )
        ordered = self._in_order(rows)
        table = liquidation_table(
            ordered, costs=costs, volatilities=known, horizon_hours=horizon_hours
        )
        return Listing(rows=ordered, tables=(self._noted(table),))

    def calls(self, *, rule: LiquidationRule | None = None) -> Listing[ListedCall]:
        """Return the margin calls, worst state first, with what would cure each."""
        rows = listed_calls(self.books, rule)
        return Listing(rows=rows, tables=(self._noted(call_table(rows)),))

    def plan(self, account: str, *, rule: LiquidationRule | None = None) -> Listing[UnitPlan]:
        """Return the partial liquidation of an account, one plan per margin unit.

        Raises
        ------
        UsageError
            For an account the book does not have.
        """
        rows = unit_plans(self.books, self._known(account), rule)
        if not rows:
            raise UsageError(
                "must hold a position", found="none", field=f"account {account}",
                remedy="there is nothing to close",
            )  # fmt: skip
        return Listing(rows=rows, tables=tuple(self._noted(plan_table(row)) for row in rows))

    def _bare_calls(self) -> tuple[ListedCall, ...]:
        return listed_calls(self.books, None, cures=False)

    def _known(self, account: str) -> str:
        if account in self.accounts:
            return account
        raise UsageError(
            "must be one of the book's accounts",
            found=account,
            field="account",
            remedy=f"these are {', '.join(self.accounts[:12])}",
        )

    def _volatilities(self) -> dict[str, CoinVolatility]:
        return {coin: vol for book in self.books for coin, vol in book.volatilities.items()}

    def _in_order(self, rows: tuple[T, ...]) -> tuple[T, ...]:
        place = {name: k for k, name in enumerate(self.accounts)}
        return tuple(sorted(rows, key=lambda row: place[row.account]))  # type: ignore[attr-defined]

    def _noted(self, table: Table) -> Table:
        title = f"{table.title} ({self.label})" if self.label else table.title
        return replace(table, title=title, notes=(*table.notes, *self.notes))


def _stated(volatility: Mapping[str, float]) -> dict[str, CoinVolatility]:
    for coin, vol in volatility.items():
        if not (isinstance(vol, int | float) and math.isfinite(vol) and vol > 0.0):
            raise UsageError(
                "must be a positive yearly volatility, as a fraction",
                found=vol,
                field=f"volatility of {coin}",
                remedy="0.6 is 60 %",
            )
    return {c: CoinVolatility(annual=float(v), source="as stated") for c, v in volatility.items()}
