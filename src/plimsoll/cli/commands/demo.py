"""``plimsoll demo``."""

from __future__ import annotations

from pathlib import Path

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json, Out


def demo(out: Out = Path("out/demo"), json: Json = False, debug: Debug = False) -> None:
    """Calibrate a generated venue (SYNTHETIC) and write its report."""
    with running("demo", json=json, debug=debug) as output:
        output.note_compilation()
        from plimsoll.cli.results import show_calibration
        from plimsoll.journeys.demo import demo as run

        raise typer.Exit(show_calibration(output, run(out, progress=output.progress())))
