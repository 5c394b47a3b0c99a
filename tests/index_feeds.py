"""Feeds of an index made by hand: equal sources, quoted and published second by second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plimsoll.marketdata.index import (
    IndexEvent,
    IndexRule,
    IndexSource,
    IndexState,
    IndexValue,
    SourceQuote,
    Tick,
    start_index,
)

SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS
CALM = {"a": 100.0, "b": 101.0, "c": 102.0}


def at(second: float) -> int:
    """Nanoseconds of a second of the feed."""
    return START_NS + round(second * SECOND_NS)


def rule_of(names: Sequence[str] | int, **fields: Any) -> IndexRule:
    """A rule over equal sources, named by letters where only their number is given."""
    letters = "abcdefghijkl"[:names] if isinstance(names, int) else names
    return IndexRule(sources=tuple(IndexSource(name=name) for name in letters), **fields)


def quotes(prices: Mapping[str, float], second: float = 0.0) -> list[IndexEvent]:
    """One quote of each source at one second, stamped when received."""
    return [
        SourceQuote(source=name, received_ns=at(second), exchange_ns=at(second), price=price)
        for name, price in prices.items()
    ]


def run(rule: IndexRule, *events: IndexEvent | Sequence[IndexEvent]) -> IndexState:
    """State after events, or lists of them."""
    state = start_index(rule)
    for one in events:
        for event in one if isinstance(one, Sequence) else (one,):
            state = state.update(event)
    return state


def in_usdt(**fields: Any) -> IndexRule:
    """A rule over a, b, c, quoted in USDT, and d in USD."""
    sources = tuple(IndexSource(name=name, quote_currency="USDT") for name in "abc")
    return IndexRule(sources=(*sources, IndexSource(name="d")), **fields)


def value_of(rule: IndexRule, *events: IndexEvent | Sequence[IndexEvent]) -> IndexValue:
    """The last publication after events, or lists of them."""
    value = run(rule, *events).value
    assert value is not None
    return value


def published(
    rule: IndexRule, prices: Mapping[str, float], second: float = 0.0, tick: float | None = None
) -> IndexValue:
    """What is published of one quote of each source."""
    moment = second if tick is None else tick
    return value_of(rule, quotes(prices, second), Tick(at_ns=at(moment)))
