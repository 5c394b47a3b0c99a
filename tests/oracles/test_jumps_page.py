"""Tables of the page on jumps and regimes are what its own snippets print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "jumps-and-regimes.md"
SNIPPETS = 3


def _snippets() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_page_has_its_snippets() -> None:
    assert len(_snippets()) == SNIPPETS


@pytest.mark.parametrize("place", range(SNIPPETS))
def test_tables_are_what_the_snippets_print(
    market_data_dir: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.setenv("PLIMSOLL_DATA", str(market_data_dir))
    names: dict[str, Any] = {}
    exec(_snippets()[place], names)
    assert len(names["rows"]) >= 2
    missing = [row for row in names["rows"] if f"\n{row}\n" not in PAGE.read_text("utf-8")]
    assert missing == []
