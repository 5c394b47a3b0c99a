"""``plimsoll estimate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json, utc_midnight
from plimsoll.errors import InsufficientDataError, UsageError

if TYPE_CHECKING:
    from plimsoll.cli.output import Output
    from plimsoll.domain.table import Table

Prices = Annotated[Path, typer.Argument(help="Price file: Parquet, CSV, ccxt OHLCV, klines.")]
Market = Annotated[
    str | None,
    typer.Option("--market", help="One market in depth; without it all markets of the file."),
]
Alone = Annotated[
    bool,
    typer.Option("--alone", help="With --market: by itself, without the other markets' tails."),
]
Horizon = Annotated[
    list[int] | None, typer.Option("--horizon", min=1, help="Hours of the move; 8 and 24.")
]
Confidence = Annotated[
    float, typer.Option("--confidence", help="0.99: one move in a hundred; of one market.")
]
Model = Annotated[str, typer.Option("--model", help="ewma_t, garch_t or gjr_t; of one market.")]
PayoffOf = Annotated[str, typer.Option("--payoff", help="linear, inverse or quanto.")]
Form = Annotated[
    str | None,
    typer.Option("--format", help="parquet, csv, ccxt_ohlcv, binance_kline; else by the name."),
]
Time = Annotated[str, typer.Option("--time", help="Column of the bars' open times.")]
Close = Annotated[str, typer.Option("--close", help="Column of closes.")]
Symbol = Annotated[
    str | None,
    typer.Option("--symbol", help="Column of names; 'symbol' without --market."),
]
Unit = Annotated[str | None, typer.Option("--time-unit", help="s, ms, us or ns; else found.")]
Kind = Annotated[str, typer.Option("--price", help="mark, index, last_trade or spot_close.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="UTC date; else the data's last.")]
Classes = Annotated[
    Path | None, typer.Option("--classes", help="CSV with the columns market and class.")
]
Books = Annotated[
    list[str] | None,
    typer.Option("--books", help="Recorded books for cost curves: FILE or MARKET=FILE."),
]
Exclude = Annotated[
    str | None, typer.Option("--exclude", help="Names with commas; else stablecoins and such.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for page and JSON document.")]
Workers = Annotated[
    int, typer.Option("--workers", min=1, help="Threads; the result does not depend on it.")
]


def estimate(
    prices: Prices,
    market: Market = None,
    alone: Alone = False,
    horizon: Horizon = None,
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
    classes: Classes = None,
    books: Books = None,
    exclude: Exclude = None,
    out: Out = None,
    workers: Workers = 1,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Estimate volatility, tails, VaR, ES, dependence and liquidity of all markets, or of one."""
    with running("estimate", json=json, debug=debug) as output:
        of_one = {"--confidence": confidence != 0.99, "--model": model != "ewma_t"}
        of_one |= {"--payoff": payoff != "linear", "--alone": alone}
        if market is None:
            _refuse_of_one([name for name, given in of_one.items() if given])
        instant = utc_midnight(as_of)
        output.note_compilation()
        read: dict[str, Any] = {
            "format": format,
            "time": time,
            "close": close,
            "time_unit": time_unit,
            "price_kind": price,
            "as_of": instant,
        }
        one: dict[str, Any] = {"confidence": confidence, "model": model, "payoff": payoff}
        documents: dict[str, Any] = {}
        with_others = market is None or (symbol is not None and not alone) or out is not None
        if with_others:
            others = {
                **read,
                "symbol": symbol or ("symbol" if market is None else None),
                "classes": classes,
                "books": tuple(books or ()),
                "exclude": _names(exclude),
                "out": out,
                "workers": workers,
            }
            _all_markets(output, documents, prices, market, horizon, others)
        if market is not None:
            hours = (horizon or [8])[0]
            try:
                tables = _by_itself(prices, market, {**read, **one, "symbol": symbol}, hours)
            except InsufficientDataError as short:
                if not with_others:
                    raise
                output.line(
                    f"{market} by itself, with the filter of `calibrate`: no number. {short}"
                )
            else:
                if with_others:
                    output.line(f"{market} by itself, with the filter of `calibrate`:")
                _show(output, tables, documents)
        output.document(ExitCode.HOLDS, {"result": documents})


def _refuse_of_one(options: list[str]) -> None:
    if options:
        raise UsageError(
            "must come with --market: it is of one market by itself",
            found="all markets",
            field=options[0],
            remedy="all markets are estimated at 99 %, linear, by the default forecaster",
        )


def _by_itself(prices: Path, market: str, options: dict[str, Any], hours: int) -> tuple[Table, ...]:
    from plimsoll.journeys.estimate import estimate as run

    result = run(prices, market, horizon_hours=hours, **options)
    return result.volatility_table(), result.table()


def _all_markets(
    output: Output,
    documents: dict[str, Any],
    prices: Path,
    market: str | None,
    horizon: list[int] | None,
    options: dict[str, Any],
) -> None:
    from plimsoll.cli.results import written_lines
    from plimsoll.estimators.nightly import NightlySettings
    from plimsoll.journeys.estimate_markets import estimate_markets as run

    result = run(
        prices,
        settings=NightlySettings(horizons_hours=tuple(horizon)) if horizon else None,
        markets=None if market is None else (market,),
        progress=output.progress(),
        **options,
    )
    output.close()
    _show(output, result.tables if market is None else result.market(market), documents)
    if result.excluded:
        output.line(f"left out: {', '.join(result.excluded)}")
    files = [str(file) for file in result.files]
    for line in written_lines(files):
        output.line(line)
    documents["files"] = files
    if output.json:
        documents["reference_distribution"] = result.document()


def _show(output: Output, tables: tuple[Table, ...], documents: dict[str, Any]) -> None:
    from plimsoll.cli.render import table_document

    for table in tables:
        output.table(table)
        documents[table.name] = table_document(table)


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(filter(None, (n.strip() for n in text.split(","))))
