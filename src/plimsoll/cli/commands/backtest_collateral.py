"""``plimsoll backtest collateral``."""

from __future__ import annotations

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json
from plimsoll.cli.study import Data, Markdown, data_folder, show_study


def collateral(
    data: Data = None, markdown: Markdown = None, json: Json = False, debug: Debug = False
) -> None:
    """Hold walk-forward haircuts of coins and pegged assets against prices."""
    with running("backtest collateral", json=json, debug=debug) as output:
        folder = data_folder(data)
        output.note_compilation()
        from plimsoll.journeys.backtest_collateral import backtest_collateral

        result = backtest_collateral(folder, progress=output.progress())
        code = show_study(output, result, markdown)
    raise typer.Exit(code)
