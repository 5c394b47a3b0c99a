"""``plimsoll check``."""

from __future__ import annotations

import typer

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import fault_documents, faults_text, running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import AsOf, Data, Debug, Json, Venue, data_variables, utc_midnight


def check(
    venue: Venue, as_of: AsOf = None, data: Data = None, json: Json = False, debug: Debug = False
) -> None:
    """Explain every fault of a venue file."""
    with running("check", json=json, debug=debug) as output, naming(as_of="--as-of"):
        from plimsoll.journeys.check import check as check_venue

        instant = utc_midnight(as_of)
        result = check_venue(venue, as_of=instant, variables=data_variables(data))
        code = ExitCode.HOLDS if result.holds else ExitCode.WRONG_USE
        verdict = f"{result.source}: holds" if result.holds else ""
        output.line(verdict or faults_text(result.source, result.faults))
        faults = fault_documents(result.faults)
        output.document(code, {"result": {"source": result.source, "faults": faults}})
        raise typer.Exit(code)
