"""Tables of the domain on a terminal, and as plain values for JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute

if TYPE_CHECKING:
    from rich.table import Table as RichTable

_STYLES = {"holds": "green", "breach": "bold red", "not_proven": "yellow"}
_LEFT = (ColumnKind.TEXT, ColumnKind.TIME, ColumnKind.FLAG)


def print_table(table: Table) -> None:
    """Print a table with rich, notes below."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    console.print(rich_table(table))
    for note in table.notes:
        console.print(Text(f"  {note}", style="dim"))
    console.print()


def rich_table(table: Table) -> RichTable:
    """Return the table as rich draws it; texts are taken literally, never as markup."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(title=Text(table.title), title_justify="left", box=SIMPLE_HEAD)
    cells = table.formatted()
    for place, column in enumerate(table.columns):
        drawn.add_column(
            Text(column.heading),
            justify="left" if column.kind in _LEFT else "right",
            overflow="fold",
            min_width=None if column.kind is ColumnKind.TEXT else _longest(cells, place),
        )
    for row in cells:
        drawn.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    return drawn


def _longest(cells: list[list[str]], place: int) -> int | None:
    """Return the width of the longest cell of a column: a date or number is never folded."""
    return max((len(row[place]) for row in cells), default=None)


def table_document(table: Table) -> dict[str, object]:
    """Return the table in plain form: rows as mappings; no number is null."""
    return {
        "name": table.name,
        "title": table.title,
        "columns": [
            {"name": c.name, "title": c.title, "kind": c.kind.value, "unit": c.unit}
            for c in table.columns
        ],
        "rows": [
            {c.name: _plain(v, c) for c, v in zip(table.columns, row, strict=True)}
            for row in table.rows
        ],
        "notes": list(table.notes),
    }


def _plain(value: Cell, column: Column) -> Cell:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if column.kind is ColumnKind.TIME and isinstance(value, int):
        return iso_minute(value).replace(" ", "T") + "Z"
    return value
