"""Marks: formulas by hand, cold starts, what is missing or stale, and the stream."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from index_feeds import SECOND_NS, at
from plimsoll.errors import ParameterError, UsageError
from plimsoll.marketdata.index import (
    BasisMark,
    InputStatus,
    MarkInputs,
    MarkReason,
    MarkStatus,
    MarkValue,
    OracleMark,
    PremiumMark,
    SpacedSamples,
    TimeDecayedEma,
    mark_all,
    start_mark,
)

RULES = (OracleMark(), BasisMark(), PremiumMark())
WHOLE = MarkInputs(
    at_ns=at(0),
    index=100.0,
    perps=100.3,
    bid=100.1,
    ask=100.3,
    last=100.4,
    funding_rate=0.001,
    next_funding_ns=at(4 * 3600),
)


def _stream(seconds: int, **changes: Any) -> list[MarkInputs]:
    """The same inputs second by second."""
    return [
        replace(WHOLE, at_ns=at(n), next_funding_ns=at(n + 4 * 3600), **changes)
        for n in range(seconds)
    ]


def _last(rule: Any, inputs: list[MarkInputs]) -> MarkValue:
    return mark_all(rule, inputs)[-1]


def test_decayed_mean_is_the_sum_it_stands_for() -> None:
    """At irregular times: each sample weighs its own step, times exp(-age / tau)."""
    times, samples = [0.0, 1.0, 1.5, 4.0, 10.0], [9.0, 1.0, -2.0, 0.5, 3.0]
    ema = TimeDecayedEma(time_constant_seconds=5.0)
    for second, sample in zip(times, samples, strict=True):
        ema = ema.update(at(second), sample)
    steps = [b - a for a, b in pairwise(times)]
    weights = [s * math.exp(-(10.0 - t) / 5.0) for s, t in zip(steps, times[1:], strict=True)]
    products = (w * x for w, x in zip(weights, samples[1:], strict=True))
    assert ema.mean == pytest.approx(math.fsum(products) / math.fsum(weights), rel=1e-14)
    assert ema.denominator == pytest.approx(math.fsum(weights), rel=1e-14)


def test_a_hole_gives_the_next_sample_all_the_weight_unless_its_step_is_bounded() -> None:
    plain = TimeDecayedEma(time_constant_seconds=150.0)
    bounded = TimeDecayedEma(time_constant_seconds=150.0, longest_step_seconds=5.0)
    for second in range(600):
        plain, bounded = plain.update(at(second), 0.0), bounded.update(at(second), 0.0)
    plain, bounded = plain.update(at(1199), 1.0), bounded.update(at(1199), 1.0)
    # Memory of 150 s shrinks by exp(-4) to 2.7 s; the print after ten minutes weighs 600, or 5.
    assert plain.mean == pytest.approx(600.0 / (600.0 + 150.0 * math.exp(-4.0)), abs=1e-3)
    assert bounded.mean == pytest.approx(5.0 / (5.0 + 150.0 * math.exp(-4.0)), abs=5e-3)


def test_means_refuse_what_is_no_sample() -> None:
    ema = TimeDecayedEma(time_constant_seconds=5.0).update(at(1), 1.0)
    assert math.isnan(ema.mean)  # a first sample only starts the clock
    assert math.isnan(ema.update(at(1), 7.0).mean)
    with pytest.raises(UsageError, match="finite"):
        ema.update(at(2), math.nan)
    with pytest.raises(UsageError, match="before the last sample"):
        ema.update(at(0), 1.0)
    with pytest.raises(ParameterError):
        TimeDecayedEma(time_constant_seconds=0.0)
    with pytest.raises(ParameterError):
        SpacedSamples(most=0, interval_seconds=1.0)
    with pytest.raises(ParameterError):
        SpacedSamples(most=1, interval_seconds=0.0)


def test_oracle_mark_is_the_median_of_its_three_prices() -> None:
    value = _last(OracleMark(), _stream(600))
    # Mean premium 0.2: oracle 100.2; own median(100.1, 100.3, 100.4) = 100.3; perps 100.3.
    assert value.input("oracle").price == pytest.approx(100.2, rel=1e-14)
    assert value.input("own").price == 100.3
    assert (value.price, value.status) == (100.3, MarkStatus.LIVE)


def test_where_two_of_three_exist_the_short_mean_of_the_own_market_joins() -> None:
    inputs = _stream(300, perps=math.nan)
    jump = replace(inputs[-1], at_ns=at(300), bid=110.1, ask=110.3, last=110.4)
    value = _last(OracleMark(), [*inputs, jump])
    kept = math.exp(-1.0 / 30.0)
    memory = (1.0 - kept**299) / (1.0 - kept)
    own_mean = (100.3 * memory * kept + 110.3) / (memory * kept + 1.0)
    assert value.input("own mean").price == pytest.approx(own_mean, rel=1e-12)
    assert value.price == pytest.approx(own_mean, rel=1e-12)  # between oracle and own
    assert value.status is MarkStatus.DEGRADED
    assert value.input("perps").status is InputStatus.MISSING


def test_oracle_mark_cold_and_warm() -> None:
    values = mark_all(OracleMark(), _stream(120))
    assert values[0].input("oracle").status is InputStatus.MISSING  # no premium yet
    assert values[0].status is MarkStatus.DEGRADED
    assert values[1].input("oracle").status is InputStatus.COLD
    # Memory of half of 150 s: sum of exp(-k / 150) from k = 0 passes 75 with the 104th.
    warm = [n for n, value in enumerate(values) if value.input("oracle").status is InputStatus.LIVE]
    assert warm[0] == 104


def test_oracle_mark_without_index_and_perps_freezes() -> None:
    inputs = _stream(200)
    alone = replace(inputs[-1], at_ns=at(200), index=math.nan, perps=math.nan, last=150.0)
    value = _last(OracleMark(), [*inputs, alone])
    assert (value.status, value.reason) == (MarkStatus.FROZEN, MarkReason.ONLY_OWN_MARKET)
    assert (value.price, value.age_ns) == (100.3, SECOND_NS)


def test_oracle_mark_with_one_outside_price_alone_freezes() -> None:
    value = _last(OracleMark(), _stream(1, index=math.nan, bid=math.nan, last=math.nan))
    assert (value.status, value.reason) == (MarkStatus.EMPTY, MarkReason.TOO_FEW_INPUTS)
    value = _last(OracleMark(least_inputs=1), _stream(1, index=math.nan, bid=math.nan))
    assert (value.price, value.status) == (100.3, MarkStatus.DEGRADED)


def test_the_cap_holds_a_market_that_marks_itself() -> None:
    """The remedy of August 2025: at most ten times the mean of eight hours."""
    calm = [MarkInputs(at_ns=at(n), bid=0.99, ask=1.01, last=1.0) for n in range(0, 36_000, 60)]
    wild = MarkInputs(at_ns=at(36_000), bid=49.0, ask=51.0, last=50.0)
    rule = OracleMark(may_mark_itself=True, cap_multiple=10.0, max_age_ns=60 * SECOND_NS)
    value = _last(rule, [*calm, wild])
    assert value.price == pytest.approx(10.0, rel=1e-12)
    assert value.input("own").status is InputStatus.CAPPED
    assert _last(replace(rule, cap_multiple=None), [*calm, wild]).price == 50.0


def test_basis_mark_by_hand() -> None:
    value = _last(BasisMark(), _stream(200))
    # P1 = 100 (1 + 0.001 * 4 / 8) = 100.05; P2 = 100 + 0.2; last 100.4.
    assert value.input("funding").price == pytest.approx(100.05, rel=1e-14)
    assert value.input("basis").price == pytest.approx(100.2, rel=1e-14)
    assert value.price == pytest.approx(100.2, rel=1e-14)
    assert value.status is MarkStatus.LIVE


def test_basis_mark_takes_30_samples_5_seconds_apart() -> None:
    """A basis that steps up after 150 s is in the mean by one more thirtieth every five seconds."""
    before = _stream(150)
    after = [replace(i, at_ns=at(150 + n), bid=103.1, ask=103.3) for n, i in enumerate(_stream(12))]
    values = mark_all(BasisMark(), [*before, *after])
    statuses = [value.input("basis").status for value in values]
    assert statuses.index(InputStatus.LIVE) == 145  # the 30th sample is at 145 s
    for n in range(12):
        stepped = n // 5 + 1
        expected = 100.0 + (0.2 * (30 - stepped) + 3.2 * stepped) / 30.0
        assert values[150 + n].input("basis").price == pytest.approx(expected, rel=1e-13)


def test_basis_mark_between_payments() -> None:
    past = replace(WHOLE, next_funding_ns=at(-1))
    assert _last(BasisMark(), [past]).input("funding").price == 100.0  # nothing left to be paid
    unknown = replace(WHOLE, next_funding_ns=None)
    value = _last(BasisMark(), [unknown])
    assert value.input("funding").status is InputStatus.MISSING
    assert value.price == pytest.approx((100.2 + 100.4) / 2.0, rel=1e-14)
    unknown = replace(WHOLE, funding_rate=math.nan)
    assert _last(BasisMark(), [unknown]).input("funding").status is InputStatus.MISSING


def test_basis_mark_without_an_index_freezes() -> None:
    inputs = _stream(200)
    value = _last(BasisMark(), [*inputs, replace(inputs[-1], index=math.nan, last=500.0)])
    assert (value.status, value.reason) == (MarkStatus.FROZEN, MarkReason.ONLY_OWN_MARKET)
    assert value.price == pytest.approx(100.2, rel=1e-14)


def test_premium_mark_is_clamped_and_goes_cold_with_the_index_alone() -> None:
    assert _last(PremiumMark(), _stream(1)).price == 100.0
    assert _last(PremiumMark(), _stream(1)).input("premium").status is InputStatus.COLD
    value = _last(PremiumMark(), _stream(600))
    assert value.price == pytest.approx(100.2, rel=1e-14)
    assert value.status is MarkStatus.LIVE
    for bid, ask, price in ((119.0, 121.0, 102.0), (79.0, 81.0, 98.0)):
        value = _last(PremiumMark(), _stream(600, bid=bid, ask=ask))
        assert value.price == pytest.approx(price, rel=1e-14)
        assert value.input("premium").status is InputStatus.CAPPED
    value = _last(PremiumMark(), [*_stream(600), replace(WHOLE, at_ns=at(600), index=math.nan)])
    assert (value.status, value.reason) == (MarkStatus.FROZEN, MarkReason.NO_INDEX)


@pytest.mark.parametrize(("past_ns", "counts"), [(0, True), (1, False)])
def test_own_prices_exactly_at_their_limit_count(past_ns: int, counts: bool) -> None:
    age_ns = 10 * SECOND_NS + past_ns
    old = replace(WHOLE, book_ns=at(0) - age_ns, last_ns=at(0) - age_ns)
    own = _last(OracleMark(), [old]).input("own")
    last = _last(BasisMark(), [old]).input("last")
    expected = InputStatus.LIVE if counts else InputStatus.MISSING
    assert (own.status, last.status) == (expected, expected)


def test_a_book_from_the_future_or_crossed_is_none_and_a_mid_stands_in_for_a_lost_trade() -> None:
    for bad in (
        replace(WHOLE, book_ns=at(1)),
        replace(WHOLE, bid=100.3),
        replace(WHOLE, bid=math.nan),
        replace(WHOLE, bid=0.0),
        replace(WHOLE, ask=math.inf),
    ):
        assert _last(OracleMark(), [bad]).input("own").status is InputStatus.MISSING
    for last in (math.nan, 0.0, -1.0, math.inf):
        lost = _last(OracleMark(), [replace(WHOLE, last=last)])
        assert lost.input("own").price == pytest.approx(100.2, rel=1e-14)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("bad", [math.nan, 0.0, -1.0, math.inf])
def test_nothing_possible_makes_no_mark(rule: Any, bad: float) -> None:
    inputs = MarkInputs(at_ns=at(0), index=bad, perps=bad, bid=bad, ask=bad, last=bad)
    value = _last(rule, [inputs])
    assert value.status is MarkStatus.EMPTY
    assert value.reason in (MarkReason.NO_INPUT, MarkReason.NO_INDEX)
    assert math.isnan(value.price)
    assert value.age_ns == -1


@pytest.mark.parametrize("rule", RULES)
def test_one_absurd_price_does_not_spoil_a_mean_for_good(rule: Any) -> None:
    inputs = _stream(1200)
    spoiled = [replace(i, ask=1e308, last=1e308) if n == 600 else i for n, i in enumerate(inputs)]
    assert _last(rule, spoiled).price == pytest.approx(_last(rule, inputs).price, rel=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_time_does_not_run_back(rule: Any) -> None:
    state = start_mark(rule).update(WHOLE)
    with pytest.raises(UsageError, match="before the last mark"):
        state.update(replace(WHOLE, at_ns=at(-1)))
    again = state.update(WHOLE)  # twice at one time changes no mean
    assert again.memory == replace_times(again.memory, state.memory)


def replace_times(again: Any, once: Any) -> Any:
    """The memory after one update, with the count of samples of two."""
    if isinstance(once, TimeDecayedEma):
        return replace(once, samples=again.samples)
    if isinstance(once, SpacedSamples):
        return once
    means = {name: getattr(again, name) for name in ("premium", "own", "mark")}
    changed = {n: replace_times(m, getattr(once, n)) for n, m in means.items() if n != "mark"}
    return replace(once, mark=means["mark"], **changed)


@pytest.mark.parametrize("rule", RULES)
def test_the_batch_is_the_stream_to_the_bit(rule: Any) -> None:
    inputs = [
        replace(
            one,
            index=math.nan if n % 17 == 3 else 100.0 + math.sin(n),
            perps=math.nan if n % 5 == 0 else 100.1 + math.sin(n + 0.3),
            bid=99.9 + math.sin(n - 0.2),
            ask=100.2 + math.sin(n - 0.2),
            book_ns=at(n - n % 15),
        )
        for n, one in enumerate(_stream(400))
    ]
    batch = mark_all(rule, inputs)
    state, streamed = start_mark(rule), []
    for one in inputs:
        state = state.update(one)
        streamed.append(state.value)
    assert repr(batch) == repr(tuple(streamed))  # NaN compares by its text
    assert {value.status for value in batch} > {MarkStatus.DEGRADED}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: OracleMark(cap_multiple=1.0),
        lambda: OracleMark(least_inputs=0),
        lambda: BasisMark(interval_hours=0.0),
        lambda: BasisMark(least_inputs=4),
        lambda: PremiumMark(bound=0.0),
        lambda: OracleMark(premium_seconds=-1.0).first_memory(),
        lambda: BasisMark(samples=0).first_memory(),
    ],
)
def test_rules_that_cannot_be_are_refused(wrong: Any) -> None:
    with pytest.raises(ParameterError):
        wrong()
