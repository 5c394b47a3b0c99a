"""``plimsoll recalibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.failure import running
from plimsoll.cli.option_names import naming
from plimsoll.cli.options import AsOf, Data, Debug, Json, Venue, data_variables

if TYPE_CHECKING:
    from plimsoll.cli.exit_codes import ExitCode
    from plimsoll.cli.output import Output
    from plimsoll.journeys.recalibrate import RecalibrationResult

Market = Annotated[str, typer.Option("--market", help="Symbol, as in the venue file.")]
State = Annotated[
    Path, typer.Option("--state", help="Folder of the calibration whose state is taken up.")
]
Out = Annotated[
    Path | None, typer.Option("--out", help="Folder for the proposal; none is written without it.")
]


def recalibrate(
    venue: Venue,
    market: Market,
    state: State = Path("out"),
    as_of: AsOf = None,
    out: Out = None,
    data: Data = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Solve one market again from the warm state of a calibration, without a fit."""
    named = naming("market", "state", "out", as_of="--as-of")
    with running("recalibrate", json=json, debug=debug) as output, named:
        from plimsoll.journeys.recalibrate import recalibrate as run

        result = run(
            venue,
            market=market,
            state=state,
            as_of=as_of,
            out=out,
            variables=data_variables(data),
        )
        raise typer.Exit(_show(output, result))


def _show(output: Output, result: RecalibrationResult) -> ExitCode:
    """Print what changes, why, and the verdict; return the exit code."""
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
    for name in ("rates", "moved"):
        output.table(evidence.table(name))
    if result.changes.rows:
        output.table(result.changes)
    output.table(check_table(evidence))
    output.table(timing_table(result.timings))
    for limit in evidence.limits:
        output.line(f"limit: {limit}")
    for line in written_lines(files):
        output.line(line)
    output.line(f"parameter set {evidence.parameter_set_id}")
    output.line(f"parent {result.parameters.parent}")
    output.line(verdict_line(evidence))
    if output.json:
        output.document(code, {"result": _document(result, files)})
    return code


def _document(result: RecalibrationResult, files: list[str]) -> dict[str, object]:
    from plimsoll.report.document import evidence_document

    return {
        "market": result.market,
        "parent_set_id": result.parameters.parent,
        "parameter_set_id": result.evidence.parameter_set_id,
        "parameter_set": result.parameters.document(),
        "evidence": evidence_document(result.evidence, series=False),
        "timings_s": dict(result.timings),
        "files": files,
    }
