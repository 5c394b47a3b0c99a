"""Compile the numba kernels and store them, so that the first numeric command answers at once.

For one verb its exercise runs, and compiles what it meets. For all, each kernel is compiled for
the types it is annotated with, file by file in several processes; every exercise runs, and adds
what it meets besides; whatever is left then is named in the result.
"""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from plimsoll.adapters.executor import open_executor
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import UsageError
from plimsoll.journeys.kernel_compilation import compilation_told, compiled_sparingly
from plimsoll.journeys.kernel_stores import CAN_SHARE, stores_shared
from plimsoll.journeys.warm_exercises import EXERCISES
from plimsoll.journeys.warm_kernels import (
    callees_first,
    compile_annotated,
    is_compiled,
    kernels,
    kernels_of,
)

MOST_WORKERS = 4
"""More processes than this nobody gets without asking: each of two takes 1.8 GB at its peak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmResult:
    """Outcome of a warm-up.

    Parameters
    ----------
    compiled : int
        Kernels of the package that have machine code now, stored for later processes.
    new : int
        Those of them that had none before.
    cold : tuple of str
        Kernels that a warm-up of all did not reach, by full name; a verb's leaves none behind.
    seconds : float
    """

    compiled: int
    new: int
    cold: tuple[str, ...]
    seconds: float


def warm(*, verb: str | None = None, workers: int = 1, progress: Progress = SILENT) -> WarmResult:
    """Compile and store every kernel, or those of one verb; the second time this only loads them.

    Parameters
    ----------
    verb : str, optional
        One of `plimsoll.journeys.warm_exercises.EXERCISES`; it runs in this process.
    workers : int, default 1
        Processes that compile all kernels; what they store does not depend on it. More than one
        need the usual ``if __name__ == "__main__":`` guard in a script, and file locks.
    progress : Progress

    Raises
    ------
    UsageError
        Where there is no such verb, less than one worker, or more than one where the system
        lacks the locks for it (Windows).
    """
    if verb is not None and verb not in EXERCISES:
        raise UsageError(
            "must be a verb that computes",
            found=verb,
            field="--for",
            remedy=f"choose from {', '.join(EXERCISES)}; or leave it out, for all kernels",
        )
    if workers > 1 and not CAN_SHARE:
        raise UsageError("must be 1 on this system", found=workers, field="workers")
    began = time.perf_counter()
    if verb is not None:
        return _warm_verb(verb, progress, began)
    return _warm_all(workers, progress, began)


def sensible_workers() -> int:
    """Return as many processes as there are cores, four at most.

    One where processes cannot share what they store.
    """
    return min(os.cpu_count() or 1, MOST_WORKERS) if CAN_SHARE else 1


def _warm_verb(verb: str, progress: Progress, began: float) -> WarmResult:
    """Run the verb's exercise; how many kernels it needs is known when it ends."""
    new: set[str] = set()

    def done(name: str) -> None:
        if name not in new:
            new.add(name)
            progress.advance()

    progress.start(f"compile kernels of {verb}")
    try:
        with compilation_told(done=done):
            EXERCISES[verb]()
    finally:
        progress.finish()
    return WarmResult(
        compiled=sum(map(is_compiled, kernels().values())),
        new=len(new),
        cold=(),
        seconds=time.perf_counter() - began,
    )


def _warm_all(workers: int, progress: Progress, began: float) -> WarmResult:
    found = kernels()
    before = {name for name, kernel in found.items() if is_compiled(kernel)}
    with TemporaryDirectory() as folder, open_executor(workers) as executor:
        lock = Path(folder, "lock") if workers > 1 else None
        modules = callees_first(found)
        executor.map(partial(_compile_file, lock), modules, progress, label="compile kernels")
        executor.map(partial(_exercise, lock), [*EXERCISES], progress, label="run every verb")
    for kernel in found.values():
        compile_annotated(kernel)  # those that another process compiled for other types only
    cold = tuple(name for name, kernel in found.items() if not is_compiled(kernel))
    return WarmResult(
        compiled=len(found) - len(cold),
        new=len(found.keys() - before - set(cold)),
        cold=cold,
        seconds=time.perf_counter() - began,
    )


def _compile_file(lock: Path | None, module: str) -> None:
    with nullcontext() if lock is None else stores_shared(lock), compiled_sparingly():
        for kernel in kernels_of(module).values():
            compile_annotated(kernel)


def _exercise(lock: Path | None, verb: str) -> None:
    with nullcontext() if lock is None else stores_shared(lock):
        EXERCISES[verb]()
