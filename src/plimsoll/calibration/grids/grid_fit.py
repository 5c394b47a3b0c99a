"""Fit a venue's grid: scope by scope, then standard errors.

A coin's own parameters are fitted on portfolios in that coin, offsets between coins afterwards on
portfolios in several: the first do not depend on the second. The number of price points is the
model's: a set cannot hold it, so no fit changes it. Standard errors are the spread of fits on
resampled snapshots and weeks of scenarios, each started from the found point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_coverage import FamilyCoverage, Legs
from plimsoll.calibration.grids.grid_family import GridFamily, Point
from plimsoll.calibration.grids.grid_objective import GridTarget, ScopeObjective
from plimsoll.calibration.grids.grid_samples import GridSample
from plimsoll.calibration.grids.grid_search import shifted
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.calibration.grids.scope_search import (
    IN_TURN,
    Found,
    Item,
    ResampleTask,
    Samples,
    ScopeTask,
    by_group,
    fit_again,
    mapped,
    merged,
    search_scope,
    searched_scopes,
)
from plimsoll.calibration.kept import NOTHING_KEPT, Kept
from plimsoll.domain.ports import SILENT, Executor, Progress

FloatArray = NDArray[np.float64]
_SAME_USD = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """Who does the searches, who is told, and where what is found is kept; no result depends on it.

    Parameters
    ----------
    executor : Executor
    progress : Progress
    kept : Kept
    stage : str
        What the fit is called.
    """

    executor: Executor = IN_TURN
    progress: Progress = SILENT
    kept: Kept = NOTHING_KEPT
    stage: str = "fit the grid"

    def mapped(
        self, function: Callable[[Item], Found], tasks: Mapping[str, Item], label: str
    ) -> dict[str, Found]:
        """Apply a function to tasks."""
        return mapped(
            self.executor, function, tasks, kept=self.kept, progress=self.progress, label=label
        )


HERE = Work()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScopeFit:
    """What was found in one scope.

    Parameters
    ----------
    scope : str
    published, fitted : FamilyCoverage
    excess : mapping of str to float
        By kind of limit; all 0 where the fit is admissible.
    """

    scope: str
    published: FamilyCoverage
    fitted: FamilyCoverage
    excess: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridFit:
    """A calibrated grid.

    Parameters
    ----------
    family : GridFamily
        As given: the model is the venue's own.
    point : Point
    scopes : tuple of ScopeFit
    target : GridTarget
    standard_error : (K,) float64
        Of each knob, in its unit; NaN where none was asked.
    binding : mapping of str to str
        By knob: the first limit that one step less would break.
    evaluations : int
        Candidates that were margined on the way there.
    """

    family: GridFamily
    point: Point
    scopes: tuple[ScopeFit, ...]
    target: GridTarget
    standard_error: FloatArray
    binding: Mapping[str, str] = field(default_factory=dict)
    evaluations: int = 0

    @property
    def parameters(self) -> Mapping[str, object]:
        """What the margin model takes."""
        return self.family.parameters(self.point)

    @property
    def is_admissible(self) -> bool:
        """Whether every limit is met."""
        return not self.conflicts

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Limits that are missed, each with the relaxation that would admit the point."""
        return tuple(
            f"{s.scope}: {name}, by {100.0 * by:.1f} % of its limit"
            for s in self.scopes
            for name, by in s.excess.items()
            if by > 0.0
        )


def fit_grid(
    family: GridFamily,
    samples: Samples,
    scenarios: ReferenceScenarios,
    *,
    target: GridTarget | None = None,
    start: Point | None = None,
    replicates: int = 0,
    seed: int = 0,
    work: Work = HERE,
) -> GridFit:
    """Fit the knobs of a family.

    Parameters
    ----------
    family : GridFamily
    samples : mapping of scope to GridSample
        See `plimsoll.calibration.grids.grid_samples.grid_samples`.
    scenarios : ReferenceScenarios
        Those of the samples' losses.
    target : GridTarget, optional
    start : Point, optional
        Where a fit of a like problem ended: the search begins there, with short strides.
    replicates : int
        Resamples for standard errors; 0: none, 1 is too few.
    seed : int
        Of the resamples.
    work : Work
        Coins are searched at the same time where its executor has several workers.

    Returns
    -------
    GridFit
        Where no candidate meets all limits, the one that exceeds them least: ``conflicts`` says
        which and by how much.
    """
    wanted = target or GridTarget()
    legs = Legs.of(scenarios)
    scopes, point, margined = searched_scopes(family, samples), start or family.start, 0
    for group in by_group(scopes):
        tasks = {
            scope: ScopeTask(
                family=family,
                scope=scope,
                samples=samples[scope],
                legs=legs,
                target=wanted,
                point=point,
                warm=start is not None,
            )
            for scope in group
        }
        found = work.mapped(search_scope, tasks, work.stage)
        margined += sum(count for _, count in found.values())
        point = merged(point, family, found)
    point = untested_restored(family, point, samples)
    judged = tuple(_judged(family, point, s, samples[s], legs, wanted) for s in scopes)
    fit = GridFit(
        family=family,
        point=point,
        scopes=judged,
        target=wanted,
        standard_error=np.full(len(family.knobs), np.nan),
        binding=_binding(family, point, samples, legs, wanted),
        evaluations=margined,
    )
    return with_errors(fit, samples, scenarios, replicates=replicates, seed=seed, work=work)


def with_errors(
    fit: GridFit,
    samples: Samples,
    scenarios: ReferenceScenarios,
    *,
    replicates: int,
    seed: int,
    work: Work = HERE,
) -> GridFit:
    """Add standard errors of the knobs; with fewer than two resamples they stay NaN."""
    errors = _errors(fit, samples, scenarios, replicates, seed, work)
    return replace(fit, standard_error=errors)


def untested_restored(family: GridFamily, point: Point, samples: Samples) -> Point:
    """Take each knob back to where it was published as far as no portfolio's margin changes.

    What the library does not test is not cut. A margin that is the same is covered the same, so
    coverage need not be asked. One knob after the other: two that do not matter alone may matter
    together.
    """
    held = [sample for own in samples.values() for sample in own]

    def margins(at: Point) -> FloatArray:
        parameters = family.parameters(at)
        return np.concatenate([family.margins(s.market, parameters, s.book) for s in held])

    own = margins(point)
    for place, home in enumerate(family.start):
        for by in (home - point[place], int(np.sign(home - point[place]))):
            while point[place] != home:
                other = (*point[:place], point[place] + by, *point[place + 1 :])
                if np.max(np.abs(margins(other) - own)) > _SAME_USD:
                    break
                point = other
    return point


def _judged(
    family: GridFamily,
    point: Point,
    scope: str,
    samples: Sequence[GridSample],
    legs: Legs,
    target: GridTarget,
) -> ScopeFit:
    """A scope's fit beside the published set."""
    objective = ScopeObjective(family=family, samples=samples, legs=legs, target=target)
    found = objective.coverage(family.parameters(point))
    return ScopeFit(
        scope=scope,
        published=objective.published,
        fitted=found,
        excess=objective.excesses(found),
    )


def _errors(
    fit: GridFit,
    samples: Samples,
    scenarios: ReferenceScenarios,
    replicates: int,
    seed: int,
    work: Work,
) -> FloatArray:
    """Spread of the knobs over fits on resampled snapshots and weeks."""
    if replicates < 2:
        return np.full(len(fit.family.knobs), np.nan)
    tasks = {
        f"resample {number + 1} of {replicates}": ResampleTask(
            family=fit.family,
            samples=samples,
            scenarios=scenarios,
            target=fit.target,
            point=fit.point,
            number=number,
            seed=seed,
        )
        for number in range(replicates)
    }
    found = work.mapped(fit_again, tasks, "standard errors")
    steps = np.array([float(knob.step) for knob in fit.family.knobs])
    spread = np.std([point for point, _ in found.values()], axis=0, ddof=1)
    return np.asarray(spread * steps, dtype=np.float64)


def _binding(
    family: GridFamily, point: Point, samples: Samples, legs: Legs, target: GridTarget
) -> dict[str, str]:
    """By knob, what breaks when it goes one step to where margins are lower."""
    found = {}
    for place, knob in enumerate(family.knobs):
        if knob.scope not in samples:
            found[knob.key] = "not fitted: no samples"
            continue
        objective = ScopeObjective(
            family=family, samples=samples[knob.scope], legs=legs, target=target
        )
        own = objective.cost(objective.coverage(family.parameters(point)))
        told = "hedged margins do not change below it"
        for by in (-1, 1):
            other = shifted(point, family.knobs, {place: by})
            coverage = objective.coverage(family.parameters(other))
            if objective.cost(coverage) < own:
                told = _first_broken(objective, coverage)
            elif other == point and told.startswith("hedged"):
                told = "at its bound"
        found[knob.key] = told
    return found


def _first_broken(objective: ScopeObjective, coverage: FamilyCoverage) -> str:
    over = objective.excesses(coverage)
    worst = max(over, key=lambda name: over[name])
    if over[worst] <= 0.0:
        return "nothing"
    if worst == "portfolio":
        limits = objective.target.portfolio_limits(coverage.names)
        return f"portfolio {coverage.names[int(np.argmax(coverage.own / limits))]}"
    if worst == "family":
        return f"family {coverage.families[int(np.argmax(coverage.bound))].value}"
    if worst == "stressed":
        return f"stressed, {coverage.families[int(np.argmax(coverage.stressed))].value}"
    return worst
