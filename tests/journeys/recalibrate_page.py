"""Commands of the page on recalibration, and what each must print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "recalibrate.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = "...\n"
"""Of the page: lines that depend on the machine or the folder, left out."""


def blocks() -> Iterator[tuple[str, str, str]]:
    """Yield block, command and expected output."""
    for block in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        command, _, expected = block.partition("\n")
        yield block, command.removeprefix("$ "), expected


def is_told(expected: str, printed: str) -> bool:
    """Whether the pieces between elisions stand in what was printed, in their order."""
    at = 0
    for piece in filter(None, expected.split(ELSEWHERE)):
        at = printed.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def shortened(printed: str) -> str:
    """What the page shows of an output: without times taken and digests."""
    timeless = re.sub(r"Time taken\n(?:.+\n)+\n", ELSEWHERE, printed)
    return re.sub(r"(?:^.*[0-9a-f]{12,64}.*\n)+", ELSEWHERE, timeless, flags=re.MULTILINE)
