"""The tables of hedged books in docs/models are what the models say, to the printed digits."""

from __future__ import annotations

from pathlib import Path

import pytest

import underlying_venue as venue

DOCS = Path(__file__).parents[3] / "docs" / "models"


@pytest.mark.parametrize("name", list(venue.MODELS))
def test_hedged_books_as_printed(name: str) -> None:
    model, parameters = venue.MODELS[name]
    prepared = model.prepare(venue.snapshot(), parameters, venue.INSTRUMENTS)  # type: ignore[arg-type]
    text = (DOCS / f"{name}.md").read_text()
    for title, held in venue.HEDGED.items():
        legs = [{market: quantity} for market, quantity in held.items()]
        found = prepared.requirements(venue.book([held, *legs]))
        alone = float(found.maintenance[1:].sum())
        row = f"| {title} | {found.maintenance[0]:,.2f} | {found.initial[0]:,.2f} | {alone:,.2f} |"
        assert row in text
