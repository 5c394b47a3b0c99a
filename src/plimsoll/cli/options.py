"""Options that several verbs share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Venue = Annotated[Path, typer.Argument(help="venue.yaml, or the folder it is in.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Value of ${PLIMSOLL_DATA} in the venue file's paths."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Date whose midnight (UTC) is meant; data end there."),
]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.")]


def utc_midnight(text: str | None) -> datetime | None:
    """Read an ISO date as its midnight (UTC).

    Raises
    ------
    UsageError
        Where it is none.
    """
    if text is None:
        return None
    from plimsoll.journeys.as_of import midnight

    return midnight(text)


def data_variables(data: Path | None) -> dict[str, str]:
    """Return the variables that ``--data`` sets for paths of the venue file."""
    return {} if data is None else {"PLIMSOLL_DATA": str(data.absolute())}
