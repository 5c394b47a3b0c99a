"""``plimsoll estimate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json, utc_midnight

Prices = Annotated[Path, typer.Argument(help="Price file: Parquet, CSV, ccxt OHLCV, klines.")]
Market = Annotated[str, typer.Option("--market", help="Market, as the file names it.")]
Horizon = Annotated[int, typer.Option("--horizon", min=1, help="Hours of the move.")]
Confidence = Annotated[float, typer.Option("--confidence", help="0.99: one move in a hundred.")]
Model = Annotated[str, typer.Option("--model", help="ewma_t, garch_t or gjr_t.")]
PayoffOf = Annotated[str, typer.Option("--payoff", help="linear, inverse or quanto.")]
Form = Annotated[
    str | None,
    typer.Option("--format", help="parquet, csv, ccxt_ohlcv, binance_kline; else by the name."),
]
Time = Annotated[str, typer.Option("--time", help="Column of the bars' open times.")]
Close = Annotated[str, typer.Option("--close", help="Column of closes.")]
Symbol = Annotated[str | None, typer.Option("--symbol", help="Column of markets' names.")]
Unit = Annotated[str | None, typer.Option("--time-unit", help="s, ms, us or ns; else found.")]
Kind = Annotated[str, typer.Option("--price", help="mark, index, last_trade or spot_close.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="UTC date; else the data's last.")]


def estimate(
    prices: Prices,
    market: Market,
    horizon: Horizon = 8,
    confidence: Confidence = 0.99,
    model: Model = "ewma_t",
    payoff: PayoffOf = "linear",
    format: Form = None,
    time: Time = "ts",
    close: Close = "close",
    symbol: Symbol = None,
    time_unit: Unit = None,
    price: Kind = "last_trade",
    as_of: AsOf = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Estimate volatility, tail, VaR and ES of one market."""
    with running("estimate", json=json, debug=debug) as output:
        instant = utc_midnight(as_of)
        output.note_compilation()
        from plimsoll.cli.render import table_document
        from plimsoll.journeys.estimate import estimate as run

        result = run(
            prices,
            market,
            horizon_hours=horizon,
            confidence=confidence,
            model=model,
            payoff=payoff,
            format=format,
            time=time,
            close=close,
            symbol=symbol,
            time_unit=time_unit,
            price_kind=price,
            as_of=instant,
        )
        tables = (result.volatility_table(), result.table())
        for table in tables:
            output.table(table)
        documents = {table.name: table_document(table) for table in tables}
        output.document(ExitCode.HOLDS, {"result": documents})
