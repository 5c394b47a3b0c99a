"""``plimsoll fetch``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json, Out, utc_instant

Symbols = Annotated[list[str], typer.Argument(help="Unified names, for instance BTC/USDT:USDT.")]
Exchange = Annotated[str, typer.Option("--exchange", help="ccxt name of the exchange.")]
Since = Annotated[str, typer.Option("--since", help="UTC date or date-time of the first bar.")]
Until = Annotated[str | None, typer.Option("--until", help="UTC end; by default now.")]
Interval = Annotated[str, typer.Option("--interval", help="Length of a bar: 1m, 5m, 1h, 1d, ...")]


def fetch(
    symbols: Symbols,
    since: Since,
    exchange: Exchange = "binanceusdm",
    until: Until = None,
    interval: Interval = "1h",
    out: Out = Path("data"),
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Bring bars and funding from an exchange into Parquet."""
    with running("fetch", json=json, debug=debug) as output:
        first, last = utc_instant(since, "--since"), utc_instant(until, "--until")
        from plimsoll.journeys.fetch import fetch as run

        files = run(
            exchange,
            symbols,
            since=first,
            until=last,
            interval=interval,
            out=out,
            progress=output.progress(),
        )
        for file in files:
            output.line(f"wrote {file}")
        output.document(ExitCode.HOLDS, {"result": {"files": [str(file) for file in files]}})
