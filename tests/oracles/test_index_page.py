"""Tables of the page on index and mark are what its own snippets print; real books lead and lag."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plimsoll.adapters.books import read_books
from plimsoll.marketdata.index import (
    IndexEvent,
    IndexRule,
    IndexSource,
    SourceStatus,
    Tick,
    book_quote,
    publish_all,
)

PAGE = Path(__file__).parents[2] / "docs" / "index-and-mark.md"
SNIPPETS = 5
NEED_NO_DATA = (0, 1, 3)


def _snippets() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@cache
def _tables(folder: Path | None) -> dict[int, list[str]]:
    """Rows of each snippet; they build on one another, as a reader would run them.

    ``folder`` is PLIMSOLL_DATA, which the snippets read.
    """
    names: dict[str, Any] = {}
    tables = {}
    for place, snippet in enumerate(_snippets()):
        if folder is not None or place in NEED_NO_DATA:
            exec(snippet, names)
            tables[place] = names["rows"]
    return tables


def _missing(rows: list[str]) -> list[str]:
    return [row for row in rows if f"\n{row}\n" not in PAGE.read_text("utf-8")]


def test_the_page_has_its_snippets() -> None:
    assert len(_snippets()) == SNIPPETS


@pytest.mark.parametrize("place", NEED_NO_DATA)
def test_tables_without_data(place: int) -> None:
    rows = _tables(None)[place]
    assert len(rows) >= 4
    assert _missing(rows) == []


@pytest.mark.parametrize("place", [2, 4])
def test_tables_of_recorded_books(market_data_dir: Path, place: int) -> None:
    rows = _tables(market_data_dir)[place]
    assert len(rows) >= 4
    assert _missing(rows) == []


def test_the_linear_contract_leads_the_inverse_one_by_either_clock(market_data_dir: Path) -> None:
    """The interval of the lag lies above nought by receipt and by the venue's stamps."""
    rows = _tables(market_data_dir)[4]
    for row in rows[:2]:
        low, _ = re.search(r"\| (-?\d+) to (-?\d+) \|", row).groups()  # type: ignore[union-attr]
        assert int(low) > 0


def test_an_index_over_three_recorded_markets_stays_among_them(market_data_dir: Path) -> None:
    """Each second of six minutes: every venue's quotes as they came, one tick a second."""
    names = {"usdm_btcusdt": "linear", "cm_btcusd_perp": "inverse", "spot_btcusdt": "spot"}
    rule = IndexRule(sources=tuple(IndexSource(name=name) for name in names.values()))
    events = []
    for file, name in names.items():
        path = market_data_dir / "books" / f"hftbacktest_{file}_20240808.gz"
        (feed,) = read_books(path).feeds.values()
        quotes = feed.quotes
        for row in range(0, len(quotes), 20):
            stamp = int(quotes.exchange_ns[row])
            received, bid = int(quotes.time_ns[row]), float(quotes.bid_price[row])
            venue = stamp if stamp > 0 else None
            events.append(book_quote(name, received, bid, float(quotes.ask_price[row]), venue))
    first = max(min(e.received_ns for e in events if e.source == name) for name in names.values())
    last = max(event.received_ns for event in events)
    ticks = [Tick(at_ns=int(at)) for at in np.arange(first, last, 10**9)]
    timed: list[tuple[int, int, IndexEvent]] = [(e.received_ns, 0, e) for e in events]
    timed += [(tick.at_ns, 1, tick) for tick in ticks]
    run = publish_all(rule, [event for *_, event in sorted(timed, key=lambda one: one[:2])])
    assert len(run.values) > 340
    assert run.findings == ()
    for value in run.values:
        prices = [row.price for row in value.sources]
        assert {row.status for row in value.sources} == {SourceStatus.LIVE}
        assert value.price == sorted(prices)[1]
        assert value.confidence == 1.0
        assert max(prices) / min(prices) - 1.0 < 1e-3  # bases of 1 and 4 bps
