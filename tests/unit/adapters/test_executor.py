"""Executors: same results and errors whatever the number of workers, and no orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from plimsoll.adapters.executor import (
    ProcessPool,
    SerialExecutor,
    ThreadPool,
    WorkError,
    open_executor,
)
from plimsoll.domain.ports import Executor
from plimsoll.errors import EstimationError, UsageError


@dataclass(frozen=True)
class Task:
    market: str
    seed: int
    pause: float = 0.0


@dataclass
class Recorder:
    events: list[object]

    def start(self, label: str, total: int | None = None) -> None:
        self.events.append((label, total))

    def advance(self, count: int = 1) -> None:
        self.events.append(count)

    def finish(self) -> None:
        self.events.append("finish")


def simulate(task: Task) -> bytes:
    time.sleep(task.pause)
    return np.random.default_rng(task.seed).standard_normal(50).tobytes()


def fail_on_odd(task: Task) -> int:
    time.sleep(task.pause)
    if task.seed % 2:
        raise EstimationError("must converge", found=task.seed, field="garch", remedy="look")
    return task.seed


def divide(task: Task) -> float:
    return 1.0 / task.seed


def die(task: Task) -> int:
    os._exit(9)


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPool]:
    with ProcessPool(2) as pool:
        yield pool


TASKS = [Task(market=f"M{i}", seed=i, pause=0.05 * (3 - i)) for i in range(4)]


def test_pool_returns_the_bytes_of_the_serial_run_in_the_order_of_the_items(pool: Executor) -> None:
    assert pool.map(simulate, TASKS) == SerialExecutor().map(simulate, TASKS)


def test_progress_counts_every_item_once(pool: Executor) -> None:
    for executor in (SerialExecutor(), pool):
        seen = Recorder([])
        executor.map(simulate, TASKS, seen, label="fit")
        assert seen.events[0] == ("fit", 4)
        assert seen.events[-1] == "finish"
        assert sum(e for e in seen.events if isinstance(e, int)) == 4


def test_the_first_failing_item_by_position_is_reported_with_its_market(pool: Executor) -> None:
    # M1 fails last in time (it sleeps longest) but first in order.
    tasks = [Task("M0", 0), Task("M1", 1, 0.3), Task("M2", 3), Task("M3", 5)]
    for executor in (SerialExecutor(), pool):
        with pytest.raises(EstimationError) as caught:
            executor.map(fail_on_odd, tasks)
        assert caught.value.field == "M1: garch"
        assert (caught.value.found, caught.value.remedy) == (1, "look")
        assert "fail_on_odd" in caught.value.__notes__[0]


def test_unknown_errors_name_the_market_too(pool: Executor) -> None:
    for executor in (SerialExecutor(), pool):
        with pytest.raises(WorkError, match=r"M0: .*ZeroDivisionError"):
            executor.map(divide, [Task("M1", 1), Task("M0", 0)])
        with pytest.raises(WorkError, match="BTC"):
            executor.map(divide, [Task("M0", 0)], names=["BTC"])


def test_a_killed_worker_is_an_error_and_the_pool_can_be_used_again(pool: Executor) -> None:
    with pytest.raises(WorkError, match="stay alive"):
        pool.map(die, TASKS[:1])
    assert pool.map(fail_on_odd, [Task("M0", 2)]) == [2]


def test_no_items_no_work(pool: Executor) -> None:
    assert pool.map(simulate, []) == SerialExecutor().map(simulate, []) == []


def test_wrong_use_is_refused(pool: Executor) -> None:
    with pytest.raises(UsageError, match="at least 1"), open_executor(0):
        pass
    with pytest.raises(UsageError, match="top level"):
        pool.map(lambda task: task, TASKS)
    with pytest.raises(UsageError, match="one name per item"):
        pool.map(simulate, TASKS, names=["only one"])


def test_open_executor_chooses_by_the_number_of_workers() -> None:
    with open_executor(1) as one:
        assert isinstance(one, SerialExecutor)
    with open_executor(2) as two:
        assert isinstance(two, ProcessPool)
        assert two.workers == 2


SCRIPT = """
    import os, sys, time
    from pathlib import Path
    from plimsoll.adapters.executor import ProcessPool

    def work(folder):
        Path(folder, str(os.getpid())).touch()
        time.sleep(60)

    if __name__ == "__main__":
        with ProcessPool(2) as pool:
            pool.map(work, [sys.argv[1]] * 4)
"""


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_children_end_with_their_parent(how: signal.Signals, tmp_path: Path) -> None:
    script, pids = tmp_path / "script.py", tmp_path / "pids"
    script.write_text(textwrap.dedent(SCRIPT))
    pids.mkdir()
    parent = subprocess.Popen(
        [sys.executable, str(script), str(pids)], stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while len(list(pids.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    children = [int(path.name) for path in pids.iterdir()]
    assert len(children) == 2
    parent.send_signal(how)
    assert parent.wait(timeout=20) != 0
    while any(map(_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(_alive, children))


@pytest.mark.parametrize("delay", [0.1, 0.2, 0.3])
def test_an_interrupt_at_the_terminal_while_workers_start_is_the_parents_alone(
    delay: float, tmp_path: Path
) -> None:
    # A terminal sends the interrupt to the whole group; only the parent may speak of it.
    script, pids = tmp_path / "script.py", tmp_path / "pids"
    # Workers import the script again: the pause makes their start long enough to be hit.
    slow = textwrap.dedent(SCRIPT).replace("def work", "time.sleep(0.2)\n\ndef work")
    script.write_text(slow.replace("with Proc", "print(1, flush=True)\n    with Proc"))
    pids.mkdir()
    parent = subprocess.Popen(
        [sys.executable, str(script), str(pids)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    time.sleep(delay)
    os.killpg(parent.pid, signal.SIGINT)
    _, errors = parent.communicate(timeout=20)
    assert parent.returncode != 0
    assert errors.count("KeyboardInterrupt") == 1


def test_threads_give_the_results_and_errors_of_one() -> None:
    tasks = [Task(market=f"M{seed}", seed=seed, pause=0.002 * (5 - seed)) for seed in range(5)]
    recorder = Recorder(events=[])
    found = ThreadPool(2).map(simulate, tasks, recorder, label="simulate")
    assert found == SerialExecutor().map(simulate, tasks)
    assert recorder.events == [("simulate", 5), 1, 1, 1, 1, 1, "finish"]
    with pytest.raises(EstimationError, match="M1: garch: must converge, found 1"):
        ThreadPool(2).map(fail_on_odd, tasks)
    with pytest.raises(WorkError, match="M0: must be worked on without an error"):
        ThreadPool(2).map(divide, tasks)
    with pytest.raises(UsageError, match="workers: must be at least 1"):
        ThreadPool(0)


def test_threads_may_run_what_no_process_could() -> None:
    """A closure travels to no other process, but to a thread."""
    seen: list[int] = []
    assert ThreadPool(2).map(seen.append, [1, 2, 3]) == [None] * 3
    assert sorted(seen) == [1, 2, 3]
