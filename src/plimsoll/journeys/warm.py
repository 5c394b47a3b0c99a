"""Compile the numba kernels and store them, so that the first numeric command answers at once.

The kernels are those functions of the core that numba dispatches; they are found, not listed. For
one verb its exercise runs, and compiles what it meets. For all, every exercise runs; kernels that
none of them reaches are compiled for the types they are annotated with, and whatever is left is
named in the result.
"""

from __future__ import annotations

import glob
import importlib
import pkgutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numba.core.errors import NumbaError
from numba.core.registry import CPUDispatcher

from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import UsageError
from plimsoll.journeys.kernel_compilation import compilation_told
from plimsoll.journeys.kernel_types import argument_types
from plimsoll.journeys.warm_exercises import EXERCISES

KERNEL_PACKAGES = (
    "maths",
    "measures",
    "marketdata",
    "estimators",
    "scenarios",
    "margin",
    "validation",
    "calibration",
    "sandbox",
)


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


def warm(*, verb: str | None = None, progress: Progress = SILENT) -> WarmResult:
    """Compile and store every kernel, or those of one verb; the second time this only loads them.

    Parameters
    ----------
    verb : str, optional
        One of `plimsoll.journeys.warm_exercises.EXERCISES`.
    progress : Progress

    Raises
    ------
    UsageError
        Where there is no such verb.
    """
    if verb is not None and verb not in EXERCISES:
        raise UsageError(
            "must be a verb that computes",
            found=verb,
            field="--for",
            remedy=f"choose from {', '.join(EXERCISES)}; or leave it out, for all kernels",
        )
    began = time.perf_counter()
    return _warm_all(progress, began) if verb is None else _warm_verb(verb, progress, began)


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


def _warm_all(progress: Progress, began: float) -> WarmResult:
    found = kernels()
    before = {name for name, kernel in found.items() if is_compiled(kernel)}
    awaited = set(found)

    def done(name: str) -> None:
        if name in awaited:
            awaited.remove(name)
            progress.advance()

    progress.start("compile kernels", len(found))
    try:
        with compilation_told(done=done):
            for exercise in EXERCISES.values():
                exercise()
            for name, kernel in found.items():
                _compile(kernel)
                done(name)
    finally:
        progress.finish()
    cold = tuple(name for name, kernel in found.items() if not is_compiled(kernel))
    return WarmResult(
        compiled=len(found) - len(cold),
        new=len(found.keys() - before - set(cold)),
        cold=cold,
        seconds=time.perf_counter() - began,
    )


def kernels() -> dict[str, Any]:
    """Return the numba dispatchers of the core by full name, in order of name."""
    found = {
        f"{module}.{name}": value
        for module in sorted(_modules())
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, CPUDispatcher) and value.py_func.__module__ == module
    }
    return dict(sorted(found.items()))


def is_compiled(kernel: Any) -> bool:
    """Whether a kernel has machine code here, or stored for the source as it stands.

    A kernel that is only called by others is part of their machine code; where theirs was loaded,
    it has none of its own in this process.
    """
    if kernel.signatures:
        return True
    code, folder = kernel.py_func.__code__, kernel.stats.cache_path
    source = Path(code.co_filename)
    name = f"{source.stem}.{kernel.py_func.__qualname__}-{code.co_firstlineno}.py"
    stored = [] if folder is None else Path(folder).glob(f"{glob.escape(name)}*.nbi")
    return any(index.stat().st_mtime >= source.stat().st_mtime for index in stored)


def _compile(kernel: Any) -> None:
    """Compile a kernel that nothing has compiled yet, where its annotations say for what."""
    arguments = None if is_compiled(kernel) else argument_types(kernel)
    if arguments is not None:
        with suppress(NumbaError):  # it stays cold, and the result says so
            kernel.compile(arguments)


def _modules() -> Iterator[str]:
    for package in KERNEL_PACKAGES:
        root = importlib.import_module(f"plimsoll.{package}")
        yield root.__name__
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            yield module.name
