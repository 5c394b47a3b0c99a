"""Compile the numba kernels and store them, so that the first numeric command answers at once.

The kernels are those functions of the core that numba dispatches; they are found, not listed. A
small SYNTHETIC calibration runs them with the types they meet in earnest; those it does not reach
are compiled for the types they are annotated with, and whatever is left is named in the result.
"""

from __future__ import annotations

import glob
import importlib
import pkgutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from numba.core.errors import NumbaError
from numba.core.registry import CPUDispatcher

from plimsoll.calibration.problem import VolatilityModel
from plimsoll.config.loader import load_venue
from plimsoll.config.venue import AntiProcyclicalitySection, EvidenceSection
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.journeys.calibrate import calibrate
from plimsoll.journeys.estimate import estimate
from plimsoll.journeys.kernel_types import argument_types
from plimsoll.journeys.margin import margin_book
from plimsoll.sandbox.generator import generate

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
DAYS = 480
"""Length of the synthetic history: long enough for a scored day after the first year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmResult:
    """Outcome of a warm-up.

    Parameters
    ----------
    compiled : int
        Kernels that have machine code now, stored for later processes.
    new : int
        Those of them that had none before.
    cold : tuple of str
        Kernels that the warm-up did not reach, by full name.
    seconds : float
    """

    compiled: int
    new: int
    cold: tuple[str, ...]
    seconds: float


def warm(*, progress: Progress = SILENT) -> WarmResult:
    """Compile and store every kernel; the second time this only loads them."""
    began = time.perf_counter()
    found = kernels()
    before = {name for name, kernel in found.items() if is_compiled(kernel)}
    progress.start("compile kernels", len(found))
    try:
        _exercise()
        for kernel in found.values():
            _compile(kernel)
            progress.advance()
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


def _exercise() -> None:
    """Run the numeric verbs on one small synthetic market, by every volatility model."""
    with as_file(files("plimsoll.config").joinpath("template.yaml")) as path:
        file = load_venue(path)
    config = file.config
    update = {
        "markets": config.markets[:1],
        "anti_procyclicality": AntiProcyclicalitySection(
            buffer=0.25, stress_weight=0.25, long_floor=True
        ),
        "evidence": EvidenceSection(compare=tuple(VolatilityModel)),
    }
    small = config.model_copy(update=update)
    bars = generate(0, days=DAYS).bars
    calibrated = calibrate(replace(file, config=small), data=bars, workers=1)
    symbol = small.markets[0].symbol
    for model in VolatilityModel:
        estimate(bars[symbol], symbol, model=model)
    position = Position(market=symbol, quantity=1.0, entry_price=1.0)
    book = Book.from_accounts([Account(name="synthetic", positions=(position,))])
    margin_book(book, calibrated.parameters, {symbol: 1.0})
