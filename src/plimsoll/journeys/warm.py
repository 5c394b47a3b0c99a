"""Compile the numba kernels and store them, so that the first numeric command answers at once.

The kernels are those functions of the core that numba dispatches; they are found, not listed. A
small SYNTHETIC calibration runs them with the types they meet in earnest, and whatever it leaves
uncompiled is named in the result.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numba.core.registry import CPUDispatcher

from plimsoll.domain.ports import SILENT, Progress

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
        Kernels that have machine code now, stored for later processes.
    cold : tuple of str
        Kernels that the warm-up did not reach, by full name.
    seconds : float
    """

    compiled: int
    cold: tuple[str, ...]
    seconds: float


def warm(*, progress: Progress = SILENT) -> WarmResult:
    """Compile and store every kernel; the second time this only loads them."""
    began = time.perf_counter()
    progress.start("compile kernels")
    try:
        found = kernels()
        progress.advance()
        _exercise(progress)
    finally:
        progress.finish()
    cold = tuple(name for name, kernel in found.items() if not kernel.signatures)
    return WarmResult(
        compiled=len(found) - len(cold), cold=cold, seconds=time.perf_counter() - began
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


def _modules() -> Iterator[str]:
    for package in KERNEL_PACKAGES:
        try:
            root = importlib.import_module(f"plimsoll.{package}")
        except ModuleNotFoundError:
            continue
        yield root.__name__
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            yield module.name


def _exercise(progress: Progress) -> None:
    """Run the kernels on a small synthetic venue."""
