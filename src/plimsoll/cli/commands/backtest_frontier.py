"""``plimsoll backtest frontier``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json
from plimsoll.cli.study import Markdown, Out, show_study

Prices = Annotated[Path, typer.Argument(help="Price file of many markets: Parquet or CSV.")]
Since = Annotated[str, typer.Option("--from", help="First day that is judged: a New Year.")]
Until = Annotated[str, typer.Option("--until", help="Last day that is judged.")]
Kind = Annotated[str, typer.Option("--price", help="mark, index, last_trade or spot_close.")]
Scored = Annotated[
    int, typer.Option("--scored-days", min=1, help="Fewest scored days of a market.")
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Threads; they change no number.")]


def frontier(
    prices: Prices,
    since: Since = "2022-01-01",
    until: Until = "2025-06-12",
    price: Kind = "spot_close",
    scored_days: Scored = 250,
    workers: Workers = 2,
    out: Out = None,
    markdown: Markdown = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Choose margin policies by appetite at every New Year; judge cost, coverage and movement."""
    with running("backtest frontier", json=json, debug=debug) as output:
        output.note_compilation()
        from plimsoll.journeys.backtest_frontier import backtest_frontier

        result = backtest_frontier(
            prices,
            since=since,
            until=until,
            price_kind=price,
            scored_days=scored_days,
            workers=workers,
            out=out,
            progress=output.progress(),
        )
        code = show_study(output, result, markdown)
    raise typer.Exit(code)
