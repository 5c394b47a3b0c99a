"""What a calibration and its evidence look like on the command line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Any, Protocol

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.output import Output
from plimsoll.domain.evidence import Evidence, Verdict
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Column, ColumnKind, Table

SHOWN_AFTER_CALIBRATION = ("parameters", "coverage_pooled", "incumbent")


class Calibrated(Protocol):
    """What the calibration journeys return."""

    @property
    def parameters(self) -> ParameterSet: ...
    @property
    def evidence(self) -> Evidence: ...
    @property
    def timings(self) -> tuple[tuple[str, float], ...]: ...
    @property
    def files(self) -> Iterable[object]: ...


def exit_code(verdict: Verdict) -> ExitCode:
    """Return 0 where the evidence holds; a breach and a lack of proof are both 1."""
    return ExitCode.HOLDS if verdict is Verdict.HOLDS else ExitCode.BREACH


def show_calibration(output: Output, result: Calibrated) -> ExitCode:
    """Print tables, verdict, files and timings of a calibration; return the exit code."""
    evidence, code = result.evidence, exit_code(result.evidence.verdict)
    output.close()
    for table in evidence.tables:
        if table.name in SHOWN_AFTER_CALIBRATION:
            output.table(table)
    output.table(check_table(evidence))
    output.table(timing_table(result.timings))
    files = [str(file) for file in result.files]
    for line in written_lines(files):
        output.line(line)
    output.line(f"parameter set {result.parameters.id}")
    output.line(verdict_line(evidence))
    if output.json:
        document = {
            "parameter_set_id": result.parameters.id,
            "parameter_set": result.parameters.document(),
            "evidence": _evidence_document(evidence),
            "timings_s": dict(result.timings),
            "files": files,
        }
        output.document(code, {"result": document})
    return code


def show_evidence(output: Output, evidence: Evidence, names: tuple[str, ...]) -> ExitCode:
    """Print stored evidence, or the named tables of it; return the exit code."""
    code = exit_code(evidence.verdict)
    tables = [evidence.table(name) for name in names] if names else list(evidence.tables)
    for table in tables:
        output.table(table)
    output.table(check_table(evidence))
    for limit in evidence.limits:
        output.line(f"limit: {limit}")
    output.line(f"parameter set {evidence.parameter_set_id}")
    output.line(verdict_line(evidence))
    if output.json:
        document = _evidence_document(evidence)
        if names:
            document["tables"] = [t for t in document["tables"] if t["name"] in names]
        output.document(code, {"result": document})
    return code


def evidence_markdown(evidence: Evidence, names: tuple[str, ...]) -> str:
    """Return verdict and tables of stored evidence as Markdown, with the set they are of."""
    tables = [evidence.table(name) for name in names] if names else list(evidence.tables)
    head = f"Set `{evidence.parameter_set_id}`; {evidence.label}.\n"
    return "\n".join([head, check_table(evidence).markdown(), *(t.markdown() for t in tables)])


def written_lines(files: Sequence[str]) -> Iterator[str]:
    """Yield a line for each file written; the tables of a folder of their own in one.

    >>> list(written_lines(["out/report.md", "out/tables/a.csv", "out/tables/b.csv"]))
    ['wrote out/report.md', 'wrote out/tables/ (2 files)']
    """
    folders = Counter(PurePath(file).parent for file in files if PurePath(file).suffix == ".csv")
    told: set[PurePath] = set()
    for file in files:
        folder = PurePath(file).parent
        if PurePath(file).suffix != ".csv":
            yield f"wrote {file}"
        elif folder not in told:
            told.add(folder)
            yield f"wrote {folder}{os.sep} ({folders[folder]} files)"


def verdict_line(evidence: Evidence) -> str:
    """One line that says it all, with the price source."""
    return f"verdict: {evidence.verdict.value.upper().replace('_', ' ')}  ({evidence.label})"


def check_table(evidence: Evidence) -> Table:
    """The verdict, line by line."""
    return Table(
        name="checks",
        title="Verdict",
        columns=(
            Column(name="name", title="Check"),
            Column(name="verdict", title="Verdict"),
            Column(name="found", title="Found"),
            Column(name="demanded", title="Demanded"),
        ),
        rows=tuple((c.name, c.verdict.value, c.found, c.demanded) for c in evidence.checks),
    )


def timing_table(timings: tuple[tuple[str, float], ...]) -> Table:
    """How long each stage took."""
    total = sum(seconds for _, seconds in timings)
    return Table(
        name="timings",
        title="Time taken",
        columns=(
            Column(name="stage", title="Stage"),
            Column(name="seconds", title="Time", kind=ColumnKind.NUMBER, unit="s"),
        ),
        rows=(*((stage, float(seconds)) for stage, seconds in timings), ("total", float(total))),
    )


def _evidence_document(evidence: Evidence) -> dict[str, Any]:
    from plimsoll.report import evidence_document

    return evidence_document(evidence, series=False)
