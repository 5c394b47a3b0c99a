"""What a table says of markets at one instant: marks, and where known index, forward, volatility.

Columns ``market, mark`` and, where they apply, ``index``, ``contract_size``, ``instrument`` (ccxt's
unified name), ``implied_vol`` (annual, a fraction), ``forward`` (of the option's expiry),
``funding_rate`` (of the next payment), ``open_interest_usd`` and ``fixed`` (of an expiry within its
settlement window: the part of its expected settlement price that the average has fixed already) and
``at`` (ISO time, UTC: when the row was seen; empty: at the time of the market). An option's mark is
its price in its settlement currency. JSON may be an object of market to mark.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.json_once import read_document_once
from plimsoll.adapters.files.records import Records, numbers, object_records, read_records, texts
from plimsoll.adapters.files.selection import instant_ns
from plimsoll.errors import DataFormatError, UsageError

COLUMNS = ("market", "mark")
NUMBERS = ("index", "implied_vol", "forward", "funding_rate", "open_interest_usd", "fixed")
OPTIONS = (*NUMBERS, "contract_size", "instrument", "at")
_LARGEST_VOL = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedMark:
    """One row; None where a cell is empty."""

    market: str
    mark: float | None
    index: float | None = None
    implied_vol: float | None = None
    forward: float | None = None
    funding_rate: float | None = None
    open_interest_usd: float | None = None
    fixed: float | None = None
    contract_size: Decimal | None = None
    instrument: str | None = None
    at_ns: int | None = None


def looks_like_marks(source: Any) -> bool:
    """Whether a file or object is a table of marks and no option chain."""
    if isinstance(source, list):
        return _marks_document(source)
    if isinstance(source, Mapping):
        return bool(source) and all(
            isinstance(v, int | float | str) and not isinstance(v, bool) for v in source.values()
        )
    if not isinstance(source, str | os.PathLike):
        return False
    path = Path(source)
    if ".json" in path.suffixes and path.is_file():
        return _marks_document(read_document_once(path))
    if ".csv" in path.suffixes and path.suffix == ".csv" and path.is_file():
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            head = next(csv.reader([stream.readline().replace(";", ",")]), [])
        return set(COLUMNS) <= {name.strip() for name in head}
    return False


def _marks_document(document: Any) -> bool:
    if isinstance(document, Mapping):
        return "result" not in document and looks_like_marks(document)
    rows = document if isinstance(document, list) else []
    return bool(rows) and all(isinstance(r, Mapping) and "market" in r for r in rows)


def read_market_marks(source: Any) -> tuple[StatedMark, ...]:
    """Return the rows of a table of marks.

    Raises
    ------
    DataError, DataFormatError
        A file that cannot be read; a market named twice; numbers that cannot be. A mark that is
        not positive is none, which is a reason in the accounts concerned.
    """
    records = _records(source)
    names = texts(records, "market")
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        if first.setdefault(name, row) != row:
            raise records.refuse("must name each market once", "market", row)
    columns = {name: numbers(records, name) for name in ("mark", *NUMBERS)}
    _check(records, columns)
    return tuple(
        StatedMark(
            market=name,
            contract_size=_size(records, row),
            instrument=_text(records, row, "instrument"),
            at_ns=_seen(records, row),
            **{key: column[row] for key, column in columns.items()},
        )
        for row, name in enumerate(names)
    )


def _records(source: Any) -> Records:
    is_path = isinstance(source, str | os.PathLike)
    document = read_document_once(source) if is_path and ".json" in Path(source).suffixes else None
    given = source if isinstance(source, Mapping | list) else document
    place = os.fspath(source) if is_path else "marks"
    if isinstance(given, Mapping):
        columns: dict[str, list[object]] = {"market": [*given], "mark": [*given.values()]}
        return Records(source=place, columns=columns, count=len(given))
    if isinstance(given, list):
        records = object_records(given, place)
        foreign = [n for n in records.columns if n not in (*COLUMNS, *OPTIONS)]
        if foreign:
            raise DataFormatError(
                f"must have {', '.join((*COLUMNS, *OPTIONS))} only", found=foreign[0], field=place
            )
        return records
    return read_records(source, required=COLUMNS, optional=OPTIONS)


def _check(records: Records, columns: Mapping[str, list[float | None]]) -> None:
    for name in ("index", "implied_vol", "forward", "open_interest_usd", "fixed"):
        for row, value in enumerate(columns[name]):
            lowest = 0.0 if name in ("open_interest_usd", "fixed") else 5e-324
            if value is not None and not value >= lowest:
                must = "must not be negative" if lowest == 0.0 else "must be positive"
                raise records.refuse(must, name, row)
            if name == "implied_vol" and value is not None and value > _LARGEST_VOL:
                remedy = f"write {value / 100:g} for {value:g} %"
                raise records.refuse("must be a fraction", name, row, remedy)


def _size(records: Records, row: int) -> Decimal | None:
    cell = records.column("contract_size")[row]
    try:
        size = None if cell is None else Decimal(str(cell).strip())
    except InvalidOperation:
        size = Decimal("NaN")
    if size is not None and not (size.is_finite() and size > 0):
        raise records.refuse("must be a positive number", "contract_size", row)
    return size


def _seen(records: Records, row: int) -> int | None:
    text = _text(records, row, "at")
    try:
        return None if text is None else instant_ns(text, "at")
    except UsageError:
        raise records.refuse("must be an ISO 8601 time (UTC)", "at", row) from None


def _text(records: Records, row: int, name: str) -> str | None:
    cell = records.column(name)[row]
    return None if cell is None else str(cell).strip()
