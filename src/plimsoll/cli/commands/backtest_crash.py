"""``plimsoll backtest crash``."""

from __future__ import annotations

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json
from plimsoll.cli.study import Data, Markdown, data_folder, show_study


def crash(
    data: Data = None, markdown: Markdown = None, json: Json = False, debug: Debug = False
) -> None:
    """State what each part of the margin absorbs of 10 October 2025, and what is left."""
    with running("backtest crash", json=json, debug=debug) as output:
        folder = data_folder(data)
        output.note_compilation()
        from plimsoll.journeys.backtest_crash import backtest_crash

        result = backtest_crash(folder, progress=output.progress())
        code = show_study(output, result, markdown)
    raise typer.Exit(code)
