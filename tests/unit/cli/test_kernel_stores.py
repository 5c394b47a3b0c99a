"""Kernels compiled by several processes: all of them are stored, and callees come first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.caching import IndexDataCacheFile
from numba.core.registry import CPUDispatcher

from plimsoll.errors import UsageError
from plimsoll.journeys import warm as warm_journey
from plimsoll.journeys.kernel_stores import stores_shared
from plimsoll.journeys.warm import MOST_WORKERS, sensible_workers, warm
from plimsoll.journeys.warm_kernels import callees_first, kernels

STAMP = "as of the source"
ENTRIES = 60
WRITER = """\
import sys
import time
from pathlib import Path
from numba.core.caching import IndexDataCacheFile
from plimsoll.journeys.kernel_stores import stores_shared

folder, name, entries, stamp = sys.argv[1:]
store = IndexDataCacheFile(folder, "kernel", stamp)
with stores_shared(Path(folder, "lock")):
    Path(folder, f"ready-{name}").touch()
    for _ in range(6000):  # both begin together
        if len(list(Path(folder).glob("ready-*"))) == 2:
            break
        time.sleep(0.01)
    for number in range(int(entries)):
        store.save((name, number), f"code of {name} {number}")
        assert store.load((name, number)) == f"code of {name} {number}"
"""


def test_no_entry_of_two_writers_is_lost_or_mixed_up(tmp_path: Path) -> None:
    """Both add to one kernel's index at the same time; without the lock about half are lost."""
    names = ("one", "other")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name, str(ENTRIES), STAMP])
        for name in names
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    store = IndexDataCacheFile(str(tmp_path), "kernel", STAMP)  # type: ignore[no-untyped-call]
    found = {
        (name, number): store.load((name, number))  # type: ignore[no-untyped-call]
        for name in names
        for number in range(ENTRIES)
    }
    assert found == {(name, number): f"code of {name} {number}" for name, number in found}


def test_stores_are_as_before_after_the_block(tmp_path: Path) -> None:
    save, load = IndexDataCacheFile.save, IndexDataCacheFile.load
    with stores_shared(tmp_path / "lock"):
        assert save is not IndexDataCacheFile.save
    assert (IndexDataCacheFile.save, IndexDataCacheFile.load) == (save, load)


def test_modules_stand_behind_those_whose_kernels_they_call() -> None:
    found = kernels()
    order = {module: place for place, module in enumerate(callees_first(found))}
    assert order.keys() == {kernel.py_func.__module__ for kernel in found.values()}
    calls = {
        (value.py_func.__module__, module)
        for module in order
        for value in vars(sys.modules[module]).values()
        if isinstance(value, CPUDispatcher) and value.py_func.__module__ != module
    }
    assert len(calls) > 50
    assert [(called, by) for called, by in calls if order[called] > order[by]] == []


def test_as_many_workers_as_cores_up_to_four(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, workers in ((None, 1), (1, 1), (2, 2), (64, MOST_WORKERS)):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert sensible_workers() == workers


def test_without_locks_one_process_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_journey, "CAN_SHARE", False)
    assert sensible_workers() == 1
    with pytest.raises(UsageError, match="must be 1 on this system"):
        warm(workers=2)
