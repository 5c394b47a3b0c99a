"""A table as CSV: full precision, stable names, the price source in every row."""

from __future__ import annotations

import csv
import io
import math

from plimsoll.domain.table import Cell, Table


def table_csv(table: Table, label: str) -> str:
    r"""Return a table as CSV (UTF-8, RFC 4180, ``\n`` line ends); a missing number is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(column.name for column in table.columns), "price_source"])
    for row in table.rows:
        writer.writerow([*(_plain(cell) for cell in row), label])
    return out.getvalue()


def _plain(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return repr(cell) if isinstance(cell, float) else str(cell)
