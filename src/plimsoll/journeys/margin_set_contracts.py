"""What the tables of a set need beside a book: the time, and underlyings of dated futures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plimsoll.adapters.files.selection import instant_ns
from plimsoll.domain.instrument import Future, Instrument
from plimsoll.errors import UsageError
from plimsoll.journeys.contract_terms import named_contract
from plimsoll.margin.sided_tiers import VenueTiers

NO_TIME = 0
"""Of snapshots that nothing asks the time of."""


def underlying_contracts(
    tables: VenueTiers,
    held: Mapping[str, Instrument],
    known: Mapping[str, Instrument],
    venue_names: str | None,
) -> dict[str, Instrument]:
    """Return the contracts of markets with expiry buckets that dated futures of a book are on.

    Parameters
    ----------
    tables : VenueTiers
    held, known : mapping of str to Instrument
        Contracts of the book, and all there are. For one that is not known the set's name says
        what it is; where that cannot be read, its futures have no tiers.
    venue_names : str or None
        Venue whose names to read first.
    """
    pairs = {contract.pair for contract in held.values() if isinstance(contract, Future)}
    if not pairs:
        return {}
    found = {m: known.get(m) or named_contract(m, venue_names) for m in tables.buckets}
    return {m: contract for m, contract in found.items() if contract and contract.pair in pairs}


def margin_instant(
    at: Any, tables: VenueTiers, held: Mapping[str, Instrument], known: Mapping[str, Instrument]
) -> int:
    """Return the time of the snapshot: ``at``, or `NO_TIME` where nothing depends on it.

    Parameters
    ----------
    at : time or None
        ISO 8601 text (UTC where it names no zone), date or datetime.
    tables : VenueTiers
    held, known : mapping of str to Instrument
        Contracts of the book, and all there are.

    Raises
    ------
    UsageError
        For a dated future whose time to expiry chooses its table, without a time.
    """
    if at is not None:
        return instant_ns(at, "at")
    for market, contract in held.items():
        if isinstance(contract, Future) and tables.of(market) is None:
            any_time = contract.expiry_ns
            if tables.margining({market: contract}, known, any_time) != [None]:
                raise UsageError(
                    "must be given: the time to expiry chooses the table of dated futures",
                    found=f"none, and {market} in the book",
                    field="at",
                    remedy="state the time of the marks, such as 2025-06-01T08:00Z",
                )
    return NO_TIME
