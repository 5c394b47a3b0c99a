"""What holds of an index whatever its sources say."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from index_feeds import SECOND_NS, at, published, quotes, rule_of, run
from plimsoll.marketdata.index import (
    IndexReason,
    IndexRule,
    IndexSource,
    IndexStatus,
    IndexValue,
    SourceQuote,
    Tick,
    compose,
    publish_all,
)

PRICES = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=9)
NEAR = st.lists(st.floats(90.0, 110.0), min_size=3, max_size=9)
FREE: dict[str, Any] = {"least_sources": 1, "least_weight_share": 0.0, "least_agreement": 0.0}
OPTIONS = st.fixed_dictionaries(
    {
        "aggregation": st.sampled_from(["median", "mean"]),
        "outlier_rule": st.sampled_from(["keep", "clamp", "zero_weight"]),
        "outlier_bound": st.sampled_from([0.0, 0.01, 0.05, 0.5]),
        "median_from_outliers": st.sampled_from([None, 1, 2]),
    }
)
MONOTONE = st.sampled_from(
    [
        {"outlier_rule": "keep"},
        {"outlier_rule": "clamp"},
        {"aggregation": "mean", "outlier_rule": "keep"},
        {"aggregation": "mean", "outlier_rule": "clamp"},
    ]
)


def _rule(weights: list[float], **fields: Any) -> IndexRule:
    pairs = zip("abcdefghi", weights, strict=False)
    sources = tuple(IndexSource(name=name, weight=weight) for name, weight in pairs)
    return IndexRule(sources=sources, **{**FREE, **fields})


@st.composite
def weighted(draw: st.DrawFn, prices: st.SearchStrategy[list[float]] = PRICES) -> Any:
    """Prices with a weight each, in 1 to 5."""
    values = draw(prices)
    count = len(values)
    weights = draw(st.lists(st.integers(1, 5).map(float), min_size=count, max_size=count))
    return values, weights


def _price(prices: list[float], rule: IndexRule) -> float:
    return compose(prices, [source.weight for source in rule.sources], rule).price


@given(weighted(), OPTIONS)
def test_the_index_lies_among_its_live_sources(sources: Any, options: Any) -> None:
    prices, weights = sources
    price = _price(prices, _rule(weights, **options))
    assert math.isnan(price) or min(prices) <= price <= max(prices)


@given(weighted(), OPTIONS, st.integers(-20, 20))
def test_the_unit_of_price_does_not_matter(sources: Any, options: Any, power: int) -> None:
    """Powers of two scale floats exactly, so equality is to the bit."""
    prices, weights = sources
    rule = _rule(weights, **options)
    price = _price([p * 2.0**power for p in prices], rule)
    expected = _price(prices, rule) * 2.0**power
    assert price == expected or (math.isnan(price) and math.isnan(expected))


@given(weighted(), OPTIONS, st.randoms(use_true_random=False))
def test_the_order_of_sources_decides_no_bit(sources: Any, options: Any, random: Any) -> None:
    pairs = list(zip(*sources, strict=True))
    shuffled = random.sample(pairs, len(pairs))
    found = [
        _price([p for p, _ in order], _rule([w for _, w in order], **options))
        for order in (pairs, shuffled)
    ]
    assert found[0] == found[1] or all(math.isnan(price) for price in found)


@given(weighted(), MONOTONE, st.data(), st.floats(1.0, 100.0))
def test_no_price_that_rises_lowers_the_index(
    sources: Any, options: Any, data: st.DataObject, factor: float
) -> None:
    prices, weights = sources
    place = data.draw(st.integers(0, len(prices) - 1))
    rule = _rule(weights, **options)
    raised = [p * factor if n == place else p for n, p in enumerate(prices)]
    # A clamped or plain mean is a sum: it may round by a few units in the last place.
    assert _price(raised, rule) >= _price(prices, rule) * (1.0 - 1e-14)


def test_leaving_outliers_out_is_not_monotone() -> None:
    """A source that rises past the bound leaves, and the mean falls."""
    rule = _rule([1.0] * 3, aggregation="mean", outlier_rule="zero_weight")
    assert _price([100.0, 100.0, 106.0], rule) < _price([100.0, 100.0, 104.0], rule)


@given(NEAR, st.data(), st.floats(1e-6, 1e9))
def test_one_wild_source_moves_a_median_to_its_neighbour_at_most(
    prices: list[float], data: st.DataObject, wild: float
) -> None:
    place = data.draw(st.integers(0, len(prices) - 1))
    rule = _rule([1.0] * len(prices), outlier_rule="keep")
    after = _price([wild if n == place else p for n, p in enumerate(prices)], rule)
    order, half = sorted(prices), len(prices) // 2
    if len(prices) % 2:
        low, high = order[half - 1], order[half + 1]
    else:  # the median is the mean of two: either may become its neighbour
        low, high = (0.5 * (order[k] + order[k + 1]) for k in (half - 2, half))
    assert low * (1.0 - 1e-15) <= after <= high * (1.0 + 1e-15)
    others = [p for n, p in enumerate(prices) if n != place]
    assert min(others) <= after <= max(others)


@given(weighted(NEAR), st.data())
def test_a_stale_source_is_as_if_it_were_not_there(sources: Any, data: st.DataObject) -> None:
    prices, weights = sources
    stale = data.draw(st.integers(0, len(prices) - 1))
    rule = _rule(weights, least_agreement=0.0)
    named = dict(zip((s.name for s in rule.sources), prices, strict=True))
    gone = rule.sources[stale].name
    rest = {name: price for name, price in named.items() if name != gone}
    events = [*quotes({gone: named[gone]}, 0), *quotes(rest, 11), Tick(at_ns=at(11))]
    value = run(rule, events).value
    assert value is not None
    without = replace(rule, sources=tuple(s for s in rule.sources if s.name != gone))
    assert value.price == published(without, rest).price
    assert value.row(gone).weight == 0.0


@given(weighted(NEAR), OPTIONS)
def test_a_live_price_has_sources_and_a_frozen_one_a_reason(sources: Any, options: Any) -> None:
    prices, weights = sources
    rule = _rule(
        weights, **{**options, "least_agreement": 0.5, "least_sources": min(3, len(prices))}
    )
    value = published(rule, dict(zip((s.name for s in rule.sources), prices, strict=True)))
    assert value.status.is_live == (value.reason is IndexReason.NONE)
    assert value.status.is_live == math.isfinite(value.price)
    assert 0.0 <= value.confidence <= 1.0


ANY_PRICE = st.one_of(st.floats(allow_nan=True), st.floats(1.0, 2.0))


@st.composite
def messy_stream(draw: st.DrawFn) -> list[Any]:
    """Quotes of any number at any stamp, in and out of order, with ticks between."""
    events: list[Any] = []
    clock = 0.0
    for _ in range(draw(st.integers(1, 40))):
        clock += draw(st.sampled_from([0.0, 0.1, 1.0, 8.0]))
        late = draw(st.sampled_from([0.0, 0.0, 0.3]))
        skew = draw(st.sampled_from([0.0, 0.0, -1.0, -20.0, 1.0, 5.0]))
        bid, ask = draw(st.sampled_from([(math.nan, math.nan), (1.0, 1.1), (1.2, 1.1), (0.0, 1.0)]))
        events.append(
            SourceQuote(
                source=draw(st.sampled_from("abcd")),
                received_ns=at(clock - late),
                exchange_ns=at(clock - late + skew),
                price=draw(ANY_PRICE),
                bid=bid,
                ask=ask,
            )
        )
        if draw(st.booleans()):
            events.append(Tick(at_ns=at(clock)))
    return events


@given(messy_stream(), OPTIONS)
def test_no_message_breaks_the_stream(events: list[Any], options: Any) -> None:
    rule = rule_of(4, least_sources=2, max_move=0.5, least_weight_share=0.0, **options)
    run_ = publish_all(rule, events)
    assert len(run_.values) == sum(isinstance(event, Tick) for event in events)
    for value in run_.values:
        _check(value)


def _check(value: IndexValue) -> None:
    live = [row.price for row in value.sources if row.status.is_live]
    assert all(math.isfinite(price) and price > 0.0 for price in live)
    if value.status is IndexStatus.LIVE:
        assert min(live) <= value.price <= max(live)
    if value.status is IndexStatus.EMPTY:
        assert math.isnan(value.price)
    else:
        assert math.isfinite(value.price)
    for row in value.sources:
        assert (row.weight > 0.0) == row.status.has_weight
        if row.status.is_live:
            assert 0 <= row.age_ns <= 10 * SECOND_NS


@given(messy_stream())
def test_the_batch_is_the_stream_to_the_bit(events: list[Any]) -> None:
    rule = rule_of(4, least_sources=2, max_move=0.01, least_weight_share=0.0)
    assume(len(events) > 1)
    half = len(events) // 2
    whole = publish_all(rule, events)
    state = publish_all(rule, events[:half]).state
    for event in events[half:]:
        state = state.update(event)
    assert repr(state) == repr(whole.state)  # NaN compares by its text
