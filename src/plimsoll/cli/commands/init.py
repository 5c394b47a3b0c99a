"""``plimsoll init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import Debug, Json

Folder = Annotated[Path, typer.Argument(help="Folder for the new venue; made if need be.")]
Name = Annotated[str | None, typer.Option("--name", help="Name; by default the folder's.")]


def init(folder: Folder, name: Name = None, json: Json = False, debug: Debug = False) -> None:
    """Write a commented venue.yaml that runs as it stands."""
    with running("init", json=json, debug=debug) as output, naming("name"):
        from plimsoll.journeys.init import init as write_venue

        written = write_venue(folder, name=name)
        output.line(f"wrote {written}")
        output.line(f"next: plimsoll check {written}; then plimsoll calibrate {written}")
        output.document(ExitCode.HOLDS, {"result": {"written": str(written)}})
