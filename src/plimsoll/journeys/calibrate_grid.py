"""``calibrate`` of a portfolio-margin venue: from chains and prices to a grid with its evidence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from plimsoll.adapters.executor import open_executor
from plimsoll.adapters.files.atomic import Writer
from plimsoll.adapters.files.output_folder import OutputFolder
from plimsoll.calibration.evidence import Calibration
from plimsoll.calibration.grids.grid_fit import Work
from plimsoll.calibration.grids.grid_problem import GridProblem
from plimsoll.calibration.grids.grid_publication import whole_set
from plimsoll.calibration.identity import problem_digest
from plimsoll.calibration.run import iso_instant
from plimsoll.config.grid_convert import to_grid_problem
from plimsoll.config.loader import GridVenueFile
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.parameters import ParameterSet, parameter_set
from plimsoll.domain.ports import Progress
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataError, UsageError
from plimsoll.journeys.as_of import Day
from plimsoll.journeys.backtest_grids_data import GridData
from plimsoll.journeys.calibrate_checkpoint import kept_in
from plimsoll.journeys.calibrate_grid_data import grid_digests, known_at, read_grid_data
from plimsoll.journeys.calibrate_grid_evidence import grid_evidence
from plimsoll.journeys.calibrate_grid_run import GridRun, grid_run
from plimsoll.journeys.outputs import write_outputs
from plimsoll.journeys.params import read_parameters
from plimsoll.journeys.reproduction import command_line
from plimsoll.journeys.result import CalibrationResult
from plimsoll.journeys.stages import Stages
from plimsoll.journeys.versions import CODE_VERSION, library_versions


class GridOrder(Protocol):
    """What is asked of a calibration beside its venue; see `plimsoll.journeys.calibrate.Order`."""

    @property
    def data(self) -> Any: ...
    @property
    def as_of(self) -> Day | None: ...
    @property
    def incumbent(self) -> Path | ParameterSet | None: ...
    @property
    def workers(self) -> int | None: ...
    @property
    def progress(self) -> Progress: ...
    @property
    def command(self) -> str | None: ...
    @property
    def beside(self) -> Mapping[str, Writer]: ...


def carry_out_grid(
    order: GridOrder, file: GridVenueFile, stages: Stages, output: OutputFolder | None
) -> CalibrationResult:
    """Calibrate the grid of a venue as ordered, and write what comes of it.

    Coins are searched, and resamples fitted, by as many processes as are asked for; the result does
    not depend on how many. Finished searches are kept in the folder of the run, so that one that
    was killed goes on where it stood: with one worker after the last search; with several after the
    last stage whose searches (of all coins, of all resamples) had all ended, since an executor
    hands over the results of a batch together.

    Raises
    ------
    UsageError, DataError, StorageError
    """
    if order.data is not None:
        raise UsageError(
            "must be left out: a grid is calibrated on the files that its venue names",
            found=type(order.data).__name__,
            field="data",
        )
    parent = _parent(order)
    with stages.time("read chains and prices"):
        order.progress.start("read chains and prices")
        read = read_grid_data(file)
        at_ns = _as_of(order, read)
        known = known_at(read, at_ns)
    problem, digests = to_grid_problem(file.config), grid_digests(known)
    key = problem_digest(problem, at_ns, digests, dict(library_versions()))
    kept = kept_in(output, key, stages)
    with open_executor(order.workers or _default_workers(problem)) as executor:
        work = Work(executor=executor, progress=order.progress, kept=kept)
        run = grid_run(problem, known, at_ns, work, stages)
    with stages.time("make evidence"):
        command = order.command or command_line(
            file.source, at_ns, None if parent is None else parent.id
        )
        parameters = _published(run, digests["data"], parent)
        evidence = grid_evidence(run, parameters, command, digests)
    order.progress.finish()
    calibration = Calibration(parameters=parameters, evidence=evidence)
    files: tuple[Path, ...] = ()
    if output is not None:
        with stages.time("write report"):
            title = f"{file.config.venue.name}: margin parameters"
            files = write_outputs(calibration, output, title, order.beside)
    return CalibrationResult(calibration=calibration, timings=stages.timings, files=files)


def _default_workers(problem: GridProblem) -> int:
    """One a coin: what they share takes less time than they do."""
    return min(os.cpu_count() or 1, len(problem.coins))


def _published(run: GridRun, data_digest: str, parent: ParameterSet | None) -> ParameterSet:
    problem = run.problem
    return parameter_set(
        venue=problem.venue,
        valid_from=iso_instant(run.as_of_ns),
        parameters=whole_set(run.calibrated.fit, owner=problem.owner),
        seed=problem.seed,
        data_digest=data_digest,
        problem_digest=problem_digest(problem),
        code_version=CODE_VERSION,
        label=problem.label,
        parent=None if parent is None else parent.id,
    )


def _parent(order: GridOrder) -> ParameterSet | None:
    given = order.incumbent
    return given if given is None or isinstance(given, ParameterSet) else read_parameters(given)


def _as_of(order: GridOrder, read: GridData) -> int:
    """Midnight asked for, else the last one before the last snapshot."""
    times = [s[0].at_ns for s in read.snapshots]
    if not times:
        raise DataError("must hold a whole snapshot", found="none", field="grid.chains")
    if order.as_of is None:
        return (times[-1] - 1) // DAY_NS * DAY_NS
    at = int(np.datetime64(str(order.as_of)[:10], "ns").astype(np.int64))
    if not times[0] < at <= times[-1] + DAY_NS:
        raise UsageError(
            "must lie after the first snapshot and at most one day after the last",
            found=iso_minute(at)[:10],
            field="as_of",
            remedy=f"the chains reach from {iso_minute(times[0])} to {iso_minute(times[-1])} (UTC)",
        )
    return at
