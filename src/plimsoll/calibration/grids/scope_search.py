"""Searches of one scope, and fits on resamples: the pieces of a fit that do not wait for others.

Each is a task of plain data and a function of it, so that an executor may do several at a time;
no result depends on how many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_coverage import Legs
from plimsoll.calibration.grids.grid_family import GridFamily, Point
from plimsoll.calibration.grids.grid_objective import GridTarget, ScopeObjective
from plimsoll.calibration.grids.grid_samples import GridSample
from plimsoll.calibration.grids.grid_search import grid_search, towards
from plimsoll.calibration.grids.portfolio_library import PAIR_SCOPE
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.calibration.kept import Kept
from plimsoll.domain.ports import SILENT, Executor, Progress

FloatArray = NDArray[np.float64]
Samples = Mapping[str, tuple[GridSample, ...]]
Item = TypeVar("Item")
Result = TypeVar("Result")
Found = tuple[Point, int]
"""Where a search ended, and how many candidates it margined."""
_SHORT = (2, 1)


class InTurn:
    """An executor that works through the items one by one, here."""

    workers = 1

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: Progress = SILENT,
        *,
        label: str = "",
        names: Sequence[str] = (),  # noqa: ARG002
    ) -> list[Result]:
        """Apply ``function`` to each item; see `plimsoll.domain.ports.Executor`."""
        progress.start(label, len(items))
        found = []
        for item in items:
            found.append(function(item))
            progress.advance()
        progress.finish()
        return found


IN_TURN = InTurn()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScopeTask:
    """Where the knobs of one scope are to be searched from."""

    family: GridFamily
    scope: str
    samples: tuple[GridSample, ...]
    legs: Legs
    target: GridTarget
    point: Point
    warm: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResampleTask:
    """A fit to be done again on resampled snapshots and weeks, from the point that was found."""

    family: GridFamily
    samples: Samples
    scenarios: ReferenceScenarios
    target: GridTarget
    point: Point
    number: int
    seed: int


def by_group(scopes: Sequence[str]) -> list[list[str]]:
    """Scopes that do not wait for each other together: coins, then portfolios in several."""
    groups = [[s for s in scopes if (s == PAIR_SCOPE) is last] for last in (False, True)]
    return [group for group in groups if group]


def merged(point: Point, family: GridFamily, found: Mapping[str, Found]) -> Point:
    """A point with each scope's knobs from where its search ended."""
    pairs = enumerate(zip(point, family.knobs, strict=True))
    return tuple(
        found[knob.scope][0][at] if knob.scope in found else steps for at, (steps, knob) in pairs
    )


def mapped(
    executor: Executor,
    function: Callable[[Item], Found],
    tasks: Mapping[str, Item],
    *,
    kept: Kept,
    progress: Progress,
    label: str,
) -> dict[str, Found]:
    """Apply a function to tasks; what was kept of an earlier run is taken over.

    An executor of one worker keeps each result as it comes, others all of them at the end.
    """
    found: dict[str, Found] = {}
    for name in tasks:
        before = kept.get(f"{label}, {name}")
        if isinstance(before, tuple):
            found[name] = before[0], before[1]
    missing = [name for name in tasks if name not in found]
    one_by_one = executor.workers == 1 and len(missing) > 1
    for names in [[name] for name in missing] if one_by_one else [missing]:
        if names:
            items = [tasks[name] for name in names]
            told = f"{label}, {names[0]}" if one_by_one else label
            results = executor.map(function, items, progress, label=told, names=names)
            for name, result in zip(names, results, strict=True):
                found[name] = result
                kept.put(f"{label}, {name}", result)
    return {name: found[name] for name in tasks}


def search_scope(task: ScopeTask) -> Found:
    """Search the knobs of a scope.

    Where that gains nothing, a demand on groups under stress is also approached from the point that
    is free of it: the search may have stopped at the first margins that meet such a demand, which
    many combinations do. The better of both is taken.
    """
    objective = ScopeObjective(
        family=task.family, samples=task.samples, legs=task.legs, target=task.target
    )
    found = _searched(objective, task.point, task.scope, warm=task.warm)
    if task.warm or task.target.stressed_group_breach is None or objective(found) < 1.0:
        return found, len(objective.seen)
    free = replace(objective, target=replace(objective.target, stressed_group_breach=None))
    near = _searched(free, task.point, task.scope, warm=False)
    found = min(found, _searched(objective, near, task.scope, warm=True), key=objective)
    return found, len(free.seen) + len(objective.seen)


def _searched(objective: ScopeObjective, point: Point, scope: str, *, warm: bool) -> Point:
    """Search from the hints, and from the published values where that gains nothing."""
    family = objective.family
    moved = [place for place, knob in enumerate(family.knobs) if knob.scope == scope]
    if warm:
        found = grid_search(objective, point, family.knobs, moved, strides=_SHORT)
        return towards(objective, found, family.start, family.knobs, moved)
    hinted = family.hinted(point)
    start = tuple(hinted[p] if p in moved else steps for p, steps in enumerate(point))
    found = grid_search(objective, start, family.knobs, moved)
    if start != point and objective(found) >= 1.0:
        other = grid_search(objective, point, family.knobs, moved)
        found = min(found, other, key=objective)
    return towards(objective, found, family.start, family.knobs, moved)


def fit_again(task: ResampleTask) -> Found:
    """Fit on one resample."""
    scenarios, samples = task.scenarios, task.samples
    weeks, week = np.unique(scenarios.cluster, return_inverse=True)
    draw = np.random.default_rng((task.seed, task.number))
    drawn = np.bincount(draw.integers(weeks.size, size=weeks.size), minlength=weeks.size)
    legs = Legs.of(scenarios, drawn[week].astype(np.float64))
    count = len(next(iter(samples.values())))
    share = np.bincount(draw.integers(count, size=count), minlength=count) / count
    family, point, margined = task.family, task.point, 0
    for scope in searched_scopes(family, samples):
        objective = ScopeObjective(
            family=family, samples=samples[scope], legs=legs, target=task.target, share=share
        )
        moved = [place for place, knob in enumerate(family.knobs) if knob.scope == scope]
        point = grid_search(
            objective, point, family.knobs, moved, strides=_SHORT, exchanges=False, rounds=2
        )
        margined += len(objective.seen)
    return point, margined


def searched_scopes(family: GridFamily, samples: Samples) -> list[str]:
    """Scopes that have knobs, in the order of the samples: coins first."""
    searched = {knob.scope for knob in family.knobs}
    return [scope for scope in samples if scope in searched]
