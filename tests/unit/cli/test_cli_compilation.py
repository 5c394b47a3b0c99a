"""Compilation is told of while it happens, once per run, and never where kernels are only loaded.

The verbs that tell are those that have an exercise to warm them by, and conformance, whose vectors
are not shipped.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import plimsoll
from plimsoll.cli.compilation import compilation_noted
from plimsoll.cli.main import application
from plimsoll.errors import UsageError
from plimsoll.journeys import warm as warm_journey
from plimsoll.journeys.kernel_compilation import compilation_told
from plimsoll.journeys.warm import warm
from plimsoll.journeys.warm_exercises import EXERCISES

SOURCE = """\
from numba import njit


@njit(cache=True)
def half(x):
    return 0.5 * x


@njit(cache=True)
def quarter(x):
    return half(half(x))
"""


class CountedProgress:
    """Progress that keeps what it was told."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.advanced = self.finished = 0

    def start(self, label: str, total: int | None = None) -> None:
        self.labels.append(label)

    def advance(self, count: int = 1) -> None:
        self.advanced += count

    def finish(self) -> None:
        self.finished += 1


def load(path: Path) -> Any:
    """The module anew, under a name in this package: only its kernels are told of."""
    spec = importlib.util.spec_from_file_location("plimsoll.told_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["plimsoll.told_example"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "told_example.py"
    path.write_text(SOURCE)
    yield path
    sys.modules.pop("plimsoll.told_example", None)


def test_kernels_are_told_of_as_they_are_compiled_and_not_as_they_are_loaded(example: Path) -> None:
    first, begun, done = load(example), list[str](), list[str]()
    with compilation_told(begun=begun.append, done=done.append):
        first.quarter(8.0)
    half, quarter = "plimsoll.told_example.half", "plimsoll.told_example.quarter"
    assert (begun, done) == ([quarter, half], [half, quarter])
    again = load(example)
    with compilation_told(begun=begun.append):
        assert again.quarter(8.0) == 2.0
    assert len(begun) == 2
    first.quarter(8)  # another type, compiled outside the block
    assert len(begun) == 2


def test_the_command_line_notes_the_first_and_the_count(example: Path) -> None:
    notes: list[str] = []
    with compilation_noted(notes.append):
        load(example).quarter(8.0)
    assert notes == [
        "compiling kernels, once: later runs load them",
        "compiled 2 kernels, and stored them for later runs",
    ]
    with compilation_noted(notes.append):
        load(example).quarter(8.0)
    assert len(notes) == 2


def test_every_verb_that_notes_compilation_can_be_warmed() -> None:
    """By itself; studies, listing and conformance with all kernels, `plimsoll warm`."""
    commands = Path(str(plimsoll.__file__)).parent / "cli" / "commands"
    noting = {
        path.stem
        for path in commands.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "note_compilation"
    }
    alone = {name for name in noting if not name.startswith("backtest_")}
    assert alone == {*EXERCISES, "conformance", "list_market"}


def test_a_verb_is_warmed_by_its_exercise_alone(
    monkeypatch: pytest.MonkeyPatch, example: Path
) -> None:
    exercises = {"one": lambda: load(example).quarter(8.0), "other": pytest.fail}
    monkeypatch.setattr(warm_journey, "EXERCISES", exercises)
    progress = CountedProgress()
    result = warm(verb="one", progress=progress)
    assert (result.new, result.cold) == (2, ())
    assert (progress.labels, progress.advanced, progress.finished) == (
        ["compile kernels of one"],
        2,
        1,
    )
    assert warm(verb="one").new == 0


def test_a_verb_without_kernels_is_refused() -> None:
    with pytest.raises(UsageError, match="choose from demo, calibrate") as refused:
        warm(verb="check")
    assert refused.value.field == "--for"
    assert CliRunner().invoke(application(), ["warm", "--for", "check"]).exit_code == 2


def test_the_exercise_of_estimation_runs() -> None:
    EXERCISES["estimate"]()
