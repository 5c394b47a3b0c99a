"""``plimsoll params``: show a set, compare two, read and write the venues' own files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import Debug, Json

if TYPE_CHECKING:
    from plimsoll.adapters.tier_tables import ReadOptions
    from plimsoll.cli.output import Output
    from plimsoll.domain.parameters import ParameterSet
    from plimsoll.journeys.params_exchange import ImportResult

Place = Annotated[
    Path, typer.Argument(help="Parameter set (JSON), or the folder of a calibration.")
]
Either = Annotated[Path, typer.Argument(help="Parameter set, or a venue's file of any schema.")]
VenueFile = Annotated[Path, typer.Argument(help="The venue's file (JSON).")]
Market = Annotated[str | None, typer.Option("--market", help="Only this market.")]
Markets = Annotated[
    list[str] | None, typer.Option("--market", help="Only this market; may be given again.")
]
Named = Annotated[
    str | None, typer.Option("--market", help="Name of the market where rows name none.")
]
From = Annotated[str, typer.Option("--from", help="Schema of the file; see docs.")]
To = Annotated[str, typer.Option("--to", help="Schema to write; see docs.")]
Told = Annotated[
    str | None, typer.Option("--from", help="Schema of venues' files; told by their keys else.")
]
SetOut = Annotated[Path | None, typer.Option("--out", help="File for the parameter set.")]
FileOut = Annotated[Path | None, typer.Option("--out", help="File for the venue's document.")]
OpenCaps = Annotated[
    bool, typer.Option("--open-caps", help="Read sentinel caps (2^63 - 1, 1e18, 0) as no cap.")
]
ValidFrom = Annotated[
    str | None, typer.Option("--valid-from", help="ISO time (UTC) from which the set holds.")
]
Lossy = Annotated[
    bool, typer.Option("--lossy", help="Drop what the schema cannot carry, and name it.")
]
Signal = Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where anything changes.")]


def application() -> typer.Typer:
    """Build the ``params`` verbs."""
    about = "Show or check a parameter set, compare two, read and write the venues' own files."
    app = typer.Typer(no_args_is_help=True, help=about)
    app.command("show")(show)
    app.command("check")(check)
    app.command("diff")(diff)
    app.command("import")(import_file)
    app.command("export")(export_file)
    return app


def show(place: Place, market: Market = None, json: Json = False, debug: Debug = False) -> None:
    """Print a parameter set with its id."""
    with running("params show", json=json, debug=debug) as output, naming("market"):
        from plimsoll.journeys.params import parameter_table, read_parameters

        parameters = read_parameters(place)
        output.table(parameter_table(parameters, market=market))
        output.document(ExitCode.HOLDS, {"result": _set_document(parameters, market)})


def check(place: Place, json: Json = False, debug: Debug = False) -> None:
    """Explain every fault of a set: bounds, order of numbers, initial under maintenance margin."""
    with running("params check", json=json, debug=debug) as output:
        from plimsoll.cli.failure import fault_documents, faults_text
        from plimsoll.journeys.params_check import check_parameters

        result = check_parameters(place)
        code = ExitCode.HOLDS if result.holds else ExitCode.WRONG_USE
        verdict = f"{result.source}: holds" if result.holds else ""
        output.line(verdict or faults_text(result.source, result.faults))
        faults = fault_documents(result.faults)
        output.document(code, {"result": {"source": result.source, "faults": faults}})
        raise typer.Exit(code)


def diff(
    before: Either,
    after: Either,
    market: Market = None,
    schema: Told = None,
    open_caps: OpenCaps = False,
    exit_code: Signal = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Print what changes from one set or venue file to another, and what it does to margin."""
    named = naming("market", schema="--from")
    with running("params diff", json=json, debug=debug) as output, named, _telling(output):
        from plimsoll.cli.render import table_document
        from plimsoll.journeys.params import difference
        from plimsoll.journeys.params_exchange import read_set_or_venue_file

        options = _options(open_caps=open_caps)
        old, new = (
            read_set_or_venue_file(place, schema=schema, options=options)
            for place in (before, after)
        )
        table = difference(old, new, market=market)
        code = ExitCode.BREACH if exit_code and len(table) else ExitCode.HOLDS
        output.table(table)
        output.document(code, {"result": table_document(table)})
        raise typer.Exit(code)


def import_file(
    file: VenueFile,
    schema: From,
    out: SetOut = None,
    market: Named = None,
    open_caps: OpenCaps = False,
    valid_from: ValidFrom = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Read a venue's margin parameters into a parameter set."""
    named = naming("valid_from", "out", schema="--from")
    with running("params import", json=json, debug=debug) as output, named, _telling(output):
        from plimsoll.journeys.params import parameter_table
        from plimsoll.journeys.params_exchange import UNKNOWN_SINCE, import_venue_file

        result = import_venue_file(
            file,
            schema,
            out=out,
            options=_options(open_caps=open_caps, market=market),
            valid_from=valid_from or UNKNOWN_SINCE,
        )
        if out is None:
            output.table(parameter_table(result.parameters))
        _tell_import(output, result)
        output.document(ExitCode.HOLDS, {"result": _import_document(result)})


def export_file(
    place: Place,
    schema: To,
    out: FileOut = None,
    market: Markets = None,
    lossy: Lossy = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a parameter set in a venue's own schema."""
    named = naming("market", "out", markets="--market", schema="--to")
    with running("params export", json=json, debug=debug) as output, named, _telling(output):
        from json import loads

        from plimsoll.adapters.tier_tables.told_lines import told_lines
        from plimsoll.journeys.params_exchange import export_parameters

        result = export_parameters(place, schema, out=out, markets=market or (), lossy=lossy)
        for line in told_lines(result.losses, lambda loss: loss.why, lambda loss: loss.place):
            output.note(f"dropped: {line}")
        if result.file is None:
            output.line(result.text.rstrip("\n"))
        else:
            output.line(f"{result.schema.title} in {result.file}")
        members = {
            "schema": schema,
            "file": None if result.file is None else str(result.file),
            "losses": [loss.document() for loss in result.losses],
            "document": loads(result.text),
        }
        output.document(ExitCode.HOLDS, {"result": members})


@contextmanager
def _telling(output: Output) -> Iterator[None]:
    """Print faults of a venue's file and losses of an export; what is many times alike, once."""
    from plimsoll.adapters.tier_tables import LossyExportError, VenueSchemaError
    from plimsoll.adapters.tier_tables.told_lines import told_lines

    try:
        yield
    except VenueSchemaError as error:
        plural = "fault" if len(error.faults) == 1 else "faults"
        output.note(f"{error.source}: {len(error.faults)} {plural} for schema {error.schema}")
        for line in told_lines(error.faults, lambda f: f.cause, lambda f: f.place):
            output.note(f"  {line}")
        found = [fault.document() for fault in error.faults]
        _refuse(output, error.exit_code, error, {"source": error.source, "faults": found})
    except LossyExportError as error:
        output.note(f"schema {error.schema} cannot carry {len(error.losses)} parameters of the set")
        for line in told_lines(error.losses, lambda loss: loss.why, lambda loss: loss.place):
            output.note(f"  {line}")
        output.note(f"  {error.remedy}")
        lost = [loss.document() for loss in error.losses]
        _refuse(output, error.exit_code, error, {"losses": lost})


def _refuse(output: Output, code: int, error: Exception, members: dict[str, object]) -> None:
    kind = type(error).__name__
    output.document(code, {"error": {"type": kind, "message": str(error), **members}})
    raise typer.Exit(code)


def _options(*, open_caps: bool, market: str | None = None) -> ReadOptions:
    from plimsoll.adapters.tier_tables import ReadOptions

    return ReadOptions(open_caps=open_caps, market=market)


def _tell_import(output: Output, result: ImportResult) -> None:
    held = result.parameters
    counted = f"{len(held.markets)} markets, {len(held.parameters):,} parameters"
    output.line(f"{result.schema.title}: {counted}, id {held.id}")
    if result.carried_keys:
        output.line(f"carried beside the set, not read: {', '.join(result.carried_keys)}")
    for file in result.files:
        output.line(f"wrote {file}")


def _import_document(result: ImportResult) -> dict[str, object]:
    return {
        "id": result.parameters.id,
        "schema": result.schema.name,
        "source": result.schema.source,
        "carried_keys": list(result.carried_keys),
        "files": [str(file) for file in result.files],
        "parameter_set": result.parameters.document(),
    }


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
