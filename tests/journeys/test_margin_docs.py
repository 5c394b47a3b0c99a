"""The page "Margin my Deribit book" is run as it stands: same commands, same output.

``PLIMSOLL_WRITE_TOUR=1`` writes what the commands print today into the page, for a person to read
and commit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_readme_tour import BLOCK, ROOT, Step, matches, run

PAGE = ROOT / "docs" / "margin-my-deribit-book.md"

pytestmark = pytest.mark.slow


def steps(text: str) -> Iterator[Step]:
    for language, body in BLOCK.findall(text):
        if language == "python":
            source, _, expected = body.partition("\n# prints\n")
            expected = "\n".join(line.removeprefix("# ") for line in expected.splitlines())
            yield Step(language, source, expected)
            continue
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            yield Step(language, command, expected.rstrip("\n"))


def written(step: Step, printed: str) -> str:
    if step.language == "console":
        return f"$ {step.source}" + (f"\n{printed}" if printed else "")
    lines = "".join(f"\n# {line}" for line in printed.splitlines())
    return step.source.rstrip("\n") + (f"\n# prints{lines}" if lines else "")


def test_the_page_prints_what_it_says(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = list(steps(text))
    assert len(found) >= 6, "the page has shrunk"
    writing = os.environ.get("PLIMSOLL_WRITE_TOUR") == "1"
    assert writing or sum(bool(s.expected) for s in found) >= 4, "its outputs are gone"
    for step in found:
        printed = run(step, tmp_path)
        if writing:
            old, new = written(step, step.expected), written(step, printed)
            assert text.count(f"{old}\n") == 1, f"not found: {old}"
            text = text.replace(f"{old}\n", f"{new}\n")
        else:
            assert matches(step.expected, printed), f"{step.source}\n--- printed\n{printed}"
    if writing:
        PAGE.write_text(text, encoding="utf-8")
