"""What the studies of ``plimsoll backtest`` share: options, the folder of data, what is printed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.errors import UsageError

if TYPE_CHECKING:
    from plimsoll.cli.output import Output
    from plimsoll.journeys.study_result import StudyResult

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of market data; else the variable PLIMSOLL_DATA."),
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for page, Markdown and CSV.")]
Markdown = Annotated[
    Path | None,
    typer.Option(
        "--markdown",
        help="Markdown file between whose markers verdict and main tables go; the rest beside it.",
    ),
]


def show_study(output: Output, result: StudyResult, markdown: Path | None) -> ExitCode:
    """Print verdict, tables and files of a study; return the exit code."""
    from plimsoll.cli.render import table_document
    from plimsoll.cli.results import exit_code, written_lines
    from plimsoll.journeys.study_result import write_study

    code = exit_code(result.verdict)
    files = [str(file) for file in result.files]
    if markdown is not None:
        files += [str(file) for file in write_study(markdown, result)]
    output.close()
    for table in (*result.tables, result.check_table):
        output.table(table)
    for line in written_lines(files):
        output.line(line)
    output.line(f"verdict: {result.verdict.value.upper().replace('_', ' ')}  ({result.label})")
    if output.json:
        members = {
            "study": result.name,
            "label": result.label,
            "verdict": result.verdict.value,
            "checks": table_document(result.check_table),
            "tables": {table.name: table_document(table) for table in result.tables},
            "files": files,
        }
        output.document(code, {"result": members})
    return code


def data_folder(data: Path | None) -> Path:
    """Return the folder of market data that an option or the variable names.

    Raises
    ------
    UsageError
        Where neither does.
    """
    named = data or os.environ.get("PLIMSOLL_DATA")
    if not named:
        raise UsageError(
            "must be a folder of market data",
            found="nothing",
            field="--data",
            remedy="give --data, or set the variable PLIMSOLL_DATA",
        )
    return Path(named)
