"""Pages on the reference distribution are run as they stand, block after block in one program.

``PLIMSOLL_WRITE_TOUR=1`` writes what the blocks print today into the pages, for a person to read
and commit.
"""

from __future__ import annotations

import ast
import builtins
import os
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "# prints\n"
PAGES = {
    "reference-from-python": 15,
    "volatility": 1,
    "realised-volatility": 1,
    "tails": 1,
    "dependence": 1,
    "joint-scenarios": 1,
    "short-history": 1,
    "forecast-tests": 1,
}
"""Page, and how many of its blocks print something."""


OF_RECORDINGS = ("liquidity", "jumps-and-regimes", "index-and-mark")
"""Run on the shared data by tests of their own (``tests/oracles/test_*_page.py``)."""


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


def _undefined(blocks: list[str]) -> set[str]:
    """Names that are read and nowhere on the page bound, imported or built in."""
    nodes = [node for block in blocks for node in ast.walk(ast.parse(block))]
    bound = {alias.asname or alias.name.split(".")[0] for n in nodes for alias in _imported(n)}
    bound |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
    bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    names = [n for n in nodes if isinstance(n, ast.Name)]
    bound |= {n.id for n in names if isinstance(n.ctx, ast.Store)}
    return {n.id for n in names} - bound - set(dir(builtins))


def _imported(node: ast.AST) -> list[ast.alias]:
    return node.names if isinstance(node, ast.Import | ast.ImportFrom) else []


@pytest.mark.parametrize("page", OF_RECORDINGS)
def test_a_page_of_recordings_defines_what_it_uses(page: str) -> None:
    blocks = BLOCK.findall((DOCS / f"{page}.md").read_text(encoding="utf-8"))
    assert len(blocks) >= 3
    assert _undefined(blocks) == set()
    without = [block.replace("folder = ", "other = ") for block in blocks]
    assert _undefined(without) == {"folder"}
