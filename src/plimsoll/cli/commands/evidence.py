"""``plimsoll evidence``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import Debug, Json

Place = Annotated[Path, typer.Argument(help="evidence.json, or the folder of a calibration.")]
Names = Annotated[
    list[str] | None, typer.Option("--table", help="Only this table; may be given several times.")
]
Markdown = Annotated[
    Path | None,
    typer.Option("--markdown", help="Markdown file that verdict and tables go into as well."),
]
Marker = Annotated[
    str, typer.Option("--marker", help="Name of the markers of that file between which they go.")
]


def evidence(
    place: Place,
    table: Names = None,
    markdown: Markdown = None,
    marker: Marker = "evidence",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Print stored evidence; the exit code is its verdict."""
    with running("evidence", json=json, debug=debug) as output, naming("table", "markdown"):
        from plimsoll.cli.results import evidence_markdown, show_evidence
        from plimsoll.journeys.evidence import read_evidence
        from plimsoll.journeys.study_result import write_between_markers

        found, names = read_evidence(place), tuple(table or ())
        code = show_evidence(output, found, names)
        if markdown is not None:
            file = write_between_markers(markdown, marker, evidence_markdown(found, names))
            output.line(f"wrote {file}")
        raise typer.Exit(code)
