"""Bad messages of an index's feeds: impossible, crossed, from the future, late, twice."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from index_feeds import CALM, at, in_usdt, quotes, rule_of, run, value_of
from plimsoll.errors import UsageError
from plimsoll.marketdata.index import (
    CurrencyPrice,
    IndexFindingKind,
    IndexRule,
    IndexSource,
    SourceQuote,
    SourceStatus,
    Tick,
    book_quote,
)


@pytest.mark.parametrize("price", [math.nan, 0.0, -5.0, math.inf])
def test_an_impossible_price_takes_its_source_out_until_the_next_good_one(price: float) -> None:
    rule = rule_of(4)
    state = run(rule, quotes({**CALM, "d": 104.0}), quotes({"d": price}, 1))
    assert [f.kind for f in state.findings] == [IndexFindingKind.IMPOSSIBLE_PRICE]
    value = state.update(Tick(at_ns=at(1))).value
    assert value is not None
    assert (value.row("d").status, value.price) == (SourceStatus.INVALID, 101.0)
    value = run(
        rule, quotes({**CALM, "d": price}), quotes({"d": 104.0}, 1), Tick(at_ns=at(1))
    ).value
    assert value is not None
    assert value.price == 101.5


def test_crossed_wide_and_half_empty_books_are_no_price() -> None:
    sources = tuple(IndexSource(name=n, max_spread=0.01) for n in "abcdefg")
    rule = IndexRule(sources=sources, least_weight_share=0.4)
    books = [
        book_quote("d", at(0), 100.0, 100.0),
        book_quote("e", at(0), 100.0, 101.1),
        book_quote("f", at(0), -1.0, 100.0),
        book_quote("g", at(0), math.nan, 100.0),
    ]
    value = value_of(rule, quotes(CALM), books, Tick(at_ns=at(0)))
    wanted = [SourceStatus.CROSSED, SourceStatus.WIDE, SourceStatus.INVALID, SourceStatus.INVALID]
    assert [row.status for row in value.sources[3:]] == wanted
    assert value.price == 101.0


def test_a_stamp_from_the_future_is_not_believed() -> None:
    rule = rule_of(4)
    skewed = SourceQuote(source="d", received_ns=at(0), exchange_ns=at(2), price=104.0)
    assert (
        value_of(rule, quotes(CALM), skewed, Tick(at_ns=at(0))).row("d").status is SourceStatus.LIVE
    )
    ahead = replace(skewed, exchange_ns=at(2) + 1)
    state = run(rule, quotes(CALM), ahead)
    assert [f.kind for f in state.findings] == [IndexFindingKind.FUTURE_STAMP]
    value = state.update(Tick(at_ns=at(0))).value
    assert value is not None
    assert value.row("d").status is SourceStatus.FUTURE
    sane = state.update(quotes({"d": 104.0}, 1)[0]).update(Tick(at_ns=at(1))).value
    assert sane is not None
    assert sane.row("d").status is SourceStatus.LIVE


def test_a_future_stamp_does_not_make_a_price_younger() -> None:
    rule = rule_of(4)
    skewed = SourceQuote(source="d", received_ns=at(0), exchange_ns=at(2), price=104.0)
    value = value_of(rule, skewed, quotes(CALM, 11), Tick(at_ns=at(11)))
    assert value.row("d").status is SourceStatus.STALE


def test_messages_out_of_order_are_ignored_and_reported() -> None:
    rule = rule_of(3)
    old = SourceQuote(source="c", received_ns=at(2), exchange_ns=at(0.5), price=1.0)
    state = run(rule, quotes(CALM, 1), old)
    assert [f.kind for f in state.findings] == [IndexFindingKind.OUT_OF_ORDER]
    assert state.sources[2].price == 102.0
    # Received late in the stream, yet newer by its own stamp than what the source said before.
    late = SourceQuote(source="c", received_ns=at(0.9), exchange_ns=at(1.5), price=103.0)
    state = run(rule, quotes(CALM, 1), late)
    assert [f.kind for f in state.findings] == [IndexFindingKind.LATE_RECEIPT]
    assert state.sources[2].price == 103.0


def test_duplicates_are_harmless_and_conflicting_ones_reported() -> None:
    rule = rule_of(3)
    assert run(rule, quotes(CALM), quotes({"c": 102.0})).findings == ()
    state = run(rule, quotes(CALM), quotes({"c": 103.0}))
    assert [f.kind for f in state.findings] == [IndexFindingKind.CONFLICTING_DUPLICATE]
    assert state.sources[2].price == 103.0


def test_wrong_use_is_refused() -> None:
    state = run(rule_of(3), quotes(CALM, 5))
    with pytest.raises(UsageError, match="already heard of"):
        state.update(Tick(at_ns=at(4)))
    with pytest.raises(UsageError, match="must be a source of the index: a, b, c"):
        state.update(quotes({"z": 1.0})[0])
    with pytest.raises(UsageError, match="none but USD"):
        state.update(CurrencyPrice(currency="USDT", received_ns=at(6), usd=1.0))


def test_an_older_price_of_a_currency_changes_nothing() -> None:
    rule = in_usdt()
    newer = CurrencyPrice(currency="USDT", received_ns=at(5), usd=0.99)
    state = run(rule, newer, CurrencyPrice(currency="USDT", received_ns=at(4), usd=0.5))
    assert state.currencies == (newer,)
    assert [f.kind for f in state.findings] == [IndexFindingKind.LATE_RECEIPT]
