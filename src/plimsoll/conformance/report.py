"""A conformance run as tables for people and as a plain document for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plimsoll.conformance.differences import DIFFERENCE_COLUMNS, difference_cells, error_text
from plimsoll.conformance.engines import ENGINES
from plimsoll.conformance.result import CaseResult, Comparison, ConformanceResult, EngineResult
from plimsoll.conformance.statistics.file_kinds import FILE_KINDS
from plimsoll.conformance.statistics.report import kind_document
from plimsoll.domain.table import Column, ColumnKind, Table


def engine_table(result: ConformanceResult) -> Table:
    """One row per engine: matched, total, worst errors and what was demanded."""
    return Table(
        name="conformance",
        title="Conformance by engine",
        columns=(
            Column(name="engine", title="Engine"),
            Column(name="matched", title="Matched"),
            Column(name="worst_relative", title="Worst relative error"),
            Column(name="worst_absolute", title="Worst absolute error"),
            Column(name="where", title="Where the relative error is worst"),
            Column(name="tolerance", title="Tolerance"),
        ),
        rows=tuple(_engine_row(engine) for engine in result.engines if not engine.by_leaf),
        notes=tuple(f"no vectors: {name}" for name in result.other_files),
    )


def mismatch_table(result: ConformanceResult) -> Table:
    """One row per case that does not match: its first term that is off, as one computes."""
    return Table(
        name="mismatches",
        title="Mismatches",
        columns=(
            Column(name="case", title="Case"),
            Column(name="kind", title="Kind"),
            Column(name="term", title="First differing term"),
            *DIFFERENCE_COLUMNS,
            Column(name="others", title="Terms off", kind=ColumnKind.COUNT),
        ),
        rows=tuple(
            _mismatch_row(case, first)
            for engine in result.engines
            if not engine.by_leaf
            for case in engine.cases
            if not case.matches and (first := case.first_difference) is not None
        ),
    )


def uncompared_table(result: ConformanceResult) -> Table:
    """One row per reason why cases could not be compared; empty where all were."""
    cases: dict[tuple[str, str], list[str]] = {}
    for case in result.mismatches:
        if case.problem:
            cases.setdefault((case.file, case.problem), []).append(case.id)
    return Table(
        name="uncompared",
        title="Not compared",
        columns=(
            Column(name="file", title="File"),
            Column(name="cases", title="Cases", kind=ColumnKind.COUNT),
            Column(name="first", title="First of them"),
            Column(name="why", title="Why"),
        ),
        rows=tuple((file, len(ids), ids[0], why) for (file, why), ids in cases.items()),
        notes=(
            f"Engines: {', '.join(ENGINES)}.",
            f"Kinds of statistical files: {', '.join(kind.name for kind in FILE_KINDS)}.",
        ),
    )


def verdict_line(result: ConformanceResult) -> str:
    """Whether all holds, in one line: what matched of what, and what could not be read.

    Cases of margin engines and numbers of statistical files are counted apart; cross-checks, other
    programs' numbers, are in neither.
    """
    found = [
        f"{matched:,} of {total:,} {counted} match ({', '.join(names)})"
        for counted, matched, total, names in _counts(result)
    ]
    if result.faults:
        found.append(f"{len(result.faults):,} not readable")
    conventions = " under the conventions named above" if _is_conventional(result) else ""
    verdict = "HOLDS" if result.holds else "FAILS"
    return f"verdict: {verdict}  ({'; '.join(found)}{conventions}; {result.source})"


def conformance_document(result: ConformanceResult) -> dict[str, Any]:
    """Plain form of a run, with all that was computed."""
    return {
        "source": result.source,
        "holds": result.holds,
        "verdict": "holds" if result.holds else "fails",
        "counts": {
            counted: {"matched": matched, "total": total}
            for counted, matched, total, _ in _counts(result)
        },
        "engines": [_engine_document(engine) for engine in result.engines],
        "faults": [
            {"field": f.field, "must": f.must, "found": str(f.found)} for f in result.faults
        ],
        "other_files": list(result.other_files),
    }


def _counts(result: ConformanceResult) -> list[tuple[str, int, int, tuple[str, ...]]]:
    """What is counted, matched, total and the engines or kinds: cases, then numbers."""
    counts = []
    for counted, by_leaf in (("cases", False), ("numbers", True)):
        engines = [engine for engine in result.engines if engine.by_leaf is by_leaf]
        if engines:
            matched = sum(engine.matched for engine in engines)
            names = tuple(engine.engine for engine in engines)
            counts.append((counted, matched, sum(e.total for e in engines), names))
    return counts


def _is_conventional(result: ConformanceResult) -> bool:
    return any(engine.by_leaf for engine in result.engines)


def _engine_row(engine: EngineResult) -> tuple[str, ...]:
    relative, place = engine.worst(relative=True)
    absolute, _ = engine.worst(relative=False)
    return (
        engine.engine,
        f"{engine.matched}/{engine.total}",
        error_text(relative),
        error_text(absolute),
        place,
        "; ".join(engine.tolerances),
    )


def _mismatch_row(case: CaseResult, first: Comparison) -> tuple[str | int, ...]:
    count = sum(not c.matches for c in case.comparisons)
    return (case.id, case.kind, first.term, *difference_cells(first), count)


def _engine_document(engine: EngineResult) -> dict[str, Any]:
    relative, relative_place = engine.worst(relative=True)
    absolute, absolute_place = engine.worst(relative=False)
    return {
        "engine": engine.engine,
        "matched": engine.matched,
        "total": engine.total,
        "worst_relative_error": {"error": relative, "where": relative_place},
        "worst_absolute_error": {"error": absolute, "where": absolute_place},
        "tolerances": list(engine.tolerances),
        "cases": [_case_document(case) for case in engine.cases],
    } | (kind_document(engine) if engine.by_leaf else {})


def _case_document(case: CaseResult) -> dict[str, Any]:
    first = case.first_difference
    return {
        "id": case.id,
        "kind": case.kind,
        "file": case.file,
        "matches": case.matches,
        "problem": case.problem,
        "computed": dict(case.computed),
        "first_differing_term": None if first is None else first.term,
        "mismatches": [_difference(c) for c in case.comparisons if not c.matches],
    }


def _difference(comparison: Comparison) -> Mapping[str, Any]:
    return {
        "term": comparison.term,
        "expected": comparison.expected,
        "found": comparison.found,
        "error": comparison.error,
        "tolerance": comparison.tolerance,
    }
