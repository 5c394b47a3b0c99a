"""Run engines over vector files: inputs go in; what is expected is looked at only afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from plimsoll.conformance.comparison import compare
from plimsoll.conformance.contract import Compute, UnknownCase
from plimsoll.conformance.engines import ENGINES, engine
from plimsoll.conformance.result import CaseResult, Comparison, ConformanceResult, EngineResult
from plimsoll.conformance.statistics.file_kinds import FILE_KINDS, read_statistics
from plimsoll.conformance.statistics.run import statistical_cases
from plimsoll.conformance.vector_file import (
    BrokenCase,
    VectorCase,
    VectorFile,
    read_document,
    read_vector_file,
)
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import DataError, DataFormatError, PlimsollError, UsageError


def run_conformance(
    source: Path, *, only: str | None = None, progress: Progress = SILENT
) -> ConformanceResult:
    """Compute every case of the vectors in a folder, or of one file, and compare.

    Parameters
    ----------
    source : Path
        A folder, whose JSON files are read in order of their names, or one file.
    only : str, optional
        Name of the one engine, or kind of statistical file, whose vectors are meant.
    progress : Progress
        Of the sections of each statistical file.

    Raises
    ------
    UsageError
        Where no vectors of the engine ``only`` are there.
    DataError
        Where there is no such folder, or no vector file in it.
    """
    files, faults, others = _read(source)
    if only is not None:
        _check_engine(only, files, faults)
        files = [file for file in files if file.engine == only]
    if not files and not faults:
        raise DataError(
            "must hold vector files",
            found=f"{len(others)} other JSON files",
            field=str(source),
            remedy="name a folder of plimsoll-margin-vectors/1 documents or of statistical vectors",
        )
    cases: list[CaseResult] = []
    for file in files:
        if file.by_leaf:
            cases += statistical_cases(file, faults, progress)
        else:
            cases += _computed_cases(file, faults)
    names = sorted({(f.by_leaf, f.engine) for f in files if f.cases or f.broken})
    return ConformanceResult(
        source=str(source),
        engines=tuple(
            EngineResult(
                engine=name, cases=tuple(c for c in cases if c.engine == name), by_leaf=by_leaf
            )
            for by_leaf, name in names
        ),
        faults=tuple(faults),
        other_files=tuple(others),
    )


def _read(source: Path) -> tuple[list[VectorFile], list[PlimsollError], list[str]]:
    files, faults, others = list[VectorFile](), list[PlimsollError](), list[str]()
    for path in _paths(source):
        try:
            document = read_document(path)
            file = None if document is None else _read_file(path, document)
        except DataFormatError as fault:
            faults.append(fault)
            continue
        if file is None:
            others.append(path.name)
        else:
            files.append(file)
    return files, faults, others


def _read_file(path: Path, document: Mapping[str, Any]) -> VectorFile | None:
    return read_vector_file(path, document) or read_statistics(path, document)


def _paths(source: Path) -> Iterable[Path]:
    if source.is_dir():
        return sorted(source.glob("*.json"))
    if not source.exists():
        raise DataError(
            "must be a folder or a file",
            found="nothing",
            field=str(source),
            remedy="name a folder of plimsoll-margin-vectors/1 documents or of statistical "
            "vectors, or one such file",
        )
    return [source]


def _check_engine(only: str, files: list[VectorFile], faults: list[PlimsollError]) -> None:
    there = sorted({file.engine for file in files})
    known = {*ENGINES, *(kind.name for kind in FILE_KINDS)}
    if only not in there and not (faults and only in known):
        raise UsageError(
            "must be an engine that has vectors here",
            found=only,
            field="--engine",
            remedy=f"there are {', '.join(there) or 'none'}",
        )


def _broken(file: VectorFile, broken: BrokenCase) -> CaseResult:
    return CaseResult(
        file=file.name,
        engine=file.engine,
        id=broken.id,
        kind="",
        computed={},
        problem=f"it cannot be read: {broken.fault}",
    )


def _computed_cases(file: VectorFile, faults: list[PlimsollError]) -> list[CaseResult]:
    compute = engine(file.engine)
    faults += [*file.faults, *(broken.fault for broken in file.broken)]
    results = [_broken(file, broken) for broken in file.broken]
    for case in file.cases:
        computed, problem = dict[str, Any](), f"no engine is called {file.engine!r}"
        comparisons: tuple[Comparison, ...] = ()
        try:
            if compute is not None:
                computed, problem = _computed(file, case, compute)
            if not problem:
                comparisons = compare(file.engine, case, computed, f"{file.name}: case {case.id}")
        except DataFormatError as fault:
            faults.append(fault)
            problem = str(fault)
        results.append(
            CaseResult(
                file=file.name,
                engine=file.engine,
                id=case.id,
                kind=case.kind,
                computed=computed,
                comparisons=comparisons,
                problem=problem,
            )
        )
    return results


def _computed(file: VectorFile, case: VectorCase, compute: Compute) -> tuple[dict[str, Any], str]:
    """Return what an engine computes, and why it cannot be compared, if so."""
    where = f"{file.name}: case {case.id}: inputs"
    try:
        computed = dict(compute(case.kind, deepcopy(case.inputs), deepcopy(file.parameter_sets)))
    except UnknownCase:
        return {}, f"the engine knows no cases of kind {case.kind!r}"
    except KeyError as error:
        raise DataFormatError(
            "must be given", found="nothing", field=f"{where}: {error.args[0]}"
        ) from None
    except PlimsollError as error:
        raise DataFormatError(
            error.must, found=error.found, field=f"{where}: {error.field}"
        ) from None
    except (ArithmeticError, TypeError, ValueError, AttributeError, IndexError) as error:
        return {}, f"the engine failed: {type(error).__name__}: {error}"
    return computed, "" if isinstance(case.expected, dict) and case.expected else _NOTHING


_NOTHING = "nothing is expected"
