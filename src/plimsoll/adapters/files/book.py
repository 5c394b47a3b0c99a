"""A book of positions with its collateral, from CSV, JSON or frames to columns.

Positions have the columns ``account, market, quantity, entry_price`` and, where they apply,
``mode`` (``cross`` or ``isolated``), ``isolated_margin`` and ``leverage``; collateral has
``account, currency, amount``. A JSON book holds both, under ``positions`` and ``collateral``.
No money is assumed: an account with a cross position states its collateral, be it 0.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plimsoll.adapters.files.records import (
    Records,
    numbers,
    read_document,
    read_records,
    required_numbers,
    texts,
)
from plimsoll.domain.account import MarginMode
from plimsoll.domain.book import Book, FloatArray, IntArray
from plimsoll.errors import DataFormatError, UsageError

POSITION_COLUMNS = ("account", "market", "quantity", "entry_price")
POSITION_OPTIONS = ("mode", "isolated_margin", "leverage")
COLLATERAL_COLUMNS = ("account", "currency", "amount")
SECTIONS = ("positions", "collateral")


def read_book(book: Any, collateral: Any = None) -> Book:
    """Return a book of positions and cross collateral.

    Parameters
    ----------
    book : path or frame
        Positions: CSV, a JSON list, a frame, or a JSON object with both sections.
    collateral : path or frame, optional
        Must not be given for a JSON object, which has its own section.

    Raises
    ------
    DataError, DataFormatError
        A file that cannot be read; columns or cells that are not what they should be, with the
        0-based row.
    UsageError
        Collateral given twice.
    """
    own = _own_section(book)
    positions = read_records(
        book, required=POSITION_COLUMNS, optional=POSITION_OPTIONS, section="positions"
    )
    if own and collateral is not None:
        raise UsageError(
            "must be given once",
            found="a section of the book, and a table of its own",
            field="collateral",
            remedy="leave one of them out",
        )
    held = None
    if own or collateral is not None:
        held = read_records(
            book if own else collateral, required=COLLATERAL_COLUMNS, section="collateral"
        )
    return _book(positions, held)


def _own_section(book: Any) -> bool:
    if not isinstance(book, str | os.PathLike) or ".json" not in Path(book).suffixes:
        return False
    document = read_document(book)
    if not isinstance(document, dict):
        return False
    foreign = [name for name in document if name not in SECTIONS]
    if foreign:
        raise DataFormatError(
            f"must have the sections {' and '.join(SECTIONS)} only",
            found=foreign[0],
            field=os.fspath(book),
        )
    return "collateral" in document


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranks:
    """Names in order of first appearance, and the rank of each cell."""

    names: tuple[str, ...]
    rank: IntArray

    @classmethod
    def of(cls, cells: Sequence[str], first: Sequence[str] = ()) -> _Ranks:
        names = tuple(dict.fromkeys([*first, *cells]))
        place = {name: rank for rank, name in enumerate(names)}
        return cls(names=names, rank=np.array([place[c] for c in cells], dtype=np.int64))


def _book(positions: Records, held: Records | None) -> Book:
    owners, margins = texts(positions, "account"), numbers(positions, "isolated_margin")
    _check_modes(positions, margins)
    holders = [] if held is None else texts(held, "account")
    accounts = _Ranks.of([*owners, *holders])
    owner = accounts.rank[: len(owners)]
    markets = _Ranks.of(texts(positions, "market"))
    quantity = np.array(required_numbers(positions, "quantity"), dtype=np.float64)
    _check_single(positions, owner, markets.rank, quantity)
    _check_collateral(positions, owners, margins, set(holders), held is None)
    order = np.argsort(owner, kind="stable")
    currencies, collateral = _collateral(held, accounts.rank[len(owners) :], len(accounts.names))
    return Book(
        accounts=accounts.names,
        markets=markets.names,
        offsets=np.searchsorted(owner[order], np.arange(len(accounts.names) + 1)).astype(np.int64),
        market=markets.rank[order],
        quantity=quantity[order],
        entry_price=_column(_positive(positions, "entry_price", required=True))[order],
        isolated_margin=_column(margins)[order],
        leverage=_column(_positive(positions, "leverage", required=False))[order],
        currencies=currencies,
        collateral=collateral,
    )


def _column(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _positive(records: Records, name: str, *, required: bool) -> Sequence[float | None]:
    values = required_numbers(records, name) if required else numbers(records, name)
    for row, value in enumerate(values):
        if value is not None and not value > 0.0:
            raise records.refuse("must be positive", name, row)
    return values


def _check_modes(positions: Records, margins: Sequence[float | None]) -> None:
    """Isolated margin is given for isolated positions and only for them, whether or not named."""
    stated = positions.columns.get("mode")
    if stated is None:
        return
    modes = [mode.value for mode in MarginMode]
    for row, (cell, margin) in enumerate(zip(stated, margins, strict=True)):
        mode = cell.strip().casefold() if isinstance(cell, str) else cell
        if mode not in modes:
            raise positions.refuse(f"must be one of {modes}", "mode", row)
        if (mode == MarginMode.ISOLATED) != (margin is not None):
            must = "must be given for an isolated position, and only for it"
            remedy = f"the mode of this row is {mode}"
            raise positions.refuse(must, "isolated_margin", row, remedy)


def _check_single(
    positions: Records,
    owner: IntArray,
    market: IntArray,
    quantity: FloatArray,
) -> None:
    """One position of each sign in a market, or the tiers do not see their sum."""
    keys = zip(owner.tolist(), market.tolist(), (quantity < 0.0).tolist(), strict=True)
    seen: dict[tuple[int, int, bool], int] = {}
    for row, key in enumerate(keys):
        first = seen.setdefault(key, row)
        if first != row:
            raise positions.refuse(
                "must be the account's only position of that sign in the market",
                "market",
                row,
                f"row {first} is another; net them into one",
            )


def _check_collateral(
    positions: Records,
    owners: Sequence[str],
    margins: Sequence[float | None],
    holders: set[str],
    absent: bool,
) -> None:
    """Every account with a cross position has stated what stands behind it."""
    for row, (owner, margin) in enumerate(zip(owners, margins, strict=True)):
        if margin is None and owner not in holders:
            where = "give the collateral too" if absent else "add a row for it"
            raise positions.refuse(
                "must be an account with stated collateral, since the position is cross",
                "account",
                row,
                f"{where}: account, currency, amount; the amount may be 0",
            )


def _collateral(
    held: Records | None, holder: IntArray, accounts: int
) -> tuple[tuple[str, ...], FloatArray]:
    """Currencies, and the (A, C) amounts of each account."""
    if held is None:
        return (), np.zeros((accounts, 0))
    currencies = _Ranks.of(texts(held, "currency"))
    amounts = required_numbers(held, "amount", "write 0 where that is meant")
    out = np.zeros((accounts, len(currencies.names)))
    seen: dict[tuple[int, int], int] = {}
    cells = zip(holder.tolist(), currencies.rank.tolist(), amounts, strict=True)
    for row, (account, currency, amount) in enumerate(cells):
        first = seen.setdefault((account, currency), row)
        if first != row:
            raise held.refuse(
                "must name each currency of an account once",
                "currency",
                row,
                f"row {first} is another; add them into one",
            )
        out[account, currency] = amount
    return currencies.names, out
