"""No detector looks ahead: data cut at any time show what was known by then, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars, PriceKind
from plimsoll.errors import InsufficientDataError
from plimsoll.marketdata import CheckSettings, check_bars, check_panel
from plimsoll.sandbox.faults import PLANTERS, plant

ABOUT_THE_DELIVERY = {FindingKind.PARTIAL_LAST_BAR, FindingKind.SHORT_HISTORY}
SET = CheckSettings()
PANEL = CheckSettings(twin_block_days=20.0)
TIMED = sorted(set(PLANTERS) - ABOUT_THE_DELIVERY - {FindingKind.DELISTING})

seeds = st.integers(0, 2**32 - 1)


def fat_walk(seed: int, candles: bool, count: int = 5000) -> Bars:
    """Hourly bars with t moves whose volatility wanders, crashes included."""
    rng = np.random.default_rng(seed)
    log_volatility = np.log(0.006) + np.cumsum(0.03 * rng.standard_normal(count))
    volatility = np.exp(np.clip(log_volatility, np.log(0.001), np.log(0.05)))
    moves = np.clip(volatility * rng.standard_t(2.5, count), -2.0, 2.0)
    tick = 10.0 ** rng.integers(-6, -1)
    close = np.maximum(tick, np.round(np.exp(np.cumsum(moves)) / tick) * tick)
    bars = Bars(
        market="M",
        time_ns=int(rng.integers(0, 10**15)) + HOUR_NS * np.arange(count),
        close=close,
        interval_ns=HOUR_NS,
        price_kind=PriceKind.LAST_TRADE,
    )
    if not candles:
        return bars
    opened = np.concatenate([close[:1], close[:-1]])
    volume = rng.lognormal(2.0, 1.0, count) * (rng.random(count) > 0.01)
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    return replace(bars, open=opened, high=high, low=low, volume=volume)


def spoiled_walk(seed: int, candles: bool, faults: int) -> Bars:
    """Several faults of random kinds, wherever they fall, on top of one another too."""
    bars, rng = fat_walk(seed, candles), np.random.default_rng(seed)
    kinds = [
        kind
        for kind in TIMED
        if candles or kind not in (FindingKind.FLAT_OUTAGE, FindingKind.UNTRADED_PRICE)
    ]
    for _ in range(faults):
        try:
            bars, _ = plant(kinds[int(rng.integers(len(kinds)))], bars, rng)
        except InsufficientDataError:
            break
    return bars


Key = tuple[FindingKind, str, int, int, int]


def known_before(found: tuple[Finding, ...], cut_ns: int, interval_ns: int) -> list[Key]:
    """Kind, market, span, time of knowledge; what is open at the cut reaches to the cut."""
    last = cut_ns - interval_ns
    return sorted(
        (f.kind, f.market, f.first_ns, min(f.last_ns, last), f.known_at_ns)
        for f in found
        if f.known_at_ns <= last and f.kind not in ABOUT_THE_DELIVERY
    )


def telling_cuts(found: tuple[Finding, ...], rng: np.random.Generator, most: int) -> list[int]:
    """Ends of data at, just before and just after the bars that findings begin and show with."""
    bars = {t for f in found for t in (f.first_ns, f.known_at_ns)}
    cuts = sorted({t + step * HOUR_NS for t in bars for step in (0, 1, 2)})
    return [cuts[k] for k in rng.permutation(len(cuts))[:most]]


@settings(max_examples=40, deadline=None)
@given(seeds, st.booleans(), st.integers(0, 8))
def test_cut_data_give_the_findings_known_by_then(seed: int, candles: bool, faults: int) -> None:
    bars = spoiled_walk(seed, candles, faults)
    end = int(bars.time_ns.max()) + HOUR_NS + 40 * DAY_NS
    whole = check_bars(bars, SET, until_ns=end)
    for cut in telling_cuts(whole, np.random.default_rng(seed), most=12):
        then = check_bars(bars.take(bars.time_ns + HOUR_NS <= cut), SET, until_ns=cut)
        assert known_before(then, cut, HOUR_NS) == known_before(whole, cut, HOUR_NS)


@settings(max_examples=30, deadline=None)
@given(seeds, st.booleans(), st.integers(0, 3), st.integers(0, 3))
def test_a_cut_panel_gives_the_findings_known_by_then(
    seed: int, candles: bool, faults: int, outages: int
) -> None:
    rng = np.random.default_rng(seed)
    markets = [spoiled_walk(seed + n, candles, faults) for n in range(5)]
    noise = np.exp(0.002 * rng.standard_normal(len(markets[0])))
    markets[1] = replace(markets[0], close=markets[0].close * noise, open=None, high=None, low=None)
    begin = min(int(bars.time_ns.min()) for bars in markets)
    listed = HOUR_NS * rng.integers(0, 900, size=5)
    listed[1] = listed[0]
    markets = [
        replace(
            bars,
            market=f"M{n}",
            time_ns=bars.time_ns - bars.time_ns.min() + begin + int(listed[n]),
        )
        for n, bars in enumerate(markets)
    ]
    markets[1] = _astray(markets[1], rng)
    for _ in range(outages):
        row, longest = int(rng.integers(1500, 3500)), int(rng.integers(1, 30))
        for n, bars in enumerate(markets):
            hours = (bars.time_ns - begin) // HOUR_NS
            out = (hours >= row) & (hours < row + int(rng.integers(0, longest + 1)))
            markets[n] = bars.take(~out)
    end = max(int(bars.time_ns.max()) for bars in markets) + HOUR_NS
    whole = check_panel(markets, PANEL, until_ns=end)
    for cut in telling_cuts(whole, rng, most=4):
        cut_markets = [bars.take(bars.time_ns + HOUR_NS <= cut) for bars in markets]
        then = check_panel(cut_markets, PANEL, until_ns=cut)
        assert known_before(then, cut, HOUR_NS) == known_before(whole, cut, HOUR_NS)


def _astray(bars: Bars, rng: np.random.Generator) -> Bars:
    """Put some stretches of a twin far off."""
    close = bars.close.copy()
    for row in rng.integers(0, len(bars), size=4).tolist():
        close[row : row + int(rng.integers(1, 60))] *= np.exp(rng.uniform(0.15, 0.5))
    return replace(bars, close=close)


@settings(max_examples=30, deadline=None)
@given(seeds, st.booleans(), st.integers(1, 6))
def test_every_finding_is_known_at_a_bar_and_not_before_it_began(
    seed: int, candles: bool, faults: int
) -> None:
    bars = spoiled_walk(seed, candles, faults)
    end = int(bars.time_ns.max()) + HOUR_NS
    for found in check_bars(bars, SET, until_ns=end):
        assert found.first_ns <= found.last_ns
        assert found.first_ns <= found.known_at_ns < end
        assert found.bars >= 1
        assert found.detail


@settings(max_examples=30, deadline=None)
@given(
    seeds,
    st.booleans(),
    st.integers(1, 6),
    st.integers(-(10**17), 10**17),
    st.floats(1e-6, 1e6),
)
def test_name_time_and_currency_unit_do_not_matter(
    seed: int, candles: bool, faults: int, shift_ns: int, unit: float
) -> None:
    bars = spoiled_walk(seed, candles, faults)
    power = 2.0 ** round(np.log2(unit))  # exact in binary, so that equal stays equal
    moved = replace(
        bars,
        market="QWXYZ",
        time_ns=bars.time_ns + shift_ns,
        **{
            name: power * column
            for name in ("open", "high", "low", "close")
            if (column := getattr(bars, name)) is not None
        },
    )
    here = [_shifted(f, shift_ns) for f in check_bars(bars, SET)]
    there = [_shifted(f, 0) for f in check_bars(moved, SET)]
    assert {f.market for f in check_bars(moved, SET)} <= {"QWXYZ"}
    assert here == there


def _shifted(f: Finding, shift_ns: int) -> tuple[FindingKind, int, int, int, int]:
    return (
        f.kind,
        f.first_ns + shift_ns,
        f.last_ns + shift_ns,
        f.known_at_ns + shift_ns,
        f.bars,
    )


@settings(max_examples=20, deadline=None)
@given(seeds, st.booleans(), st.integers(0, 4))
def test_checking_changes_nothing_and_repeats_itself(seed: int, candles: bool, faults: int) -> None:
    bars = spoiled_walk(seed, candles, faults)
    close, time_ns = bars.close.copy(), bars.time_ns.copy()
    first = check_bars(bars, SET)
    assert repr(check_bars(bars, SET)) == repr(first)
    np.testing.assert_array_equal(bars.close, close)
    np.testing.assert_array_equal(bars.time_ns, time_ns)
