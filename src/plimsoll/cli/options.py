"""Options that several verbs share."""

from __future__ import annotations

from datetime import UTC, datetime
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
    typer.Option("--as-of", help="Calibrate as of this UTC date or date-time; data end there."),
]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.")]


def utc_instant(text: str | None, option: str) -> datetime | None:
    """Read an ISO date or date-time as UTC.

    Raises
    ------
    UsageError
        Where it is none.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        from plimsoll.errors import UsageError

        raise UsageError(
            "must be an ISO date or date-time",
            found=text,
            field=option,
            remedy="write 2025-06-01 or 2025-06-01T08:00Z",
        ) from None


def data_variables(data: Path | None) -> dict[str, str]:
    """Return the variables that ``--data`` sets for paths of the venue file."""
    return {} if data is None else {"PLIMSOLL_DATA": str(data.absolute())}
