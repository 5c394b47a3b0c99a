"""The page "Margin from Python" is run as it stands, block after block in one program.

``PLIMSOLL_WRITE_TOUR=1`` writes what the blocks print today into the page, for a person to read and
commit.
"""

from __future__ import annotations

import os
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "margin-from-python.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "# prints\n"


def test_the_page_prints_what_it_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    writing = os.environ.get("PLIMSOLL_WRITE_TOUR") == "1"
    assert sum(MARK in block for block in blocks) >= 5, "its outputs are gone"
    names: dict[str, object] = {}
    for block in blocks:
        source, _, expected = block.partition(MARK)
        out = StringIO()
        with redirect_stdout(out):
            exec(compile(source, str(PAGE), "exec"), names)
        printed = "".join(f"# {line}\n" for line in out.getvalue().splitlines())
        if writing:
            text = text.replace(block, source + (MARK + printed if printed else ""))
        else:
            assert printed == expected, f"{source}\n--- printed\n{printed}"
    if writing:
        PAGE.write_text(text, encoding="utf-8")
