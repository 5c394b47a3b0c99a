"""The evidence as Markdown, for reviews that live beside code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Cell, Column, Table
from plimsoll.report.key_figures import key_figures
from plimsoll.report.sections import sections, unplaced_tables
from plimsoll.report.wording import (
    as_of,
    command_line,
    provenance_rows,
    require_same_set,
    verdict_words,
)


def markdown_report(evidence: Evidence, parameters: ParameterSet) -> str:
    """Return the report as GitHub-flavoured Markdown: verdict first, every table, provenance.

    Raises
    ------
    UsageError
        Where the evidence belongs to another parameter set.
    """
    require_same_set(evidence, parameters)
    blocks = [
        *_head(evidence, parameters),
        *_planned(evidence),
        *_limits(evidence),
        *_provenance(evidence, parameters),
        *_appendix(evidence),
    ]
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _head(evidence: Evidence, parameters: ParameterSet) -> Iterator[str]:
    yield f"# {_text(parameters.venue)}: evidence on a margin parameter set"
    yield f"**Verdict: {verdict_words(evidence.verdict)}**"
    yield f"> **Price source: {_text(evidence.label)}**"
    yield (
        f"Set `{parameters.id}`  \nas of {_text(as_of(evidence, parameters))}, "
        f"valid from {_text(parameters.valid_from)}"
    )
    yield _grid(
        ("Check", "Demanded", "Found", "Verdict"),
        [(c.name, c.demanded, c.found, verdict_words(c.verdict)) for c in evidence.checks],
    )
    yield _grid(
        ("Key figure", "Value", "About"),
        [(f.title, f"{f.value} {f.unit}".strip(), f.about) for f in key_figures(evidence)],
    )


def _planned(evidence: Evidence) -> Iterator[str]:
    for section in sections(evidence):
        if section.tables:
            yield f"## {section.title}"
            yield section.lead
            for table in section.tables:
                yield _table(table, evidence.label)


def _limits(evidence: Evidence) -> Iterator[str]:
    yield "## Limits: what this evidence cannot say"
    yield "\n".join(f"- {_text(limit)}" for limit in evidence.limits) or "None were stated."


def _provenance(evidence: Evidence, parameters: ParameterSet) -> Iterator[str]:
    yield "## Provenance"
    yield _grid(("Item", "Value"), provenance_rows(evidence, parameters))
    command = " ".join(command_line(evidence).split())
    if command:
        yield "Reproduce with the venue file and the data that have the digests above:"
        yield f"    {command}"


def _appendix(evidence: Evidence) -> Iterator[str]:
    rest = unplaced_tables(evidence)
    if rest:
        yield "## Appendix: further tables"
        for table in rest:
            yield _table(table, evidence.label)


def _table(table: Table, label: str) -> str:
    safe = replace(
        table,
        title=_text(table.title),
        columns=tuple(_column(column) for column in table.columns),
        rows=tuple(tuple(_cell(cell) for cell in row) for row in table.rows),
        notes=(*(_text(note) for note in table.notes), f"Price source: {_text(label)}"),
    )
    return safe.markdown()


def _column(column: Column) -> Column:
    return replace(column, title=_text(column.title).replace("|", "\\|"), unit=_text(column.unit))


def _cell(cell: Cell) -> Cell:
    return _text(cell) if isinstance(cell, str) else cell


def _text(text: str) -> str:
    """Escape what Markdown would read as HTML, links, code or emphasis; keep to one line."""
    one_line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*\[\]])", r"\\\1", one_line)


def _grid(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head)]
    body = [tuple(_text(cell).replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in [*lines, *body])
