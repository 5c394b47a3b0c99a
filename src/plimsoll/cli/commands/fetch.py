"""``plimsoll fetch``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import Debug, Json, Out

Venue = Annotated[str, typer.Argument(help="Exchange by its ccxt name, such as binanceusdm.")]
Symbols = Annotated[list[str], typer.Argument(help="Unified names, such as BTC/USDT:USDT.")]
Since = Annotated[str, typer.Option("--since", help="UTC date or date-time of the first bar.")]
Until = Annotated[str | None, typer.Option("--until", help="UTC end, not included; default now.")]
Timeframe = Annotated[str, typer.Option("--timeframe", help="Length of a bar: 1m, 5m, 1h, 1d, ...")]
Price = Annotated[str, typer.Option("--price", help="last, mark or index.")]
Funding = Annotated[bool, typer.Option("--funding/--no-funding", help="Funding rates as well.")]


def fetch(
    venue: Venue,
    symbols: Symbols,
    since: Since,
    until: Until = None,
    timeframe: Timeframe = "1h",
    price: Price = "last",
    funding: Funding = True,
    out: Out = Path("data"),
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Bring bars and funding from an exchange into Parquet."""
    named = naming("timeframe", "price", "out", since="--since", until="--until")
    with running("fetch", json=json, debug=debug) as output, named:
        from plimsoll.cli.render import table_document
        from plimsoll.journeys.fetch import fetch as run

        report = run(
            venue,
            symbols,
            timeframe,
            since,
            until,
            out,
            price=price,
            funding=funding,
            progress=output.progress(),
        )
        code = ExitCode.HOLDS if report.complete else ExitCode.BAD_DATA
        output.close()
        output.table(report.table())
        output.document(code, {"result": table_document(report.table())})
        raise typer.Exit(code)
