"""``plimsoll``: one verb per journey.

Only typer is imported here; each verb brings what it needs when it runs, so that help answers at
once.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from plimsoll import __version__
from plimsoll.cli.commands import (
    backtest,
    calibrate,
    check,
    compare,
    conformance,
    demo,
    estimate,
    evidence,
    fetch,
    init,
    list_market,
    margin,
    params,
    recalibrate,
    surface,
    warm,
)
from plimsoll.cli.exit_codes import ExitCode

_EPILOG = (
    "Exit codes: 0 holds, 1 breach or not proven, 2 wrong use, 3 bad data, 70 a defect, "
    "130 interrupted."
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"plimsoll {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Calibrate the margin parameters of a crypto-derivatives venue, and prove them."""


def application() -> typer.Typer:
    """Build the application; help is drawn only where a terminal shows it."""
    drawn = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    app = typer.Typer(
        rich_markup_mode="rich" if drawn else None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        epilog=_EPILOG,
    )
    app.callback()(_options)
    app.command("demo")(demo.demo)
    app.command("init")(init.init)
    app.command("check")(check.check)
    app.command("fetch")(fetch.fetch)
    app.command("warm")(warm.warm)
    app.command("calibrate")(calibrate.calibrate)
    app.command("recalibrate")(recalibrate.recalibrate)
    app.command("estimate")(estimate.estimate)
    app.command("list-market")(list_market.list_market)
    app.command("compare")(compare.compare)
    app.add_typer(backtest.application(), name="backtest")
    app.command("margin")(margin.margin)
    app.command("surface")(surface.surface)
    app.command("conformance")(conformance.conformance)
    app.command("evidence")(evidence.evidence)
    app.add_typer(params.application(), name="params")
    return app


def main() -> None:
    """Entry point of the ``plimsoll`` command."""
    # The numbers are made in kernels of our own; threads for matrices only cost start-up.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(100_000, 50, 50)  # imports make much and drop little: an eighth faster
    try:
        application()(prog_name="plimsoll")
    except KeyboardInterrupt:
        print("interrupted: nothing half-written is left", file=sys.stderr)
        sys.exit(ExitCode.INTERRUPTED)
    finally:
        gc.freeze()  # what is alive now dies with the process: no last collection, 0.15 s saved


if __name__ == "__main__":
    main()
