"""``plimsoll compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import Debug, Json
from plimsoll.errors import UsageError

if TYPE_CHECKING:
    from plimsoll.cli.output import Output
    from plimsoll.journeys.compare_result import ComparisonResult

Prices = Annotated[Path, typer.Argument(help="Price file of many markets: Parquet or CSV.")]
Horizon = Annotated[
    list[str] | None,
    typer.Option(
        "--horizon", metavar="HOURS", help="Hours of the move; else 8 and 24. One bar: one step."
    ),
]
Methods = Annotated[
    str | None, typer.Option("--methods", help="Names with commas; else all. 'list' shows them.")
]
Markets = Annotated[str | None, typer.Option("--markets", help="Names with commas; else all.")]
Exclude = Annotated[
    str | None, typer.Option("--exclude", help="Names with commas; else stablecoins and such.")
]
Since = Annotated[str | None, typer.Option("--from", help="First day of starts; else year two.")]
Until = Annotated[str | None, typer.Option("--until", help="Last day of starts; else the end.")]
Every = Annotated[int, typer.Option("--set-every", min=1, help="Hours between margins: 24 or 8.")]
Seasoned = Annotated[
    int, typer.Option("--seasoned-days", min=1, help="Days a market must have been listed.")
]
Scored = Annotated[
    int, typer.Option("--scored-days", min=1, help="Fewest scored days of a market.")
]
Time = Annotated[str, typer.Option("--time", help="Column of the bars' open times.")]
Close = Annotated[str, typer.Option("--close", help="Column of closes.")]
Symbol = Annotated[str, typer.Option("--symbol", help="Column of markets' names.")]
Kind = Annotated[str, typer.Option("--price", help="mark, index, last_trade or spot_close.")]
Choose = Annotated[
    bool, typer.Option("--choose-default", help="Make the yearly choice of the default again.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for page, Markdown and CSV.")]
Markdown = Annotated[
    Path | None,
    typer.Option("--markdown", help="Markdown file between whose markers the tables go."),
]


def compare(
    prices: Prices,
    horizon: Horizon = None,
    methods: Methods = None,
    markets: Markets = None,
    exclude: Exclude = None,
    since: Since = None,
    until: Until = None,
    set_every: Every = 24,
    seasoned_days: Seasoned = 200,
    scored_days: Scored = 250,
    time: Time = "ts",
    close: Close = "close",
    symbol: Symbol = "symbol",
    price: Kind = "last_trade",
    choose_default: Choose = False,
    out: Out = None,
    markdown: Markdown = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare forecasters of the loss distribution over all markets of a file."""
    with running("compare", json=json, debug=debug) as output, naming(**_OPTIONS):
        if methods == "list":
            _show_methods(output)
            return
        hours = _hours(horizon)
        output.note_compilation()
        from plimsoll.journeys.compare import HORIZONS_HOURS
        from plimsoll.journeys.compare import compare as run

        result = run(
            prices,
            horizon_hours=hours or HORIZONS_HOURS,
            methods=_names(methods),
            markets=_names(markets),
            exclude=_names(exclude),
            since=since,
            until=until,
            every_hours=set_every,
            seasoned_days=seasoned_days,
            scored_days=scored_days,
            time=time,
            close=close,
            symbol=symbol,
            price_kind=price,
            choose_again=choose_default,
            out=out,
            progress=output.progress(),
        )
        output.close()
        _show(output, result, markdown)


_OPTIONS = {
    "horizon_hours": "--horizon", "methods": "--methods", "markets": "--markets",
    "exclude": "--exclude", "since": "--from", "until": "--until", "every_hours": "--set-every",
    "seasoned_days": "--seasoned-days", "scored_days": "--scored-days", "price_kind": "--price",
}  # fmt: skip


def _hours(texts: list[str] | None) -> tuple[int, ...]:
    for text in texts or ():
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise UsageError(
                "must be whole hours, 1 or more",
                found=text,
                field="horizon_hours",
                remedy="write --horizon 8; repeat the option for several",
            )
    return tuple(int(text) for text in texts or ())


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(filter(None, (n.strip() for n in text.split(","))))


def _show(output: Output, result: ComparisonResult, markdown: Path | None) -> None:
    from plimsoll.cli.render import table_document
    from plimsoll.cli.results import written_lines
    from plimsoll.journeys.compare_result import MARKED
    from plimsoll.journeys.study_result import write_between_markers

    files = [str(file) for file in result.files]
    if markdown is not None:
        files.append(str(write_between_markers(markdown, MARKED, result.markdown())))
    for table in result.shown:
        output.table(table)
    if result.choice is not None:
        output.line(result.choice.verdict)
    for line in written_lines(files):
        output.line(line)
    if output.json:
        members = {
            "price_source": result.price_kind.label,
            "excluded": list(result.excluded),
            "markets": {str(found.horizon_hours): list(found.markets) for found in result.horizons},
            "tables": {table.name: table_document(table) for table in result.tables},
            "default_choice_agrees": None if result.choice is None else result.choice.agrees,
            "files": files,
        }
        output.document(ExitCode.HOLDS, {"result": members})


def _show_methods(output: Output) -> None:
    from plimsoll.estimators.reference.methods import forecasters

    found = {method.name: method.title for method in forecasters()}
    for name, title in found.items():
        output.line(f"{name}: {title}")
    output.document(ExitCode.HOLDS, {"result": {"methods": found}})
