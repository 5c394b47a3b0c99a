"""``plimsoll list-market``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import Data, Debug, Json, Venue, data_variables, utc_midnight

if TYPE_CHECKING:
    from plimsoll.cli.exit_codes import ExitCode
    from plimsoll.cli.output import Output
    from plimsoll.journeys.list_market_result import ListingResult

SHOWN = ("parameters", "limits", "haircut", "uncertainty", "review", "coverage_pooled", "findings")

Prices = Annotated[Path, typer.Argument(help="The coin's bars: Parquet or CSV.")]
Market = Annotated[
    str | None,
    typer.Option("--market", help="The coin's name; else the file's only symbol, or its name."),
]
Class = Annotated[
    str | None, typer.Option("--class", help="Class of the venue file; else its entry's.")
]
AsOf = Annotated[str | None, typer.Option("--as-of", help="UTC date; else the coin's last.")]
Book = Annotated[Path | None, typer.Option("--book", help="Recorded book of the coin.")]
DepthFile = Annotated[
    Path | None,
    typer.Option("--depth", help="CSV notional_usd,cost_bps (and error_bps)."),
]
DepthUsd = Annotated[
    float | None, typer.Option("--depth-usd", help="Dollars near mid, with --spread-bps.")
]
SpreadBps = Annotated[float | None, typer.Option("--spread-bps", help="Whole spread.")]
AdvUsd = Annotated[
    float | None,
    typer.Option("--adv-usd", help="Turnover a day; else of the bars' volume, else the class's."),
]
Peers = Annotated[
    str | None,
    typer.Option("--peers", help="Names with commas, or 'all' of the venue's prices."),
]
Tiers = Annotated[int | None, typer.Option("--tiers", min=1, help="Most tiers; else chosen.")]
PayoffOf = Annotated[
    str | None, typer.Option("--payoff", help="linear, inverse or quanto; else linear.")
]
Form = Annotated[str | None, typer.Option("--format", help="parquet or csv; else by the name.")]
Time = Annotated[str, typer.Option("--time", help="Column of the bars' open times.")]
Close = Annotated[str, typer.Option("--close", help="Column of closes.")]
Volume = Annotated[str, typer.Option("--volume", help="Column of base units, if it is there.")]
Symbol = Annotated[
    str | None,
    typer.Option("--symbol", help="Column of names; 'symbol' where the file has it."),
]
Unit = Annotated[str | None, typer.Option("--time-unit", help="s, ms, us or ns; else found.")]
Kind = Annotated[
    str | None,
    typer.Option("--price", help="mark, index, last_trade or spot_close; else the venue's."),
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the results.")]


def list_market(
    venue: Venue,
    new_prices: Prices,
    market: Market = None,
    market_class: Class = None,
    as_of: AsOf = None,
    book: Book = None,
    depth: DepthFile = None,
    depth_usd: DepthUsd = None,
    spread_bps: SpreadBps = None,
    adv_usd: AdvUsd = None,
    peers: Peers = None,
    tiers: Tiers = None,
    payoff: PayoffOf = None,
    format: Form = None,
    time: Time = "ts",
    close: Close = "close",
    volume: Volume = "volume",
    symbol: Symbol = None,
    time_unit: Unit = None,
    price: Kind = None,
    data: Data = None,
    out: Out = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List a coin of a few weeks: tiers, limits, haircut, errors and the date of review.

    The venue's markets are its peers. Without depth the class's cost stands, with the reason.
    """
    named = naming(
        "out", "book", "depth", "depth_usd", "spread_bps", "adv_usd", "peers", "tiers", "payoff",
        "format", "time_unit", "market",
        as_of="--as-of", market_class="--class", price_kind="--price",
    )  # fmt: skip
    with running("list-market", json=json, debug=debug) as output, named:
        instant = utc_midnight(as_of)
        from plimsoll.config.loader import load_venue

        venue_file = load_venue(venue, variables=data_variables(data))
        output.note_compilation()
        from plimsoll.journeys.list_market import list_market as run
        from plimsoll.journeys.list_market_prices import CoinColumns

        result = run(
            venue_file,
            new_prices,
            market=market,
            market_class=market_class,
            as_of=instant,
            book=book,
            depth=depth,
            depth_usd=depth_usd,
            spread_bps=spread_bps,
            adv_usd=adv_usd,
            peers=_names(peers),
            tiers=tiers,
            payoff=payoff,
            columns=CoinColumns(
                format=format,
                time=time,
                close=close,
                volume=volume,
                symbol=symbol,
                time_unit=time_unit,
                price_kind=price,
            ),
            out=out,
            progress=output.progress(),
        )
        raise typer.Exit(_show(output, result))


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(filter(None, (n.strip() for n in text.split(","))))


def _show(output: Output, result: ListingResult) -> ExitCode:
    """Print tables, verdict, files and timings; return the exit code."""
    from plimsoll.cli.results import (
        check_table,
        exit_code,
        timing_table,
        verdict_line,
        written_lines,
    )

    evidence, files = result.evidence, [str(file) for file in result.files]
    code = exit_code(evidence.verdict)
    output.close()
    for name in SHOWN:
        table = evidence.table(name)
        if table.rows:
            output.table(table)
    output.table(check_table(evidence))
    output.table(timing_table(result.timings))
    for limit in evidence.limits:
        output.line(f"limit: {limit}")
    for line in written_lines(files):
        output.line(line)
    output.line(f"parameter set {result.parameters.id}")
    output.line(f"review on {result.review_on}")
    output.line(verdict_line(evidence))
    if output.json:
        output.document(code, {"result": _document(result, files)})
    return code


def _document(result: ListingResult, files: list[str]) -> dict[str, object]:
    from plimsoll.report import evidence_document

    return {
        "market": result.market,
        "review_on": result.review_on,
        "parameter_set_id": result.parameters.id,
        "parameter_set": result.parameters.document(),
        "evidence": evidence_document(result.evidence, series=False),
        "timings_s": dict(result.timings),
        "files": files,
    }
