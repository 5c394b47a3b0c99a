"""Marks of markets, with what is known of their contracts, from CSV, JSON or frames.

Columns: ``market, mark`` and, where known, ``index``, ``instrument`` (ccxt's unified name, for a
market whose own name does not tell) and ``contract_size``. JSON may also be an object of market
to mark.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.records import (
    Records,
    numbers,
    read_document,
    read_records,
    texts,
)

COLUMNS = ("market", "mark")
OPTIONS = ("index", "instrument", "contract_size")
NOT_MARKED = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedMarket:
    """What one row says of a market.

    Parameters
    ----------
    market : str
        As the row names it.
    mark : float
        In quote currency, as stated; NaN where the cell is empty. One that is not positive is no
        mark, which gives the positions in that market a reason and does not sink the file.
    index : float or None
    instrument : str or None
        ccxt's unified name.
    contract_size : Decimal or None
    """

    market: str
    mark: float
    index: float | None = None
    instrument: str | None = None
    contract_size: Decimal | None = None


def read_marks(marks: Any) -> tuple[MarkedMarket, ...]:
    """Return the marks in a file, a frame, or a mapping of market to mark.

    Raises
    ------
    DataError, DataFormatError
        A file that cannot be read; a market named twice; a mark that is no number; an index or
        contract size that is not a positive number.
    """
    if isinstance(marks, Mapping):
        return _marked(_of_mapping(marks, "marks"))
    if isinstance(marks, str | os.PathLike) and ".json" in Path(marks).suffixes:
        document = read_document(marks)
        if isinstance(document, dict):
            return _marked(_of_mapping(document, os.fspath(marks)))
    return _marked(read_records(marks, required=COLUMNS, optional=OPTIONS))


def _of_mapping(marks: Mapping[str, object], source: str) -> Records:
    columns: dict[str, list[object]] = {"market": [*marks], "mark": [*marks.values()]}
    return Records(source=source, columns=columns, count=len(marks))


def _marked(records: Records) -> tuple[MarkedMarket, ...]:
    names = texts(records, "market")
    for row, name in enumerate(names):
        if names.index(name) != row:
            remedy = f"row {names.index(name)} names it too"
            raise records.refuse("must name each market once", "market", row, remedy)
    rows = zip(
        names,
        [NOT_MARKED if mark is None else mark for mark in numbers(records, "mark")],
        _positive(records, "index", numbers(records, "index")),
        [None if cell is None else str(cell).strip() for cell in records.column("instrument")],
        [_size(records, row, cell) for row, cell in enumerate(records.column("contract_size"))],
        strict=True,
    )
    return tuple(
        MarkedMarket(market=name, mark=mark, index=index, instrument=instrument, contract_size=size)
        for name, mark, index, instrument, size in rows
    )


def _positive(
    records: Records, name: str, values: Sequence[float | None]
) -> Sequence[float | None]:
    for row, value in enumerate(values):
        if value is not None and not value > 0.0:
            raise records.refuse("must be positive", name, row)
    return values


def _size(records: Records, row: int, cell: object) -> Decimal | None:
    try:
        size = None if cell is None else Decimal(str(cell).strip())
    except InvalidOperation:
        size = Decimal("NaN")
    if size is not None and not (size.is_finite() and size > 0):
        raise records.refuse("must be a positive number", "contract_size", row)
    return size
