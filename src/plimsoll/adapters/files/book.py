"""A book of positions with its collateral, from CSV, JSON or frames to columns.

Positions have the columns ``account, market, quantity, entry_price`` and, where they apply,
``mode`` (``cross`` or ``isolated``), ``isolated_margin``, ``leverage`` and ``funding`` (accrued,
settlement currency, positive = received); collateral has ``account, currency, amount``. A JSON book
holds both, under ``positions`` and ``collateral``, and open orders under ``orders``: ``account,
market, quantity`` and, where it is no market order, ``price``.
No money is assumed: an account with a cross position states its collateral, be it 0; one that
stands in no row of the collateral has unknown collateral.

One bad account never sinks the file: sizes, prices, margins and amounts that are empty, NaN,
infinite or impossible are kept as what nobody knows, which gives their account a reason
(`plimsoll.domain.book.Book`). A cell that is no number at all is refused.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from plimsoll.adapters.files.collateral_forms import collateral_records
from plimsoll.adapters.files.isolated_margins import isolated_margins
from plimsoll.adapters.files.order_forms import (
    ORDER_COLUMNS,
    ORDER_OPTIONS,
    StatedOrder,
    order_rows,
)
from plimsoll.adapters.files.records import (
    Records,
    read_document,
    read_records,
    stated_numbers,
    texts,
)
from plimsoll.domain.book import Book, FloatArray, IntArray
from plimsoll.domain.book_columns import IMPOSSIBLE_LEVERAGE
from plimsoll.domain.open_orders import OpenOrders
from plimsoll.errors import DataFormatError, UsageError

POSITION_COLUMNS = ("account", "market", "quantity", "entry_price")
POSITION_OPTIONS = ("mode", "isolated_margin", "leverage", "funding")
COLLATERAL_COLUMNS = ("account", "currency", "amount")
SECTIONS = ("positions", "collateral", "orders")


def read_book(book: Any, collateral: Any = None) -> Book:
    """Return a book of positions and cross collateral.

    Parameters
    ----------
    book : path or frame
        Positions: CSV, a JSON list, a frame, or a JSON object with its sections.
    collateral : path, frame, mapping or text, optional
        Must not be given for a JSON object, which has its own section. For a book of one account
        also amounts by currency, or the text ``BTC=2,USDC=5000``.

    Raises
    ------
    DataError, DataFormatError
        A file that cannot be read; columns or cells that are not what they should be, with
        account, market and the 0-based row.
    UsageError
        Collateral given twice.
    """
    sections = _own_sections(book)
    own = "collateral" in sections
    positions = read_records(
        book,
        required=POSITION_COLUMNS,
        optional=POSITION_OPTIONS,
        section="positions",
        constants=True,
    )
    if own and collateral is not None:
        raise UsageError(
            "must be given once",
            found="a section of the book, and a table of its own",
            field="collateral",
            remedy="leave one of them out",
        )
    held = None
    if own:
        held = read_records(book, required=COLLATERAL_COLUMNS, section="collateral", constants=True)
    elif collateral is not None:
        accounts = tuple(dict.fromkeys(texts(positions, "account")))
        held = collateral_records(collateral, accounts)
    orders: tuple[StatedOrder, ...] = ()
    if "orders" in sections:
        table = read_records(
            book, required=ORDER_COLUMNS, optional=ORDER_OPTIONS, section="orders", constants=True
        )
        orders = tuple(order_rows(table, in_base=False))
    return _book(positions, held, orders)


def _own_sections(book: Any) -> tuple[str, ...]:
    if not isinstance(book, str | os.PathLike) or ".json" not in Path(book).suffixes:
        return ()
    document = read_document(book, constants=True)
    if not isinstance(document, dict):
        return ()
    foreign = [name for name in document if name not in SECTIONS]
    if foreign:
        raise DataFormatError(
            "must have the sections positions, collateral and orders only",
            found=foreign[0],
            field=os.fspath(book),
        )
    return tuple(document)


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


def _book(positions: Records, held: Records | None, orders: tuple[StatedOrder, ...]) -> Book:
    owners, margins = texts(positions, "account"), isolated_margins(positions, every_mode=True)
    holders = [] if held is None else texts(held, "account")
    accounts = _Ranks.of([*owners, *holders, *(o.account for o in orders)])
    owner = accounts.rank[: len(owners)]
    held_in = texts(positions, "market")
    markets = _Ranks.of([*held_in, *(o.market for o in orders)])
    unstated = _unstated(positions, owners, margins, holders, accounts.rank)
    order = np.argsort(owner, kind="stable")
    holder = accounts.rank[len(owners) : len(owners) + len(holders)]
    currencies, collateral = _collateral(held, holder, len(accounts.names))
    collateral[unstated] = np.nan
    return Book(
        accounts=accounts.names,
        markets=markets.names,
        offsets=np.searchsorted(owner[order], np.arange(len(accounts.names) + 1)).astype(np.int64),
        market=markets.rank[: len(held_in)][order],
        quantity=_column(stated_numbers(positions, "quantity"))[order],
        entry_price=_column(stated_numbers(positions, "entry_price"))[order],
        isolated_margin=_column(margins)[order],
        leverage=_column(_leverages(positions))[order],
        currencies=currencies,
        collateral=collateral,
        funding=_funding(positions, order),
        orders=_open_orders(orders, accounts, markets),
    )


def _funding(positions: Records, order: IntArray) -> FloatArray | None:
    """Accrued funding by position; an empty cell is none."""
    if "funding" not in positions.columns:
        return None
    stated = stated_numbers(positions, "funding")
    return np.array([0.0 if v is None else v for v in stated], dtype=np.float64)[order]


def _open_orders(
    orders: tuple[StatedOrder, ...], accounts: _Ranks, markets: _Ranks
) -> OpenOrders | None:
    if not orders:
        return None
    row = {name: place for place, name in enumerate(accounts.names)}
    column = {name: place for place, name in enumerate(markets.names)}
    listed = sorted(orders, key=lambda o: row[o.account])
    owner = np.array([row[o.account] for o in listed], dtype=np.int64)
    return OpenOrders(
        offsets=np.searchsorted(owner, np.arange(len(accounts.names) + 1)).astype(np.int64),
        market=np.array([column[o.market] for o in listed], dtype=np.int64),
        quantity=np.array([o.quantity for o in listed], dtype=np.float64),
        price=_column([o.price for o in listed]),
    )


def _column(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _leverages(positions: Records) -> list[float | None]:
    """Chosen leverages; one that is no number was chosen all the same."""
    stated = stated_numbers(positions, "leverage")
    return [IMPOSSIBLE_LEVERAGE if v is not None and isnan(v) else v for v in stated]


def _unstated(
    positions: Records,
    owners: Sequence[str],
    margins: Sequence[float | None],
    holders: Sequence[str],
    rank: IntArray,
) -> IntArray:
    """Ranks of accounts with a cross position that no row of the collateral names."""
    stated = set(holders)
    rows = [
        row
        for row, (owner, margin) in enumerate(zip(owners, margins, strict=True))
        if margin is None and owner not in stated
    ]
    if rows and not holders:
        raise positions.refuse(
            "must be an account with stated collateral, since the position is cross",
            "account",
            rows[0],
            "give the collateral too: account, currency, amount; the amount may be 0",
        )
    return rank[np.array(rows, dtype=np.int64)]


def _collateral(
    held: Records | None, holder: IntArray, accounts: int
) -> tuple[tuple[str, ...], FloatArray]:
    """Currencies, and the (A, C) amounts of each account."""
    if held is None:
        return (), np.zeros((accounts, 0))
    currencies = _Ranks.of(texts(held, "currency"))
    amounts = _column(stated_numbers(held, "amount")).tolist()
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
