"""A grid calibrated on what was known before the cut, and judged on the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

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
from plimsoll.calibration.grids.grid_fit import Work
from plimsoll.calibration.grids.grid_problem import GridProblem
from plimsoll.calibration.grids.grid_verdict import EARLY, FITTED, HELD_OUT, JUDGED
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.calibration.grids.reference_scenarios import crisis_scenarios
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataError
from plimsoll.journeys.backtest_grids_data import GridData
from plimsoll.journeys.stages import Stages
from plimsoll.presets import load

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


def grid_run(
    problem: GridProblem, known: GridData, as_of_ns: int, work: Work, stages: Stages
) -> GridRun:
    """Fit on what was known before the cut, and judge on the rest."""
    progress = work.progress
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
        early = known.day_after_day(0, cut, problem.held_out)
        calibrated = calibrated_grid(problem, family, reference, early, work=work)
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
