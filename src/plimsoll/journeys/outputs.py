"""Write a calibration: all files of a run or none, into a folder claimed before the work."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from plimsoll.adapters.files.atomic import Writer
from plimsoll.adapters.files.output_folder import OutputFolder, open_output
from plimsoll.adapters.files.output_manifest import MANIFEST
from plimsoll.calibration.evidence import Calibration

_PARAMETERS, _EVIDENCE = "parameters.json", "evidence.json"
_HTML, _MARKDOWN = "report.html", "report.md"


@contextmanager
def claimed(
    folder: str | os.PathLike[str] | None, beside: Iterable[str] = ()
) -> Iterator[OutputFolder | None]:
    """Hold the folder of a run from before its data are read until its files are in place.

    ``beside`` names further files that will be written.

    Raises
    ------
    UsageError, DataFormatError, StorageError
        On entering: another run writes into it, it holds files that are not ours, or it cannot
        be written. On leaving: as in `open_output`.
    """
    if folder is None:
        yield None
        return
    with open_output(folder, (_PARAMETERS, _EVIDENCE, _HTML, _MARKDOWN, *beside)) as output:
        yield output


def write_outputs(
    calibration: Calibration, output: OutputFolder, title: str, beside: Mapping[str, Writer]
) -> tuple[Path, ...]:
    """Write the set, the evidence and the report in every form, and the files beside them.

    They are in place once the claim on the folder is left without an error.

    Raises
    ------
    StorageError
        Something could not be written; what stood there before is untouched.
    """
    # Not at the head: a calibration that writes nothing should not wait for the report's imports.
    from plimsoll.report import csv_tables, evidence_bytes, html_report, markdown_report

    parameters, evidence = calibration.parameters, calibration.evidence
    output.write(_PARAMETERS, parameters.canonical())
    output.write(_EVIDENCE, evidence_bytes(evidence))
    output.write(_HTML, html_report(evidence, parameters, title=title))
    output.write(_MARKDOWN, markdown_report(evidence, parameters))
    tables = {f"tables/{name}": text for name, text in csv_tables(evidence).items()}
    for name, text in tables.items():
        output.write(name, text)
    dated = {
        f"schedule/{step:02d}.json": one.canonical()
        for step, one in enumerate(calibration.schedule, start=1)
    }
    for name, data in dated.items():
        output.write(name, data)
    for name, write in beside.items():
        output.write(name, write)
    written = (_PARAMETERS, _EVIDENCE, _HTML, _MARKDOWN, *tables, *dated, MANIFEST, *beside)
    return tuple(output.folder / name for name in written)
