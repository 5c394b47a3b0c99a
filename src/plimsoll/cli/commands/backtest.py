"""``plimsoll backtest``: calibrated parameters held against data they have not seen."""

from __future__ import annotations

import typer

from plimsoll.cli.commands import (
    backtest_collateral,
    backtest_crash,
    backtest_frontier,
    backtest_grids,
    backtest_ladders,
    backtest_solvent,
)


def application() -> typer.Typer:
    """Build the ``backtest`` verbs; each imports what it needs when it runs."""
    about = "Hold calibrated parameters against data that they have not seen."
    app = typer.Typer(no_args_is_help=True, help=about)
    app.command("ladders")(backtest_ladders.ladders)
    app.command("collateral")(backtest_collateral.collateral)
    app.command("crash")(backtest_crash.crash)
    app.command("frontier")(backtest_frontier.frontier)
    app.command("grids")(backtest_grids.grids)
    app.command("solvent")(backtest_solvent.solvent)
    return app
