"""``plimsoll backtest solvent``."""

from __future__ import annotations

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json
from plimsoll.cli.study import Data, Markdown, data_folder, show_study


def solvent(
    data: Data = None, markdown: Markdown = None, json: Json = False, debug: Debug = False
) -> None:
    """Replay accounts: users closed out who would have been solvent at the next call."""
    with running("backtest solvent", json=json, debug=debug) as output:
        folder = data_folder(data)
        output.note_compilation()
        from plimsoll.journeys.backtest_solvent import backtest_solvent

        result = backtest_solvent(folder, progress=output.progress())
        code = show_study(output, result, markdown)
    raise typer.Exit(code)
