"""Small tables that people write (books, collateral, marks): CSV, JSON or frames to columns.

Nothing is guessed: a column nobody knows is refused, since it may be a known one misspelt, and a
cell without a value is empty, never zero. Rows count from 0 after the header.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.csv_layout import CsvDialect, header_layout, not_utf8, open_bytes
from plimsoll.errors import DataError, DataFormatError, UsageError

PathLike = str | os.PathLike[str]
Cell = object

_KEYS = ("account", "market", "instrument", "instrument_name", "currency")

_UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Columns of a table as it was written, rows in order.

    Parameters
    ----------
    source : str
        File or frame, for messages.
    columns : mapping of str to list
        Cells as they stand; None where a cell is empty.
    count : int
        Rows.
    """

    source: str
    columns: Mapping[str, list[Cell]]
    count: int

    def column(self, name: str) -> list[Cell]:
        """Return the cells of a column; all empty where the table has no such column."""
        return self.columns.get(name) or [None] * self.count

    def refuse(self, must: str, name: str, row: int, remedy: str = "") -> DataFormatError:
        """Return the error for a cell; it names account and market of the row, where they are."""
        cell = self.column(name)[row]
        found = "an empty cell" if cell is None else cell
        keys = {key: self.column(key)[row] for key in _KEYS if key in self.columns and key != name}
        where = ", ".join(f"{key} {cell}" for key, cell in keys.items() if cell is not None)
        field = ": ".join(part for part in (self.source, where, name) if part)
        return DataFormatError(must, found=found, field=field, row=row, remedy=remedy)


def read_records(
    source: Any,
    *,
    required: Sequence[str],
    optional: Sequence[str] = (),
    section: str = "",
    constants: bool = False,
) -> Records:
    """Return the columns of a CSV or JSON file, or of a pandas, polars or pyarrow frame.

    Parameters
    ----------
    source : path or frame
        CSV with a header (comma, semicolon, tab or bar; ``.gz`` and ``.zip`` as they are), or
        JSON: a list of objects, or an object that has it under ``section``.
    required, optional : sequence of str
        Columns that must, and that may, be there.
    section : str
        Key of the list in a JSON object.
    constants : bool
        Whether JSON may hold NaN and Infinity; see `stated_numbers`.

    Raises
    ------
    DataError
        A file that is not there or cannot be read.
    DataFormatError
        Missing, doubled or foreign columns, rows of another length, what is no JSON.
    """
    if not isinstance(source, str | os.PathLike):
        records = frame_records(source)
    elif ".json" in Path(source).suffixes:
        document = read_document(source, constants=constants)
        records = object_records(document, os.fspath(source), section)
    else:
        records = _csv_records(Path(source), [*required, *optional])
    _check_columns(records, required, optional)
    return records


def read_document(path: PathLike, *, constants: bool = False) -> object:
    """Return the content of a JSON file; NaN and Infinity are refused unless ``constants``."""
    source = os.fspath(path)

    def refuse(text: str) -> object:
        if constants:
            return float(text)
        raise DataFormatError("must hold numbers or null", found=text, field=source)

    try:
        with open_bytes(Path(path)) as stream:
            return json.loads(stream.read(), parse_constant=refuse)
    except _UNREADABLE as error:
        raise _unreadable(source, error) from None
    except DataFormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise DataFormatError("must be JSON", found=str(error), field=source) from None


def object_records(document: object, source: str, section: str = "") -> Records:
    """Return the columns of a list of objects, or of the list under ``section`` of an object."""
    rows = document
    if isinstance(document, dict) and section:
        if section not in document:
            raise DataFormatError(
                f"must have the section {section!r}",
                found=sorted(document),
                field=source,
            )
        rows = document[section]
        source = f"{source}: {section}"
    if not isinstance(rows, list):
        raise DataFormatError("must be a list of rows", found=type(rows).__name__, field=source)
    for row, item in enumerate(rows):
        if not isinstance(item, dict):
            raise DataFormatError("must be an object", found=item, field=source, row=row)
    names = dict.fromkeys(name for item in rows for name in item)
    columns = {name: [_stated(item.get(name)) for item in rows] for name in names}
    return Records(source=source, columns=columns, count=len(rows))


def frame_records(frame: Any) -> Records:
    """Return the columns of a pandas, polars or pyarrow frame; NaN and null cells are empty."""
    import narwhals as nw

    try:
        native = nw.from_native(frame)
    except TypeError:
        raise UsageError(
            "must be a path, or a pandas, polars or pyarrow frame",
            found=type(frame).__name__,
            field="frame",
        ) from None
    table = native.collect() if isinstance(native, nw.LazyFrame) else native
    columns = {}
    for name in table.columns:
        pairs = zip(table[name].to_list(), table[name].is_null().to_list(), strict=True)
        columns[name] = [None if null else _cell(cell) for cell, null in pairs]
    return Records(source="frame in memory", columns=columns, count=len(table))


def texts(records: Records, name: str) -> list[str]:
    """Return a column of names, none of them empty."""
    column = records.column(name)
    out = []
    for row, cell in enumerate(column):
        text = cell.strip() if isinstance(cell, str) else ""
        if not text:
            raise records.refuse("must be a name", name, row)
        out.append(text)
    return out


def numbers(records: Records, name: str) -> list[float | None]:
    """Return a column of finite numbers, None where a cell is empty."""
    return [_number(records, name, row, cell) for row, cell in enumerate(records.column(name))]


def stated_numbers(records: Records, name: str) -> list[float | None]:
    """Return a column of numbers, None where a cell is empty; NaN and infinities are kept.

    For books: what nobody knows gives its account a reason, and does not sink the file.
    """
    cells = enumerate(records.column(name))
    return [None if cell is None else _readable(records, name, row, cell) for row, cell in cells]


def required_numbers(records: Records, name: str, remedy: str = "") -> list[float]:
    """Return a column of finite numbers, none of them empty."""
    out = []
    for row, value in enumerate(numbers(records, name)):
        if value is None:
            raise records.refuse("must have a value", name, row, remedy)
        out.append(value)
    return out


def _number(records: Records, name: str, row: int, cell: Cell) -> float | None:
    if cell is None:
        return None
    value = _readable(records, name, row, cell)
    if value - value != 0.0:  # not finite
        raise records.refuse("must be a finite number", name, row, _PLAIN)
    return value


_PLAIN = "write it with a decimal point, without unit, per cent sign or separators"


def _readable(records: Records, name: str, row: int, cell: Cell) -> float:
    """Return what can be read as a number, finite or not."""
    plain = not isinstance(cell, bool) and not (isinstance(cell, str) and "_" in cell)
    try:
        if plain:
            return float(cell)  # type: ignore[arg-type]
    except OverflowError:
        return float("inf") if cell > 0 else float("-inf")  # type: ignore[operator]
    except (TypeError, ValueError):
        pass
    raise records.refuse("must be a finite number", name, row, _PLAIN)


def _cell(value: object) -> Cell:
    return None if value != value else _stated(value)


def _stated(value: object) -> Cell:
    empty = value is None or (isinstance(value, str) and not value.strip())
    return None if empty else value


def _csv_records(path: Path, wanted: Sequence[str]) -> Records:
    source = str(path)
    try:
        layout = header_layout(path, wanted, CsvDialect())
        with open_bytes(path) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            lines = csv.reader(text, delimiter=layout.separator)
            next(lines)
            rows = [line for line in lines if line]
    except _UNREADABLE as error:
        raise _unreadable(source, error) from None
    except UnicodeDecodeError:
        raise not_utf8(path, "other bytes", None) from None
    except csv.Error as error:
        raise DataFormatError("must be CSV", found=str(error), field=source) from None
    _check_lengths(rows, layout.names, source)
    cells: Iterable[Sequence[str]] = zip(*rows, strict=True) if rows else [()] * len(layout.names)
    doubled = [name for name in layout.names if layout.names.count(name) > 1]
    if doubled:
        raise DataFormatError(
            "must have each column once", found=sorted(set(doubled)), field=source
        )
    columns = {
        name: [_cell(cell) for cell in column]
        for name, column in zip(layout.names, cells, strict=True)
    }
    return Records(source=source, columns=columns, count=len(rows))


def _check_lengths(rows: list[list[str]], names: Sequence[str], source: str) -> None:
    for row, line in enumerate(rows):
        if len(line) != len(names):
            raise DataFormatError(
                f"must have {len(names)} cells in each row",
                found=f"{len(line)} cells",
                field=source,
                row=row,
                remedy="the file may be cut off there, or hold the separator inside a cell",
            )


def _check_columns(records: Records, required: Sequence[str], optional: Sequence[str]) -> None:
    known = [*required, *optional]
    if not records.count and not records.columns:
        return  # an empty list of objects names no columns
    for name in required:
        if name not in records.columns:
            raise DataFormatError(
                f"must have the column {name!r}",
                found=list(records.columns)[:40],
                field=records.source,
                remedy=f"the columns are {', '.join(known)}",
            )
    foreign = [name for name in records.columns if name not in known]
    if foreign:
        near = difflib.get_close_matches(foreign[0].casefold(), known, n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        raise DataFormatError(
            "must have known columns only",
            found=foreign[0],
            field=records.source,
            remedy=f"{meant}The columns are {', '.join(known)}; leave others out",
        )


def _unreadable(source: str, error: Exception) -> DataError:
    return DataError(
        "must be a file that can be read",
        found=getattr(error, "strerror", None) or str(error),
        field=source,
        remedy="check the path (relative paths start at the current directory)",
    )
