"""Tables as people see them: without columns that are empty in every row, and why they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from plimsoll.domain.table import Cell, Column, Table
from plimsoll.estimators.reference.methods import BENCHMARK, REFERENCE


def shown_table(table: Table) -> Table:
    """Return the table without its empty columns; a note names them and says why they are empty.

    A table without rows, or with nothing empty, is returned as it is.
    """
    empty = [j for j in range(len(table.columns)) if all(_missing(row[j]) for row in table.rows)]
    if not table.rows or not empty:
        return table
    kept = [j for j in range(len(table.columns)) if j not in empty]
    return replace(
        table,
        columns=tuple(table.columns[j] for j in kept),
        rows=tuple(tuple(row[j] for j in kept) for row in table.rows),
        notes=(*table.notes, *_reasons([table.columns[j] for j in empty])),
    )


def _missing(value: Cell) -> bool:
    return value is None or value != value or value == ""


def _reasons(columns: Sequence[Column]) -> Iterator[str]:
    """One note for each reason, with the columns that it emptied."""
    by_reason: dict[str, list[str]] = {}
    for column in columns:
        titles = by_reason.setdefault(_reason(column.name), [])
        if column.title not in titles:
            titles.append(column.title)
    for reason, titles in by_reason.items():
        yield f"Left out, as no row has a number: {', '.join(titles)}. {reason}"


def _reason(name: str) -> str:
    figure = name.removeprefix("quantile_")
    if figure == "gap" or figure.startswith("dm"):
        return f"They compare with {BENCHMARK}: name it and another among the methods."
    if figure.startswith("mcs"):
        return "They need two methods and 180 scored days."
    if figure.startswith("equal_co"):
        return f"It is at the coverage of {REFERENCE}: name it among the methods."
    return "The scored days do not reach there, or are too few."
