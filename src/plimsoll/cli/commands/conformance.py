"""``plimsoll conformance``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json

if TYPE_CHECKING:
    from plimsoll.conformance.result import ConformanceResult
    from plimsoll.domain.table import Table

Vectors = Annotated[
    Path,
    typer.Argument(
        help="Folder of vector files, or one file: plimsoll-margin-vectors/1, or statistical "
        "vectors beside the CSV files they name."
    ),
]
Engine = Annotated[
    str | None,
    typer.Option("--engine", help="Only this engine, or this kind of statistical file."),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", help="Also cross-checks, leaves left out, and every tolerance."),
]


def conformance(
    directory: Vectors,
    engine: Engine = None,
    verbose: Verbose = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Compute published test vectors, compare, and say whether they hold.

    Exit code 0: every case and number matches; 1: one does not, or nothing stands against it;
    2: wrong use; 3: a file cannot be read.
    """
    with running("conformance", json=json, debug=debug) as output:
        output.note_compilation()
        from plimsoll.conformance.report import (
            conformance_document,
            engine_table,
            mismatch_table,
            uncompared_table,
            verdict_line,
        )
        from plimsoll.conformance.runner import run_conformance

        result = run_conformance(directory, only=engine, progress=output.progress())
        code = exit_code(result)
        for table in (
            engine_table(result),
            *_statistical_tables(result, verbose=verbose),
            mismatch_table(result),
            uncompared_table(result),
        ):
            if len(table):
                output.table(table)
        for fault in result.faults:
            output.note(f"error: {fault}")
        output.line(verdict_line(result))
        output.document(code, {"result": conformance_document(result)})
        raise typer.Exit(code)


def _statistical_tables(result: ConformanceResult, *, verbose: bool) -> tuple[Table, ...]:
    from plimsoll.conformance.statistics.report import (
        convention_table,
        cross_check_table,
        kind_table,
        leaf_mismatch_table,
        not_compared_table,
        tolerance_table,
    )

    shown = (kind_table(result), convention_table(result), leaf_mismatch_table(result))
    if not verbose:
        return shown
    more = cross_check_table(result), not_compared_table(result), tolerance_table(result)
    return (*shown, *more)


def exit_code(result: ConformanceResult) -> ExitCode:
    """Return 3 where something could not be read, 1 where a case does not match, else 0."""
    if result.faults:
        return ExitCode.BAD_DATA
    return ExitCode.BREACH if result.mismatches else ExitCode.HOLDS
