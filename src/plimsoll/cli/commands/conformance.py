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

Vectors = Annotated[
    Path, typer.Argument(help="Folder of vector files (plimsoll-margin-vectors/1), or one file.")
]
Engine = Annotated[str | None, typer.Option("--engine", help="Only the vectors of this engine.")]


def conformance(
    directory: Vectors, engine: Engine = None, json: Json = False, debug: Debug = False
) -> None:
    """Compute published test vectors and compare; 1 where any does not match."""
    with running("conformance", json=json, debug=debug) as output:
        output.note_compilation()
        from plimsoll.conformance.report import (
            conformance_document,
            engine_table,
            mismatch_table,
            uncompared_table,
        )
        from plimsoll.conformance.runner import run_conformance

        result = run_conformance(directory, only=engine)
        code = exit_code(result)
        for table in (engine_table(result), mismatch_table(result), uncompared_table(result)):
            if len(table):
                output.table(table)
        for fault in result.faults:
            output.note(f"error: {fault}")
        output.document(code, {"result": conformance_document(result)})
        raise typer.Exit(code)


def exit_code(result: ConformanceResult) -> ExitCode:
    """Return 3 where something could not be read, 1 where a case does not match, else 0."""
    if result.faults:
        return ExitCode.BAD_DATA
    return ExitCode.BREACH if result.mismatches else ExitCode.HOLDS
