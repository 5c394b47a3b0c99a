"""Pages on the reference distribution are run as they stand, block after block in one program.

``PLIMSOLL_WRITE_TOUR=1`` writes what the blocks print today into the pages, for a person to read
and commit.
"""

from __future__ import annotations

import os
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "# prints\n"
PAGES = {"reference-from-python": 15}
"""Page, and how many of its blocks print something."""


def _printed(source: str, page: str, names: dict[str, object]) -> str:
    out = StringIO()
    with redirect_stdout(out):
        exec(compile(source, page, "exec"), names)
    return "".join(f"# {line}".rstrip() + "\n" for line in out.getvalue().splitlines())


@pytest.mark.parametrize("page", PAGES)
def test_the_page_prints_what_it_says(page: str) -> None:
    path = DOCS / f"{page}.md"
    text = path.read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    writing = os.environ.get("PLIMSOLL_WRITE_TOUR") == "1"
    assert writing or sum(MARK in block for block in blocks) == PAGES[page]
    names: dict[str, object] = {}
    for block in blocks:
        source, _, expected = block.partition(MARK)
        printed = _printed(source, path.name, names)
        if writing:
            text = text.replace(block, source + (MARK + printed if printed else ""))
        else:
            assert printed == expected, f"{source}\n--- printed\n{printed}"
    if writing:
        path.write_text(text, encoding="utf-8")
