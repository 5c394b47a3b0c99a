"""A table as the template wants it: printed cells with their dress."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, format_cell
from plimsoll.report.key_figures import find_column, find_table, number, unit_of

_LEFT = (ColumnKind.TEXT, ColumnKind.TIME, ColumnKind.FLAG)
_CHIPS = {
    "zone": ("green", "yellow", "amber", "red"),
    "verdict": ("holds", "breach", "not_proven"),
    "origin": ("calibrated", "frozen", "class_floor", "bound", "venue"),
    "action": ("keep", "mask", "split", "refuse"),
}
_REJECTED_BELOW = 0.01
_CODES = ("kind", "reason", "remark", "class")
_WIDE = 10
_FILTER_FROM = 25
_SHORT = 24
_SENTENCE = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """Printed text and CSS classes."""

    text: str
    css: str
    chip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    """Heading of a column."""

    title: str
    unit: str
    about: str
    css: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """A table ready to print."""

    name: str
    title: str
    columns: tuple[ColumnView, ...]
    rows: tuple[tuple[CellView, ...], ...]
    notes: tuple[str, ...]
    wide: bool
    filterable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a column means, and where it stands."""

    title: str
    unit: str
    about: str
    tables: str


def table_view(table: Table) -> TableView:
    """Return the printed form of a table."""
    return TableView(
        name=table.name,
        title=table.title,
        columns=tuple(_column_view(column) for column in table.columns),
        rows=tuple(
            tuple(_cell_view(cell, column) for cell, column in zip(row, table.columns, strict=True))
            for row in table.rows
        ),
        notes=table.notes,
        wide=_is_wide(table),
        filterable=len(table) >= _FILTER_FROM,
    )


def _is_wide(table: Table) -> bool:
    """Whether the table needs smaller type on paper: many columns, or times among them."""
    has_times = any(column.kind is ColumnKind.TIME for column in table.columns)
    return has_times or len(table.columns) >= _WIDE


def _column_view(column: Column) -> ColumnView:
    return ColumnView(
        title=column.title,
        unit=unit_of(column),
        about=column.about,
        css="left" if column.kind in _LEFT else "number",
    )


def _cell_view(cell: Cell, column: Column) -> CellView:
    text = format_cell(cell, column)
    if column.kind not in _LEFT:
        css = "number rejected" if _rejected(cell, column) else "number"
        return CellView(text=_signed(text, cell, column), css=css)
    if column.kind is ColumnKind.TIME:
        return CellView(text=text, css="left time")
    known = _CHIPS.get(column.name, ())
    if text in known:
        return CellView(text=text.replace("_", " "), css="left", chip=f"{column.name}-{text}")
    words = text.replace("_", " ") if column.name in _CODES else text
    return CellView(text=words, css=f"left {_length_class(words)}".strip())


def _length_class(words: str) -> str:
    """Short words stay on one line, sentences get room, what lies between breaks at need."""
    if len(words) <= _SHORT:
        return "short"
    return "text" if len(words) >= _SENTENCE else ""


def _signed(text: str, cell: Cell, column: Column) -> str:
    """Set a true minus, and a plus on rises in columns of changes."""
    name = column.name
    is_change = name == "change" or name.startswith("change_") or name.endswith("_change")
    plus = "+" if is_change and number(cell) > 0 else ""
    return plus + text.replace("-", "\u2212")


def _rejected(cell: Cell, column: Column) -> bool:
    """Whether a p-value is small enough to be set in bold."""
    value = number(cell)
    is_p = column.name.endswith("_p") or column.name == "p_value"
    return is_p and not math.isnan(value) and value < _REJECTED_BELOW


def with_origins(evidence: Evidence, table: Table) -> Table:
    """Return a table by market with standard errors and origin of its first tier added.

    What the table already has, or ``parameters`` lacks, is not added.
    """
    source = find_table(evidence, "parameters")
    if source is None or find_column(source, "market") is None or not _has_market(table):
        return table
    wanted = ("maintenance_se", "initial_se", "origin")
    added = [
        column
        for column in (find_column(source, name) for name in wanted)
        if column is not None and find_column(table, column.name) is None
    ]
    first = {row["market"]: row for row in reversed(list(source))}
    names = [column.name for column in table.columns]
    at = names.index("reason") if "reason" in names else len(names)
    rows = tuple(
        (*row[:at], *(first.get(market, {}).get(column.name) for column in added), *row[at:])
        for row, market in zip(table.rows, table.column("market"), strict=True)
    )
    return replace(table, columns=(*table.columns[:at], *added, *table.columns[at:]), rows=rows)


def _has_market(table: Table) -> bool:
    return find_column(table, "market") is not None


def definitions(tables: Iterable[Table]) -> tuple[Definition, ...]:
    """Return title, unit and meaning of every column that explains itself, each meaning once."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for table in tables:
        for column in table.columns:
            if column.about:
                key = (column.title, unit_of(column), column.about)
                places.setdefault(key, []).append(table.title)
    return tuple(
        Definition(title=title, unit=unit, about=about, tables=", ".join(dict.fromkeys(where)))
        for (title, unit, about), where in places.items()
    )
