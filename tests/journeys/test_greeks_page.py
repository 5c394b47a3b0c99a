"""The example on the page of the Greeks margin is run as it stands, and prints what it says."""

from __future__ import annotations

import os
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "models" / "greeks.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "# prints\n"


def test_the_screen_prints_what_the_page_says() -> None:
    """``PLIMSOLL_WRITE_TOUR=1`` writes what it prints today, for a person to read and commit."""
    text = PAGE.read_text(encoding="utf-8")
    (block,) = BLOCK.findall(text)
    source, _, expected = block.partition(MARK)
    out = StringIO()
    with redirect_stdout(out):
        exec(compile(source, str(PAGE), "exec"), {})
    printed = "".join(f"# {line}\n" for line in out.getvalue().splitlines())
    if os.environ.get("PLIMSOLL_WRITE_TOUR") == "1":
        PAGE.write_text(text.replace(block, source + MARK + printed), encoding="utf-8")
    else:
        assert printed == expected, printed
