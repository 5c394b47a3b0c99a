"""Each detector on a calm walk with one fault in a known place: kind, span, and when known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars, PriceKind
from plimsoll.errors import DataFormatError, UsageError
from plimsoll.marketdata import CheckSettings, check_bars

Make = Callable[..., Bars]
AT = 1500
K = FindingKind
SET = CheckSettings(closed_bars_only=True)


def with_close(bars: Bars, changes: Mapping[int, float]) -> Bars:
    close = bars.close.copy()
    for row, value in changes.items():
        close[row] = value
    return replace(bars, close=close)


def scaled(bars: Bars, rows: slice, factor: float) -> Bars:
    close = bars.close.copy()
    close[rows] *= factor
    return replace(bars, close=close)


def dropped(bars: Bars, rows: slice) -> Bars:
    return bars.take(np.delete(np.arange(len(bars)), rows))


def spans(bars: Bars, found: tuple[Finding, ...]) -> list[tuple[FindingKind, int, int, int]]:
    """(kind, first, last, known) in rows of a regular grid from the first bar."""
    start = bars.time_ns.min()

    def row(time_ns: int) -> int:
        return int((time_ns - start) // HOUR_NS)

    return [(f.kind, row(f.first_ns), row(f.last_ns), row(f.known_at_ns)) for f in found]


def test_a_calm_walk_has_no_findings(calm: Make) -> None:
    assert check_bars(calm(), SET) == ()
    assert check_bars(calm(candles=True), SET) == ()


def test_gap_spans_from_the_bar_before_to_the_bar_after(calm: Make) -> None:
    bars = dropped(calm(), slice(AT, AT + 3))
    (found,) = check_bars(bars, SET)
    assert spans(bars, (found,)) == [(K.GAP, AT - 1, AT + 3, AT + 3)]
    assert found.bars == 3


def test_an_impossible_price_leaves_no_gap(calm: Make) -> None:
    bars = with_close(calm(), {AT: np.nan, AT + 1: 0.0, AT + 2: -5.0, AT + 3: np.inf})
    (found,) = check_bars(bars, SET)
    assert spans(bars, (found,)) == [(K.IMPOSSIBLE_PRICE, AT, AT + 3, AT)]
    assert "missing" in found.detail


@pytest.mark.parametrize("column", ["open", "high", "low"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_any_column_can_be_impossible(calm: Make, column: str, value: float) -> None:
    bars = calm(candles=True)
    spoiled = getattr(bars, column).copy()
    spoiled[AT] = value
    (found,) = check_bars(replace(bars, **{column: spoiled}), SET)
    assert spans(bars, (found,)) == [(K.IMPOSSIBLE_PRICE, AT, AT, AT)]
    assert column in found.detail


def test_a_high_below_the_low_is_impossible(calm: Make) -> None:
    bars = calm(candles=True)
    assert bars.low is not None
    found = check_bars(replace(bars, high=bars.low * 0.99), SET)
    assert [(f.kind, f.bars) for f in found] == [(K.IMPOSSIBLE_PRICE, len(bars))]


def test_equal_and_conflicting_copies_are_told_apart(calm: Make) -> None:
    bars = calm()
    twice = bars.take(np.insert(np.arange(len(bars)), [AT + 1, AT + 9], [AT, AT + 8]))
    spoiled = with_close(twice, {AT + 10: 1.0})
    assert spans(bars, check_bars(spoiled, SET)) == [
        (K.DUPLICATE_BAR, AT, AT, AT),
        (K.CONFLICTING_DUPLICATE, AT + 8, AT + 8, AT + 8),
    ]


def test_three_copies_conflict_even_if_neighbours_agree(calm: Make) -> None:
    bars = calm()
    thrice = bars.take(np.insert(np.arange(len(bars)), [AT + 1, AT + 1], [AT, AT]))
    spoiled = with_close(thrice, {AT + 1: 1.0, AT + 2: 1.0})
    (found,) = check_bars(spoiled, SET)
    assert (found.kind, found.bars) == (K.CONFLICTING_DUPLICATE, 3)


def test_a_late_delivery_is_known_with_the_later_bar_that_came_sooner(calm: Make) -> None:
    bars = calm()
    rows = np.arange(len(bars))
    moved = bars.take(
        np.concatenate([rows[:AT], rows[AT + 2 : AT + 5], rows[AT : AT + 2], rows[AT + 5 :]])
    )
    assert spans(bars, check_bars(moved, SET)) == [(K.UNORDERED_BAR, AT, AT + 1, AT + 2)]


def test_blocks_in_reverse_are_one_finding_a_block(calm: Make) -> None:
    bars = calm()
    rows = np.arange(len(bars))
    swapped = bars.take(np.concatenate([rows[1000:], rows[:1000]]))
    assert spans(bars, check_bars(swapped, SET)) == [(K.UNORDERED_BAR, 0, 999, 1000)]


def test_a_bar_off_the_grid(calm: Make) -> None:
    bars = calm()
    time_ns = bars.time_ns.copy()
    time_ns[AT] += 17 * 60_000_000_000
    found = check_bars(replace(bars, time_ns=time_ns), SET)
    assert [f.kind for f in found] == [K.GAP, K.OFF_GRID_TIME]
    assert found[1].value == 17 * 60


def test_a_grid_may_start_at_any_minute(calm: Make) -> None:
    bars = calm()
    assert check_bars(replace(bars, time_ns=bars.time_ns + 123_456_789), SET) == ()


def test_a_stale_run_starts_with_the_first_repetition(calm: Make) -> None:
    bars = calm()
    held = with_close(bars, dict.fromkeys(range(AT, AT + 30), float(bars.close[AT - 1])))
    (found,) = check_bars(held, SET)
    known = AT + SET.stale_min_bars - 1
    assert spans(bars, (found,)) == [(K.STALE_RUN, AT, AT + 29, known)]


def test_a_market_whose_closes_repeat_often_is_not_stale_so_soon(calm: Make) -> None:
    bars = calm()
    coarse = replace(bars, close=np.round(bars.close / 20.0) * 20.0)
    runs = {f.bars for f in check_bars(coarse, SET) if f.kind is K.STALE_RUN}
    assert all(length > SET.stale_min_bars for length in runs)


def test_flat_outage_needs_a_volume_that_means_something(calm: Make) -> None:
    bars = calm(candles=True)
    rows = slice(AT, AT + 3)
    columns = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close")}
    for column in columns.values():
        column[rows] = bars.close[AT - 1]
    assert bars.volume is not None
    volume = bars.volume.copy()
    volume[rows] = 0.0
    flat = replace(bars, **columns, volume=volume)
    assert (K.FLAT_OUTAGE, AT, AT + 2, AT) in spans(bars, check_bars(flat, SET))
    mark = replace(flat, price_kind=PriceKind.MARK, volume=np.zeros(len(bars)))
    never = replace(flat, volume=np.zeros(len(bars)))
    for silent in (mark, never):
        assert K.FLAT_OUTAGE not in {f.kind for f in check_bars(silent, SET)}


def test_a_price_that_moves_without_a_trade(calm: Make) -> None:
    bars = calm(candles=True)
    assert bars.volume is not None
    volume = bars.volume.copy()
    volume[AT] = 0.0
    found = check_bars(replace(bars, volume=volume), SET)
    assert spans(bars, found) == [(K.UNTRADED_PRICE, AT, AT, AT)]


@pytest.mark.parametrize("factor", [100.0, 1000.0, 0.01, 0.001])
@pytest.mark.parametrize("count", [1, 2, 20])
def test_a_unit_slip_is_suspicious_at_once_and_a_slip_when_back(
    calm: Make, factor: float, count: int
) -> None:
    bars = calm()
    found = check_bars(scaled(bars, slice(AT, AT + count), factor), SET)
    assert spans(bars, found) == [
        (K.SUSPICIOUS_MOVE, AT, AT, AT),
        (K.UNIT_SLIP, AT, AT + count - 1, AT + count),
    ]


@pytest.mark.parametrize("factor", [10.0, 1000.0, 0.1, 1e-4])
@pytest.mark.parametrize("halt", [0, 12])
def test_a_redenomination_is_known_when_it_has_stayed(calm: Make, factor: float, halt: int) -> None:
    bars = calm()
    spoiled = dropped(scaled(bars, slice(AT, None), factor), slice(AT, AT + halt))
    found = [f for f in check_bars(spoiled, SET) if f.kind is K.REDENOMINATION]
    known = AT + halt + SET.slip_max_bars
    assert spans(bars, tuple(found)) == [(K.REDENOMINATION, AT - 1, AT + halt, known)]
    assert found[0].expected == pytest.approx(factor, rel=1e-12)


def test_a_crash_by_nine_tenths_into_turmoil_is_no_redenomination(calm: Make) -> None:
    bars = calm()
    log_close = np.log(bars.close)
    log_close[AT:] -= np.log(10.0)
    log_close[AT:] += 0.15 * np.cumsum(np.random.default_rng(1).standard_normal(len(bars) - AT))
    found = check_bars(replace(bars, close=np.exp(log_close)), SET)
    kinds = {f.kind for f in found}
    assert K.SUSPICIOUS_MOVE in kinds
    assert K.REDENOMINATION not in kinds


@pytest.mark.parametrize("factor", [0.6, 1.5, 3.0])
@pytest.mark.parametrize("count", [1, 3])
def test_a_spike_is_known_when_it_is_back(calm: Make, factor: float, count: int) -> None:
    bars = calm()
    found = check_bars(scaled(bars, slice(AT, AT + count), factor), SET)
    assert spans(bars, found) == [
        (K.REVERTING_SPIKE, AT, AT + count - 1, AT + count),
        (K.SUSPICIOUS_MOVE, AT, AT, AT),
    ]


@pytest.mark.parametrize("back", [0.0, 0.5, 0.7])
def test_a_move_that_comes_back_in_part_is_kept(calm: Make, back: float) -> None:
    bars = calm()
    spoiled = scaled(scaled(bars, slice(AT, None), 0.4), slice(AT + 1, None), 0.4**-back)
    kinds = {f.kind for f in check_bars(spoiled, SET)}
    assert kinds == {K.SUSPICIOUS_MOVE}


def test_a_spike_that_was_traded_is_kept(calm: Make) -> None:
    bars = calm(candles=True)
    assert bars.open is not None
    assert bars.high is not None
    close, opened, high = bars.close.copy(), bars.open.copy(), bars.high.copy()
    close[AT] *= 1.5
    opened[AT + 1] = close[AT]
    high[AT : AT + 2] = close[AT]
    traded = replace(bars, close=close, open=opened, high=high)
    assert {f.kind for f in check_bars(traded, SET)} == {K.SUSPICIOUS_MOVE}
    printed = replace(bars, close=close, high=high)
    assert K.REVERTING_SPIKE in {f.kind for f in check_bars(printed, SET)}


def test_another_coin_under_the_same_name(calm: Make) -> None:
    bars = calm()
    spoiled = dropped(scaled(bars, slice(AT, None), 5000.0), slice(AT, AT + 400))
    found = check_bars(spoiled, SET)
    assert spans(bars, found) == [
        (K.GAP, AT - 1, AT + 400, AT + 400),
        (K.REUSED_TICKER, AT - 1, AT + 400, AT + 400),
    ]


def test_a_squeeze_that_ended_during_a_halt_is_no_other_coin(calm: Make) -> None:
    bars = calm()
    squeezed = dropped(scaled(bars, slice(AT - 2, AT), 3.5), slice(AT, AT + 68))
    assert K.REUSED_TICKER not in {f.kind for f in check_bars(squeezed, SET)}


def test_a_long_absence_is_a_delisting_and_a_relisting(calm: Make) -> None:
    bars = dropped(calm(), slice(AT, AT + 24 * 40))
    found = check_bars(bars, SET)
    away = 24 * 30 + 1
    assert spans(bars, found) == [
        (K.DELISTING, AT - 1, AT - 1, AT - 1 + away),
        (K.GAP, AT - 1, AT + 960, AT + 960),
        (K.RELISTING, AT - 1, AT + 960, AT + 960),
    ]


def test_an_end_is_a_delisting_only_long_before_the_end_of_the_data(calm: Make) -> None:
    bars = calm()
    end = int(bars.time_ns[-1]) + HOUR_NS
    assert check_bars(bars, SET, until_ns=end + 30 * DAY_NS) == ()
    (found,) = check_bars(bars, SET, until_ns=end + 30 * DAY_NS + HOUR_NS)
    assert (found.kind, found.first_ns) == (K.DELISTING, int(bars.time_ns[-1]))
    kinds = [f.kind for f in check_bars(bars, CheckSettings(), until_ns=end + 31 * DAY_NS)]
    assert kinds == [K.DELISTING], "that long after its end, the last bar had closed"


def test_bars_after_the_cut_prove_the_last_one_before(calm: Make) -> None:
    bars = calm()
    cut = int(bars.time_ns[2400])
    assert check_bars(bars, CheckSettings(), until_ns=cut) == ()
    (found,) = check_bars(bars, CheckSettings())
    assert (found.kind, found.first_ns) == (K.PARTIAL_LAST_BAR, int(bars.time_ns[-1]))


def test_a_short_history(calm: Make) -> None:
    (found,) = check_bars(calm(count=300), SET)
    assert (found.kind, found.bars, found.value) == (K.SHORT_HISTORY, 300, 12.5)


def test_a_coin_that_took_over_a_ticker_has_its_own_short_history(calm: Make) -> None:
    bars = calm(count=3000)
    spoiled = dropped(scaled(bars, slice(AT, None), 5000.0), slice(AT, AT + 400))
    short = [f for f in check_bars(spoiled, SET) if f.kind is K.SHORT_HISTORY]
    assert spans(bars, tuple(short)) == [(K.SHORT_HISTORY, AT + 400, 2999, 2999)]
    assert short[0].bars == 1100


def test_the_first_bars_have_no_scale_but_large_moves_show(calm: Make) -> None:
    bars = calm()
    found = check_bars(scaled(bars, slice(5, None), 0.34), SET)
    assert spans(bars, found) == [(K.SUSPICIOUS_MOVE, 5, 5, 5)]
    assert "at the start" in found[0].detail


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_bars(calm: Make, count: int) -> None:
    found = check_bars(calm().take(slice(0, count)), SET)
    assert [f.kind for f in found] == [K.SHORT_HISTORY]


def test_nothing_but_faults(calm: Make) -> None:
    bars = calm()
    found = check_bars(replace(bars, close=np.full(len(bars), np.nan)), SET)
    assert [(f.kind, f.bars) for f in found] == [(K.IMPOSSIBLE_PRICE, len(bars))]


def test_wrong_use_is_refused(calm: Make) -> None:
    with pytest.raises(UsageError, match=r"checks\.spike_scales: must be positive"):
        CheckSettings(spike_scales=0.0)
    with pytest.raises(DataFormatError, match=r"AUSDT\.interval_ns: must be positive"):
        check_bars(replace(calm(), interval_ns=0))
