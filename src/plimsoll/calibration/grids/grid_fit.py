"""Fit a venue's grid: scope by scope, then fewer scenarios, then standard errors.

A coin's own parameters are fitted on portfolios in that coin, offsets between coins afterwards on
portfolios in several: the first do not depend on the second. Then the coarsest model that still
meets every limit is taken. Standard errors are the spread of fits on resampled snapshots and weeks
of scenarios, each started from the found point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_coverage import FamilyCoverage, Legs
from plimsoll.calibration.grids.grid_family import GridFamily, Point
from plimsoll.calibration.grids.grid_objective import GridTarget, ScopeObjective
from plimsoll.calibration.grids.grid_samples import GridSample
from plimsoll.calibration.grids.grid_search import grid_search, shifted, towards
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios

FloatArray = NDArray[np.float64]
Samples = Mapping[str, tuple[GridSample, ...]]
_SHORT = (2, 1)
_SAME_USD = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScopeFit:
    """What was found in one scope.

    Parameters
    ----------
    scope : str
    published, fitted : FamilyCoverage
    excess : mapping of str to float
        By kind of limit; all 0 where the fit is admissible.
    evaluations : int
        Candidates that were margined.
    """

    scope: str
    published: FamilyCoverage
    fitted: FamilyCoverage
    excess: Mapping[str, float]
    evaluations: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridFit:
    """A calibrated grid.

    Parameters
    ----------
    family : GridFamily
        With the model of as few scenarios as do.
    point : Point
    scopes : tuple of ScopeFit
    target : GridTarget
    standard_error : (K,) float64
        Of each knob, in its unit; NaN where none was asked.
    binding : mapping of str to str
        By knob: the first limit that one step less would break.
    """

    family: GridFamily
    point: Point
    scopes: tuple[ScopeFit, ...]
    target: GridTarget
    standard_error: FloatArray
    binding: Mapping[str, str] = field(default_factory=dict)

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

    Returns
    -------
    GridFit
        Where no candidate meets all limits, the one that exceeds them least: ``conflicts`` says
        which and by how much.
    """
    wanted = target or GridTarget()
    legs = Legs.of(scenarios)
    point, fits = start or family.start, []
    for scope in _scopes(family, samples):
        objective = ScopeObjective(family=family, samples=samples[scope], legs=legs, target=wanted)
        point = _found(objective, point, scope, warm=start is not None)
        fits.append(_scope_fit(objective, point, scope))
    point = untested_restored(family, point, samples)
    chosen = _coarsest(family, point, samples, legs, wanted)
    found = tuple(_judged(chosen, point, f, samples[f.scope], legs, wanted) for f in fits)
    fit = GridFit(
        family=chosen,
        point=point,
        scopes=found,
        target=wanted,
        standard_error=np.full(len(chosen.knobs), np.nan),
        binding=_binding(chosen, point, samples, legs, wanted),
    )
    return with_errors(fit, samples, scenarios, replicates=replicates, seed=seed)


def with_errors(
    fit: GridFit,
    samples: Samples,
    scenarios: ReferenceScenarios,
    *,
    replicates: int,
    seed: int,
) -> GridFit:
    """Add standard errors of the knobs; with fewer than two resamples they stay NaN."""
    errors = _errors(fit.family, fit.point, samples, scenarios, fit.target, replicates, seed)
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


def _scopes(family: GridFamily, samples: Samples) -> list[str]:
    """Scopes that have knobs, in the order of the samples: coins first."""
    searched = {knob.scope for knob in family.knobs}
    return [scope for scope in samples if scope in searched]


def _found(objective: ScopeObjective, point: Point, scope: str, *, warm: bool) -> Point:
    """Search; a demand on groups under stress is approached from the point that is free of it.

    Started from the published values, the search would stop at the first margins that meet such a
    demand, which many combinations do. The better of both is taken.
    """
    if warm or objective.target.stressed_group_breach is None:
        return _searched(objective, point, scope, warm=warm)
    free = replace(objective, target=replace(objective.target, stressed_group_breach=None))
    near = _searched(free, point, scope, warm=False)
    found = _searched(objective, near, scope, warm=True)
    if objective(found) < 1.0:
        return found
    return min(found, _searched(objective, point, scope, warm=False), key=objective)


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


def _scope_fit(objective: ScopeObjective, point: Point, scope: str) -> ScopeFit:
    fitted = objective.coverage(objective.family.parameters(point))
    return ScopeFit(
        scope=scope,
        published=objective.published,
        fitted=fitted,
        excess=objective.excesses(fitted),
        evaluations=len(objective.seen),
    )


def _judged(
    family: GridFamily,
    point: Point,
    fit: ScopeFit,
    samples: Sequence[GridSample],
    legs: Legs,
    target: GridTarget,
) -> ScopeFit:
    """A scope's fit under the model that was chosen in the end."""
    objective = ScopeObjective(family=family, samples=samples, legs=legs, target=target)
    found = objective.coverage(family.parameters(point))
    return ScopeFit(
        scope=fit.scope,
        published=fit.published,
        fitted=found,
        excess=objective.excesses(found),
        evaluations=fit.evaluations,
    )


def _coarsest(
    family: GridFamily, point: Point, samples: Samples, legs: Legs, target: GridTarget
) -> GridFamily:
    """The family with the fewest scenarios that meet all limits; itself where none do."""
    for model in family.coarser:
        fewer = family.with_model(model)
        objectives = [
            ScopeObjective(family=fewer, samples=own, legs=legs, target=target)
            for own in samples.values()
        ]
        parameters = fewer.parameters(point)
        if all(o.excess(o.coverage(parameters)) == 0.0 for o in objectives):
            return fewer
    return family


def _errors(
    family: GridFamily,
    point: Point,
    samples: Samples,
    scenarios: ReferenceScenarios,
    target: GridTarget,
    replicates: int,
    seed: int,
) -> FloatArray:
    """Spread of the knobs over fits on resampled snapshots and weeks."""
    if replicates < 2:
        return np.full(len(family.knobs), np.nan)
    weeks, week = np.unique(scenarios.cluster, return_inverse=True)
    found = []
    for number in range(replicates):
        draw = np.random.default_rng((seed, number))
        drawn = np.bincount(draw.integers(weeks.size, size=weeks.size), minlength=weeks.size)
        legs = Legs.of(scenarios, drawn[week].astype(np.float64))
        found.append(_refit(family, point, samples, legs, target, draw))
    steps = np.array([float(knob.step) for knob in family.knobs])
    return np.asarray(np.std(found, axis=0, ddof=1) * steps, dtype=np.float64)


def _refit(
    family: GridFamily,
    point: Point,
    samples: Samples,
    legs: Legs,
    target: GridTarget,
    draw: np.random.Generator,
) -> Point:
    count = len(next(iter(samples.values())))
    share = np.bincount(draw.integers(count, size=count), minlength=count) / count
    for scope in _scopes(family, samples):
        objective = ScopeObjective(
            family=family, samples=samples[scope], legs=legs, target=target, share=share
        )
        moved = [place for place, knob in enumerate(family.knobs) if knob.scope == scope]
        point = grid_search(
            objective, point, family.knobs, moved, strides=_SHORT, exchanges=False, rounds=2
        )
    return point


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
        return f"portfolio {coverage.names[int(np.argmax(coverage.own))]}"
    if worst == "family":
        return f"family {coverage.families[int(np.argmax(coverage.bound))].value}"
    if worst == "stressed":
        return f"stressed, {coverage.families[int(np.argmax(coverage.stressed))].value}"
    return worst
