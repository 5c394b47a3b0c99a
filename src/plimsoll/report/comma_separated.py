"""The tables as CSV: full precision, stable names, the price source in every row."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import UsageError
from plimsoll.report.document import iso_text

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_tables(evidence: Evidence) -> Mapping[str, str]:
    r"""Return file name → CSV text (UTF-8, RFC 4180, ``\n`` line ends) of every table.

    The first line holds the stable column names; ``columns.csv`` says title, kind, unit and
    meaning of each, ``checks.csv`` holds the verdict and ``notes.csv`` the notes. Fractions stay
    fractions, times are ISO 8601 in UTC, a missing number is empty, and the last column
    ``price_source`` carries the label, so that a file that travels alone still says what it is.
    Text that a spreadsheet would run as a formula is preceded by an apostrophe.

    Raises
    ------
    UsageError
        Where a table's name cannot be a file name, or occurs twice.
    """
    _require_file_names([table.name for table in evidence.tables])
    files = {f"{table.name}.csv": _table_csv(table, evidence.label) for table in evidence.tables}
    files["checks.csv"] = _lines(
        ["check", "verdict", "demanded", "found", "price_source"],
        ([c.name, c.verdict.value, c.demanded, c.found, evidence.label] for c in evidence.checks),
    )
    files["columns.csv"] = _lines(
        ["table", "column", "title", "kind", "unit", "about"],
        (
            [table.name, c.name, c.title, c.kind.value, c.unit, c.about]
            for table in evidence.tables
            for c in table.columns
        ),
    )
    files["notes.csv"] = _lines(
        ["table", "note"], ([table.name, note] for table in evidence.tables for note in table.notes)
    )
    return dict(sorted(files.items()))


def _require_file_names(names: Sequence[str]) -> None:
    taken = {"checks", "columns", "notes"}
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) or name in taken:
            raise UsageError(
                "must consist of letters, digits, _ and -, each name once, none of "
                "checks, columns, notes",
                found=name,
                field="table name",
            )
        taken.add(name)


def _table_csv(table: Table, label: str) -> str:
    names = [*(column.name for column in table.columns), "price_source"]
    rows = (
        [*(_plain(c, column) for c, column in zip(row, table.columns, strict=True)), label]
        for row in table.rows
    )
    return _lines(names, rows)


def _lines(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _plain(cell: Cell, column: Column) -> str | _Number:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        return cell
    if column.kind is ColumnKind.TIME:
        return iso_text(int(cell))
    return _Number(repr(cell))


class _Number(str):
    """Text of a number, which may begin with a sign."""

    __slots__ = ()


def _harmless(cell: str) -> str:
    if isinstance(cell, _Number) or not cell.startswith(_FORMULA_STARTS):
        return cell
    return "'" + cell
