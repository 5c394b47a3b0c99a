"""``calibrate`` of a portfolio-margin venue: from chains and prices to a grid with its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from plimsoll.adapters.files.output_folder import OutputFolder
from plimsoll.calibration.evidence import Calibration
from plimsoll.calibration.grids.grid_backtest import (
    LibraryBacktest,
    realised_backtest,
    scenario_backtest,
)
from plimsoll.calibration.grids.grid_calibration import (
    CalibratedGrid,
    GridReference,
    both_sets,
    calibrated_grid,
    grid_reference,
    listing_of,
)
from plimsoll.calibration.grids.grid_family import GridFamily
from plimsoll.calibration.grids.grid_problem import GridProblem
from plimsoll.calibration.grids.grid_publication import whole_set
from plimsoll.calibration.grids.grid_verdict import EARLY, FITTED, HELD_OUT, JUDGED
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.calibration.grids.reference_scenarios import crisis_scenarios
from plimsoll.calibration.identity import problem_digest
from plimsoll.calibration.run import iso_instant
from plimsoll.config.grid_convert import to_grid_problem
from plimsoll.config.loader import GridVenueFile
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.parameters import ParameterSet, parameter_set
from plimsoll.domain.ports import Progress
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataError, UsageError
from plimsoll.journeys.backtest_grids_data import GridData
from plimsoll.journeys.calibrate_grid_data import grid_digests, known_at, read_grid_data
from plimsoll.journeys.calibrate_grid_evidence import grid_evidence
from plimsoll.journeys.outputs import write_outputs
from plimsoll.journeys.params import read_parameters
from plimsoll.journeys.reproduction import command_line
from plimsoll.journeys.result import CalibrationResult
from plimsoll.journeys.stages import Stages
from plimsoll.journeys.versions import CODE_VERSION
from plimsoll.presets import load

if TYPE_CHECKING:
    from plimsoll.journeys.calibrate import Order

_CRISIS_SNAPSHOTS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridRun:
    """A finished calibration before it is put into words.

    Parameters
    ----------
    problem : GridProblem
    family : GridFamily
        Of the published set.
    known : GridData
        What was known at ``as_of_ns``.
    reference : GridReference
    calibrated : CalibratedGrid
    backtests : mapping of str to LibraryBacktest
    as_of_ns : int
    """

    problem: GridProblem
    family: GridFamily
    known: GridData
    reference: GridReference
    calibrated: CalibratedGrid
    backtests: Mapping[str, LibraryBacktest]
    as_of_ns: int


def carry_out_grid(
    order: Order, file: GridVenueFile, stages: Stages, output: OutputFolder | None
) -> CalibrationResult:
    """Calibrate the grid of a venue as ordered, and write what comes of it.

    The result does not depend on ``order.workers``: one process does the work.

    Raises
    ------
    UsageError, DataError, StorageError
    """
    if order.data is not None or order.price_kind is not None:
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
    run = grid_run(to_grid_problem(file.config), known, at_ns, order.progress, stages)
    with stages.time("make evidence"):
        command = order.command or command_line(
            file.source, at_ns, None if parent is None else parent.id
        )
        digests = grid_digests(known)
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


def grid_run(
    problem: GridProblem, known: GridData, as_of_ns: int, progress: Progress, stages: Stages
) -> GridRun:
    """Fit on what was known before the cut, and judge on the rest."""
    family = problem.family(load(problem.preset).parameters)
    cut = min(problem.calibrate_until_ns or as_of_ns, as_of_ns)
    with stages.time("reference scenarios"):
        progress.start("reference scenarios")
        before = known.before(cut)
        if not before:
            raise DataError(
                f"must hold snapshots before {iso_minute(cut)}", found="none", field="grid.chains"
            )
        history, index = known.history.before(cut), known.index.before(cut)
        reference = grid_reference(problem, family, before, history, index)
    with stages.time("fit the grid"):
        early = known.day_after_day(0, cut)
        calibrated = calibrated_grid(problem, family, reference, early, progress=progress)
    with stages.time("judge"):
        progress.start("judge")
        backtests = _backtests(problem, family, known, reference, calibrated, cut)
    return GridRun(
        problem=problem,
        family=family,
        known=known,
        reference=reference,
        calibrated=calibrated,
        backtests=backtests,
        as_of_ns=as_of_ns,
    )


def _backtests(
    problem: GridProblem,
    family: GridFamily,
    known: GridData,
    reference: GridReference,
    calibrated: CalibratedGrid,
    cut: int,
) -> dict[str, LibraryBacktest]:
    """Every judgement there are data for: days after the cut, crises, days before it."""
    sets, listed = both_sets(family, calibrated.fit), listing_of(problem, family)
    found = {}
    days = () if problem.judged_from_ns is None else known.day_after_day(problem.judged_from_ns)
    if days:
        found[JUDGED] = realised_backtest(days, sets, seed=problem.seed, listed=listed)
    found[EARLY] = calibrated.seen
    snapshots = _spread([day[0] for day in days] or known.before(cut))
    for name, windows in ((HELD_OUT, problem.held_out), (FITTED, problem.stressed)):
        if windows:
            scenarios = crisis_scenarios(
                known.history.before(cut),
                known.index.before(cut),
                reference.surfaces,
                windows,
                held_out=problem.held_out,
                settings=problem.settings,
            )
            found[name] = scenario_backtest(
                snapshots, scenarios, sets, seed=problem.seed, listed=listed
            )
    return found


def _spread(snapshots: Sequence[Sequence[ListedChain]]) -> list[Sequence[ListedChain]]:
    """Some of the snapshots, spread over all."""
    count = min(_CRISIS_SNAPSHOTS, len(snapshots))
    rows = np.linspace(0, len(snapshots) - 1, count).round().astype(np.int64)
    return [snapshots[row] for row in rows.tolist()]


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


def _parent(order: Order) -> ParameterSet | None:
    given = order.incumbent
    return given if given is None or isinstance(given, ParameterSet) else read_parameters(given)


def _as_of(order: Order, read: GridData) -> int:
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
