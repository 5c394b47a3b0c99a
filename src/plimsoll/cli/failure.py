"""The one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.output import Output
from plimsoll.errors import ConfigurationError, Fault, PlimsollError


@contextmanager
def running(command: str, *, json: bool, debug: bool) -> Iterator[Output]:
    """Run the body of a command; whatever it raises ends in one message and one exit code."""
    output = Output(command=command, json=json)
    try:
        try:
            yield output
        finally:
            output.close()
        sys.stdout.flush()
    except typer.Exit:
        raise
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exc()
        raise typer.Exit(_report(error, output)) from None


def _report(error: BaseException, output: Output) -> int:
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OUTPUT_CLOSED
    code, message = outcome(error)
    output.note(message)
    if output.json:
        output.document(code, {"error": error_document(error, message)})
    return code


def outcome(error: BaseException) -> tuple[int, str]:
    """Return exit code and message of an error."""
    if isinstance(error, ConfigurationError):
        return error.exit_code, faults_text(error.source, error.faults)
    if isinstance(error, PlimsollError):
        return error.exit_code, f"error: {error}"
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED, "interrupted: nothing half-written is left"
    if isinstance(error, MemoryError):
        text = "must fit into memory; select fewer markets or a shorter time"
        return ExitCode.BAD_DATA, f"error: the data {text}"
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return ExitCode.BAD_DATA, f"error: {place}{error.strerror or error}"
    kind = f"{type(error).__name__}: {error}"
    return ExitCode.DEFECT, f"defect in Plimsoll: {kind}\nplease report it with the --debug output"


def faults_text(source: str, faults: tuple[Fault, ...]) -> str:
    """Print all faults of a venue file, one block each."""
    plural = "fault" if len(faults) == 1 else "faults"
    blocks = [f"{source}: {len(faults)} {plural}"]
    for fault in faults:
        place = f"line {fault.line}" if fault.line else "file"
        blocks.append(
            f"  {place}  {fault.path}\n"
            f"      {fault.problem}\n"
            f"      found   {fault.found}\n"
            f"      remedy  {fault.remedy}"
        )
    return "\n".join(blocks)


def fault_documents(faults: tuple[Fault, ...]) -> list[dict[str, str | int | None]]:
    """Plain form of faults."""
    return [
        {
            "path": fault.path,
            "line": fault.line,
            "problem": fault.problem,
            "found": fault.found,
            "remedy": fault.remedy,
        }
        for fault in faults
    ]


def error_document(error: BaseException, message: str) -> dict[str, object]:
    """Plain form of an error."""
    document: dict[str, object] = {"type": type(error).__name__, "message": message}
    if isinstance(error, ConfigurationError):
        return {**document, "source": error.source, "faults": fault_documents(error.faults)}
    if isinstance(error, PlimsollError):
        document |= {
            "must": error.must,
            "found": str(error.found),
            "remedy": error.remedy,
            "field": error.field,
            "row": error.row,
        }
    return document
