"""The tables of docs/hedged-books.md are what the models say; no hedge is free or punished unsaid.

``PLIMSOLL_WRITE_HEDGED_BOOKS=1`` writes what the models say today into the page, for a person to
read and commit.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from hedged_books import (
    BOOKS,
    MINIMUM_ALONE,
    TABLED,
    THIN,
    HedgedMargin,
    add_ons_table,
    hedged_margins,
    margins_table,
    thin_with,
)
from sandbox_models import HEDGED_ADD_ONS

PAGE = Path(__file__).parents[2] / "docs" / "hedged-books.md"
SIMULATED = ("expected shortfall", "value-at-risk", "worst of scenarios")
SIMULATED += ("greeks", "greeks, correlated")
HEADINGS = ("## Margins", "## As good as free, and what closes it")


@cache
def margins() -> dict[tuple[str, str], HedgedMargin | None]:
    return hedged_margins()


def section(text: str, heading: str) -> tuple[int, int]:
    """First and last line, exclusive, of the table under a heading."""
    lines = text.splitlines()
    first = next(
        n for n, line in enumerate(lines) if n > lines.index(heading) and line.startswith("|")
    )
    last = next((n for n in range(first, len(lines)) if not lines[n].startswith("|")), len(lines))
    return first, last


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_page_says_what_is_computed(heading: str) -> None:
    make = margins_table if heading == HEADINGS[0] else add_ons_table
    text, table = PAGE.read_text(encoding="utf-8"), make(margins())
    first, last = section(text, heading)
    lines = text.splitlines()
    if os.environ.get("PLIMSOLL_WRITE_HEDGED_BOOKS") == "1":
        PAGE.write_text("\n".join([*lines[:first], *table, *lines[last:]]) + "\n", encoding="utf-8")
    else:
        assert lines[first:last] == table


def test_every_model_has_a_number_for_some_book_and_every_book_for_some_models() -> None:
    found = {key for key, margin in margins().items() if margin is not None}
    assert {name for name, _ in found} == set(TABLED)
    assert min(sum((name, title) in found for name in TABLED) for title in BOOKS) >= 10


def test_no_hedge_asks_more_than_its_legs() -> None:
    for key, margin in margins().items():
        if margin is not None:
            slack = 1e-9 * margin.initial_of_legs
            assert margin.initial <= margin.initial_of_legs + slack, key
            assert margin.maintenance <= margin.maintenance_of_legs + slack, key


def test_hedges_are_seen_by_portfolio_models() -> None:
    """At most half of the legs, but for two coins, and what the page says of the exceptions."""
    alone = {"tiered", "size tiers", "dydx", "drift", "vega", "derive SRM"}
    alone |= {name for name in TABLED if name.startswith("deribit standard")}
    for (name, title), margin in margins().items():
        x_pm = name.startswith("deribit X:PM") and title == "cross-venue pair"
        exception = title == "two coins" or x_pm
        if margin is not None and name not in alone and not exception:
            assert margin.ratio < 0.5, (name, title)


def test_what_is_as_good_as_free_is_said_and_an_add_on_closes_it() -> None:
    thin = {key for key, margin in margins().items() if margin is not None and margin.thin}
    assert thin == set(THIN)
    for add_ons in (MINIMUM_ALONE, HEDGED_ADD_ONS):
        closed = thin_with(add_ons)
        assert set(closed) == thin
        for key, margin in closed.items():
            assert not margin.thin, key
            assert margin.initial < 0.5 * margin.initial_of_legs, key


def test_simulated_margins_ask_a_fifth_of_the_legs_at_least() -> None:
    """By default, and just so where scenarios find nothing to lose; a hybrid asks as its legs."""
    found = {k: m for k, m in margins().items() if m is not None}
    for title in BOOKS:
        for name in SIMULATED:
            assert found[name, title].ratio >= 0.2 - 1e-12, (name, title)
        legs = [found[name, title].initial for name in ("expected shortfall", "greeks")]
        assert found["hybrid", title].initial == pytest.approx(max(legs), rel=1e-12), title
    for name in SIMULATED:
        assert found[name, "cross-venue pair"].ratio == pytest.approx(0.2, rel=1e-9)
