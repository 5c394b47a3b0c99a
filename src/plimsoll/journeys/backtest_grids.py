"""``backtest grids``: scenario grids calibrated on early chains, judged on later ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from plimsoll.adapters.executor import open_executor
from plimsoll.calibration.grids.deribit_family import OFFSETS, VOLATILITY, deribit_family
from plimsoll.calibration.grids.grid_backtest import (
    LibraryBacktest,
    Sets,
    realised_backtest,
    scenario_backtest,
)
from plimsoll.calibration.grids.grid_calibration import at_levels, spread_in_time
from plimsoll.calibration.grids.grid_family import GridFamily
from plimsoll.calibration.grids.grid_fit import HERE, GridFit, Work, fit_grid, with_errors
from plimsoll.calibration.grids.grid_objective import GridTarget
from plimsoll.calibration.grids.grid_samples import grid_samples
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.calibration.grids.reference_scenarios import (
    ReferenceScenarios,
    ScenarioSettings,
    crisis_scenarios,
    reference_scenarios,
)
from plimsoll.calibration.grids.scope_search import Samples
from plimsoll.calibration.grids.surface_cells import SurfaceCells, surface_cells
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.domain.table import Table
from plimsoll.journeys.backtest_grids_data import (
    COINS,
    GridData,
    finding_note,
    grid_data,
    instant,
    window,
)
from plimsoll.journeys.backtest_grids_families import families_table, family_runs
from plimsoll.journeys.backtest_grids_limits import limit_fits, limits_table
from plimsoll.journeys.backtest_grids_rests import NO_MORE, OFFSETS_KEPT, sets_beside
from plimsoll.journeys.backtest_grids_result import (
    PRICES,
    JudgedFits,
    grid_study_result,
    judged_note,
)
from plimsoll.journeys.backtest_grids_tables import CALIBRATED, PUBLISHED
from plimsoll.journeys.study_result import StudyResult
from plimsoll.presets import load

CUT_OFF, JUDGED_FROM = "2026-02-08", "2026-02-20"
CRISES = (
    window("2021-05-11", "2021-05-23"),
    window("2022-06-10", "2022-06-19"),
    window("2022-11-06", "2022-11-13"),
    window("2024-08-02", "2024-08-06"),
)
HELD_OUT = (
    window("2022-05-05", "2022-05-14"),
    window("2023-03-09", "2023-03-13"),
    window("2025-10-09T12", "2025-10-11"),
    window("2026-02-03", "2026-02-06"),
)
LEVELS = (1.0, 0.75, 0.5)
"""Parts of the limits that are tried, the loosest first."""
_SNAPSHOTS = 6
_LEVELS = (0.5, 0.95)
_JUDGED_UNDER_CRISES = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridStudy:
    """What was known at the cut-off: snapshots, their surfaces' moves, scenarios."""

    snapshots: tuple[tuple[ListedChain, ...], ...]
    surfaces: tuple[SurfaceCells, ...]
    scenarios: ReferenceScenarios


def backtest_grids(
    data: str | os.PathLike[str],
    *,
    replicates: int = 8,
    ablations: bool = True,
    seed: int = 20_260_208,
    workers: int = 2,
    progress: Progress = SILENT,
) -> StudyResult:
    """Calibrate a Deribit-shaped grid before the cut-off and judge it on what came after.

    Parameters
    ----------
    data : path
        Folder of market data.
    replicates : int
        Resamples for standard errors.
    ablations : bool
        Whether to fit again without the stressed leg, volatility, offsets, limits; and the other
        families of models.
    seed : int
    workers : int
        The result does not depend on them.
    progress : Progress

    Raises
    ------
    DataError, DataFormatError, InsufficientDataError
    """
    progress.start("read chains and prices")
    read = grid_data(Path(data))
    study = grid_study(read, seed=seed)
    with open_executor(workers) as executor:
        work = Work(executor=executor, progress=progress)
        return _judged_study(read, study, replicates, ablations, seed, work)


def _judged_study(
    read: GridData, study: GridStudy, replicates: int, ablations: bool, seed: int, work: Work
) -> StudyResult:
    """Fit, fit again with one thing left out, and judge."""
    progress = work.progress
    samples = grid_samples(study.snapshots, study.scenarios, seed=seed)
    fit = calibrated_grid(read, study, samples, replicates=replicates, seed=seed, work=work)
    others = _ablations(study, samples, fit, seed, work) if ablations else {}
    days = read.day_after_day(instant(JUDGED_FROM))
    beside: tuple[Table, ...] = ()
    if ablations:
        limits = limit_fits(fit, samples, study.scenarios, seed=seed, work=work)
        runs = family_runs(
            study.snapshots, study.scenarios, days, coins=COINS, seed=seed, work=work
        )
        beside = limits_table(limits, samples, PRICES), families_table(runs, PRICES)
    progress.start("judge")
    sets: Sets = {
        PUBLISHED: (_family(), fit.family.published),
        CALIBRATED: (fit.family, fit.family.parameters(fit.point)),
        **{name: (f.family, f.family.parameters(f.point)) for name, f in others.items()},
        **sets_beside(_family(), fit),
    }
    judged = realised_backtest(days, sets, seed=seed)
    some = np.linspace(0, len(days) - 1, _JUDGED_UNDER_CRISES).round().astype(np.int64)
    crises = _under_crises(read, study, [days[at][0] for at in some], sets, seed)
    progress.finish()
    window_note = judged_note([day[0] for day in days])
    counts = {"before the cut-off": len(study.surfaces[0]), "judged": len(days)}
    return grid_study_result(
        JudgedFits(fit=fit, others=others, judged=judged, crises=crises, beside=beside),
        window_note,
        finding_note(read.findings, counts),
    )


def grid_study(read: GridData, *, seed: int) -> GridStudy:
    """Build the reference scenarios from what was known before the cut-off, and choose snapshots.

    A third of the chosen snapshots stand as they were; the others are moved to the median and to
    the 95th percentile of the volatility index, so that the grid is no child of one level. Nothing
    of the crises kept out is in any of it.
    """
    cut = instant(CUT_OFF)
    early = read.before(cut, HELD_OUT)
    surfaces = tuple(
        surface_cells([s[c] for s in early], held_out=HELD_OUT) for c in range(len(COINS))
    )
    history, index = read.history.before(cut), read.index.before(cut)
    settings = ScenarioSettings(seed=seed)
    scenarios = reference_scenarios(
        history, index, surfaces, stressed=CRISES, held_out=HELD_OUT, settings=settings
    )
    chosen = spread_in_time([s[0].at_ns for s in early], _SNAPSHOTS)
    levels = np.quantile(index.without(HELD_OUT).value, _LEVELS).tolist()
    snapshots = at_levels([early[at] for at in chosen], levels)
    return GridStudy(snapshots=snapshots, surfaces=surfaces, scenarios=scenarios)


def calibrated_grid(
    read: GridData,
    study: GridStudy,
    samples: Samples,
    *,
    replicates: int,
    seed: int,
    work: Work = HERE,
) -> GridFit:
    """Fit the family; how strict its limits are is chosen on days before the cut-off.

    The first of `LEVELS` (limits at 1 %, then at parts of it) whose margins were broken no more
    often than the published ones on the days before the cut-off, over the library and among
    hedged portfolios; the last where none does. Nothing judged is looked at, the crises kept out
    included.
    """
    early = read.day_after_day(0, instant(CUT_OFF), HELD_OUT)
    start = None
    for level in LEVELS:
        target = GridTarget().scaled(level)
        fit = fit_grid(
            _family(), samples, study.scenarios, target=target, start=start, seed=seed, work=work
        )
        start = fit.point
        sets: Sets = {
            PUBLISHED: (_family(), fit.family.published),
            CALIBRATED: (fit.family, fit.family.parameters(fit.point)),
        }
        seen = realised_backtest(early, sets, seed=seed)
        if all(
            seen.breach(CALIBRATED, rows)[0] <= seen.breach(PUBLISHED, rows)[0]
            for rows in (seen.known, seen.hedged)
        ):
            break
    return with_errors(fit, samples, study.scenarios, replicates=replicates, seed=seed, work=work)


def _family() -> GridFamily:
    return deribit_family(load("deribit").parameters, COINS)


def _ablations(
    study: GridStudy, samples: Samples, fit: GridFit, seed: int, work: Work
) -> Mapping[str, GridFit]:
    """The same fit with one thing left out."""
    plain = fit.target
    cases = {
        "without the stressed leg": (
            _family(),
            replace(plain, stressed_breach=None, stressed_group_breach=None),
        ),
        "stressed limits by family alone": (
            _family(),
            replace(plain, stressed_group_breach=None),
        ),
        "price range alone": (_family().without((*VOLATILITY, *_ROLL, *OFFSETS)), plain),
        "volatility as published": (_family().without(VOLATILITY), plain),
        OFFSETS_KEPT: (_family().without(OFFSETS), plain),
        NO_MORE: (_family(), replace(plain, as_published=True)),
    }
    found = {}
    for name, (family, target) in cases.items():
        start = family.nearest(fit.family, fit.point)
        found[name] = fit_grid(
            family,
            samples,
            study.scenarios,
            target=target,
            start=start,
            seed=seed,
            work=replace(work, stage=name),
        )
    return found


_ROLL = ("annualised_move_risk", "min_annualised_move", "extended_table_factor")


def _under_crises(
    read: GridData,
    study: GridStudy,
    snapshots: Sequence[Sequence[ListedChain]],
    sets: Sets,
    seed: int,
) -> Mapping[str, LibraryBacktest]:
    """Judged snapshots under the crises that were fitted on, and under those kept out."""
    cut = instant(CUT_OFF)
    history, index = read.history.before(cut), read.index.before(cut)
    found = {}
    for name, windows in (("fitted on", CRISES), ("kept out", HELD_OUT)):
        scenarios = crisis_scenarios(
            history,
            index,
            study.surfaces,
            windows,
            held_out=HELD_OUT,
            settings=ScenarioSettings(seed=seed),
        )
        found[name] = scenario_backtest(snapshots, scenarios, sets, seed=seed)
    return found
