"""``plimsoll warm``."""

from __future__ import annotations

from typing import Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json

Verb = Annotated[
    str | None,
    typer.Option(
        "--for", help="Only those of demo, calibrate, estimate, compare, margin or surface."
    ),
]

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="Processes that compile all kernels; as many as cores, at most 4, unless told.",
    ),
]


def warm(
    verb: Verb = None, workers: Workers = None, json: Json = False, debug: Debug = False
) -> None:
    """Compile the kernels ahead; else each verb compiles its own, once, at its first run."""
    with running("warm", json=json, debug=debug) as output:
        from plimsoll.journeys.warm import sensible_workers
        from plimsoll.journeys.warm import warm as compile_kernels

        processes = sensible_workers() if workers is None else workers
        result = compile_kernels(verb=verb, workers=processes, progress=output.progress())
        told = f", {result.new} of them compiled and stored now" if result.new else ""
        what = f"{result.compiled} kernels" if verb is None else f"kernels of {verb}"
        output.line(f"{what} ready{told} ({result.seconds:.1f} s)")
        for name in result.cold:
            output.note(f"not compiled: {name}")
        document = {
            "for": verb,
            "compiled": result.compiled,
            "new": result.new,
            "seconds": result.seconds,
            "cold": [*result.cold],
        }
        output.document(ExitCode.HOLDS, {"result": document})
