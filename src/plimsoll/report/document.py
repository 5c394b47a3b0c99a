"""Evidence as a versioned JSON document, and back.

Floats are written shortest-exact, so a round trip returns the same numbers. What JSON lacks is
said in the open: NaN and infinities are ``{"float": "nan"}``, times are ISO 8601 in UTC (an
integer of nanoseconds would lose its last digits in a reader of doubles), and the long arrays of
a series are base64 of little-endian values, with their type beside them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plimsoll.domain.evidence import (
    SCHEMA,
    SCHEMA_VERSION,
    Check,
    CoverageSeries,
    Evidence,
    Verdict,
)
from plimsoll.domain.schema import Document, Migration, migrated
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import DataFormatError
from plimsoll.report.embedding import array_from_base64, base64_array

MIGRATIONS: Mapping[int, Migration] = {}
"""From a schema version to the next one; empty while version 1 is the only one there was."""


def evidence_document(evidence: Evidence, *, series: bool = True) -> Document:
    """Return the evidence in plain form.

    Parameters
    ----------
    evidence : Evidence
    series : bool
        False leaves the margin and loss series out: most of the size, none of the tables.
    """
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "parameter_set_id": evidence.parameter_set_id,
        "label": evidence.label,
        "verdict": evidence.verdict.value,
        "checks": [_check_document(check) for check in evidence.checks],
        "tables": [_table_document(table) for table in evidence.tables],
        "series": [_series_document(item) for item in evidence.series] if series else [],
        "limits": list(evidence.limits),
        "provenance": dict(evidence.provenance),
    }


def evidence_bytes(evidence: Evidence, *, series: bool = True) -> bytes:
    """Return the document as UTF-8 JSON: same evidence, same bytes; ends with a newline."""
    document = evidence_document(evidence, series=series)
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
    return (text + "\n").encode("utf-8")


def evidence_from_document(
    document: Mapping[str, Any], *, migrations: Mapping[int, Migration] = MIGRATIONS
) -> Evidence:
    """Read evidence from its plain form, migrating an older schema version step by step.

    Raises
    ------
    DataFormatError
        For another schema, a newer version, a version without a way up, or a malformed field.
    """
    current = migrated(dict(document), schema=SCHEMA, current=SCHEMA_VERSION, migrations=migrations)
    try:
        evidence = Evidence(
            parameter_set_id=current["parameter_set_id"],
            label=current["label"],
            checks=tuple(_check(item) for item in current["checks"]),
            tables=tuple(_table(item) for item in current["tables"]),
            series=tuple(_series(item) for item in current["series"]),
            limits=tuple(current["limits"]),
            provenance=dict(current["provenance"]),
        )
        stated = Verdict(current["verdict"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataFormatError(
            "must be an evidence document as evidence_document writes it",
            found=f"{type(error).__name__}: {error}",
            field="evidence",
        ) from error
    if stated is not evidence.verdict:
        raise DataFormatError(
            f"must agree with its checks ({evidence.verdict.value})",
            found=stated.value,
            field="verdict",
        )
    return evidence


def _check_document(check: Check) -> Document:
    return {
        "name": check.name,
        "verdict": check.verdict.value,
        "found": check.found,
        "demanded": check.demanded,
    }


def _check(item: Mapping[str, Any]) -> Check:
    return Check(
        name=item["name"],
        verdict=Verdict(item["verdict"]),
        found=item["found"],
        demanded=item["demanded"],
    )


def _table_document(table: Table) -> Document:
    return {
        "name": table.name,
        "title": table.title,
        "columns": [_column_document(column) for column in table.columns],
        "rows": [
            [_cell_out(cell, column) for cell, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ],
        "notes": list(table.notes),
    }


def _column_document(column: Column) -> Document:
    return {
        "name": column.name,
        "title": column.title,
        "kind": column.kind.value,
        "unit": column.unit,
        "digits": column.digits,
        "about": column.about,
    }


def _table(item: Mapping[str, Any]) -> Table:
    columns = tuple(Column(**{**c, "kind": ColumnKind(c["kind"])}) for c in item["columns"])
    rows = tuple(_row(row, columns) for row in item["rows"])
    return Table(
        name=item["name"],
        title=item["title"],
        columns=columns,
        rows=rows,
        notes=tuple(item["notes"]),
    )


def _row(row: Sequence[Any], columns: tuple[Column, ...]) -> tuple[Cell, ...]:
    return tuple(_cell_in(cell, column) for cell, column in zip(row, columns, strict=True))


def _cell_out(cell: Cell, column: Column) -> Any:
    if isinstance(cell, float) and not math.isfinite(cell):
        return {"float": repr(cell)}
    if column.kind is ColumnKind.TIME and isinstance(cell, int):
        return iso_text(cell)
    return cell


def _cell_in(cell: Any, column: Column) -> Cell:
    if isinstance(cell, Mapping):
        return float(cell["float"])
    if column.kind is ColumnKind.TIME and isinstance(cell, str):
        return _time_ns(cell)
    if cell is None or isinstance(cell, (str, int, float)):
        return cell
    raise TypeError(f"a cell cannot be a {type(cell).__name__}")


def iso_text(time_ns: int) -> str:
    """Return ISO 8601 of a UTC time in ns, with as many decimals as it takes to be exact.

    >>> iso_text(1_640_995_200_000_000_000), iso_text(1_640_995_200_500_000_000)
    ('2022-01-01T00:00:00Z', '2022-01-01T00:00:00.5Z')
    """
    seconds, fraction = str(np.datetime64(time_ns, "ns")).split(".")
    return f"{seconds}.{fraction}".rstrip("0").rstrip(".") + "Z" if int(fraction) else seconds + "Z"


def _time_ns(text: str) -> int:
    if not text.endswith("Z"):
        raise ValueError(f"a time must be ISO 8601 in UTC, ending with Z, found {text!r}")
    return int(np.datetime64(text[:-1], "ns").astype(np.int64))


def _series_document(series: CoverageSeries) -> Document:
    arrays: dict[str, tuple[str, Any]] = {
        "time_ns": ("int64", series.time_ns),
        "margin": ("float64", series.margin),
        "loss": ("float64", series.loss),
    }
    if series.horizons is not None and series.broken is not None:
        arrays |= {"horizons": ("int64", series.horizons), "broken": ("int64", series.broken)}
    packed = {
        name: {"dtype": dtype, "order": "little", "base64": base64_array(values, dtype)}
        for name, (dtype, values) in arrays.items()
    }
    return {
        "market": series.market,
        "side": series.side,
        "horizon": series.horizon,
        "count": int(series.time_ns.size),
        **packed,
    }


def _series(item: Mapping[str, Any]) -> CoverageSeries:
    time_ns = array_from_base64(item["time_ns"]["base64"], "int64")
    margin = array_from_base64(item["margin"]["base64"], "float64")
    loss = array_from_base64(item["loss"]["base64"], "float64")
    if not time_ns.size == margin.size == loss.size == item["count"]:
        raise ValueError(f"a series must have {item['count']} values in each array")
    counts = {
        name: array_from_base64(item[name]["base64"], "int64").astype(np.int64)
        for name in ("horizons", "broken")
        if name in item
    }
    return CoverageSeries(
        market=item["market"],
        side=item["side"],
        horizon=item["horizon"],
        time_ns=time_ns.astype(np.int64),
        margin=margin.astype(np.float64),
        loss=loss.astype(np.float64),
        **counts,
    )
