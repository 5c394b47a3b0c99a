"""The search of a review: nothing worse than its start, nothing from the future, all counted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from venue_frontier_cases import (
    BREATH,
    CALM_ONLY,
    CANDIDATES,
    DAYS,
    MARKETS,
    judging,
    losses,
    run,
    stated,
)

from plimsoll.adapters.executor import SerialExecutor, ThreadPool
from plimsoll.calibration.appetite.stated import Refinement
from plimsoll.calibration.search.batched import Batched
from plimsoll.calibration.search.checkpoint import Checkpoint
from plimsoll.calibration.venue_frontier.candidates import Candidate, venue_candidates
from plimsoll.calibration.venue_frontier.choice import VenueChoice
from plimsoll.calibration.venue_frontier.frontier import VenueFrontier
from plimsoll.calibration.venue_frontier.honesty import many_tried
from plimsoll.calibration.venue_frontier.honesty_tables import searches_table
from plimsoll.calibration.venue_frontier.policy_search import policy_search
from plimsoll.calibration.venue_frontier.policy_space import candidate_at, point_of, policy_space
from plimsoll.calibration.venue_frontier.prepared_legs import PreparedLegs
from plimsoll.calibration.venue_frontier.refined import PolicyPaths
from plimsoll.domain.ports import Executor

FloatArray = NDArray[np.float64]
TRIALS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Followers(PreparedLegs):
    """Policies that follow volatility the less, the more they weigh stress; no prices needed."""

    days: int = DAYS

    def paths(self, candidate: Candidate) -> PolicyPaths:
        wave = np.sin(np.arange(self.days) / 120.0)[:, None, None]
        share = 1.0 - 1.6 * candidate.policy.stress_weight + 0.4 * candidate.policy.buffer
        margin = 0.034 * np.exp(share * BREATH * wave) * np.ones((1, MARKETS, 2))
        return PolicyPaths(candidate=candidate, close_out=margin, reaction=0.6 * margin)


class Memory:
    """A checkpoint in a dictionary."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.stores = 0

    def place(self, name: str) -> Checkpoint:
        memory = self

        class Place:
            def load(self) -> bytes | None:
                return memory.held.get(name)

            def store(self, record: bytes) -> None:
                memory.stores += 1
                memory.held[name] = record

        return Place()


def searched(
    loss: FloatArray,
    executor: Executor | None = None,
    memory: Memory | None = None,
    days: int = DAYS,
) -> VenueFrontier:
    legs = Followers(
        legs=(), horizons=(), designed={one.name: one for one in CANDIDATES}, days=days
    )
    appetite = replace(stated(0.0, 3.0, CALM_ONLY), refine=Refinement(evaluations=TRIALS, seed=4))
    places = (memory or Memory()).place
    refiner = policy_search(legs, appetite, executor or SerialExecutor(), places)
    return run(loss, days, 0.0, 3.0, CALM_ONLY, refiner)


@pytest.fixture(scope="module")
def found() -> VenueFrontier:
    return searched(losses())


@pytest.fixture(scope="module")
def plain() -> VenueFrontier:
    return run(losses(), weights=CALM_ONLY, weight=0.0)


def test_what_is_found_is_never_worse_where_it_was_looked_for(
    plain: VenueFrontier, found: VenueFrontier
) -> None:
    assert len(found.refined) == 4, "every review with a judged year"
    assert all(one.found <= one.begun for one in found.refined)
    assert any(one.found < one.begun for one in found.refined), "stress may be weighed more"
    pairs = zip((*plain.choices, plain.now), (*found.choices, found.now), strict=True)
    for before, after in pairs:
        if before.terms:
            assert rank(after, found) <= rank(before, plain)
    shown = searches_table(found)
    assert [row["tried"] for row in shown] == [len(one.daily) for one in found.refined]


def rank(choice: VenueChoice, found: VenueFrontier) -> tuple[float, float]:
    broken, terms = choice.broken[choice.preferred], choice.terms[choice.preferred]
    return sum(one.excess for one in broken), terms.objective(found.weights)


def test_every_policy_tried_counts_in_the_corrections(
    plain: VenueFrontier, found: VenueFrontier
) -> None:
    tried = many_tried(found)
    assert tried is not None
    asked = sum(len(one.daily) for one in found.refined)
    assert asked == 4 * TRIALS
    assert found.tried == len(CANDIDATES) + asked
    assert tried.deflated.trials == len(CANDIDATES) + len(found.refined) + asked
    fewer = many_tried(plain)
    assert fewer is not None
    assert tried.deflated.luck >= fewer.deflated.luck


def test_a_search_knows_nothing_of_the_future(found: VenueFrontier) -> None:
    honest, spoiled = losses(), losses()
    row = judging(honest).record.reviews[2]
    later = slice(row - 3 + 1, None)
    spoiled[later] = 5.0 * np.random.default_rng(1).permutation(spoiled[later])
    again = searched(spoiled, days=row + 10)
    assert [one.row for one in again.refined] == [one.row for one in found.refined[:2]]
    for a, b in zip(found.refined[:2], again.refined, strict=True):
        assert a.paths.candidate == b.paths.candidate
        assert (a.found, a.begun) == (b.found, b.begun)


def test_a_search_goes_on_where_it_ended_with_any_number_of_workers(found: VenueFrontier) -> None:
    memory = Memory()
    days = found.refined[0].row + 10
    first = searched(losses(), ThreadPool(2), memory, days)
    asked = memory.stores
    assert set(memory.held) == {f"policy search {one.row}" for one in first.refined}
    again = searched(losses(), SerialExecutor(), memory, days)
    assert memory.stores == asked, "everything was on record"
    for a, b in zip(first.refined, again.refined, strict=True):
        assert a.paths.candidate == b.paths.candidate
        np.testing.assert_array_equal(a.daily, b.daily)
        assert a.paths.candidate == found.refined[0].paths.candidate, "whoever works on it"


@pytest.mark.parametrize("start", venue_candidates(0.01), ids=lambda one: one.name)
def test_a_policy_is_found_again_at_its_own_point(start: Candidate) -> None:
    again = candidate_at(start, point_of(start), start.name)
    assert replace(again.policy, long_floor_years=start.policy.long_floor_years) == start.policy
    assert again.on_default == start.on_default
    assert set(point_of(start)) == {one.name for one in policy_space(start).dimensions}


def test_batches_answer_in_the_order_asked() -> None:
    for workers in (1, 2, 3):
        batched = Batched(ThreadPool(workers))
        for items in ([], [3], [5, 1, 4, 2, 9, 7, 8]):
            assert batched.map(str, items, names=[f"n{k}" for k in items]) == [
                str(k) for k in items
            ]
