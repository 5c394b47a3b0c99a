"""Hedged books next to their legs: the tables of ``docs/models/derive-*.md`` are what is computed.

What a hedge must cost is no number of ours but a range: less than the legs under the portfolio
margins, and more than nothing but where the venue's own rule asks nothing (the pages say so).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from derive_markets import account, margin

DOCS = Path(__file__).parents[3] / "docs" / "models"
PAGES = {"pmrm2": "derive-pmrm2.md", "pmrm1": "derive-pmrm.md", "srm": "derive-srm.md"}
BOX = "box of 90 days sold"
BOOKS: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "perpetual against a synthetic forward of 90 days": (
        {"ETH-PERP": 1.0, "ETH-Q-2000-C": -1.0, "ETH-Q-2000-P": 1.0},
        {},
    ),
    "synthetic forwards of 30 and 90 days": (
        {"ETH-M-2000-C": 1.0, "ETH-M-2000-P": -1.0, "ETH-Q-2000-C": -1.0, "ETH-Q-2000-P": 1.0},
        {},
    ),
    "call of 30 days sold, of 90 bought": ({"ETH-M-2000-C": -1.0, "ETH-Q-2000-C": 1.0}, {}),
    BOX: (
        {"ETH-Q-2000-C": -1.0, "ETH-Q-2400-C": 1.0, "ETH-Q-2000-P": 1.0, "ETH-Q-2400-P": -1.0},
        {},
    ),
    "call of 30 days sold, hedged with the perpetual": (
        {"ETH-M-2000-C": -1.0, "ETH-PERP": 0.55},
        {},
    ),
    "coin against a perpetual": ({"ETH-PERP": -1.0}, {"ETH": 1.0}),
}


def row(model: str, held: dict[str, float], coins: dict[str, float]) -> tuple[float, float, float]:
    legs = [account(f"leg {market}", {market: size}) for market, size in held.items()]
    legs += [account("coins", {}, coins)] if coins else []
    found = margin(model, account("book", held, coins), *legs)
    legs_alone = float(found.maintenance[1:].sum())
    return float(found.maintenance[0]), float(found.initial[0]), legs_alone


@pytest.mark.parametrize("model", PAGES)
@pytest.mark.parametrize("book", BOOKS)
def test_the_page_says_what_is_computed(model: str, book: str) -> None:
    printed = " | ".join(f"{amount + 0.0:,.2f}" for amount in row(model, *BOOKS[book]))
    assert f"| {book} | {printed} |" in (DOCS / PAGES[model]).read_text().splitlines()


@pytest.mark.parametrize("book", BOOKS)
def test_a_hedge_costs_something_and_less_than_its_legs(book: str) -> None:
    for model in ("pmrm2", "pmrm1"):
        maintenance, initial, legs = row(model, *BOOKS[book])
        assert initial <= legs / 2
        assert maintenance > 0.0 or (model, book) == ("pmrm1", BOX)
