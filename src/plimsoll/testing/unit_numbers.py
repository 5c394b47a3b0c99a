"""Numbers of margin units by account and position, so that books in any order can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import Requirements
from plimsoll.testing.margin_case import MarginCase, Tolerance
from plimsoll.testing.margin_findings import MarginFinding, failed
from plimsoll.testing.margin_properties import MarginProperty

UnitKey = tuple[str, str, bool]
"""Account, market of an isolated position (empty: the cross pool), and whether it is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitNumbers:
    """What a model answers for one margin unit."""

    initial: float
    maintenance: float
    equity: float

    def times(self, factor: float) -> UnitNumbers:
        """Return every number times ``factor``."""
        return UnitNumbers(
            initial=self.initial * factor,
            maintenance=self.maintenance * factor,
            equity=self.equity * factor,
        )


def unit_numbers(found: Requirements) -> dict[UnitKey, UnitNumbers]:
    """Return the numbers of every margin unit."""
    equity, book = found.equity, found.book
    return {
        _key(book, int(account), int(row)): UnitNumbers(
            initial=float(found.initial[u]),
            maintenance=float(found.maintenance[u]),
            equity=float(equity[u]),
        )
        for u, (account, row) in enumerate(zip(found.account, found.position, strict=True))
    }


def gross_by_account(case: MarginCase, book: Book, numeraire: str) -> dict[str, float]:
    """Return notional of positions, orders and collateral of each account, in the numeraire."""
    per_contract = np.array([case.notional_usd(m) for m in book.markets])
    gross = np.zeros(len(book))
    sizes = np.nan_to_num(np.abs(book.quantity)) * per_contract[book.market]
    np.add.at(gross, book.account_of_position, sizes)
    if book.orders is not None:
        owner = np.repeat(np.arange(len(book)), np.diff(book.orders.offsets))
        np.add.at(gross, owner, np.abs(book.orders.quantity) * per_contract[book.orders.market])
    prices = np.array([case.usd_of(c) for c in book.currencies])
    gross += (np.abs(book.collateral) * prices).sum(axis=1)
    in_numeraire = gross / case.usd_of(numeraire)
    return dict(zip(book.accounts, in_numeraire.tolist(), strict=True))


def differences(
    about: MarginProperty,
    detail: str,
    book: Book,
    expected: Mapping[UnitKey, UnitNumbers],
    found: Mapping[UnitKey, UnitNumbers],
    *,
    gross: Mapping[str, float],
    tolerance: Tolerance | None,
) -> list[MarginFinding]:
    """Compare units that stand in both; without tolerance, bit for bit."""
    out = []
    for key in expected.keys() & found.keys():
        for name in UnitNumbers.__dataclass_fields__:
            one, other = getattr(expected[key], name), getattr(found[key], name)
            allowed = 0.0 if tolerance is None else tolerance.of(one, gross.get(key[0], 0.0))
            if not _alike(one, other, allowed):
                where = key[1] or "cross"
                out.append(
                    failed(
                        about,
                        f"{detail}: {name} of {where}",
                        expected=one,
                        found=other,
                        account=book.account(key[0]),
                    )
                )
    return out


def _alike(one: float, other: float, allowed: float) -> bool:
    if np.isnan(one) or np.isnan(other):
        return bool(np.isnan(one) and np.isnan(other))
    return one == other or abs(one - other) <= allowed


def _key(book: Book, account: int, row: int) -> UnitKey:
    name = book.accounts[account]
    if row < 0:
        return name, "", False
    return name, book.markets[int(book.market[row])], bool(book.quantity[row] < 0.0)
