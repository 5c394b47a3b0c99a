"""Statistical files computed section by section: inputs go in, leaves are compared afterwards."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from plimsoll.conformance.result import CaseResult
from plimsoll.conformance.statistics.file_kinds import FileKind, kind_called
from plimsoll.conformance.statistics.leaf_comparison import compare_leaves
from plimsoll.conformance.vector_file import BrokenCase, VectorCase, VectorFile
from plimsoll.domain.ports import Progress
from plimsoll.errors import PlimsollError


def statistical_cases(
    file: VectorFile, faults: list[PlimsollError], progress: Progress
) -> list[CaseResult]:
    """Compute every section of a file; one that cannot be computed costs its own leaves only."""
    kind = kind_called(file.engine)
    assert kind is not None
    for fault in (*file.faults, *(broken.fault for broken in file.broken)):
        if str(fault) not in {str(known) for known in faults}:
            faults.append(fault)
    results = [_unread(file, kind, broken) for broken in file.broken]
    progress.start(file.name, len(file.cases))
    try:
        for case in file.cases:
            results.append(_computed(file, kind, case))
            progress.advance()
    finally:
        progress.finish()
    return results


def _unread(file: VectorFile, kind: FileKind, broken: BrokenCase) -> CaseResult:
    expected = broken.expected
    compared, left = compare_leaves(kind.rules, broken.root, expected, {}) if expected else ((), ())
    return CaseResult(
        file=file.name,
        engine=file.engine,
        id=broken.id,
        kind="",
        computed={},
        comparisons=compared,
        uncompared=left,
        problem=f"it cannot be read: {broken.fault}",
    )


def _computed(file: VectorFile, kind: FileKind, case: VectorCase) -> CaseResult:
    computed, problem = _engine(kind, case)
    compared, left = compare_leaves(kind.rules, case.root, case.expected, computed)
    return CaseResult(
        file=file.name,
        engine=file.engine,
        id=case.id,
        kind=case.kind,
        computed=computed if isinstance(computed, dict) else {"": computed},
        comparisons=compared,
        uncompared=left,
        problem=problem if any(not c.matches for c in compared) else "",
    )


def _engine(kind: FileKind, case: VectorCase) -> tuple[Any, str]:
    """Return what was computed, plain, and why nothing was, if so."""
    try:
        return plain(kind.compute(case.kind, deepcopy(case.inputs), {})), ""
    except PlimsollError as error:
        return {}, f"the estimator refuses: {error}"
    except KeyError as error:
        return {}, f"the inputs lack {error.args[0]!r}"
    except (ArithmeticError, TypeError, ValueError, AttributeError, IndexError) as error:
        return {}, f"the engine failed: {type(error).__name__}: {error}"


def plain(value: Any) -> Any:
    """Numbers and arrays of numpy as those of Python, whatever holds them."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value
