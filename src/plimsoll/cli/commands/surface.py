"""``plimsoll surface``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import Debug, Json

if TYPE_CHECKING:
    from plimsoll.cli.output import Output
    from plimsoll.journeys.surface_batch import SurfacesResult
    from plimsoll.journeys.surface_result import SurfaceResult

Chains = Annotated[
    list[Path],
    typer.Argument(
        help="Option chains: snapshots in Parquet or CSV, Deribit's JSON, Tardis, ccxt; several "
        "files of one format, or a quoted pattern."
    ),
]
At = Annotated[
    str | None,
    typer.Option("--at", help="ISO time (UTC): the last chain at or before it; else the last."),
]
Currency = Annotated[str | None, typer.Option("--currency", help="Coin, such as BTC; else all.")]
Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="Format of the files: parquet, deribit_csv, deribit_json, tardis_options_chain or "
        "ccxt_option_chain; else seen from how they begin.",
    ),
]
Page = Annotated[Path | None, typer.Option("--out", help="HTML file for pictures and tables.")]
Every = Annotated[bool, typer.Option("--all", help="Every chain of the files, judged together.")]
DayWeights = Annotated[
    str | None,
    typer.Option(
        "--day-weights",
        help="Variance of Monday to Sunday (UTC) over the mean day's, seven numbers with commas; "
        "else calendar time. --all estimates them.",
    ),
]


def surface(
    chains: Chains,
    at: At = None,
    currency: Currency = None,
    out: Page = None,
    every: Every = False,
    format: Form = None,
    day_weights: DayWeights = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit a volatility surface free of arbitrage to an option chain, and judge it."""
    named = naming("currency", "format", at="--at")
    with running("surface", json=json, debug=debug) as output, named:
        from plimsoll.journeys.surface_day_weights import settings_on
        from plimsoll.journeys.surface_page_file import page_path

        settings = settings_on(day_weights)
        if out is not None:
            page_path(out, "--out")
        output.note_compilation()
        if every:
            _refuse_with_all(at)
            from plimsoll.journeys.surface import surfaces

            progress = output.progress()
            many = surfaces(
                chains, currency=currency, format=format, settings=settings, progress=progress
            )
            output.close()
            if out is not None:
                many.to_html(out)
            raise typer.Exit(_show_all(output, many, out))
        from plimsoll.journeys.surface import surface as run

        result = run(chains, at=at, currency=currency, format=format, settings=settings)
        if out is not None:
            result.to_html(out)
        raise typer.Exit(_show(output, result, out))


def _refuse_with_all(at: str | None) -> None:
    from plimsoll.errors import UsageError

    if at is not None:
        raise UsageError(
            "must not be given with --all",
            found=at,
            field="--at",
            remedy="leave --all out for one time",
        )


def _show(output: Output, result: SurfaceResult, out: Path | None) -> ExitCode:
    from plimsoll.cli.render import table_document
    from plimsoll.domain.evidence import Verdict
    from plimsoll.journeys.surface_result import plain_documents
    from plimsoll.journeys.surface_source import source_document
    from plimsoll.journeys.surface_tables import check_table

    code = ExitCode.HOLDS if result.verdict is Verdict.HOLDS else ExitCode.BREACH
    for chain in result.chains:
        for table in result.tables(chain.label):
            if len(table):
                output.table(table)
        output.table(check_table(chain.record.checks))
        if chain.record.is_broken:
            output.line(f"the snapshot of {chain.record.name} is broken: see its findings\n")
    if out is not None:
        output.line(f"wrote {out}")
    output.line(f"verdict: {result.verdict.value.upper().replace('_', ' ')}  ({result.source})")
    if output.json:
        documents = plain_documents(result)
        for document, chain in zip(documents, result.chains, strict=True):
            document["tables"] = [table_document(t) for t in result.tables(chain.label)]
        members = {
            "verdict": result.verdict.value,
            "source": result.source,
            **source_document(result.files),
            "chains": documents,
            "files": [] if out is None else [str(out)],
        }
        output.document(code, {"result": members})
    return code


def _show_all(output: Output, result: SurfacesResult, out: Path | None) -> ExitCode:
    from plimsoll.cli.render import table_document
    from plimsoll.domain.evidence import Verdict
    from plimsoll.journeys.surface_clock_tables import clock_document
    from plimsoll.journeys.surface_document import check_documents, pool_document, record_document
    from plimsoll.journeys.surface_moves import moves_document
    from plimsoll.journeys.surface_source import source_document

    checks = result.checks
    verdict = result.verdict
    code = ExitCode.HOLDS if verdict is Verdict.HOLDS else ExitCode.BREACH
    if output.json:
        members = {
            "verdict": verdict.value,
            "source": result.source,
            **source_document(result.files),
            "checks": check_documents(checks),
            "fit": pool_document(result.pool()),
            "by_chain": {label: pool_document(result.pool(label)) for label in result.labels},
            "tables": [table_document(table) for table in result.tables()],
            "moves": moves_document(result.moves),
            "variance_clock": clock_document(result.clock),
            "surfaces": [record_document(record) for record in result.records],
            "files": [] if out is None else [str(out)],
        }
        output.document(code, {"result": members})
        return code
    for table in result.tables():
        output.table(table)
    if out is not None:
        output.line(f"wrote {out}")
    output.line(f"verdict: {verdict.value.upper().replace('_', ' ')}  ({result.source})")
    return code
