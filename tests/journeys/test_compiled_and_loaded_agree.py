"""The same input gives the same bytes whether kernels were just compiled or loaded from the cache.

Sums that may be reordered once came out otherwise in the process that compiled them, since a
kernel and the copy of it inside its caller are optimised apart. So the kernels with such sums, and
all that call them, are compiled anew here; the machine code of the others is what is stored.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.caching import _CacheLocator
from numba.core.registry import CPUDispatcher

from plimsoll.journeys.warm_kernels import kernels

pytestmark = pytest.mark.slow

PROGRAM = """
import hashlib

import numpy as np

from plimsoll.estimators import Garch, GjrGarch
from plimsoll.estimators.surface.fit import fit_surface
from plimsoll.journeys.warm_kernels import kernels
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.sandbox.option_chain import option_chain

fit = fit_surface(prepare_chain(option_chain(5).chain))
raw = b"".join(np.asarray(smile.raw).tobytes() for smile in fit.surface.smiles)
print("surface", hashlib.sha256(raw).hexdigest())
returns = np.random.default_rng(1).standard_t(5, 800) * 0.02
for model in (Garch(), GjrGarch()):
    fitted = model.fit(returns)
    told = repr((fitted.parameters, fitted.log_likelihood, fitted.variance_next))
    print(type(model).__name__, hashlib.sha256(told.encode()).hexdigest())
anew = {k.py_func.__module__ for k in kernels().values() if k.stats.cache_misses}
print("compiled", *sorted(anew))
"""

USED = ("essvi_fit_terms", "garch_information", "garch_likelihood")
"""With sums that may be reordered, and run by the program."""


def reordering() -> set[str]:
    """Modules of kernels whose sums may be reordered, and of those that call them."""
    found = kernels().values()
    modules = {kernel.py_func.__module__ for kernel in found}
    out = {k.py_func.__module__ for k in found if k.targetoptions.get("fastmath")}
    while more := {module for module in modules - out if _called_from(module) & out}:
        out |= more
    return out


def _called_from(module: str) -> set[str]:
    named = vars(importlib.import_module(module)).values()
    return {value.py_func.__module__ for value in named if isinstance(value, CPUDispatcher)}


def stored_but_for(modules: set[str], folder: Path) -> None:
    """Copy the machine code stored beside the sources, where numba looks when told of a folder."""
    paths = {Path(kernel.py_func.__code__.co_filename) for kernel in kernels().values()}
    left_out = {Path(str(importlib.import_module(module).__file__)) for module in modules}
    for path in paths - left_out:
        beside = folder / _CacheLocator.get_suitable_cache_subpath(str(path))
        beside.mkdir(parents=True, exist_ok=True)
        for file in (path.parent / "__pycache__").glob(f"{path.stem}.*.nb?"):
            shutil.copy2(file, beside)


def test_compiled_and_loaded_agree(tmp_path: Path) -> None:
    folder = tmp_path / "kernels"
    anew = reordering()
    stored_but_for(anew, folder)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}

    def run() -> tuple[list[str], set[str]]:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        *bytes_of, compiled = done.stdout.splitlines()
        return bytes_of, set(compiled.split()[1:])

    (told, compiled), (again, loaded) = run(), run()
    assert len(told) == 3
    assert told == again
    assert compiled >= {f"plimsoll.maths.{name}" for name in USED}
    assert not loaded
