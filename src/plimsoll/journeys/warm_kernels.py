"""The kernels of the core: which there are, which have machine code, and in which order to make it.

They are those functions of the core that numba dispatches; they are found, not listed.
"""

from __future__ import annotations

import glob
import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from numba.core.errors import NumbaError
from numba.core.registry import CPUDispatcher

from plimsoll.journeys.kernel_types import argument_types

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


def kernels() -> dict[str, Any]:
    """Return the numba dispatchers of the core by full name, in order of name."""
    found = {
        f"{module}.{name}": value
        for module in sorted(_modules())
        for name, value in kernels_of(module).items()
    }
    return dict(sorted(found.items()))


def kernels_of(module: str) -> dict[str, Any]:
    """Return the dispatchers that a module defines, by name."""
    return {
        name: value
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, CPUDispatcher) and value.py_func.__module__ == module
    }


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


def compile_annotated(kernel: Any) -> None:
    """Compile a kernel that nothing has compiled yet, where its annotations say for what."""
    arguments = None if is_compiled(kernel) else argument_types(kernel)
    if arguments is not None:
        with suppress(NumbaError):  # it stays cold, and the result says so
            kernel.compile(arguments)


def callees_first(found: dict[str, Any]) -> list[str]:
    """Return the modules of kernels, those before others whose kernels the others call.

    Modules at the same height stand from the largest source file to the smallest, so that the
    last ones that several processes work on are short.
    """
    modules = {kernel.py_func.__module__ for kernel in found.values()}
    heights: dict[str, int] = {}
    return sorted(modules, key=lambda name: (_height(name, heights), -_size(name), name))


def _height(module: str, heights: dict[str, int]) -> int:
    if module not in heights:
        heights[module] = 0  # ends a circle, should there be one
        called = {
            value.py_func.__module__
            for value in vars(importlib.import_module(module)).values()
            if isinstance(value, CPUDispatcher)
        }
        heights[module] = 1 + max((_height(name, heights) for name in called - {module}), default=0)
    return heights[module]


def _size(module: str) -> int:
    return Path(str(importlib.import_module(module).__file__)).stat().st_size


def _modules() -> Iterator[str]:
    for package in KERNEL_PACKAGES:
        root = importlib.import_module(f"plimsoll.{package}")
        yield root.__name__
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            yield module.name
