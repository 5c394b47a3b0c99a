"""Accounts as people hand them over: Deribit's request and answer, lists of accounts, tables.

Forms of a book, as a file or in memory:

- ``{"BTC-PERPETUAL": 10, "BTC-25SEP26-100000-C": -5}``: what Deribit's ``simulate_portfolio`` takes
  as ``simulated_positions`` (that whole request passes too); sizes in base currency, one account;
- ``{"positions": ..., "collateral": {"BTC": 2}}``: the same with collateral, or with rows;
- ``[{"account": "desk", "positions": {...}, "collateral": {...}}]``: several accounts;
- the answer of Deribit's ``get_positions``: ``instrument_name``, ``size``, ``average_price``;
- a table (CSV, JSON, frame) with ``account, market, quantity`` and, where they apply,
  ``entry_price``, ``mode``, ``isolated_margin``, ``leverage``, ``funding`` (accrued and unsettled,
  settlement currency, positive = received).

Accounts may also state ``orders``, ``owner`` and ``portfolio``
(`plimsoll.adapters.files.order_forms`).

Sizes, prices, margins and amounts that are empty, NaN, infinite or impossible are kept as they
are: they give their account a reason, and do not sink the book. What is no number is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.collateral_forms import (
    amounts_of,
    collateral_rows,
    read_collateral,
)
from plimsoll.adapters.files.isolated_margins import isolated_margins
from plimsoll.adapters.files.json_once import read_document_once
from plimsoll.adapters.files.order_forms import AccountDetails, StatedOrder, account_details
from plimsoll.adapters.files.records import (
    Records,
    object_records,
    read_records,
    stated_numbers,
    texts,
)
from plimsoll.errors import DataFormatError, UsageError

ONE_ACCOUNT = "account"
"""Name of the account of a book that names none."""

_REQUEST = ("simulated_positions", "add_positions", "currency")
_ACCOUNT = ("account", "positions", "collateral", "orders", "owner", "portfolio")
_ROW = ("account", "market", "quantity")
_ROW_OPTIONS = ("entry_price", "mode", "isolated_margin", "leverage", "funding")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPosition:
    """One position as it was written.

    Parameters
    ----------
    account, market : str
    quantity : float
        NaN where none was stated.
    in_base : bool
        Whether it counts coins, whatever the contract; else contracts.
    entry_price, isolated_margin, leverage : float or None
        As stated, impossible ones too; an infinite isolated margin is unknown.
    funding : float or None
        Accrued and unsettled, in settlement currency; positive = received.
    """

    account: str
    market: str
    quantity: float
    in_base: bool
    entry_price: float | None = None
    isolated_margin: float | None = None
    leverage: float | None = None
    funding: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAccounts:
    """Accounts in order of appearance.

    Parameters
    ----------
    names : tuple of str
    positions : tuple of StatedPosition
    collateral : mapping of str to mapping of str to float
        By account, then currency; an account that states none is missing.
    orders : tuple of StatedOrder
    owner : mapping of str to str
        By account; an account without is its own.
    portfolio : mapping of str to bool
        By account, where it is stated.
    """

    names: tuple[str, ...]
    positions: tuple[StatedPosition, ...]
    collateral: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    orders: tuple[StatedOrder, ...] = ()
    owner: Mapping[str, str] = field(default_factory=dict)
    portfolio: Mapping[str, bool] = field(default_factory=dict)

    @property
    def markets(self) -> Mapping[str, None]:
        """Markets of positions and orders, in order of appearance."""
        return dict.fromkeys([p.market for p in self.positions] + [o.market for o in self.orders])


def read_accounts(book: Any, collateral: Any = None) -> StatedAccounts:
    """Read a book of any form above.

    Parameters
    ----------
    book : path, frame, mapping or list
    collateral : path, frame, mapping or text, optional
        A table of ``account, currency, amount``; or, for a book of one account, a mapping of
        currency to amount, or the text ``BTC=2,USDC=5000``.

    Raises
    ------
    DataError, DataFormatError
        What cannot be read, with file, field and row.
    UsageError
        Collateral given twice.
    """
    (positions, held), details = _read(book)
    names = dict.fromkeys([*(p.account for p in positions), *held, *details.names])
    if collateral is not None:
        given = read_collateral(collateral, tuple(names))
        twice = [name for name in given if name in held]
        if twice:
            raise UsageError(
                "must be given once",
                found=f"collateral of {twice[0]} in the book, and again",
                field="collateral",
                remedy="leave one of them out",
            )
        held = {**held, **given}
    return StatedAccounts(
        names=tuple(dict.fromkeys([*names, *held])),
        positions=tuple(positions),
        collateral=held,
        orders=details.orders,
        owner=details.owner,
        portfolio=details.portfolio,
    )


Parts = tuple[list[StatedPosition], dict[str, Mapping[str, float]]]


def _read(book: Any) -> tuple[Parts, AccountDetails]:
    is_path = isinstance(book, str | os.PathLike)
    if is_path and ".json" in Path(book).suffixes:
        document, source = read_document_once(book, constants=True), os.fspath(book)
    elif isinstance(book, Mapping | list | tuple):
        document, source = (book if isinstance(book, Mapping) else list(book)), "book"
    else:
        table = read_records(book, required=_ROW, optional=_ROW_OPTIONS, constants=True)
        return (list(_rows(table)), {}), AccountDetails()
    parts = _document(document, source)
    return parts, account_details(document, source, ONE_ACCOUNT)


def _document(document: Any, source: str) -> Parts:
    if isinstance(document, Mapping):
        if "result" in document:
            return list(_answer(document["result"], f"{source}: result")), {}
        if "simulated_positions" in document:
            _known(document, (*_REQUEST, "collateral"), source)
            return _account(
                {
                    "positions": document["simulated_positions"],
                    **({"collateral": document["collateral"]} if "collateral" in document else {}),
                },
                source,
                None,
            )
        if "positions" in document:
            return _sections(document, source)
        return list(_sizes(document, ONE_ACCOUNT, source)), {}
    if not isinstance(document, list):
        raise DataFormatError(
            "must be positions by instrument, or a list of accounts or rows",
            found=type(document).__name__,
            field=source,
        )
    return _list(document, source)


def _list(document: list[Any], source: str) -> Parts:
    first = document[0] if document else {}
    if isinstance(first, Mapping) and "positions" in first:
        return _listed(document, source)
    if isinstance(first, Mapping) and "instrument_name" in first:
        return list(_answer(document, source)), {}
    return list(_rows(_table(document, source))), {}


def _listed(accounts: list[Any], source: str) -> Parts:
    positions: list[StatedPosition] = []
    held: dict[str, Mapping[str, float]] = {}
    seen: set[str] = set()
    for row, item in enumerate(accounts):
        own, money = _account(item, source, row)
        names = {*(p.account for p in own), *money}
        if not seen.isdisjoint(names):
            raise DataFormatError(
                "must name each account once",
                found=next(iter(names & seen)),
                field=f"{source}: account",
                row=row,
            )
        seen |= names
        positions += own
        held.update(money)
    return positions, held


def _sections(document: Mapping[str, Any], source: str) -> Parts:
    if isinstance(document["positions"], Mapping):
        return _account(document, source, None)
    _known(document, ("positions", "collateral", "orders"), source)
    positions = list(_rows(_table(document["positions"], f"{source}: positions")))
    if "collateral" not in document:
        return positions, {}
    held = object_records(document["collateral"], f"{source}: collateral")
    return positions, collateral_rows(held)


def _account(item: Any, source: str, row: int | None) -> Parts:
    if not isinstance(item, Mapping) or "positions" not in item:
        raise DataFormatError(
            "must be an account with its positions", found=item, field=source, row=row
        )
    _known(item, _ACCOUNT, source, row)
    name = item.get("account", ONE_ACCOUNT)
    if not isinstance(name, str) or not name.strip():
        raise DataFormatError("must be a name", found=name, field=f"{source}: account", row=row)
    place = source if row is None else f"{source}: [{row}]"
    positions: list[StatedPosition] = []
    if item.get("orders") and item["positions"] in ({}, []):
        pass  # an account may have nothing but orders
    elif isinstance(item["positions"], Mapping):
        positions = list(_sizes(item["positions"], name, f"{place}: positions"))
    else:
        listed = [{**i, "account": name} for i in _objects(item["positions"], place)]
        positions = list(_rows(_table(listed, f"{place}: positions")))
    if "collateral" not in item:
        return positions, {}
    return positions, {name: amounts_of(item["collateral"], f"{place}: collateral", name)}


def _objects(rows: Any, source: str) -> list[Mapping[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(i, Mapping) for i in rows):
        raise DataFormatError(
            "must be sizes by instrument, or a list of rows",
            found=type(rows).__name__,
            field=f"{source}: positions",
        )
    return rows


def _sizes(sizes: Mapping[Any, Any], account: str, source: str) -> Iterator[StatedPosition]:
    """Sizes in base currency by instrument; null gives no size, which becomes a reason."""
    names = list(sizes)
    columns = {"account": [account] * len(names), "instrument": names, "size": [*sizes.values()]}
    table = Records(source=source, columns=columns, count=len(names))
    if not names:
        raise DataFormatError("must hold a position", found="none", field=source)
    for name, size in zip(texts(table, "instrument"), stated_numbers(table, "size"), strict=True):
        yield StatedPosition(
            account=account,
            market=name,
            quantity=float("nan") if size is None else size,
            in_base=True,
        )


def _answer(rows: Any, source: str) -> Iterator[StatedPosition]:
    """Answer of ``get_positions``: sizes are dollars for coin-settled futures, else coins."""
    records = object_records(rows, source)
    for name in ("instrument_name", "size"):
        if name not in records.columns and records.count:
            raise DataFormatError(
                f"must have {name!r}", found=list(records.columns)[:20], field=source
            )
    prices, kinds = stated_numbers(records, "average_price"), records.column("kind")
    sizes = zip(texts(records, "instrument_name"), stated_numbers(records, "size"), strict=True)
    for (name, size), price, kind in zip(sizes, prices, kinds, strict=True):
        if size == 0.0:
            continue  # closed positions stay in the answer
        entry = None if kind == "option" or not price else price
        quantity = float("nan") if size is None else size
        yield StatedPosition(
            account=ONE_ACCOUNT, market=name, quantity=quantity, in_base=False, entry_price=entry
        )


def _table(rows: Any, source: str) -> Records:
    records = object_records(rows, source)
    known = (*_ROW, *_ROW_OPTIONS)
    missing = [name for name in _ROW if name not in records.columns]
    foreign = [name for name in records.columns if name not in known]
    if records.count and (missing or foreign):
        raise DataFormatError(
            f"must have the columns {', '.join(_ROW)}, and may have {', '.join(_ROW_OPTIONS)}",
            found=f"no {missing[0]}" if missing else foreign[0],
            field=source,
        )
    return records


def _rows(records: Records) -> Iterator[StatedPosition]:
    if not records.count:
        raise DataFormatError("must hold a position", found="none", field=records.source)
    cells = zip(
        texts(records, "account"),
        texts(records, "market"),
        stated_numbers(records, "quantity"),
        stated_numbers(records, "entry_price"),
        isolated_margins(records, every_mode=False),
        stated_numbers(records, "leverage"),
        stated_numbers(records, "funding"),
        strict=True,
    )
    for account, market, quantity, entry, margin, leverage, funding in cells:
        yield StatedPosition(
            account=account,
            market=market,
            quantity=float("nan") if quantity is None else quantity,
            in_base=False,
            entry_price=entry,
            isolated_margin=margin,
            leverage=leverage,
            funding=funding,
        )


def _known(
    document: Mapping[str, Any], known: Sequence[str], source: str, row: int | None = None
) -> None:
    foreign = [name for name in document if name not in known]
    if foreign:
        raise DataFormatError(
            f"must have {', '.join(known)} only", found=foreign[0], field=source, row=row
        )
