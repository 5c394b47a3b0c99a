"""A search from the best designed policy over its continuous parameters, at one review.

Whatever it finds is judged as the designed ones are, on the days that the review knows; it may come
into force from that review on and counts as one of the policies tried, as do all on the way to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.appetite.stated import Refinement, StatedAppetite
from plimsoll.calibration.appetite.weights import ObjectiveWeights
from plimsoll.calibration.search.batched import Batched
from plimsoll.calibration.search.checkpoint import NO_CHECKPOINT, Checkpoint
from plimsoll.calibration.search.minimise import SearchResult, SearchSettings, minimise
from plimsoll.calibration.search.space import Point
from plimsoll.calibration.search.trials import Score
from plimsoll.calibration.venue_frontier.assessed import Judging, Occasion, assess
from plimsoll.calibration.venue_frontier.candidates import Candidate
from plimsoll.calibration.venue_frontier.choice import VenueChoice
from plimsoll.calibration.venue_frontier.constraints import FrontierLimits, shortfalls, unmeasured
from plimsoll.calibration.venue_frontier.judged_terms import daily_loss, policy_terms
from plimsoll.calibration.venue_frontier.policy_space import (
    candidate_at,
    point_of,
    policy_space,
)
from plimsoll.calibration.venue_frontier.prepared_legs import PreparedLegs
from plimsoll.calibration.venue_frontier.refined import PolicyPaths, RefinedPolicy, Refiner
from plimsoll.calibration.venue_frontier.terms import measurable_terms
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.ports import SILENT, Executor, Progress

FloatArray = NDArray[np.float64]

SIGMA = 0.15
"""First standard deviation of the search, in shares of each parameter's range."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeighedScore(Score):
    """A score with the (D,) daily quantile losses that the corrections for many trials ask for."""

    daily: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicyObjective:
    """What a policy scores at a review, ready to travel to a worker.

    ``measurable`` are the weighted terms that some designed policy has at the review.
    """

    start: Candidate
    legs: PreparedLegs
    judging: Judging
    occasion: Occasion
    limits: FrontierLimits
    weights: ObjectiveWeights
    measurable: frozenset[str]

    __repr__ = field_summary

    def __call__(self, point: Point) -> WeighedScore:
        """Judge the policy at a point on the days that the review knows."""
        return self.scored(self.paths(point, "tried"))

    def paths(self, point: Point, name: str) -> PolicyPaths:
        """Return both legs of the policy at a point."""
        return self.legs.paths(candidate_at(self.start, point, name))

    def scored(self, paths: PolicyPaths) -> WeighedScore:
        """Judge both legs of a policy."""
        judging, occasion = self.judging, self.occasion
        one = assess(judging, paths.candidate, paths.close_out, paths.reaction, (occasion,))
        terms = policy_terms(
            judging.record, one, occasion, one.cost[occasion.name], self.limits.gate
        )
        broken = (*shortfalls(terms, self.limits), *unmeasured(terms, self.measurable))
        return WeighedScore(
            objective=terms.objective(self.weights),
            violation=sum(found.excess for found in broken),
            terms=terms.parts(self.weights),
            daily=daily_loss(one.lived, judging.record.target),
        )


Places = Callable[[str], Checkpoint]
"""Where the search of each review keeps what it was told, by name."""


def no_places(_: str) -> Checkpoint:
    """Keep nothing."""
    return NO_CHECKPOINT


def policy_search(
    prepared: PreparedLegs,
    stated: StatedAppetite,
    executor: Executor,
    places: Places = no_places,
    progress: Progress = SILENT,
) -> Refiner:
    """Return the search that every review makes.

    Parameters
    ----------
    places : callable
        A search that was ended goes on from what stands in its place; see `minimise`.
    """
    plan, batches = stated.refine or Refinement(evaluations=1), Batched(executor)

    def refined(
        choice: VenueChoice, occasion: Occasion, judging: Judging, limits: FrontierLimits
    ) -> RefinedPolicy:
        start = prepared.designed[choice.preferred]
        objective = PolicyObjective(
            start=start,
            legs=prepared,
            judging=judging,
            occasion=occasion,
            limits=limits,
            weights=stated.objective,
            measurable=measurable_terms(choice.terms.values(), stated.objective),
        )
        result = minimise(
            objective,
            policy_space(start),
            seed=plan.seed,
            budget=plan.evaluations,
            executor=batches,
            checkpoint=places(f"policy search {occasion.name}"),
            progress=progress,
            start=point_of(start),
            settings=SearchSettings(sigma=SIGMA),
        )
        year = int(judging.record.year[min(choice.row, judging.record.days - 1)])
        name = f"refined {year} of {start.name}"
        return RefinedPolicy(
            paths=objective.paths(result.best.point, name),
            start=start.name,
            row=choice.row,
            found=_rank(result.best.score),
            begun=_rank(result.trials[0].score),
            daily=_daily(result, objective),
        )

    return refined


def _rank(score: Score) -> tuple[float, float]:
    return score.violation, score.objective


def _daily(result: SearchResult, objective: PolicyObjective) -> FloatArray:
    """(T, D) daily losses of different trials; those of an earlier run are measured again."""
    found: dict[tuple[tuple[str, float], ...], FloatArray] = {}
    for trial in result.trials:
        key = tuple(sorted(trial.point.items()))
        if key in found:
            continue
        score = trial.score
        again = score if isinstance(score, WeighedScore) else objective(trial.point)
        found[key] = again.daily
    return np.stack(list(found.values()))
