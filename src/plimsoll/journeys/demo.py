"""``demo``: the main job on a generated venue. Everything it shows is SYNTHETIC, and says so."""

from __future__ import annotations

import os
from importlib.resources import as_file, files

from plimsoll.domain.ports import SILENT, Progress
from plimsoll.journeys.calibrate import Order, carry_out
from plimsoll.journeys.result import CalibrationResult


def demo(
    out: str | os.PathLike[str] | None = None, *, progress: Progress = SILENT
) -> CalibrationResult:
    """Calibrate the sandbox venue: the venue file that ``plimsoll init`` writes, as it stands.

    Parameters
    ----------
    out : path, optional
        Folder for parameters, evidence, report and tables.
    progress : Progress
    """
    with as_file(files("plimsoll.config").joinpath("template.yaml")) as venue:
        order = Order(out=out, progress=progress, command="plimsoll demo")
        return carry_out(order, venue)
