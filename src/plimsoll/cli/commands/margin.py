"""``plimsoll margin``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json

Positions = Annotated[
    Path,
    typer.Argument(
        help="Positions, CSV or JSON: account, market, quantity, entry_price[, mode, "
        "isolated_margin, leverage]; a JSON object may hold collateral as well."
    ),
]
Parameters = Annotated[
    Path, typer.Option("--parameters", help="Parameter set, or the folder of a calibration.")
]
Marks = Annotated[
    Path,
    typer.Option("--marks", help="CSV or JSON: market, mark[, index, instrument, contract_size]."),
]
Collateral = Annotated[
    Path | None, typer.Option("--collateral", help="CSV or JSON: account, currency, amount.")
]
Sizes = Annotated[
    list[str] | None,
    typer.Option("--contract-size", help="MARKET=SIZE; may be given several times."),
]
Numeraire = Annotated[
    str | None,
    typer.Option("--numeraire", help="Currency of the result; else the only one in use, or USD."),
]
Names = Annotated[
    str | None,
    typer.Option("--venue-names", help="Venue whose names the markets have; else ccxt, Binance."),
]
Rule = Annotated[
    str, typer.Option("--initial-rule", help="Initial rates on whole_notional, or marginal.")
]
Explain = Annotated[str | None, typer.Option("--explain", help="Unfold this account.")]
Signal = Annotated[
    bool,
    typer.Option(
        "--exit-code", help="Exit with 1 where an account is under maintenance, or has no number."
    ),
]


def margin(
    book: Positions,
    parameters: Parameters,
    marks: Marks,
    collateral: Collateral = None,
    explain: Explain = None,
    contract_size: Sizes = None,
    numeraire: Numeraire = None,
    venue_names: Names = None,
    initial_rule: Rule = "whole_notional",
    exit_code: Signal = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Margin every account of a book under a parameter set."""
    with running("margin", json=json, debug=debug) as output:
        sizes = _sizes(contract_size or [])
        from plimsoll.cli.render import table_document
        from plimsoll.journeys.margin import margin_book as run

        result = run(
            book,
            parameters,
            marks,
            collateral=collateral,
            contract_sizes=sizes,
            numeraire=numeraire,
            venue_names=venue_names,
            initial_rule=initial_rule,
        )
        table = result.table() if explain is None else result.explain(explain)
        failing = bool(result.under_maintenance or result.unknown)
        code = ExitCode.BREACH if exit_code and failing else ExitCode.HOLDS
        output.table(table)
        document = {
            "parameter_set_id": result.parameters.id,
            "under_maintenance": list(result.under_maintenance),
            "unknown": list(result.unknown),
            "table": table_document(table),
        }
        output.document(code, {"result": document})
        raise typer.Exit(code)


def _sizes(pairs: list[str]) -> dict[str, str]:
    sizes = {}
    for pair in pairs:
        market, mark, size = pair.rpartition("=")
        if not mark or not market:
            from plimsoll.errors import UsageError

            raise UsageError("must be MARKET=SIZE", found=pair, field="--contract-size")
        sizes[market] = size
    return sizes
