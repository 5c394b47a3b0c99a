"""The search: finds known optima, with any number of workers, and goes on where it was ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest

from plimsoll.adapters.executor import SerialExecutor, ThreadPool, open_executor
from plimsoll.calibration.search.minimise import SearchResult, SearchSettings, minimise
from plimsoll.calibration.search.space import Choice, Point, Real, Space, whole
from plimsoll.calibration.search.trials import Score, Trial, best_trial, ranks
from plimsoll.domain.ports import SILENT, Executor, Item, Progress, Result
from plimsoll.errors import DataFormatError, ParameterError, UsageError

MIXED = Space(
    dimensions=(
        Real(name="rate", low=0.001, high=1.0, log=True),
        Real(name="weight", low=-2.0, high=2.0),
        whole("tiers", 1, 9),
        Choice(name="tick", grid=(0.1, 0.25, 0.5, 1.0)),
    )
)
FLAT = Space(dimensions=tuple(Real(name=f"x{i}", low=-5.0, high=5.0) for i in range(3)))


def mixed(point: Point) -> Score:
    """Best at rate .02, weight .7, 6 tiers, tick .25, where it is 0."""
    terms = {
        "rate": math.log(point["rate"] / 0.02) ** 2,
        "weight": (point["weight"] - 0.7) ** 2,
        "tiers": 0.3 * (point["tiers"] - 6) ** 2,
        "tick": 4.0 * (point["tick"] - 0.25) ** 2,
    }
    return Score(objective=sum(terms.values()), terms=terms)


def sphere_above_a_plane(point: Point) -> Score:
    """Least squares subject to x0 + x1 + x2 >= 3: best at (1, 1, 1), where it is 3."""
    lacking = 3.0 - sum(point.values())
    objective = sum(x * x for x in point.values())
    return Score(objective=objective, violation=max(0.0, lacking))


class Memory:
    def __init__(self) -> None:
        self.record: bytes | None = None

    def load(self) -> bytes | None:
        return self.record

    def store(self, record: bytes) -> None:
        self.record = record


class Interrupting(SerialExecutor):
    """Ends, as if killed, before it begins its n-th generation."""

    def __init__(self, generations: int) -> None:
        self.left = generations
        self.worked = 0

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: Progress = SILENT,
        *,
        label: str = "",
        names: Sequence[str] = (),
    ) -> list[Result]:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        self.worked += len(items)
        return super().map(function, items, progress, label=label, names=names)


def found(executor: Executor, budget: int = 300, checkpoint: Memory | None = None) -> SearchResult:
    return minimise(
        mixed, MIXED, seed=5, budget=budget, executor=executor, checkpoint=checkpoint or Memory()
    )


def test_mixed_optimum_is_found() -> None:
    best = found(SerialExecutor(), 600).best
    assert (best.point["tiers"], best.point["tick"]) == (6, 0.25)
    assert best.point["rate"] == pytest.approx(0.02, rel=0.02)
    assert best.point["weight"] == pytest.approx(0.7, abs=0.02)


def test_workers_do_not_matter() -> None:
    alone = found(SerialExecutor(), 80)
    assert found(ThreadPool(3), 80).record == alone.record
    with open_executor(2) as pool:
        assert found(pool, 80).record == alone.record
    other = minimise(mixed, MIXED, seed=6, budget=80, executor=SerialExecutor())
    assert other.record != alone.record


@pytest.mark.parametrize("generations", [1, 2, 7])
def test_an_ended_search_goes_on_to_the_same_bytes(generations: int) -> None:
    whole_record = found(SerialExecutor(), 120).record
    memory = Memory()
    with pytest.raises(KeyboardInterrupt):
        found(Interrupting(generations), 120, memory)
    resumed = Interrupting(10_000)
    result = found(resumed, 120, memory)
    assert result.record == whole_record
    assert resumed.worked < 120
    assert memory.record == whole_record


def test_a_larger_budget_goes_on_and_repeats_nothing() -> None:
    memory = Memory()
    found(SerialExecutor(), 50, memory)
    more = Interrupting(10_000)
    assert found(more, 120, memory).record == found(SerialExecutor(), 120).record
    assert more.worked <= 120 - 40


def test_record_of_another_search_is_refused() -> None:
    memory = Memory()
    found(SerialExecutor(), 30, memory)
    with pytest.raises(DataFormatError, match="this space, seed"):
        minimise(mixed, MIXED, seed=6, budget=30, executor=SerialExecutor(), checkpoint=memory)
    memory.record = b"{}"
    with pytest.raises(DataFormatError, match="record of a search"):
        found(SerialExecutor(), 30, memory)


def test_constraints_come_first() -> None:
    """The optimum lies on the constraint; polishing brings it to 1e-3."""
    result = minimise(
        sphere_above_a_plane,
        FLAT,
        seed=1,
        budget=600,
        executor=SerialExecutor(),
        start={"x0": -4.0, "x1": -4.0, "x2": -4.0},
        settings=SearchSettings(polish=100),
    )
    assert result.best.score.feasible
    assert result.best.score.objective == pytest.approx(3.0, abs=3e-3)
    assert len(result.trials) == 600
    assert not result.trials[0].score.feasible


def test_polish_repeats_and_sharpens() -> None:
    def run(polish: int) -> SearchResult:
        return minimise(
            mixed,
            MIXED,
            seed=2,
            budget=250,
            executor=SerialExecutor(),
            settings=SearchSettings(polish=polish),
        )

    assert run(80).record == run(80).record
    assert run(80).best.score.objective < 1e-4


def test_incumbent_is_tried_first_and_never_lost() -> None:
    start = {"rate": 0.02, "weight": 0.7, "tiers": 6, "tick": 0.25}
    result = minimise(mixed, MIXED, seed=3, budget=20, executor=SerialExecutor(), start=start)
    assert dict(result.trials[0].point) == pytest.approx(start)
    assert result.best.score.objective == pytest.approx(0.0, abs=1e-12)


def test_deb_rule() -> None:
    scores = [
        Score(objective=5.0),
        Score(objective=1.0, violation=2.0),
        Score(objective=math.nan, violation=math.inf),
        Score(objective=7.0),
        Score(objective=-9.0, violation=0.1),
        Score(objective=5.0),
    ]
    assert ranks(scores) == [0.0, 4.0, 5.0, 2.0, 3.0, 0.0]
    trials = [Trial(point={"i": i}, score=s) for i, s in enumerate(scores)]
    assert best_trial(trials).point == {"i": 0}
    assert best_trial(trials[1:3]).point == {"i": 1}


def test_flat_objective_spends_its_budget() -> None:
    result = minimise(
        lambda _: Score(objective=1.0), FLAT, seed=0, budget=100, executor=SerialExecutor()
    )
    assert len(result.trials) == 100
    assert result.restarts > 0
    tiny = Space(dimensions=(whole("n", 0, 1),))
    small = minimise(
        lambda p: Score(objective=float(p["n"])), tiny, seed=0, budget=60, executor=SerialExecutor()
    )
    assert small.distinct == 2
    assert small.best.point == {"n": 0}


class Told:
    def __init__(self) -> None:
        self.events: list[str] = []
        self.count = 0

    def start(self, label: str, total: int | None = None) -> None:
        self.events.append(f"{label} {total}")

    def advance(self, count: int = 1) -> None:
        self.count += count

    def finish(self) -> None:
        self.events.append("finish")


def test_progress_is_one_stage() -> None:
    told = Told()
    minimise(mixed, MIXED, seed=0, budget=33, executor=SerialExecutor(), progress=told)
    assert told.events == ["search 33", "finish"]
    assert told.count == 33


def test_faults() -> None:
    with pytest.raises(UsageError, match="finite where no constraint"):
        Score(objective=math.nan)
    with pytest.raises(UsageError, match="negative"):
        Score(objective=1.0, violation=-1.0)
    with pytest.raises(ParameterError, match="rise"):
        Real(name="a", low=1.0, high=1.0)
    with pytest.raises(ParameterError, match="log scale"):
        Real(name="a", low=0.0, high=1.0, log=True)
    with pytest.raises(ParameterError, match="two or more"):
        Choice(name="a", grid=(1,))
    with pytest.raises(UsageError, match="different names"):
        Space(dimensions=())
    with pytest.raises(UsageError, match="each dimension"):
        FLAT.unit({"x0": 1.0})
    with pytest.raises(ParameterError, match="lie in"):
        FLAT.unit({"x0": 9.0, "x1": 0.0, "x2": 0.0})
    with pytest.raises(ParameterError, match="on the grid"):
        MIXED.unit({"rate": 0.1, "weight": 0.0, "tiers": 6, "tick": 0.3})
    with pytest.raises(ParameterError, match="at least 1"):
        minimise(mixed, MIXED, seed=0, budget=0, executor=SerialExecutor())
    with pytest.raises(ParameterError, match="at least 4"):
        SearchSettings(population=2)
