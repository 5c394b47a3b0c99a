"""The handful of numbers that stand beside the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.table import Cell, Column, Table, format_cell

Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """A number with its unit and what it refers to."""

    title: str
    value: str
    unit: str
    about: str


def key_figures(evidence: Evidence) -> tuple[KeyFigure, ...]:
    """Return the key figures; one whose table is absent shows an en dash and says so."""
    return (
        _markets(evidence),
        _pooled_coverage(evidence),
        _pooled_margin(evidence),
        _largest(evidence, "procyclicality", "call_5d", "Largest 5-day call"),
        _largest(evidence, "coverage", "worst_exceedance", "Worst exceedance"),
        _findings(evidence),
    )


def find_table(evidence: Evidence, name: str) -> Table | None:
    """Return the table called ``name``, None where the evidence has none."""
    return next((table for table in evidence.tables if table.name == name), None)


def find_column(table: Table, name: str) -> Column | None:
    """Return the column called ``name``, None where the table has none."""
    return next((column for column in table.columns if column.name == name), None)


def number(value: Cell) -> float:
    """Return a cell as a float, NaN where it is not a number.

    >>> number(3), number("x")
    (3.0, nan)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    return float(value)


def unit_of(column: Column) -> str:
    """Unit in which a column prints.

    >>> from plimsoll.domain.table import ColumnKind
    >>> unit_of(Column(name="n", title="Rate", kind=ColumnKind.FRACTION))
    '%'
    """
    unit = column.heading.removeprefix(column.title).strip(" []")
    return "%" if unit.startswith("% of ") else unit


def _absent(title: str, table: str) -> KeyFigure:
    return KeyFigure(title=title, value="–", unit="", about=f"no {table} in this evidence")


def _markets(evidence: Evidence) -> KeyFigure:
    title, each = "Markets calibrated", "tier"
    table = find_table(evidence, "parameters")
    if table is None or find_column(table, "market") is None:
        return _absent(title, "table of parameters")
    has_rates = find_column(table, "maintenance_rate") is not None
    if find_column(table, "calibrated") is not None:  # a grid: constants by risk unit
        title, each = "Risk units calibrated", "constant"
    rows = [row for row in table if not has_rates or row["maintenance_rate"] is not None]
    markets = {row["market"] for row in rows}
    without = len(set(table.column("market")) - markets)
    told = f"; {without:,} without a number" if without else ""
    return KeyFigure(
        title=title,
        value=f"{len(markets):,}",
        unit="",
        about=f"{len(rows):,} {each}{'' if len(rows) == 1 else 's'}{told}",
    )


def _pooled_row(evidence: Evidence) -> tuple[Table, Row] | None:
    table = find_table(evidence, "coverage_pooled")
    if table is None or not len(table):
        return None
    rows = list(table)
    chosen = next((r for r in rows if "maintenance" in str(r.get("scope", "")).lower()), rows[0])
    return table, chosen


def _pooled_coverage(evidence: Evidence) -> KeyFigure:
    title = "Pooled coverage"
    found = _pooled_row(evidence)
    if found is None or math.isnan(number(found[1].get("breach_rate"))):
        return _absent(title, "pooled coverage")
    row = found[1]
    error, target = number(row.get("standard_error")), number(row.get("target"))
    stated = "" if math.isnan(error) else f"s.e. {100.0 * error:.3f}\u00a0% · "
    aimed = "" if math.isnan(target) else f"target\u00a0{100.0 * (1.0 - target):.2f}\u00a0%"
    return KeyFigure(
        title=title,
        value=f"{100.0 * (1.0 - number(row['breach_rate'])):.2f}",
        unit="%",
        about=f"{stated}{aimed}".strip(" ·") or str(row.get("scope", "")),
    )


def _pooled_margin(evidence: Evidence) -> KeyFigure:
    title = "Mean margin held"
    found = _pooled_row(evidence)
    column = None if found is None else find_column(found[0], "mean_margin")
    if found is None or column is None:
        return _absent(title, "pooled margin")
    return KeyFigure(
        title=title,
        value=format_cell(found[1]["mean_margin"], column),
        unit=unit_of(column),
        about=str(found[1].get("scope", "pooled")),
    )


def _largest(evidence: Evidence, name: str, column_name: str, title: str) -> KeyFigure:
    table = find_table(evidence, name)
    column = None if table is None else find_column(table, column_name)
    if table is None or column is None:
        return _absent(title, column_name.replace("_", " "))
    rows = [row for row in table if not math.isnan(number(row[column_name]))]
    if not rows:
        return _absent(title, column_name.replace("_", " "))
    row = max(rows, key=lambda item: number(item[column_name]))
    return KeyFigure(
        title=title,
        value=format_cell(row[column_name], column),
        unit=unit_of(column),
        about=" ".join(_names(row)),
    )


def _names(row: Row) -> Iterator[str]:
    for name in ("market", "side"):
        if row.get(name) is not None:
            yield str(row[name])


def _findings(evidence: Evidence) -> KeyFigure:
    title = "Data findings"
    table, kinds = find_table(evidence, "findings"), find_table(evidence, "findings_by_kind")
    if table is None and kinds is None:
        return _absent(title, "table of findings")
    has_counts = kinds is not None and find_column(kinds, "count") is not None
    counts = [number(c) for c in kinds.column("count")] if kinds and has_counts else []
    total = len(table) if table is not None else int(sum(c for c in counts if not math.isnan(c)))
    listed = kinds if kinds is not None else table
    kind_count = 0 if listed is None else len(set(listed.column("kind")))
    return KeyFigure(
        title=title,
        value=f"{total:,}",
        unit="",
        about=f"{kind_count} kind{'' if kind_count == 1 else 's'}, with the action taken",
    )
