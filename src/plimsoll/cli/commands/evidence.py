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


def evidence(place: Place, table: Names = None, json: Json = False, debug: Debug = False) -> None:
    """Print stored evidence; the exit code is its verdict."""
    with running("evidence", json=json, debug=debug) as output, naming("table"):
        from plimsoll.cli.results import show_evidence
        from plimsoll.journeys.evidence import read_evidence

        raise typer.Exit(show_evidence(output, read_evidence(place), tuple(table or ())))
