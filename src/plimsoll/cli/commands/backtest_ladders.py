"""``plimsoll backtest ladders``."""

from __future__ import annotations

import os

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json
from plimsoll.cli.study import Data, Markdown, show_study
from plimsoll.errors import UsageError


def ladders(
    data: Data = None, markdown: Markdown = None, json: Json = False, debug: Debug = False
) -> None:
    """Rebuild the ladders of a venue from earlier data, and hold both against later."""
    with running("backtest ladders", json=json, debug=debug) as output:
        folder = data or os.environ.get("PLIMSOLL_DATA")
        if not folder:
            raise UsageError(
                "must be a folder of market data",
                found="nothing",
                field="--data",
                remedy="give --data, or set the variable PLIMSOLL_DATA",
            )
        output.note_compilation()
        from plimsoll.journeys.backtest_ladders import backtest_ladders

        result = backtest_ladders(folder, progress=output.progress())
        code = show_study(output, result, markdown)
    raise typer.Exit(code)
