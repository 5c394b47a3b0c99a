"""What pages say of presets is what the presets say: names, accuracy, sources, public packages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plimsoll import presets

ROOT = Path(__file__).parents[3]
SPANS = ("span-16", "span-16-triple")


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def table_rows(text: str, header: str) -> list[list[str]]:
    """Cells of the rows of the one table whose first line is ``header``."""
    lines = iter(text.splitlines())
    assert header in lines, header
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_readme_lists_every_preset() -> None:
    rows = table_rows(text_of("README.md"), "| rules | presets |")
    listed = [name for row in rows for name in re.findall(r"`([\w-]+)`", row[1])]
    assert sorted(listed) == list(presets.names())


def test_the_table_of_models_says_the_accuracy_of_every_preset() -> None:
    header = "| model | nets | open orders | presets and their accuracy |"
    rows = table_rows(text_of("docs/models/index.md"), header)
    told = dict(pair for row in rows for pair in re.findall(r"`([\w-]+)` ([\w-]+)", row[3]))
    assert told == {name: presets.load(name).accuracy.value for name in presets.names()}


@pytest.mark.parametrize("name", presets.names())
def test_sources_name_a_document_and_no_memory(name: str) -> None:
    """What nobody can look up is an assumption; dates are a year, a month or a day."""
    for source in presets.load(name).sources:
        assert re.fullmatch(r"20\d\d(-[01]\d(-[0-3]\d)?)?", source.date), source
        assert len(source.title.split()) >= 3, source
        for word in ("memory", "usual"):
            assert word not in source.title, source


def test_what_is_from_memory_is_assumed() -> None:
    assumed = {name: " ".join(a.what for a in presets.load(name).assumed) for name in SPANS}
    assert "33 %" in assumed["span-16-triple"]
    assert all("0.270" in what for what in assumed.values())


@pytest.mark.parametrize("package", ["margin", "runtime", "testing", "conformance"])
def test_packages_that_pages_import_from_are_public(package: str) -> None:
    assert f"`plimsoll.{package}`" in text_of("docs/stability.md")


def test_pages_of_models_name_sources_that_anybody_can_find() -> None:
    for page in sorted((ROOT / "docs" / "models").glob("*.md")):
        assert "reference/" not in page.read_text("utf-8"), page.name
