"""``plimsoll calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import AsOf, Data, Debug, Json, Out, Venue, data_variables, utc_midnight

Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Processes; the result does not depend on it."),
]
Incumbent = Annotated[
    Path | None, typer.Option("--incumbent", help="Parameter set in force: JSON of an earlier run.")
]


def calibrate(
    venue: Venue,
    as_of: AsOf = None,
    out: Out = Path("out"),
    workers: Workers = None,
    incumbent: Incumbent = None,
    data: Data = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Turn history into a parameter set with its evidence."""
    named = naming("out", "incumbent", as_of="--as-of")
    with running("calibrate", json=json, debug=debug) as output, named:
        instant = utc_midnight(as_of)
        from plimsoll.config.loader import load_any_venue

        venue_file = load_any_venue(venue, variables=data_variables(data), as_of=instant)
        output.note_compilation()
        from plimsoll.cli.results import show_calibration
        from plimsoll.journeys.calibrate import calibrate as run

        result = run(
            venue_file,
            as_of=instant,
            out=out,
            workers=workers,
            progress=output.progress(),
            incumbent=incumbent,
        )
        for line in result.notes:
            output.line(line)
        raise typer.Exit(show_calibration(output, result))
