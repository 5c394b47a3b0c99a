"""``plimsoll params``: show a parameter set, compare two."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json

if TYPE_CHECKING:
    from plimsoll.domain.parameters import ParameterSet

Place = Annotated[
    Path, typer.Argument(help="Parameter set (JSON), or the folder of a calibration.")
]
Market = Annotated[str | None, typer.Option("--market", help="Only this market.")]

Signal = Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where anything changes.")]


def application() -> typer.Typer:
    """Build the ``params`` verbs."""
    app = typer.Typer(no_args_is_help=True, help="Show a parameter set, or compare two.")
    app.command("show")(show)
    app.command("diff")(diff)
    return app


def show(place: Place, market: Market = None, json: Json = False, debug: Debug = False) -> None:
    """Print a parameter set with its id."""
    with running("params show", json=json, debug=debug) as output:
        from plimsoll.journeys.params import parameter_table, read_parameters

        parameters = read_parameters(place)
        output.table(parameter_table(parameters, market=market))
        output.document(ExitCode.HOLDS, {"result": _set_document(parameters, market)})


def _set_document(parameters: ParameterSet, market: str | None) -> dict[str, object]:
    """The whole set with its id, or under the same keys what it holds for one market."""
    document = parameters.document()
    if market is None:
        return {"id": parameters.id, "parameter_set": document}
    chosen = [one.document() for one in parameters.of(market).values()]
    return {
        "id": parameters.id,
        "market": market,
        "parameter_set": {**document, "parameters": chosen},
    }


def diff(
    before: Place,
    after: Place,
    market: Market = None,
    exit_code: Signal = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Print what changes from one set to another."""
    with running("params diff", json=json, debug=debug) as output:
        from plimsoll.cli.render import table_document
        from plimsoll.journeys.params import difference, read_parameters

        table = difference(read_parameters(before), read_parameters(after), market=market)
        code = ExitCode.BREACH if exit_code and len(table) else ExitCode.HOLDS
        output.table(table)
        output.document(code, {"result": table_document(table)})
        raise typer.Exit(code)
