"""The index over its stream: weights, quorum, staleness, clamps, currencies, speed, bad data."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from index_feeds import CALM, SECOND_NS, at, in_usdt, published, quotes, rule_of, run, value_of
from plimsoll.errors import ParameterError, UsageError
from plimsoll.marketdata.index import (
    Aggregation,
    CurrencyPrice,
    DepegRule,
    IndexFindingKind,
    IndexReason,
    IndexRule,
    IndexSource,
    IndexStatus,
    OutlierRule,
    SourceQuote,
    SourceStatus,
    Tick,
    book_quote,
    publish_all,
    start_index,
    weighted_median,
)


def test_weighted_median_by_hand() -> None:
    # Half of 9 is 4.5: weights in order of price 1 (1), 2 (3), 4 (5) reach it at 4.
    assert weighted_median([4.0, 1.0, 2.0], [5.0, 1.0, 3.0]) == 4.0
    # 1 + 3 = 4 is exactly half of 8: the mean of both neighbours.
    assert weighted_median([4.0, 1.0, 2.0], [4.0, 1.0, 3.0]) == 3.0
    assert weighted_median([7.0], [0.1]) == 7.0


def test_weights_of_an_oracle_with_eight_sources() -> None:
    """Weights 3, 2, 2, 1, 1, 1, 1, 1: half of 12 lies between the sixth and the seventh unit."""
    names = ("binance", "okx", "bybit", "kraken", "kucoin", "gate", "mexc", "own")
    weights = (3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    prices = (100.3, 100.1, 100.4, 99.9, 100.0, 100.2, 100.6, 100.5)
    rule = IndexRule(
        sources=tuple(IndexSource(name=n, weight=w) for n, w in zip(names, weights, strict=True))
    )
    # By price: kraken 1, kucoin 2, okx 4, gate 5, binance 8: six units are reached at binance.
    assert published(rule, dict(zip(names, prices, strict=True))).price == 100.3


def test_the_table_of_sources_says_what_each_was() -> None:
    rule = rule_of(6, least_sources=2, least_weight_share=0.0)
    value = value_of(
        rule,
        quotes({"a": 100.0}, -20),
        quotes({"b": 100.0, "c": 101.0, "d": 200.0}),
        book_quote("e", at(0), 101.0, 100.0),
        Tick(at_ns=at(0)),
    )
    statuses = {row.source: row.status for row in value.sources}
    assert statuses == {
        "a": SourceStatus.STALE,
        "b": SourceStatus.LIVE,
        "c": SourceStatus.LIVE,
        "d": SourceStatus.CLAMPED,
        "e": SourceStatus.CROSSED,
        "f": SourceStatus.MISSING,
    }
    assert [row.weight for row in value.sources] == [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert value.row("a").age_ns == 20 * SECOND_NS
    assert value.row("f").age_ns == -1
    assert value.row("d").distance == pytest.approx(200.0 / 101.0 - 1.0, rel=1e-12)
    assert (value.live_sources, value.live_weight) == (3, 3.0)
    assert value.confidence == pytest.approx(2.0 / 6.0)
    assert value.half_width == pytest.approx(1.0 / 101.0, rel=1e-12)  # of 0, 1/101 and 99/101


@pytest.mark.parametrize(
    ("age_ns", "is_live"), [(10 * SECOND_NS, True), (10 * SECOND_NS + 1, False)]
)
def test_a_source_exactly_at_its_limit_counts_and_one_past_it_has_no_weight(
    age_ns: int, is_live: bool
) -> None:
    rule = rule_of(4)
    late = SourceQuote(source="d", received_ns=at(0), exchange_ns=at(10) - age_ns, price=104.0)
    value = value_of(rule, late, quotes(CALM, 10), Tick(at_ns=at(10)))
    assert value.row("d").status is (SourceStatus.LIVE if is_live else SourceStatus.STALE)
    assert value.row("d").weight == (1.0 if is_live else 0.0)
    assert value.price == (101.5 if is_live else 101.0)


def test_age_runs_from_the_stamp_even_where_it_was_received_just_now() -> None:
    """A paused feed that is fetched again and again says when its price is of."""
    paused = SourceQuote(source="d", received_ns=at(99), exchange_ns=at(0), price=104.0)
    state = run(rule_of(4), paused)
    assert [f.kind for f in state.findings] == [IndexFindingKind.ALREADY_STALE]
    value = value_of(rule_of(4), paused, quotes(CALM, 99), Tick(at_ns=at(99)))
    assert value.row("d").status is SourceStatus.STALE


def test_a_price_repeated_under_new_stamps_for_too_long_is_no_price() -> None:
    sources = tuple(IndexSource(name=n, max_unchanged_ns=30 * SECOND_NS) for n in "abcd")
    rule = IndexRule(sources=sources)
    state = start_index(rule)
    for second in range(40):
        moving = {name: price + 0.01 * second for name, price in CALM.items()}
        for event in (*quotes({**moving, "d": 104.0}, second), Tick(at_ns=at(second))):
            state = state.update(event)
        assert state.value is not None
        expected = SourceStatus.LIVE if second <= 30 else SourceStatus.UNCHANGED
        assert state.value.row("d").status is expected


def test_too_few_sources_freeze_the_last_good_price_with_its_age() -> None:
    rule = rule_of(3)
    events: list[Any] = [
        quotes(CALM),
        Tick(at_ns=at(1)),
        quotes({"a": 90.0, "b": 91.0}, 15),
        Tick(at_ns=at(16)),
    ]
    value = value_of(rule, *events)
    assert (value.price, value.status) == (101.0, IndexStatus.FROZEN)
    assert value.reason is IndexReason.TOO_FEW_SOURCES
    assert value.age_ns == 15 * SECOND_NS
    assert math.isnan(value.live_price)
    assert math.isnan(value.composed)
    # Confidence 1 at the last good price, halved every 60 s.
    assert value.confidence == pytest.approx(2.0**-0.25, rel=1e-12)
    back = value_of(rule, *events, quotes({"c": 90.5}, 16), Tick(at_ns=at(17)))
    assert (back.price, back.status, back.age_ns) == (90.5, IndexStatus.LIVE, 0)


def test_an_index_that_never_was_good_is_empty() -> None:
    value = published(rule_of(3), {"a": 100.0, "b": 100.0})
    assert (value.status, value.reason) == (IndexStatus.EMPTY, IndexReason.TOO_FEW_SOURCES)
    assert math.isnan(value.price)
    assert (value.age_ns, value.confidence) == (-1, 0.0)


def test_no_source_at_all_and_all_stale() -> None:
    value = value_of(rule_of(3), Tick(at_ns=at(0)))
    assert (value.status, value.reason) == (IndexStatus.EMPTY, IndexReason.NO_LIVE_SOURCE)
    value = value_of(rule_of(3), quotes(CALM), Tick(at_ns=at(1)), Tick(at_ns=at(100)))
    assert (value.status, value.reason) == (IndexStatus.FROZEN, IndexReason.NO_LIVE_SOURCE)
    assert value.price == 101.0


def test_too_little_weight_freezes() -> None:
    heavy = (IndexSource(name="heavy", weight=7.0), *rule_of(3).sources)
    rule = IndexRule(sources=heavy)
    assert published(rule, CALM).reason is IndexReason.TOO_LITTLE_WEIGHT
    assert published(replace(rule, least_weight_share=0.3), CALM).price == 101.0


def test_without_agreement_nobody_is_right() -> None:
    apart = {"a": 100.0, "b": 100.0, "c": 200.0, "d": 200.0}
    assert published(rule_of(4), apart).reason is IndexReason.NO_CONSENSUS
    assert published(rule_of(4, least_agreement=0.0), apart).price == 150.0
    scattered = {"a": 100.0, "b": 120.0, "c": 150.0}
    assert published(rule_of(3), scattered).reason is IndexReason.NO_CONSENSUS


def test_outliers_are_kept_clamped_or_left_out() -> None:
    wild = {"a": 100.0, "b": 101.0, "c": 102.0, "d": 1000.0}
    # Median 101.5, bound 5 %: d counts at 106.575, or not at all.
    expected = {
        (Aggregation.MEDIAN, OutlierRule.KEEP): 101.5,
        (Aggregation.MEDIAN, OutlierRule.CLAMP): 101.5,
        (Aggregation.MEDIAN, OutlierRule.ZERO_WEIGHT): 101.0,
        (Aggregation.MEAN, OutlierRule.KEEP): 1303.0 / 4.0,
        (Aggregation.MEAN, OutlierRule.CLAMP): (303.0 + 106.575) / 4.0,
        (Aggregation.MEAN, OutlierRule.ZERO_WEIGHT): 101.0,
    }
    for (aggregation, outliers), price in expected.items():
        rule = rule_of(4, aggregation=aggregation, outlier_rule=outliers)
        assert published(rule, wild).price == pytest.approx(price, rel=1e-14)
    rule = rule_of(4, outlier_rule="zero_weight")
    assert published(rule, wild).row("d").status is SourceStatus.OUTLIER
    assert published(rule, wild).row("d").weight == 0.0
    assert published(rule, wild).live_sources == 4


def test_the_older_binance_rule_takes_the_median_from_two_outliers_on() -> None:
    """One source over 5 % off the median leaves the mean; with more, the median is taken."""
    rule = rule_of(
        5,
        aggregation="mean",
        outlier_rule="zero_weight",
        median_from_outliers=2,
        least_agreement=0.0,
    )
    one = {"a": 100.0, "b": 100.2, "c": 101.0, "d": 101.4, "e": 110.0}
    assert published(rule, one).price == pytest.approx(
        (100.0 + 100.2 + 101.0 + 101.4) / 4, rel=1e-14
    )
    two = {**one, "d": 120.0}
    assert published(rule, two).price == 100.2  # of 100, 100.2, 101


def test_exactly_at_the_bound_is_inside() -> None:
    rule = rule_of(3, outlier_bound=0.5)
    value = published(rule, {"a": 1.0, "b": 2.0, "c": 3.0})
    assert [row.status for row in value.sources] == [SourceStatus.LIVE] * 3
    value = published(rule, {"a": 1.0, "b": 2.0, "c": 3.0000001})
    assert value.row("c").status is SourceStatus.CLAMPED


def test_a_stablecoin_off_its_peg_moves_its_quotes_not_the_index() -> None:
    """BTC stays 100 USD; at 0.95 USD a USDT, venues in USDT show 105.26."""
    rule = in_usdt()
    before = CurrencyPrice(currency="USDT", received_ns=at(0), usd=1.0)
    after = CurrencyPrice(currency="USDT", received_ns=at(5), usd=0.95)
    value = value_of(rule, before, quotes(dict.fromkeys("abcd", 100.0)), Tick(at_ns=at(0)))
    assert value.price == 100.0
    depegged = {**dict.fromkeys("abc", 100.0 / 0.95), "d": 100.0}
    value = value_of(rule, after, quotes(depegged, 5), Tick(at_ns=at(5)))
    assert value.price == pytest.approx(100.0, rel=1e-14)
    # What taking the coin for a dollar would have said.
    at_par = CurrencyPrice(currency="USDT", received_ns=at(5), usd=1.0)
    naive = value_of(rule, at_par, quotes(depegged, 5), Tick(at_ns=at(5)))
    assert naive.price == pytest.approx(105.263, abs=1e-3)


def test_sources_in_a_depegged_currency_can_be_left_out() -> None:
    rule = in_usdt(depeg_rule=DepegRule.EXCLUDE, least_sources=1, least_weight_share=0.0)
    rate = CurrencyPrice(currency="USDT", received_ns=at(0), usd=0.95)
    value = value_of(rule, rate, quotes(dict.fromkeys("abcd", 100.0)), Tick(at_ns=at(0)))
    assert [row.status for row in value.sources[:3]] == [SourceStatus.DEPEGGED] * 3
    assert value.price == 100.0


@pytest.mark.parametrize(
    "rate",
    [
        None,
        CurrencyPrice(currency="USDT", received_ns=at(-61), usd=1.0),
        CurrencyPrice(currency="USDT", received_ns=at(0), usd=math.nan),
        CurrencyPrice(currency="USDT", received_ns=at(0), usd=0.0),
    ],
)
def test_without_a_fresh_price_of_the_currency_its_sources_have_none(
    rate: CurrencyPrice | None,
) -> None:
    events: list[Any] = [] if rate is None else [rate]
    value = value_of(in_usdt(), *events, quotes(dict.fromkeys("abcd", 100.0)), Tick(at_ns=at(0)))
    assert [row.status for row in value.sources[:3]] == [SourceStatus.UNPRICED] * 3
    assert value.reason is IndexReason.TOO_FEW_SOURCES


def test_a_currency_price_exactly_at_its_limit_counts() -> None:
    rate = CurrencyPrice(currency="USDT", received_ns=at(-60), usd=1.0)
    value = value_of(in_usdt(), rate, quotes(dict.fromkeys("abcd", 100.0)), Tick(at_ns=at(0)))
    assert value.status is IndexStatus.LIVE


def test_the_limit_of_speed_holds_a_jump_and_lets_it_through_in_time() -> None:
    rule = rule_of(3, max_move=0.01)
    state = run(rule, quotes(CALM), Tick(at_ns=at(0)))
    seen = []
    for second in range(1, 8):
        jumped = quotes(dict.fromkeys("abc", 106.0), second)
        for event in (*jumped, Tick(at_ns=at(second))):
            state = state.update(event)
        assert state.value is not None
        assert state.value.composed == 106.0
        seen.append((state.value.price, state.value.status))
    expected = [min(101.0 * 1.01**n, 106.0) for n in range(1, 8)]
    assert [price for price, _ in seen] == pytest.approx(expected, rel=1e-14)
    assert [status for _, status in seen] == [IndexStatus.LIMITED] * 4 + [IndexStatus.LIVE] * 3


def test_more_ticks_make_no_faster_index() -> None:
    rule = rule_of(3, max_move=0.01)
    events: list[Any] = [quotes(CALM), Tick(at_ns=at(0)), quotes(dict.fromkeys("abc", 200.0), 0.5)]
    often = [Tick(at_ns=at(0.5 + n / 100.0)) for n in range(51)]
    assert value_of(rule, *events, often).price == pytest.approx(101.0 * 1.01, rel=1e-12)


def test_a_limit_without_an_end_of_catching_up_lets_anything_through_after_long() -> None:
    rule = rule_of(3, max_move=0.5, catch_up_intervals=math.inf)
    events: list[Any] = [quotes(CALM), Tick(at_ns=at(0)), quotes(dict.fromkeys("abc", 1e9), 1e6)]
    assert value_of(rule, *events, Tick(at_ns=at(1e6))).price == 1e9


def test_a_freeze_is_caught_up_with_by_a_stated_number_of_steps() -> None:
    rule = rule_of(3, max_move=0.01, catch_up_intervals=5.0)
    events: list[Any] = [quotes(CALM), Tick(at_ns=at(0)), quotes(dict.fromkeys("abc", 50.0), 600)]
    assert value_of(rule, *events, Tick(at_ns=at(600))).price == pytest.approx(101.0 / 1.01**5)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"sources": ()}, "sources"),
        ({"sources": (IndexSource(name="a"),) * 2}, "sources"),
        ({"least_sources": 4}, "least_sources"),
        ({"least_sources": 0}, "least_sources"),
        ({"outlier_bound": math.nan}, "outlier_bound"),
        ({"max_move": 0.0}, "max_move"),
        ({"max_move": math.inf}, "max_move"),
        ({"median_from_outliers": 0}, "median_from_outliers"),
        ({"aggregation": "mode"}, "aggregation"),
    ],
)
def test_rules_that_cannot_be_are_refused(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(UsageError) as error:
        replace(rule_of(3), **fields)
    assert error.value.field == field


@pytest.mark.parametrize("fields", [{"weight": 0.0}, {"weight": math.nan}, {"max_age_ns": -1}])
def test_sources_that_cannot_be_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        IndexSource(name="a", **fields)


def test_the_batch_is_the_stream() -> None:
    rule = rule_of(3, max_move=0.002)
    events = [
        event
        for second in range(60)
        for event in (
            *quotes({n: p * (1 + 0.01 * math.sin(second)) for n, p in CALM.items()}, second),
            Tick(at_ns=at(second)),
        )
    ]
    batch = publish_all(rule, events)
    state, streamed = start_index(rule), []
    for event in events:
        state = state.update(event)
        if isinstance(event, Tick):
            streamed.append(state.value)
    assert batch.values == tuple(streamed)
    assert batch.state == state
    halfway = publish_all(rule, events[:101]).state
    for event in events[101:]:
        halfway = halfway.update(event)
    assert halfway == state
