"""Statistical kinds as tables for people and as a plain document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from plimsoll.conformance.differences import (
    DIFFERENCE_COLUMNS,
    difference_cells,
    error_text,
    number_text,
)
from plimsoll.conformance.result import CaseResult, Comparison, ConformanceResult, EngineResult
from plimsoll.conformance.statistics.file_kinds import kind_called
from plimsoll.conformance.statistics.leaf_rules import LeafRule, Standing
from plimsoll.conformance.tolerance import Tolerance
from plimsoll.domain.table import Column, ColumnKind, Table

SHOWN = 60


def kind_table(result: ConformanceResult) -> Table:
    """One row per kind of file: numbers matched and compared, cross-checks, leaves left out."""
    return Table(
        name="kinds",
        title="Statistical vectors by kind of file",
        columns=(
            Column(name="kind", title="Kind"),
            Column(name="files", title="Files", kind=ColumnKind.COUNT),
            Column(name="matched", title="Matched"),
            Column(name="agreed", title="Cross-checks agreed"),
            Column(name="known", title="Disagree as stated", kind=ColumnKind.COUNT),
            Column(name="left", title="Not compared", kind=ColumnKind.COUNT),
            Column(name="worst", title="Worst relative error"),
        ),
        rows=tuple(_kind_row(engine) for engine in _kinds(result)),
        notes=(
            "Cross-checks are other programs' numbers: a disagreement beyond what is stated is a "
            "mismatch. --verbose lists them, what is not compared, and every tolerance.",
        ),
    )


def convention_table(result: ConformanceResult) -> Table:
    """The conventions that decide the digits, by kind."""
    return Table(
        name="conventions",
        title="Conventions",
        columns=(Column(name="kind", title="Kind"), Column(name="convention", title="Convention")),
        rows=tuple(
            (engine.engine, line) for engine in _kinds(result) for line in _conventions(engine)
        ),
    )


def leaf_mismatch_table(result: ConformanceResult) -> Table:
    """One row per number that does not match."""
    rows = [
        (case.id, c.term, *difference_cells(c), c.reason)
        for case, c in _comparisons(result)
        if not c.matches
    ]
    left = len(rows) - SHOWN
    return Table(
        name="leaf_mismatches",
        title="Mismatches of statistical vectors",
        columns=(
            Column(name="section", title="Section"),
            Column(name="term", title="Term"),
            *DIFFERENCE_COLUMNS,
            Column(name="why", title="About it"),
        ),
        rows=tuple(rows[:SHOWN]),
        notes=(f"{left} more: see --json.",) if left > 0 else (),
    )


def cross_check_table(result: ConformanceResult) -> Table:
    """One row per other program's number that disagrees as is known of it."""
    return Table(
        name="cross_checks",
        title="Cross-checks that disagree as stated",
        columns=(
            Column(name="section", title="Section"),
            Column(name="term", title="Term"),
            Column(name="expected", title="Theirs"),
            Column(name="found", title="Ours"),
            Column(name="reason", title="Stated"),
        ),
        rows=tuple(
            (case.id, c.term, number_text(c.expected), number_text(c.found), c.reason)
            for case, c in _comparisons(result)
            if c.cross_check and c.matches and not c.agrees
        ),
    )


def not_compared_table(result: ConformanceResult) -> Table:
    """One row per kind and reason why leaves are not compared."""
    return Table(
        name="not_compared",
        title="Leaves not compared",
        columns=(
            Column(name="kind", title="Kind"),
            Column(name="leaves", title="Leaves", kind=ColumnKind.COUNT),
            Column(name="first", title="First of them"),
            Column(name="why", title="Why"),
        ),
        rows=tuple(
            (engine.engine, len(terms), terms[0], reason)
            for engine in _kinds(result)
            for reason, terms in _left_out(engine).items()
        ),
    )


def tolerance_table(result: ConformanceResult) -> Table:
    """One row per rule: what is demanded of which leaves, and why where the README is silent."""
    return Table(
        name="tolerances",
        title="Tolerances",
        columns=(
            Column(name="kind", title="Kind"),
            Column(name="leaves", title="Leaves"),
            Column(name="tolerance", title="Tolerance"),
            Column(name="why", title="About it"),
        ),
        rows=tuple(
            (engine.engine, ", ".join(rule.paths), _demand(rule), rule.reason)
            for engine in _kinds(result)
            for rule in _rules(engine)
            if rule.standing is not Standing.NOT_COMPARED
        ),
    )


def kind_document(engine: EngineResult) -> dict[str, Any]:
    """What the JSON of a kind has beyond that of an engine."""
    agreed, known, total = engine.cross_checks
    return {
        "counts": "numbers",
        "cross_checks": {"agreed": agreed, "disagree_as_stated": known, "total": total},
        "conventions": list(_conventions(engine)),
        "disagreements": [
            {
                "section": case.id,
                "term": c.term,
                "expected": c.expected,
                "found": c.found,
                "reason": c.reason,
            }
            for case in engine.cases
            for c in case.comparisons
            if c.cross_check and not c.agrees
        ],
        "not_compared": [
            {"reason": reason, "leaves": terms} for reason, terms in _left_out(engine).items()
        ],
        "rules": [
            {
                "leaves": list(rule.paths),
                "standing": str(rule.standing),
                "tolerance": _demand(rule),
                "reason": rule.reason,
            }
            for rule in _rules(engine)
        ],
    }


def _kinds(result: ConformanceResult) -> Iterator[EngineResult]:
    return (engine for engine in result.engines if engine.by_leaf)


def _comparisons(result: ConformanceResult) -> Iterator[tuple[CaseResult, Comparison]]:
    for engine in _kinds(result):
        for case in engine.cases:
            for comparison in case.comparisons:
                yield case, comparison


def _kind_row(engine: EngineResult) -> tuple[str | int, ...]:
    agreed, known, total = engine.cross_checks
    relative, where = engine.worst(relative=True)
    return (
        engine.engine,
        len({case.file for case in engine.cases}),
        f"{engine.matched}/{engine.total}",
        f"{agreed}/{total}" if total else "none",
        known,
        sum(len(case.uncompared) for case in engine.cases),
        f"{error_text(relative)} at {where}" if where else "",
    )


def _left_out(engine: EngineResult) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for case in engine.cases:
        for leaf in case.uncompared:
            found.setdefault(leaf.reason, []).append(f"{case.id}: {leaf.term}")
    return found


def _conventions(engine: EngineResult) -> tuple[str, ...]:
    kind = kind_called(engine.engine)
    return () if kind is None else kind.conventions


def _rules(engine: EngineResult) -> Sequence[LeafRule]:
    kind = kind_called(engine.engine)
    return () if kind is None else kind.rules


def _demand(rule: LeafRule) -> str:
    if rule.standing is Standing.NOT_COMPARED:
        return "none"
    given = rule.tolerance
    text = given.text if isinstance(given, Tolerance) else "by leaf"
    return f"not below by {text}" if rule.not_below else text
