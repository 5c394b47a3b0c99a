"""``plimsoll backtest grids``."""

from __future__ import annotations

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json
from plimsoll.cli.study import Data, Markdown, data_folder, show_study


def grids(
    data: Data = None, markdown: Markdown = None, json: Json = False, debug: Debug = False
) -> None:
    """Hold a scenario grid calibrated on early option chains against later ones."""
    with running("backtest grids", json=json, debug=debug) as output:
        folder = data_folder(data)
        output.note_compilation()
        from plimsoll.journeys.backtest_grids import backtest_grids

        result = backtest_grids(folder, progress=output.progress())
        code = show_study(output, result, markdown)
    raise typer.Exit(code)
