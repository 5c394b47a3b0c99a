"""``plimsoll margin``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plimsoll.cli.commands.margin_standing import (
    ClosingFee,
    Health,
    Plan,
    StandingRequest,
    Told,
    Volatility,
    standing_request,
    told_standing,
)
from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import Debug, Json

if TYPE_CHECKING:
    from plimsoll.cli.output import Output
    from plimsoll.errors import UsageError
    from plimsoll.journeys.margin_preset_result import PresetMargin
    from plimsoll.journeys.margin_what_if import WhatIf as WhatIfMargin

Positions = Annotated[
    Path | None,
    typer.Argument(
        help='Positions: JSON such as {"BTC-PERPETUAL": 10} (coins, one account), accounts with '
        "positions and collateral, Deribit's get_positions; or a table (CSV, JSON) of account, "
        "market, quantity[, entry_price, mode, isolated_margin, leverage]."
    ),
]
PresetName = Annotated[
    str | None, typer.Option("--preset", help="A venue's published rules; see --list-presets.")
]
Listing = Annotated[bool, typer.Option("--list-presets", help="List the presets and leave.")]
Market = Annotated[
    list[str] | None,
    typer.Option(
        "--market",
        help="Option chains as plimsoll surface reads them, or a table of marks; several times.",
    ),
]
At = Annotated[
    str | None,
    typer.Option("--at", help="ISO time (UTC): of the marks; the last chain at or before it."),
]
MaxAge = Annotated[
    str,
    typer.Option(
        "--max-age",
        help="How old marks may be at --at: 30s, 1h, 2d, or any; what is older is stale, a reason.",
    ),
]
Surfaces = Annotated[
    bool,
    typer.Option("--surfaces", help="Value options the chain does not list off fitted surfaces."),
]
Parameters = Annotated[
    Path | None,
    typer.Option(
        "--parameters",
        help="A parameter set, or a calibration: of tiers, instead of a preset; of a grid, its "
        "constants in the place of those of --preset.",
    ),
]
Marks = Annotated[
    Path | None,
    typer.Option(
        "--marks",
        help="CSV or JSON: market, mark[, index, instrument, contract_size; with a preset also "
        "implied_vol, forward, funding_rate, open_interest_usd, fixed].",
    ),
]
Collateral = Annotated[
    str | None,
    typer.Option(
        "--collateral",
        help="CSV or JSON: account, currency, amount; of one account also BTC=2,USDC=5000.",
    ),
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
WhatIf = Annotated[
    str | None,
    typer.Option(
        "--what-if",
        help="JSON, or a file of it, after Deribit's simulate_portfolio: simulated_positions, "
        "add_positions, remove_positions, index_prices, vol_shifts, marks, account, currency.",
    ),
]
Page = Annotated[
    Path | None, typer.Option("--out", help="HTML file for pictures and tables; with --preset.")
]
Signal = Annotated[
    bool,
    typer.Option(
        "--exit-code",
        help="Exit with 1 where an account is under maintenance, or has no number; with --what-if "
        "also after the change.",
    ),
]

_NAMED = (
    "preset", "collateral", "marks", "numeraire", "venue_names", "initial_rule",
    "contract_size", "what_if", "volatility", "parameters",
)  # fmt: skip


def margin(
    book: Positions = None,
    preset: PresetName = None,
    market: Market = None,
    at: At = None,
    max_age: MaxAge = "1d",
    surfaces: Surfaces = False,
    list_presets: Listing = False,
    parameters: Parameters = None,
    marks: Marks = None,
    collateral: Collateral = None,
    explain: Explain = None,
    what_if: WhatIf = None,
    out: Page = None,
    contract_size: Sizes = None,
    numeraire: Numeraire = None,
    venue_names: Names = None,
    initial_rule: Rule = "whole_notional",
    exit_code: Signal = False,
    health: Health = False,
    plan: Plan = None,
    volatility: Volatility = None,
    closing_fee: ClosingFee = 0.0,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Margin every account of a book under a venue's preset, a parameter set, or both."""
    named = naming(*_NAMED, at="--at", max_age="--max-age", fee_rate="--closing-fee")
    with running("margin", json=json, debug=debug) as output, named:
        if list_presets:
            raise typer.Exit(_list(output))
        only_preset = {
            "--market": market,
            "--max-age": None if max_age == "1d" else max_age,
            "--what-if": what_if,
            "--out": out,
            "--surfaces": surfaces,
        }
        only_set = {
            "--contract-size": contract_size,
            "--initial-rule": None if initial_rule == "whole_notional" else initial_rule,
        }
        _check_use(book, preset, parameters, only_preset, only_set)
        if preset is not None and not market and marks is None:
            raise _unpriced()
        standing = standing_request(health, plan, volatility, closing_fee)
        output.note_compilation()
        if preset is None and parameters is not None:
            raise typer.Exit(
                _by_parameters(
                    output, book, parameters, marks, explain, exit_code, standing,
                    at=at,
                    collateral=collateral,
                    contract_sizes=_sizes(contract_size or []),
                    numeraire=numeraire,
                    venue_names=venue_names,
                    initial_rule=initial_rule,
                )
            )  # fmt: skip
        if out is not None:
            from plimsoll.journeys.surface_page_file import page_path

            page_path(out, "--out")
        request = _request(what_if)
        from plimsoll.journeys.margin_preset import margin_by_preset

        result = margin_by_preset(
            book,
            preset=str(preset),
            parameters=parameters,
            market=(market[0] if len(market) == 1 else market) if market else None,
            at=at,
            marks=marks,
            collateral=collateral,
            numeraire=numeraire,
            venue_names=venue_names,
            surfaces=surfaces,
            max_age=max_age,
        )
        raise typer.Exit(_show(output, result, explain, request, out, exit_code, standing))


def _list(output: Output) -> ExitCode:
    from plimsoll.cli.render import table_document
    from plimsoll.journeys.margin_preset import preset_table

    table = preset_table()
    output.table(table)
    output.document(ExitCode.HOLDS, {"result": {"presets": table_document(table)["rows"]}})
    return ExitCode.HOLDS


def _show(
    output: Output,
    result: PresetMargin,
    explain: str | None,
    request: Any,
    out: Path | None,
    exit_code: bool,
    wanted: StandingRequest,
) -> ExitCode:
    from plimsoll.cli.render import table_document
    from plimsoll.journeys.margin_explained import explanation_document

    with naming(account="--explain"):
        explained = None if explain is None else result.explain(explain)
    asked = None if request is None else result.what_if(request)
    standing = _standing(result, asked)
    code = ExitCode.BREACH if exit_code and standing else ExitCode.HOLDS
    told = told_standing(output, result.standing(), wanted) if wanted else Told()
    shown = [*(explained or ()), *told.tables]
    if asked is not None:
        shown.append(asked.table())
    for table in shown or [result.table()]:
        output.table(table)
    if out is not None:
        result.to_html(out, what_if=asked, listings=told.listings)
        output.line(f"wrote {out}")
    for words, accounts in standing:
        output.line(f"{words}: {', '.join(accounts)}")
    document = {**result.document(), **told.document}
    if explain is not None:
        unfolded = result.explanations(explain)
        document["explanation"] = [explanation_document(e, result.preset) for e in unfolded]
        document["tables"] = [table_document(t) for t in explained or ()]
    if asked is not None:
        document["what_if"] = asked.reply()
        if asked.unknown and asked.account not in result.unknown:
            document["unknown"].append(asked.account)
    document["files"] = [] if out is None else [str(out)]
    output.document(code, {"result": document})
    return code


def _standing(
    result: PresetMargin, asked: WhatIfMargin | None
) -> list[tuple[str, tuple[str, ...]]]:
    """What the verb itself says, whatever its exit code: of the book, and after a what-if."""
    told = [("under maintenance", result.under_maintenance), ("no number", result.unknown)]
    if asked is not None:
        own = (asked.account,)
        told.append(("under maintenance after the change", own * asked.under_maintenance))
        told.append(("no number after the change", own * asked.unknown))
    return [(words, accounts) for words, accounts in told if accounts]


def _by_parameters(
    output: Output,
    book: Path | None,
    parameters: Path,
    marks: Path | None,
    explain: str | None,
    exit_code: bool,
    wanted: StandingRequest,
    **options: Any,
) -> ExitCode:
    from plimsoll.cli.render import table_document
    from plimsoll.journeys.margin import margin_by_tiers as run

    result = run(book, parameters, marks, **options)
    with naming(account="--explain"):
        table = result.table() if explain is None else result.explain(explain)
    failing = bool(result.under_maintenance or result.unknown)
    code = ExitCode.BREACH if exit_code and failing else ExitCode.HOLDS
    told = told_standing(output, result.standing(), wanted) if wanted else Told()
    for one in told.tables if told.tables and explain is None else (table, *told.tables):
        output.table(one)
    document = {
        "parameter_set_id": result.parameters.id,
        "under_maintenance": list(result.under_maintenance),
        "unknown": list(result.unknown),
        "table": table_document(table),
        **told.document,
    }
    output.document(code, {"result": document})
    return code


def _check_use(
    book: Path | None,
    preset: str | None,
    parameters: Path | None,
    only_preset: dict[str, Any],
    only_set: dict[str, Any],
) -> None:
    from plimsoll.errors import UsageError

    if book is None:
        raise UsageError(
            "must be given", found="no book", field="BOOK", remedy="see plimsoll margin --help"
        )
    if preset is None and parameters is None:
        raise UsageError(
            "must be given, one of the two or both",
            found="neither",
            field="--preset or --parameters",
            remedy="name a preset (plimsoll margin --list-presets), or a parameter set",
        )
    foreign = only_preset if preset is None else only_set
    wrong = [name for name, value in foreign.items() if value]
    if wrong:
        raise UsageError(
            f"must not be given with {'--parameters' if preset is None else '--preset'}",
            found=wrong[0],
            field=wrong[0],
            remedy="leave one of the two out",
        )


def _unpriced() -> UsageError:
    from plimsoll.errors import UsageError

    return UsageError(
        "must be given with a preset",
        found="neither",
        field="--market or --marks",
        remedy="name option chains or a table of marks",
    )


def _request(text: str | None) -> Any:
    """Read a what-if: JSON itself, or a file of it."""
    if text is None:
        return None
    from plimsoll.adapters.files.json_once import parse_once, read_document_once

    if text.lstrip().startswith(("{", "[")):
        return parse_once(text, "--what-if")
    return read_document_once(text)


def _sizes(pairs: list[str]) -> dict[str, str]:
    sizes = {}
    for pair in pairs:
        market, mark, size = pair.rpartition("=")
        if not mark or not market:
            from plimsoll.errors import UsageError

            raise UsageError(
                "must be MARKET=SIZE",
                found=pair,
                field="--contract-size",
                remedy="such as BTC/USDT:USDT=0.001",
            )
        sizes[market] = size
    return sizes
