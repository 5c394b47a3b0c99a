"""A table that people read: columns with units, rows, notes. Every report is made of these."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from plimsoll.errors import UsageError

Cell = str | float | int | bool | None


class ColumnKind(StrEnum):
    """How the values of a column are meant and therefore printed."""

    TEXT = "text"
    NUMBER = "number"
    COUNT = "count"
    FRACTION = "fraction"  # stored 0.0125, printed 1.25 %
    MONEY = "money"
    TIME = "time"  # int64 ns UTC, printed ISO
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Name, title, kind, unit and one line of explanation."""

    name: str
    title: str
    kind: ColumnKind = ColumnKind.TEXT
    unit: str = ""
    digits: int = 2
    about: str = ""

    @property
    def heading(self) -> str:
        """Title with unit."""
        unit = "%" if self.kind is ColumnKind.FRACTION and not self.unit else self.unit
        return f"{self.title} [{unit}]" if unit else self.title


def format_cell(value: Cell, column: Column) -> str:
    """Print one value; a missing one is an en dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if column.kind is ColumnKind.FLAG:
        return "yes" if value else "no"
    if column.kind is ColumnKind.TIME:
        return iso_minute(int(value))
    if isinstance(value, str):
        return value
    if isinstance(value, float) and math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if column.kind is ColumnKind.FRACTION:
        return f"{100.0 * value:,.{column.digits}f}"
    if column.kind is ColumnKind.COUNT:
        return f"{int(value):,}"
    return f"{value:,.{column.digits}f}"


def iso_minute(time_ns: int) -> str:
    """Return ``YYYY-MM-DD HH:MM`` of a UTC time in ns.

    >>> iso_minute(1_640_995_200_000_000_000)
    '2022-01-01 00:00'
    """
    days, rest = divmod(time_ns, 86_400_000_000_000)
    year, month, day = _civil(days)
    minutes = rest // 60_000_000_000
    return f"{year:04d}-{month:02d}-{day:02d} {minutes // 60:02d}:{minutes % 60:02d}"


def _civil(days: int) -> tuple[int, int, int]:
    """Gregorian date of a day count since 1970-01-01 (proleptic, H. Hinnant's day algorithm)."""
    shifted = days + 719_468
    era, day_of_era = divmod(shifted, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_index = (5 * day_of_year + 2) // 153
    month = month_index + 3 if month_index < 10 else month_index - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return year, month, day_of_year - (153 * month_index + 2) // 5 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An immutable table.

    Parameters
    ----------
    name : str
        Stable identifier (file name, JSON key).
    title : str
        Heading for people.
    columns : tuple of Column
    rows : tuple of tuple
        One value per column.
    notes : tuple of str
        What a reader must know: price source, conventions, what was not scored.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for index, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise UsageError(
                    f"must have one value per column ({len(self.columns)})",
                    found=len(row),
                    field=self.name,
                    row=index,
                )

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Cell]]:
        names = [c.name for c in self.columns]
        return (dict(zip(names, row, strict=True)) for row in self.rows)

    def column(self, name: str) -> tuple[Cell, ...]:
        """Return the values of one column."""
        names = [c.name for c in self.columns]
        if name not in names:
            raise UsageError(f"must be one of {names}", found=name, field=f"{self.name}.column")
        index = names.index(name)
        return tuple(row[index] for row in self.rows)

    def formatted(self) -> list[list[str]]:
        """Rows as printed text."""
        return [
            [format_cell(v, c) for v, c in zip(row, self.columns, strict=True)] for row in self.rows
        ]

    def markdown(self) -> str:
        """The table as GitHub-flavoured Markdown with its notes."""
        head = "| " + " | ".join(c.heading for c in self.columns) + " |"
        rule = "|" + "|".join("---" if _left(c) else "---:" for c in self.columns) + "|"
        cells = [[cell.replace("|", "\\|") for cell in row] for row in self.formatted()]
        body = ["| " + " | ".join(row) + " |" for row in cells]
        notes = [f"- {note}" for note in self.notes]
        return "\n".join([f"### {self.title}", "", head, rule, *body, "", *notes]).rstrip() + "\n"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(c.heading)}</th>" for c in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.formatted()
        )
        notes = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in self.notes)
        return (
            f"<table><caption>{html.escape(self.title)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"
        )

    def __str__(self) -> str:
        texts = [[c.heading for c in self.columns], *self.formatted()]
        widths = [max(len(row[i]) for row in texts) for i in range(len(self.columns))]
        lines = [
            "  ".join(
                cell.ljust(width) if _left(column) else cell.rjust(width)
                for cell, width, column in zip(row, widths, self.columns, strict=True)
            ).rstrip()
            for row in texts
        ]
        return "\n".join([self.title, *lines, *self.notes])


def _left(column: Column) -> bool:
    return column.kind in (ColumnKind.TEXT, ColumnKind.TIME, ColumnKind.FLAG)
