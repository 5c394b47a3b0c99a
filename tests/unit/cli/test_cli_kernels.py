"""Warm-up: every kernel is found, and known to be compiled only where it is."""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numba import typeof, types

import plimsoll
from plimsoll.journeys.kernel_types import argument_types
from plimsoll.journeys.warm import is_compiled, kernels

SOURCE = """\
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Index = NDArray[np.int64]


class Pair(NamedTuple):
    values: Vector
    at: Index


class Twins(NamedTuple):
    left: float
    right: float


@njit(cache=True)
def alike(twins: Twins) -> float:
    return twins.left - twins.right


@njit(cache=True)
def double(x: float) -> float:
    return 2.0 * x


@njit(cache=True)
def mixed(pair: Pair, count: int, flag: bool) -> float:
    return pair.values[pair.at[0]] * count if flag else 0.0


@njit(cache=True)
def foreign(x: Something) -> float:
    return x
"""


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("warm_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["warm_example"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "warm_example.py"
    path.write_text(SOURCE)
    yield path
    sys.modules.pop("warm_example", None)


def test_compiled_here_stored_and_stale(example: Path) -> None:
    first: Any = load(example).double
    assert not is_compiled(first)
    assert first(2.0) == 4.0
    assert is_compiled(first)
    second: Any = load(example).double
    assert not second.signatures
    assert is_compiled(second)  # stored by the first
    later = example.stat().st_mtime + 3600
    os.utime(example, (later, later))
    assert not is_compiled(load(example).double)  # the source is newer than what is stored


def test_types_from_annotations(example: Path) -> None:
    module: Any = load(example)
    floats, integers = types.Array(types.float64, 1, "C"), types.Array(types.int64, 1, "C")
    assert argument_types(module.double) == (types.float64,)
    pair, count, flag = argument_types(module.mixed) or (None, None, None)
    assert (count, flag) == (types.int64, types.boolean)
    assert (pair.instance_class, tuple(pair.types)) == (module.Pair, (floats, integers))
    assert argument_types(module.foreign) is None
    module.mixed.compile((pair, count, flag))
    assert is_compiled(module.mixed)


def test_annotated_tuples_have_the_types_of_real_ones(example: Path) -> None:
    module: Any = load(example)
    twins, pair = module.Twins(1.0, 2.0), module.Pair(np.zeros(2), np.zeros(2, np.int64))
    real = [typeof(value) for value in (twins, pair)]  # type: ignore[no-untyped-call]
    assert [(argument_types(k) or ())[0] for k in (module.alike, module.mixed)] == real


def test_every_kernel_in_the_source_is_found() -> None:
    root = Path(str(plimsoll.__file__)).parent
    written = {
        ".".join(("plimsoll", *path.relative_to(root).with_suffix("").parts, node.name))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and any("njit" in ast.unparse(decorator) for decorator in node.decorator_list)
    }
    assert set(kernels()) == written
    assert written
