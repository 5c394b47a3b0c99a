"""Margin units as rows of a table: amounts, how each stands, why it has no number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import numpy as np

from plimsoll.domain.book import IntArray
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.table import Cell, Column, ColumnKind


class MarginStatus(StrEnum):
    """How a margin unit stands."""

    HOLDS = "holds"
    UNDER_INITIAL = "under initial"  # no new risk may be taken
    UNDER_MAINTENANCE = "under maintenance"  # to be liquidated
    UNKNOWN = "unknown"  # a position of it has a reason instead of a number
    NOT_JUDGED = "no collateral stated"  # a requirement, and nothing to compare it with


def unit_status(of: Requirements, judged: Sequence[bool] | None = None) -> tuple[MarginStatus, ...]:
    """Return how each margin unit stands.

    Parameters
    ----------
    of : Requirements
    judged : sequence of bool, optional
        By account: whether its cross pool is compared with collateral; isolated positions have
        their own.
    """
    asked = np.ones(len(of.book), dtype=np.bool_) if judged is None else np.array(judged)
    judges = asked[of.account] | (of.position >= 0)
    columns = zip(
        of.unknown.tolist(),
        of.under_maintenance.tolist(),
        of.under_initial.tolist(),
        judges.tolist(),
        strict=True,
    )
    return tuple(_status(*flags) for flags in columns)


def shown_units(of: Requirements) -> IntArray:
    """Return units in order of account, without cross pools that hold nothing."""
    empty = np.ones(len(of), dtype=np.bool_)
    empty[of.parts.unit] = False
    empty[: len(of.book)] &= (of.book.collateral == 0.0).all(axis=1)
    alone = np.bincount(of.account, minlength=len(of.book)) == 1  # an account keeps a row
    shown = np.flatnonzero(~empty | alone[of.account])
    return shown[np.argsort(of.account[shown], kind="stable")].astype(np.int64)


def unit_name(of: Requirements, unit: int) -> str:
    """Return ``cross``, or the market of an isolated position."""
    position = int(of.position[unit])
    return "cross" if position < 0 else f"isolated {of.book.markets[int(of.book.market[position])]}"


def unit_rows(
    of: Requirements, status: Sequence[MarginStatus], reasons: Mapping[int, str]
) -> list[tuple[Cell, ...]]:
    """Return the rows of `shown_units`: account, unit, amounts, status, reason.

    Without stated collateral equity and excess have no number.

    Parameters
    ----------
    of : Requirements
    status : sequence of U MarginStatus
    reasons : mapping of unit to str
        `unit_reasons`.
    """
    units = shown_units(of)
    columns = (of.initial, of.maintenance, of.equity, of.maintenance_excess)
    amounts = np.stack([column[units] for column in columns], axis=1)
    own = [status[unit] for unit in units.tolist()]
    amounts[[one is MarginStatus.NOT_JUDGED for one in own], 2:] = np.nan
    names = [of.book.accounts[row] for row in of.account[units].tolist()]
    return [
        (name, unit_name(of, unit), *row, one.value, reasons.get(unit, ""))
        for name, unit, row, one in zip(names, units.tolist(), amounts.tolist(), own, strict=True)
    ]


def unit_columns(currency: str, digits: int = 2) -> tuple[Column, ...]:
    """Return the columns of `unit_rows`; no unit in the headings where ``currency`` is empty."""
    return (
        Column(name="account", title="Account"),
        Column(name="unit", title="Margin unit"),
        money("initial", "Initial margin", currency, digits),
        money("maintenance", "Maintenance margin", currency, digits),
        money("equity", "Equity", currency, digits),
        money("excess", "Excess over maintenance", currency, digits),
        Column(name="status", title="Status"),
        Column(name="reason", title="Reason"),
    )


def unit_reasons(
    of: Requirements,
    hint: Callable[[str, MarginReason], str] | None = None,
    subject: Callable[[int, MarginReason], str] | None = None,
) -> dict[int, str]:
    """Return why units have no number, with the market.

    Parameters
    ----------
    of : Requirements
    hint : callable of market and reason, optional
        What to do about it, in brackets behind; '' for nothing.
    subject : callable of unit and reason, optional
        What the reason of a whole unit speaks of, in front; '' for nothing.
    """
    book, found = of.book, dict[int, list[str]]()
    for p in np.flatnonzero(of.parts.reason).tolist():
        market, reason = book.markets[int(book.market[p])], MarginReason(int(of.parts.reason[p]))
        told = hint(market, reason) if hint else ""
        text = f"{market}: {reason.text}" + (f" ({told})" if told else "")
        found.setdefault(int(of.parts.unit[p]), []).append(text)
    if of.unit_reason is not None:
        for unit in np.flatnonzero(of.unit_reason).tolist():
            reason = MarginReason(int(of.unit_reason[unit]))
            named = subject(unit, reason) if subject else ""
            found.setdefault(unit, []).append((f"{named}: " if named else "") + reason.text)
    return {unit: "; ".join(texts) for unit, texts in found.items()}


def accounts_of(of: Requirements, units: IntArray) -> tuple[str, ...]:
    """Return the accounts of units, each once, in the book's order."""
    return tuple(of.book.accounts[row] for row in np.unique(of.account[units]).tolist())


def money(name: str, title: str, unit: str, digits: int = 2) -> Column:
    """Return a column of amounts."""
    return Column(name=name, title=title, kind=ColumnKind.MONEY, unit=unit, digits=digits)


def digits_of(currency: str) -> int:
    """Return decimals to print: dollars to the cent, coins to a millionth."""
    return 2 if currency.startswith(("USD", "DAI", "FDUSD")) else 6


def _status(
    unknown: bool, under_maintenance: bool, under_initial: bool, judged: bool
) -> MarginStatus:
    if unknown:
        return MarginStatus.UNKNOWN
    if not judged:
        return MarginStatus.NOT_JUDGED
    if under_maintenance:
        return MarginStatus.UNDER_MAINTENANCE
    return MarginStatus.UNDER_INITIAL if under_initial else MarginStatus.HOLDS
