"""Search a bounded mixed space for the least objective among the points that break nothing.

A generation is asked as a whole, worked on by any number of workers, and told in its own order, so
that the path of the search depends on the seed alone. After every generation all that was asked and
told goes to the checkpoint; a search that finds one there asks the same questions again, takes the
answers from the record, and goes on where that one ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plimsoll.calibration.search.checkpoint import NO_CHECKPOINT, Checkpoint
from plimsoll.calibration.search.evolution import Evolution, Vector
from plimsoll.calibration.search.polish import polished
from plimsoll.calibration.search.space import Point, Space, Value
from plimsoll.calibration.search.trials import (
    Objective,
    Score,
    Trial,
    best_trial,
    ranks,
    search_record,
    trials_of_record,
)
from plimsoll.domain.canonical import Json
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """How the search goes about it.

    Parameters
    ----------
    sigma : float
        First standard deviation, in shares of each dimension.
    population : int or None
        Of the first run; doubled at every restart.
    polish : int
        Evaluations of a Nelder-Mead descent from the best point over its continuous dimensions,
        out of the budget.
    """

    sigma: float = 0.25
    population: int | None = None
    polish: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.sigma <= 1.0:
            raise ParameterError("must lie in (0, 1]", found=self.sigma, field="sigma")
        if self.population is not None and self.population < 4:
            raise ParameterError("must be at least 4", found=self.population, field="population")
        if self.polish < 0:
            raise ParameterError("must not be negative", found=self.polish, field="polish")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Every trial in the order asked, and the best.

    Parameters
    ----------
    best : Trial
        By Deb's rule: check ``best.score.feasible``.
    trials : tuple of Trial
        The first is the start; a point asked again stands again. Their number is the number of
        configurations tried, for the corrections of `plimsoll.calibration.folds`.
    restarts : int
    record : bytes
        Canonical JSON of space, seed, settings and trials.
    """

    best: Trial
    trials: tuple[Trial, ...]
    restarts: int
    record: bytes

    @property
    def distinct(self) -> int:
        """Different points tried."""
        return len({_key(trial.point) for trial in self.trials})


def minimise(
    objective: Objective,
    space: Space,
    *,
    seed: int,
    budget: int,
    executor: Executor,
    checkpoint: Checkpoint = NO_CHECKPOINT,
    progress: Progress = SILENT,
    start: Point | None = None,
    settings: SearchSettings | None = None,
) -> SearchResult:
    """Minimise.

    Parameters
    ----------
    objective : callable
        From a mapping of names to values to a `Score`; pure, and at the top level of a module
        where workers are processes.
    space : Space
    seed : int
        Same seed, same bytes, with any number of workers.
    budget : int
        Points asked, the start included; the last generation is cut.
    executor : Executor
    checkpoint : Checkpoint
        Written after every generation. A larger budget goes on where a smaller one ended.
    progress : Progress
        One stage over the whole budget.
    start : mapping, optional
        The incumbent, tried first and made the mean of the first generation; the middle by default.
    settings : SearchSettings, optional

    Raises
    ------
    ParameterError
        A budget below 1.
    DataFormatError
        A checkpoint of another search.
    """
    if budget < 1:
        raise ParameterError("must be at least 1", found=budget, field="budget")
    how = settings or SearchSettings()
    middle = np.full(len(space.dimensions), 0.5)
    begin = space.unit(start if start is not None else space.point(middle))
    stated = _stated(how, begin)
    stored = checkpoint.load()
    known = trials_of_record(stored, space, seed, stated) if stored is not None else ()
    log = _Log(objective, space, executor, checkpoint, progress, known, seed, stated)
    progress.start("search", budget)
    try:
        restarts = _run(log, begin, how, seed, budget)
    finally:
        progress.finish()
    trials = tuple(log.trials)
    return SearchResult(
        best=best_trial(trials),
        trials=trials,
        restarts=restarts,
        record=search_record(space, seed, stated, trials),
    )


def _run(log: _Log, begin: Vector, how: SearchSettings, seed: int, budget: int) -> int:
    log.scores([begin])
    strides = log.space.strides
    evolution = Evolution(begin, strides, how.sigma, how.population, seed)
    rough = budget - min(how.polish, budget - 1)
    while len(log.trials) < rough:
        asked = evolution.ask()
        fits = asked[: rough - len(log.trials)]
        scores = log.scores(fits)
        if len(fits) == len(asked):
            evolution.tell(ranks(scores))
    if how.polish and len(log.trials) < budget:
        best = log.space.unit(best_trial(log.trials).point)
        polished(log.scores, best, strides, budget - len(log.trials))
    return evolution.restarts


class _Log:
    """Asks for scores, from the record as far as it goes, and keeps the record."""

    def __init__(
        self,
        objective: Objective,
        space: Space,
        executor: Executor,
        checkpoint: Checkpoint,
        progress: Progress,
        known: Sequence[Trial],
        seed: int,
        stated: Json,
    ) -> None:
        self.space = space
        self.trials: list[Trial] = []
        self._objective, self._executor, self._progress = objective, executor, progress
        self._checkpoint, self._seed, self._stated = checkpoint, seed, stated
        self._held = {_key(trial.point): trial.score for trial in known}
        self._stored = len(known)

    def scores(self, places: Sequence[Vector]) -> list[Score]:
        """Scores of places in the unit cube; each different point is worked on once."""
        points = [self.space.point(place) for place in places]
        new = {_key(point): point for point in points if _key(point) not in self._held}
        found = self._executor.map(self._objective, list(new.values()), label="search")
        self._held.update(zip(new, found, strict=True))
        scores = [self._held[_key(point)] for point in points]
        self.trials += [Trial(point=p, score=s) for p, s in zip(points, scores, strict=True)]
        if self._checkpoint is not NO_CHECKPOINT and len(self.trials) > self._stored:
            record = search_record(self.space, self._seed, self._stated, self.trials)
            self._checkpoint.store(record)
        self._progress.advance(len(points))
        return scores


def _stated(how: SearchSettings, begin: Vector) -> Json:
    """What decides the path besides space and seed; the length of the polish does not."""
    return {
        "sigma": repr(how.sigma),
        "population": how.population,
        "start": [repr(float(share)) for share in begin],
    }


def _key(point: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    return tuple(sorted(point.items()))
