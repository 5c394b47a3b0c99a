"""How each margin unit of a book stands: ratio of maintenance to equity, excess, state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.margin_units import digits_of, money, unit_reasons
from plimsoll.journeys.margined_book import MarginedBook
from plimsoll.margin.calls.health import HealthState, health

STATE_WORDS = {
    HealthState.UNKNOWN: "unknown",
    HealthState.HEALTHY: "healthy",
    HealthState.UNDER_INITIAL: "under initial",
    HealthState.UNDER_MAINTENANCE: "under maintenance",
    HealthState.BANKRUPT: "bankrupt",
}
NOT_JUDGED = "no collateral stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitHealth:
    """One margin unit.

    Parameters
    ----------
    account, unit, currency : str
    equity, initial, maintenance, excess : float
        Excess is equity less maintenance.
    ratio : float
        Maintenance over equity: liquidation at 1.
    state : HealthState or None
        None: no collateral was stated, so that nothing is judged; equity, excess and ratio are NaN.
    reason : str
        Why there is no number.
    """

    account: str
    unit: str
    currency: str
    equity: float
    initial: float
    maintenance: float
    excess: float
    ratio: float
    state: HealthState | None
    reason: str = ""

    @property
    def words(self) -> str:
        """The state in words."""
        return NOT_JUDGED if self.state is None else STATE_WORDS[self.state]


def unit_health(books: Iterable[MarginedBook]) -> tuple[UnitHealth, ...]:
    """Return the health of every unit that holds something."""
    return tuple(row for book in books for row in _rows(book))


def _rows(book: MarginedBook) -> Iterable[UnitHealth]:
    of, found, reasons = (
        book.requirements,
        health(book.requirements),
        unit_reasons(book.requirements),
    )
    for unit in book.units:
        state, reason = HealthState(int(found.state[unit])), reasons.get(unit, "")
        judged = book.is_judged(unit) or state is HealthState.UNKNOWN
        yield UnitHealth(
            account=book.account_of(unit),
            unit=book.name_of(unit),
            currency=book.currency,
            equity=float(of.equity[unit]) if book.is_judged(unit) else math.nan,
            initial=float(of.initial[unit]),
            maintenance=float(of.maintenance[unit]),
            excess=float(found.excess[unit]) if judged else math.nan,
            ratio=float(found.ratio[unit]) if judged else math.nan,
            state=state if judged else None,
            reason=reason,
        )


def health_table(rows: Sequence[UnitHealth], calls: dict[tuple[str, str, str], float]) -> Table:
    """Return one row per unit with the amount it is called for.

    Parameters
    ----------
    rows : sequence of UnitHealth
    calls : mapping of (account, unit, currency) to float
        Shortfalls.
    """
    currency, digits = shared_currency(r.currency for r in rows)
    return Table(
        name="health",
        title="Health",
        columns=(
            Column(name="account", title="Account"),
            *currency_column(currency),
            Column(name="unit", title="Margin unit"),
            money("equity", "Equity", currency, digits),
            money("initial", "Initial", currency, digits),
            money("maintenance", "Maintenance", currency, digits),
            money("excess", "Excess", currency, digits),
            Column(name="ratio", title="Maintenance / equity", kind=ColumnKind.FRACTION, digits=1),
            Column(name="state", title="State"),
            money("call", "Margin call", currency, digits),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(_cells(row, currency, calls) for row in rows),
        notes=("Excess is equity less maintenance; liquidation begins at 100 % of equity.",),
    )


def _cells(
    row: UnitHealth, currency: str, calls: dict[tuple[str, str, str], float]
) -> tuple[Cell, ...]:
    return (
        row.account,
        *(() if currency else (row.currency,)),
        row.unit,
        row.equity,
        row.initial,
        row.maintenance,
        row.excess,
        row.ratio,
        row.words,
        calls.get((row.account, row.unit, row.currency), math.nan),
        row.reason,
    )


def shared_currency(currencies: Iterable[str]) -> tuple[str, int]:
    """Return the only currency of rows, else nothing, and the decimals to print."""
    found = dict.fromkeys(currencies)
    if len(found) != 1:
        return "", 6
    only = next(iter(found))
    return only, digits_of(only)


def currency_column(currency: str) -> tuple[Column, ...]:
    """Return a column for the currency where rows have several."""
    return () if currency else (Column(name="currency", title="Currency"),)
