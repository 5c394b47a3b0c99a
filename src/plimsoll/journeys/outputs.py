"""Write a calibration: all files of a run or none."""

from __future__ import annotations

from pathlib import Path

from plimsoll.adapters.files.output_folder import open_output
from plimsoll.calibration.evidence import Calibration
from plimsoll.report import csv_tables, evidence_bytes, html_report, markdown_report


def write_outputs(calibration: Calibration, folder: Path, title: str) -> tuple[Path, ...]:
    """Write the set, the evidence and the report in every form.

    Raises
    ------
    StorageError
        Something could not be written; what stood there before is untouched.
    """
    parameters, evidence = calibration.parameters, calibration.evidence
    with open_output(folder) as output:
        output.write("parameters.json", parameters.canonical())
        output.write("evidence.json", evidence_bytes(evidence))
        output.write("report.html", html_report(evidence, parameters, title=title))
        output.write("report.md", markdown_report(evidence, parameters))
        for name, text in csv_tables(evidence).items():
            output.write(f"tables/{name}", text)
        names = output.names
    return tuple(folder / name for name in names if not name.startswith("tables/"))
