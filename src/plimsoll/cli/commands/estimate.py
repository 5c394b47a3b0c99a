"""``plimsoll estimate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import Debug, Json, utc_midnight
from plimsoll.errors import InsufficientDataError, UsageError

if TYPE_CHECKING:
    from plimsoll.cli.output import Output
    from plimsoll.domain.table import Table

Prices = Annotated[Path, typer.Argument(help="Price file: Parquet, CSV, ccxt OHLCV, klines.")]
Market = Annotated[
    str | None,
    typer.Option(
        "--market",
        help="One market in depth: risk, tails, jumps, liquidity, volatility models; without it "
        "all markets of the file.",
    ),
]
Alone = Annotated[
    bool,
    typer.Option(
        "--alone",
        help="With --market: only as `calibrate` filters it, without the reference distribution.",
    ),
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
    typer.Option("--symbol", help="Column of names; 'symbol' where the file has it."),
]
Unit = Annotated[str | None, typer.Option("--time-unit", help="s, ms, us or ns; else found.")]
Kind = Annotated[str, typer.Option("--price", help="mark, index, last_trade or spot_close.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="UTC date; else the data's last.")]
Classes = Annotated[
    Path | None,
    typer.Option("--classes", help="CSV with the columns market, class; market_cap_usd too."),
]
Books = Annotated[
    list[str] | None,
    typer.Option(
        "--books",
        help="Recorded books for cost curves: FILE, or MARKET=FILE of the same coin.",
    ),
]
OpenInterest = Annotated[
    Path | None,
    typer.Option(
        "--open-interest",
        help="CSV market,open_interest_usd, or market,side,position_usd by holder.",
    ),
]
Fit = Annotated[
    list[str] | None,
    typer.Option("--fit", help="volatility or tail_shape, =mle or =bayes: which fit is used."),
]
CheckBayes = Annotated[
    bool,
    typer.Option("--check-bayes", help="Pooled levels against the full posterior; extra 'bayes'."),
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
    open_interest: OpenInterest = None,
    fit: Fit = None,
    check_bayes: CheckBayes = False,
    exclude: Exclude = None,
    out: Out = None,
    workers: Workers = 1,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Estimate volatility, tails, VaR, ES, dependence and liquidity of all markets, or of one.

    With --json: result.TABLE.rows for each table printed, result.files, and under
    result.reference_distribution what estimate.json holds: markets.NAME has risk, tails, liquidity
    and, of --market, studies.TABLE; dependence stands beside.
    """
    with running("estimate", json=json, debug=debug) as output, naming(**_OPTIONS):
        of_one = {"--confidence": confidence != 0.99, "--model": model != "ewma_t"}
        of_one |= {"--payoff": payoff != "linear", "--alone": alone}
        if market is None:
            _refuse_of_one([name for name, given in of_one.items() if given])
        instant = utc_midnight(as_of)
        output.note_compilation()
        read: dict[str, Any] = {
            "format": format or _format(prices),
            "time": time,
            "close": close,
            "time_unit": time_unit,
            "price_kind": price,
            "as_of": instant,
        }
        one: dict[str, Any] = {"confidence": confidence, "model": model, "payoff": payoff}
        others: dict[str, Any] = {
            "symbol": symbol or ("symbol" if market is None else _symbol(prices, read["format"])),
            "classes": classes,
            "books": tuple(books or ()),
            "open_interest": open_interest,
            "fit": _fits(fit),
            "check_bayes": check_bayes,
            "exclude": _names(exclude),
            "out": out,
            "workers": workers,
        }
        documents: dict[str, Any] = {}
        if market is None:
            _all_markets(output, documents, prices, None, horizon, {**read, **others})
        else:
            only = _only(others, alone)
            hours = (horizon or [8])[0]
            calibrated = _by_itself(
                prices, market, {**read, **one, "symbol": others["symbol"]}, hours
            )
            if isinstance(calibrated, InsufficientDataError) and only:
                raise calibrated
            if not only:
                _heading(output, "reference", market)
                try:
                    _all_markets(output, documents, prices, market, horizon, {**read, **others})
                except UsageError as refused:
                    # Bars longer than the forecaster's step: the calibration's filter takes them.
                    if refused.field != "horizon_hours" or out is not None:
                        raise
                    output.line(f"no number: {refused}")
                _heading(output, "calibration", market)
            if isinstance(calibrated, InsufficientDataError):
                output.line(f"no number: {calibrated}")
            else:
                _show(output, calibrated, documents)
        output.document(ExitCode.HOLDS, {"result": documents})


_OPTIONS = {
    "as_of": "--as-of", "confidence": "--confidence", "model": "--model", "payoff": "--payoff",
    "format": "--format", "time_unit": "--time-unit", "price_kind": "--price", "books": "--books",
    "exclude": "--exclude", "market": "--market", "horizon_hours": "--horizon",
    "fit": "--fit", "check_bayes": "--check-bayes",
}  # fmt: skip
_HEADINGS = {
    "reference": "1. {market}: the product's numbers, by the reference distribution.",
    "calibration": "2. {market} as `calibrate` filters it: its own tail and one volatility filter, "
    "the input of the margin search.\n   For comparison with a calibration's report; where the two "
    "differ, the first is the forecast.",
}


def _heading(output: Output, part: str, market: str) -> None:
    if part != "reference":
        output.line()
    output.line(_HEADINGS[part].format(market=market))
    output.line()


def _only(others: dict[str, Any], alone: bool) -> bool:
    """Whether one market is wanted by itself; options of the reference are refused then.

    Raises
    ------
    UsageError
    """
    needing = {"--books": others["books"], "--out": others["out"]}
    needing |= {"--open-interest": others["open_interest"], "--classes": others["classes"]}
    needing |= {"--fit": others["fit"], "--check-bayes": others["check_bayes"]}
    given = [name for name, value in needing.items() if value]
    if alone and given:
        raise UsageError(
            "must come without --alone: it is of the reference distribution",
            found="--alone",
            field=given[0],
        )
    return alone


def _format(prices: Path) -> str | None:
    from plimsoll.journeys.estimate_price_files import price_format

    found = price_format(prices)
    return None if found is None else found.value


def _symbol(prices: Path, form: str | None) -> str | None:
    from plimsoll.adapters.files import FileFormat
    from plimsoll.journeys.estimate_inputs import symbol_column

    return symbol_column(prices, form) if form in (None, *FileFormat) else None


def _refuse_of_one(options: list[str]) -> None:
    if options:
        raise UsageError(
            "must come with --market: it is of one market by itself",
            found="all markets",
            field=options[0],
            remedy="all markets are estimated at 99 %, linear, by the default forecaster",
        )


def _by_itself(
    prices: Path, market: str, options: dict[str, Any], hours: int
) -> tuple[Table, ...] | InsufficientDataError:
    """Tables by the filter of the calibration, or why there are none."""
    from plimsoll.journeys.estimate import estimate as run

    try:
        result = run(prices, market, horizon_hours=hours, **options)
    except InsufficientDataError as short:
        return short
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

    given: dict[str, Any] = {"fit": options.pop("fit")}
    if horizon:
        given["horizons_hours"] = tuple(horizon)
    result = run(
        prices,
        settings=NightlySettings(**given),
        markets=None if market is None else (market,),
        progress=output.progress(),
        **options,
    )
    output.close()
    _show(output, result.tables if market is None else result.market(market), documents)
    for note in result.notes:
        output.line(f"note: {note}")
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


def _fits(given: list[str] | None) -> dict[str, str]:
    """Parameter to method, as typed: ``volatility=bayes``."""
    pairs = [text.partition("=") for text in given or ()]
    wrong = [text for text, (_, sign, _) in zip(given or (), pairs, strict=True) if not sign]
    if wrong:
        raise UsageError("must be PARAMETER=mle or PARAMETER=bayes", found=wrong, field="--fit")
    return {name.strip(): method.strip().lower() for name, _, method in pairs}


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(filter(None, (n.strip() for n in text.split(","))))
