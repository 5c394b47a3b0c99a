"""What was tried and found, which of two trials is better, and the record of all of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from plimsoll.calibration.search.space import Point, Space, Value
from plimsoll.domain.canonical import Json, canonical_json
from plimsoll.errors import DataFormatError, UsageError

SCHEMA = "plimsoll.search"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What an objective answers.

    Parameters
    ----------
    objective : float
        Lower is better. May be NaN or infinite only where the point is infeasible.
    violation : float
        How far constraints are broken, summed in units that the caller makes comparable; 0 where
        all hold, infinite where nothing can be said.
    terms : mapping of str to float
        What the objective is made of, for the reader.
    """

    objective: float
    violation: float = 0.0
    terms: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.violation >= 0.0:
            raise UsageError("must not be negative", found=self.violation, field="violation")
        if self.violation == 0.0 and not math.isfinite(self.objective):
            raise UsageError(
                "must be finite where no constraint is broken",
                found=self.objective,
                field="objective",
                remedy="state how far which constraint is broken",
            )

    @property
    def feasible(self) -> bool:
        """Whether every constraint holds."""
        return self.violation == 0.0

    @property
    def order(self) -> tuple[float, float]:
        """Key of Deb's rule: feasible first, by objective; then by violation, the smallest first.

        Deb, An efficient constraint handling method for genetic algorithms, CMAME 186, 2000.
        """
        return (self.violation, 0.0) if self.violation > 0.0 else (0.0, self.objective)


Objective = Callable[[Point], Score]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A point and its score."""

    point: Mapping[str, Value]
    score: Score


def best_trial(trials: Sequence[Trial]) -> Trial:
    """Best by Deb's rule; the earliest of equals."""
    feasible = [trial for trial in trials if trial.score.feasible]
    return min(feasible or trials, key=lambda trial: trial.score.order)


def ranks(scores: Sequence[Score]) -> list[float]:
    """Rank of each score by Deb's rule, 0 for the best; equals share the lower rank."""
    keys = [(not score.feasible, score.order) for score in scores]
    ordered = sorted(keys)
    return [float(ordered.index(key)) for key in keys]


def search_record(space: Space, seed: int, settings: Json, trials: Sequence[Trial]) -> bytes:
    """Canonical JSON of everything asked and told: the state of a search."""
    return canonical_json(
        {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "space": space.document(),
            "seed": seed,
            "settings": settings,
            "trials": [_plain(trial) for trial in trials],
        }
    )


def trials_of_record(record: bytes, space: Space, seed: int, settings: Json) -> tuple[Trial, ...]:
    """Read the trials back.

    Raises
    ------
    DataFormatError
        Where the record is no such thing, or belongs to another search.
    """
    try:
        found = json.loads(record)
        stored = tuple(_trial(one) for one in found["trials"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataFormatError(
            "must be the record of a search",
            found=type(error).__name__,
            field="checkpoint",
            remedy="remove it to start anew",
        ) from error
    if search_record(space, seed, settings, stored) != record:
        raise DataFormatError(
            "must belong to this space, seed, start and settings",
            found=f"seed {found.get('seed')}, {len(stored)} trials",
            field="checkpoint",
            remedy="go on with the same search, or remove it to start anew",
        )
    return stored


def _plain(trial: Trial) -> Json:
    return {
        "point": {name: repr(value) for name, value in trial.point.items()},
        "objective": repr(float(trial.score.objective)),
        "violation": repr(float(trial.score.violation)),
        "terms": {name: repr(float(value)) for name, value in trial.score.terms.items()},
    }


def _trial(stored: Mapping[str, Mapping[str, str]]) -> Trial:
    objective, violation = str(stored["objective"]), str(stored["violation"])
    return Trial(
        point={name: _number(text) for name, text in stored["point"].items()},
        score=Score(
            objective=float(objective),
            violation=float(violation),
            terms={name: float(text) for name, text in stored["terms"].items()},
        ),
    )


def _number(text: str) -> Value:
    return int(text) if text.lstrip("-").isdigit() else float(text)
