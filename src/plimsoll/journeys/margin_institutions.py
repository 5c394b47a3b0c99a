"""What a set publishes for institutions, beside its tiers, for the accounts that bear it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from plimsoll.domain.book import Book
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.table import Cell, Table
from plimsoll.margin.add_ons import WithAddOns, counterparty_add_on
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.protocol import MarginModel

COUNTERPARTY = "counterparty"
"""Name of the add-on's term."""
_NAMED = 5


def with_institutions(
    model: MarginModel[Any], parameters: ParameterSet, book: Book, pricing: CurrencyPricing
) -> tuple[MarginModel[Any], tuple[str, ...]]:
    """Return the model with the charges of the institutions in a book, and who bears them.

    An institution is in the book where an account has its name; all accounts of that account's
    owner are its own. Where there is none the model stands as it is.
    """
    add_on = counterparty_add_on(parameters)
    present = [who for who in add_on.rates if who in set(book.accounts)]
    if not present:
        return model, ()
    told = (_note(book, who) for who in present)
    return WithAddOns(model=model, pricing=pricing, add_ons=(add_on,)), tuple(told)


def with_charges(table: Table, of: Requirements, account: str) -> Table:
    """Return an account's explanation with what its institution bears, above each unit's total."""
    term = next((t for t in of.terms if t.name == COUNTERPARTY), None)
    units = [] if term is None else of.units_of(account).tolist()
    if term is None or not any(term.initial[u] or term.maintenance[u] for u in units):
        return table
    rows, first = list(table.rows), len(table) - len(units)
    for place, unit in reversed(list(enumerate(units))):
        told: dict[str, Cell] = {
            "unit": table.rows[first + place][0],
            "market": "counterparty add-on",
            "initial": float(term.initial[unit]),
            "maintenance": float(term.maintenance[unit]),
            "reason": "",
        }
        rows.insert(first + place, tuple(told.get(column.name) for column in table.columns))
    return replace(table, rows=tuple(rows))


def _note(book: Book, who: str) -> str:
    row = book.row(who)
    mine = [row] if book.owner is None else np.flatnonzero(book.owner == book.owner[row]).tolist()
    names = [book.accounts[own] for own in mine]
    more = len(names) - _NAMED
    return (
        f"Institution {who} bears the set's counterparty add-on on top of the tiers, in "
        f"{', '.join(names[:_NAMED])}{f' and {more} more' if more > 0 else ''}; the set has no "
        "such rates for dated futures."
    )
