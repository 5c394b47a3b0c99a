"""Figures that the docs quote from the benchmarks' tables are those of the tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
SPEED = "## Speed"
LEAST_ROWS = 12
GREEKS = "price, delta, gamma, vega, theta, 1,000,000 options"
NEW_MEMORY = "the same into new memory"


def _page() -> str:
    return (ROOT / "docs" / "options.md").read_text()


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _rows(text: str) -> list[list[str]]:
    """Cells of every table row, heads and rules among them."""
    return [_cells(line) for line in text.splitlines() if line.startswith("|")]


def _quoted() -> list[tuple[str, list[str]]]:
    """File and cells of each row under "Speed" whose last cell names a results table."""
    section = _page().split(SPEED, 1)[1].split("\n## ", 1)[0]
    found = [(re.fullmatch(r"`(\w+\.md)`", row[-1]), row[:-1]) for row in _rows(section)]
    return [(name[1], row) for name, row in found if name]


def _holds(quoted: list[str], row: list[str]) -> bool:
    """Whether every quoted cell stands in the row, in the same order."""
    rest = iter(row)
    return all(cell in rest for cell in quoted)


def _ratio(name: str, task: str) -> str:
    """The ratio in the first row of a task."""
    rows = _rows((RESULTS / name).read_text())
    return next(row[4] for row in rows if row[0] == task)


def test_rows_are_quoted_from_several_tables() -> None:
    quoted = _quoted()
    assert len(quoted) >= LEAST_ROWS
    assert {name for name, _ in quoted} >= {"black76.md", "implied_vol.md", "svi.md", "surface.md"}


@pytest.mark.parametrize(("name", "quoted"), _quoted(), ids=lambda value: str(value)[:60])
def test_quoted_row_stands_in_the_table(name: str, quoted: list[str]) -> None:
    rows = _rows((RESULTS / name).read_text())
    assert any(_holds(quoted, row) for row in rows), f"{name} has no row {quoted}"


def test_greeks_into_kept_and_into_new_memory() -> None:
    said = re.search(r"into kept memory \((\d+x)\); into new\s+memory (\d+x)", _page())
    assert said is not None
    assert said.groups() == (_ratio("black76.md", GREEKS), _ratio("black76.md", NEW_MEMORY))


def test_error_of_the_price_is_the_gates() -> None:
    said = re.search(r"the benchmark's gate finds ([\d.e-]+)", _page())
    assert said is not None
    assert f"less 40 digits: {said[1]} of the forward" in (RESULTS / "black76.md").read_text()


def test_a_changed_figure_is_noticed() -> None:
    name, quoted = _quoted()[0]
    rows = _rows((RESULTS / name).read_text())
    for at in range(len(quoted)):
        spoiled = [*quoted[:at], quoted[at] + "0", *quoted[at + 1 :]]
        assert not any(_holds(spoiled, row) for row in rows)
