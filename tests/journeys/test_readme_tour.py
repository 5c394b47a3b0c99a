"""The README's tour is run as it stands: same commands, same output.

A line ``...`` stands for any number of lines, and within a line ``…`` for any text (times taken).
``PLIMSOLL_WRITE_TOUR=1`` writes what the commands print today into the README, for a person to
read and commit.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from command_line import plimsoll_cli, python_block

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEAD, TAIL = 12, 8
OF_SHELLS = set("|;&<>$`*?")
CLOCK = re.compile(r"(?<=\s)\d+\.\d+$")

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Step:
    language: str
    source: str
    expected: str


def steps(text: str) -> Iterator[Step]:
    """Commands and Python of the tour, in order; blocks of the two set-up commands are not."""
    tour = text[text.index("## Five minutes") : text.index("## What it is made of")]
    for language, body in BLOCK.findall(tour):
        if language == "python":
            source, _, expected = body.partition("\n# prints\n")
            expected = "\n".join(line.removeprefix("# ") for line in expected.splitlines())
            yield Step(language, source, expected)
            continue
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            yield Step(language, command, expected.rstrip("\n"))


def run(step: Step, folder: Path) -> str:
    """What a step prints: commands of ``plimsoll`` alone and scripts here, the rest by a shell."""
    if step.language == "python":
        return python_block(step.source, folder).rstrip("\n")
    if step.source.startswith("plimsoll ") and not OF_SHELLS & set(step.source):
        done = plimsoll_cli(*shlex.split(step.source)[1:], folder=folder, COLUMNS="100")
        assert done.returncode == 0, f"{step.source}\n{done.stdout}\n{done.stderr}"
        return done.stdout.rstrip("\n")
    return run_by_shell(step.source, folder)


def run_by_shell(command: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout.rstrip("\n")


def matches(expected: str, printed: str) -> bool:
    pattern = "\n".join(
        r"(?:.*\n?)*?" if line == "..." else re.escape(line).replace("…", ".*")
        for line in expected.splitlines()
    )
    pattern = pattern.replace("(?:.*\\n?)*?\n", r"(?:.*\n)*?").replace(
        "\n(?:.*\\n?)*?", r"(?:\n.*)*?"
    )
    return re.fullmatch(pattern, printed) is not None


def test_a_changed_number_would_be_noticed() -> None:
    assert matches("a\n...\nd 1.…", "a\nb\nc\nd 1.23")
    assert matches("a\n...", "a\nb\nc")
    assert not matches("a\n...\nd 1.2", "a\nb\nc\nd 1.3")
    assert not matches("a\nb", "a\nb\nc")


def test_the_tour_prints_what_the_readme_says(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    found = list(steps(text))
    assert len(found) >= 6, "the tour has shrunk"
    for step in found:
        printed = run(step, tmp_path)
        if os.environ.get("PLIMSOLL_WRITE_TOUR") == "1":
            text = text.replace(_block(step, step.expected), _block(step, shortened(printed)))
        else:
            assert matches(step.expected, printed), f"{step.source}\n--- printed\n{printed}"
    if os.environ.get("PLIMSOLL_WRITE_TOUR") == "1":
        README.write_text(text, encoding="utf-8")


def shortened(printed: str) -> str:
    """Long output cut in the middle, times taken blanked."""
    lines = [
        CLOCK.sub("…", line) if line.startswith("total") else line for line in printed.splitlines()
    ]
    if len(lines) > HEAD + TAIL + 4:
        lines = [*lines[:HEAD], "...", *lines[-TAIL:]]
    return "\n".join(lines)


def _block(step: Step, output: str) -> str:
    if step.language == "python":
        return f"{step.source}\n# prints" + "".join(f"\n# {line}" for line in output.splitlines())
    return f"$ {step.source}\n{output}" if output else f"$ {step.source}"
