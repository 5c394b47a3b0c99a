"""Planted feeds of known bad prints: the index stays, follows the true price, or freezes.

The feeds are synthetic, built from published facts (`plimsoll.marketdata.index.incidents`). What
the plain mean of the same feeds, and the wrong source alone, would have said is worked out by hand.
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from index_feeds import at, quotes, rule_of, run
from plimsoll.errors import UsageError
from plimsoll.marketdata.index import (
    INCIDENTS,
    IncidentReplay,
    IndexReason,
    IndexRule,
    IndexStatus,
    MarkInputs,
    MarkReason,
    MarkStatus,
    OracleMark,
    OutlierRule,
    PlantedIncident,
    PremiumMark,
    SourceStatus,
    Tick,
    incident,
    incident_events,
    incident_rule,
    mark_all,
    plain_mean_rule,
    replay_incident,
)
from plimsoll.marketdata.index.incidents import WRONG, price_at

SECOND_NS = 1_000_000_000
NAMES = [one.name for one in INCIDENTS]
FOLLOWS = [one.name for one in INCIDENTS if not one.pauses]


def test_the_library_is_that_of_the_cross_venue_defence() -> None:
    assert NAMES == ["E02", "E03", "E09", "E10", "E22", "E23c"]
    with pytest.raises(UsageError, match="E23c"):
        incident("E04")


@pytest.mark.parametrize("rule", list(OutlierRule))
@pytest.mark.parametrize("live", [3, 4, 5, 7])
@pytest.mark.parametrize("name", FOLLOWS)
def test_with_three_live_sources_a_bad_print_moves_the_index_by_less_than_3_per_cent(
    name: str, live: int, rule: OutlierRule
) -> None:
    one = incident(name)
    replay = replay_incident(
        one, incident_rule(live, outlier_rule=rule), incident_events(one, live)
    )
    assert replay.largest_gap < 0.03
    assert replay.largest_gap < 1e-3  # the honest sources are 2 bp apart
    assert replay.reasons == ()


@pytest.mark.parametrize("name", NAMES)
def test_with_fewer_it_freezes_with_a_reason(name: str) -> None:
    one = incident(name)
    replay = replay_incident(one, incident_rule(3), incident_events(one, 3, silent=1))
    assert replay.reasons == (IndexReason.TOO_FEW_SOURCES,)
    assert replay.frozen_share == 1.0
    frozen = [value for value in replay.values if value.status is IndexStatus.FROZEN]
    assert len({value.price for value in frozen}) == 1
    assert frozen[-1].price == pytest.approx(price_at(one.true, -1), rel=1e-3)
    assert frozen[-1].age_ns > 60 * SECOND_NS
    assert frozen[-1].confidence < 0.5
    assert replay.largest_gap < 1e-3


@pytest.mark.parametrize(
    ("name", "live", "expected"),
    [
        ("E02", 2, 0.09),  # half of 18 %
        ("E03", 7, 1 - 84.4 / 98.0),  # to -15.6 % where the spot fell by 2 %
        ("E09", 3, (1 - 8200 / 64247.5) / 3),
        ("E10", 3, (10.7 - 1) / 3),  # shown 10.7 times what it was worth
        ("E22", 3, (1.80 / 0.55 - 1) / 3),
        ("E23c", 3, (1 - 0.65 / 0.90) / 3),
    ],
)
def test_the_plain_mean_would_have_followed(name: str, live: int, expected: float) -> None:
    one = incident(name)
    replay = replay_incident(one, plain_mean_rule(live), incident_events(one, live))
    # Honest sources stand up to 2 bp off the true price, and E03's true price moves meanwhile.
    assert replay.largest_gap == pytest.approx(expected, abs=5e-3)
    assert replay.largest_gap > 0.03


@pytest.mark.parametrize("name", NAMES)
def test_the_wrong_source_alone_would_have_said_the_bad_price(name: str) -> None:
    one = incident(name)
    replay = replay_incident(one, _wrong_alone(one), incident_events(one, 3))
    assert replay.largest_gap > 0.17


def _wrong_alone(one: PlantedIncident) -> IndexRule:
    """The rule in which only the wrong source counts: its weight is all there is."""
    rule = plain_mean_rule(3)
    heavy = replace(rule.sources[0], weight=1e12)
    return replace(rule, sources=(heavy, *rule.sources[1:]))


def _paused(live: int, *, restamped: bool) -> IncidentReplay:
    one = incident("E10")
    rule = incident_rule(live)
    if restamped:
        limited = replace(rule.sources[0], max_unchanged_ns=30 * SECOND_NS)
        rule = replace(rule, sources=(limited, *rule.sources[1:]))
    return replay_incident(one, rule, incident_events(one, live, restamped=restamped))


@pytest.mark.parametrize("restamped", [False, True])
def test_e10_a_paused_feed_is_dropped_and_the_index_follows_the_market(restamped: bool) -> None:
    one = incident("E10")
    replay = _paused(4, restamped=restamped)
    assert replay.largest_gap < 1e-3
    assert replay.reasons == ()
    late = [value for value in replay.values if value.at_ns >= 1_000_031 * SECOND_NS]
    expected = SourceStatus.UNCHANGED if restamped else SourceStatus.STALE
    assert {value.row(WRONG).status for value in late} == {expected}
    assert {value.row(WRONG).weight for value in late} == {0.0}
    assert replay.values[-1].price == pytest.approx(one.true[-1][1], rel=1e-3)
    assert not any(v.status.is_live and abs(v.price - 0.107) < 5e-4 for v in late)


def test_e10_with_two_others_the_index_freezes_and_never_calls_0_107_live() -> None:
    replay = _paused(3, restamped=False)
    frozen = [value for value in replay.values if not value.status.is_live]
    assert replay.reasons == (IndexReason.TOO_FEW_SOURCES,)
    # Ten seconds of limit after the pause, then frozen to the end.
    assert frozen[0].at_ns == 1_000_011 * SECOND_NS
    assert all(value.row(WRONG).weight == 0.0 for value in frozen)
    assert all(math.isnan(value.live_price) for value in frozen)


def test_e22_a_market_before_its_launch_has_no_index_and_marks_nothing_by_itself() -> None:
    """One source where three are asked for: empty from the start, and the mark with it."""
    one = incident("E22")
    rule = rule_of(("own", "x", "y", "z"))
    for second in range(0, 181, 30):
        own = price_at(one.wrong, second)
        value = run(rule, quotes({"own": own}, second), Tick(at_ns=at(second))).value
        assert value is not None
        assert (value.status, value.reason) == (IndexStatus.EMPTY, IndexReason.TOO_FEW_SOURCES)
    inputs = [
        MarkInputs(
            at_ns=at(second),
            bid=price_at(one.wrong, second) * 0.999,
            ask=price_at(one.wrong, second) * 1.001,
            last=price_at(one.wrong, second),
        )
        for second in range(240)
    ]
    marks = mark_all(OracleMark(), inputs)
    assert {mark.reason for mark in marks} == {MarkReason.ONLY_OWN_MARKET}
    assert {mark.status for mark in marks} == {MarkStatus.EMPTY}
    # What happened: the market marked itself, to 1.80.
    itself = mark_all(OracleMark(may_mark_itself=True), inputs)
    assert itself[-1].price == pytest.approx(1.80)


def test_e22_a_mean_premium_without_a_bound_follows_the_own_market_even_beside_an_index() -> None:
    """Two of the oracle rule's three prices hold the own mid; only a clamp stops them.

    The premium rises in a line for 180 s and stays for 59: its mean is that of a line under
    ``exp(-age / 150)`` weights, so the "oracle" price is the median of 0.55, it, and 1.80.
    """
    own = [price_at(incident("E22").wrong, second) for second in range(240)]
    inputs = [
        MarkInputs(at_ns=at(second), bid=p * 0.999, ask=p * 1.001, last=p, index=0.55, perps=0.55)
        for second, p in enumerate(own)
    ]
    weights = [math.exp(-(239 - second) / 150.0) for second in range(1, 240)]
    products = (w * (p - 0.55) for w, p in zip(weights, own[1:], strict=True))
    expected = 0.55 + math.fsum(products) / math.fsum(weights)
    assert mark_all(OracleMark(), inputs)[-1].price == pytest.approx(expected, rel=1e-12)
    assert expected > 1.5
    assert mark_all(PremiumMark(), inputs)[-1].price == pytest.approx(0.55 * 1.02, rel=1e-12)
