"""CSV files: parsed back by the standard library, they hold the same numbers."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import UsageError
from plimsoll.report import csv_tables
from report_evidence import HOSTILE, LABEL, sample_evidence


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def evidence_of(*tables: Table) -> Evidence:
    return Evidence(parameter_set_id="0", label=LABEL, checks=(), tables=tables)


def table_of(*cells: object, kind: ColumnKind = ColumnKind.TEXT, name: str = "t") -> Table:
    rows = tuple((cell,) for cell in cells)
    return Table(name=name, title="T", columns=(Column(name="c", title="C", kind=kind),), rows=rows)  # type: ignore[arg-type]


def test_each_table_has_a_file_with_every_row_and_the_price_source() -> None:
    evidence, _ = sample_evidence(hostile=True)
    files = csv_tables(evidence)
    for table in evidence.tables:
        rows = parsed(files[f"{table.name}.csv"])
        assert len(rows) == len(table)
        assert list(rows[0]) == [*(column.name for column in table.columns), "price_source"]
        assert {row["price_source"] for row in rows} == {LABEL}


def test_numbers_come_back_exactly() -> None:
    evidence, _ = sample_evidence()
    rows = parsed(csv_tables(evidence)["coverage.csv"])
    for column in ("breach_rate", "kupiec_p", "mean_margin"):
        assert [float(row[column]) for row in rows] == list(
            evidence.table("coverage").column(column)
        )


def test_times_are_iso_and_missing_numbers_empty() -> None:
    times = table_of(1_640_995_200_000_000_000, None, kind=ColumnKind.TIME)
    numbers = table_of(math.nan, math.inf, -1.5, True, kind=ColumnKind.NUMBER, name="n")
    files = csv_tables(evidence_of(times, numbers))
    assert [row["c"] for row in parsed(files["t.csv"])] == ["2022-01-01T00:00:00Z", ""]
    assert [row["c"] for row in parsed(files["n.csv"])] == ["", "inf", "-1.5", "true"]


def test_text_that_a_spreadsheet_would_run_is_disarmed() -> None:
    hostile = ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", HOSTILE, 'a"b,c\nd')
    rows = parsed(csv_tables(evidence_of(table_of(*hostile)))["t.csv"])
    assert [row["c"] for row in rows] == [*("'" + text for text in hostile[:5]), *hostile[5:]]


def test_columns_and_checks_are_described_beside_the_numbers() -> None:
    evidence, _ = sample_evidence()
    files = csv_tables(evidence)
    units = {(r["table"], r["column"]): r["unit"] for r in parsed(files["columns.csv"])}
    assert units["coverage", "horizon_hours"] == "h"
    assert [r["check"] for r in parsed(files["checks.csv"])] == [c.name for c in evidence.checks]
    notes = [r["note"] for r in parsed(files["notes.csv"]) if r["table"] == "coverage"]
    assert notes == list(evidence.table("coverage").notes)


@pytest.mark.parametrize("name", ["../etc", "a/b", "", "notes", "a b"])
def test_names_that_are_no_file_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="table name"):
        csv_tables(evidence_of(table_of("x", name=name)))


def test_a_name_that_occurs_twice_is_refused() -> None:
    table = table_of("x")
    with pytest.raises(UsageError, match="table name"):
        csv_tables(evidence_of(table, replace(table, title="other")))
