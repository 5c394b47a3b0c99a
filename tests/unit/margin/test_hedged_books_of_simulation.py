"""Hedged books: what they ask for next to their legs, as the pages of the models state it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from simulated_hedges import BOOKS, initial, models

PAGES = Path(__file__).parents[3] / "docs" / "models"


@cache
def margins(model: str, book: str) -> tuple[float, float]:
    return initial(prepared()[model], BOOKS[book])


@cache
def prepared():
    return models()


@pytest.mark.parametrize("book", list(BOOKS))
@pytest.mark.parametrize("model", ["simulation", "greeks"])
def test_neither_punitive_nor_with_a_floor_nothing(model: str, book: str) -> None:
    bare, legs = margins(model, book)
    floored, _ = margins(f"{model} floored", book)
    assert 0.0 <= bare <= 0.85 * legs
    assert floored == pytest.approx(max(bare, 0.2 * legs), rel=1e-9)
    assert floored > 0.0


@pytest.mark.parametrize("book", list(BOOKS))
@pytest.mark.parametrize("model", ["simulation", "greeks"])
def test_the_page_states_them(model: str, book: str) -> None:
    """Rounded to dollars; ``| book | bare | floored | legs alone |``."""
    page = (PAGES / f"{model}.md").read_text()
    row = re.search(rf"^\| {re.escape(book)} \|(.*)\|$", page, re.MULTILINE)
    assert row is not None
    stated = [float(cell.replace(",", "")) for cell in row.group(1).split("|")]
    bare, legs = margins(model, book)
    floored, _ = margins(f"{model} floored", book)
    assert stated == pytest.approx([bare, floored, legs], abs=0.51)
