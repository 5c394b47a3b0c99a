"""What only several markets together show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from plimsoll.domain.finding import FindingKind
from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars
from plimsoll.marketdata import CheckSettings, check_panel

Make = Callable[..., Bars]
AT = 1500
K = FindingKind
SET = CheckSettings(closed_bars_only=True)


def panel(make: Make, markets: int = 6, candles: bool = False) -> list[Bars]:
    return [make(count=3000, market=f"M{n}USDT", seed=n, candles=candles) for n in range(markets)]


def dropped(bars: Bars, rows: slice) -> Bars:
    return bars.take(np.delete(np.arange(len(bars)), rows))


def scaled(bars: Bars, rows: slice, factor: float) -> Bars:
    close = bars.close.copy()
    close[rows] *= factor
    return replace(bars, close=close)


def test_gaps_that_most_markets_share_are_one_common_outage(calm: Make) -> None:
    markets = [dropped(bars, slice(AT, AT + 3)) for bars in panel(calm)]
    markets[0] = dropped(markets[0], slice(2000, 2002))
    found = check_panel(markets, SET)
    assert [(f.kind, f.market, f.bars) for f in found] == [
        (K.COMMON_OUTAGE, "*", 3),
        (K.GAP, "M0USDT", 2),
    ]
    outage, time_ns = found[0], panel(calm)[0].time_ns
    assert (outage.first_ns, outage.last_ns) == (time_ns[AT - 1], time_ns[AT + 3])
    assert (outage.known_at_ns, outage.value) == (time_ns[AT + 3], 6.0)


def test_a_gap_longer_than_the_common_outage_stays_a_gap(calm: Make) -> None:
    markets = [dropped(bars, slice(AT, AT + 3)) for bars in panel(calm)]
    markets[0] = dropped(panel(calm)[0], slice(AT, AT + 30))
    found = check_panel(markets, SET)
    assert [(f.kind, f.market, f.bars) for f in found] == [
        (K.COMMON_OUTAGE, "*", 3),
        (K.GAP, "M0USDT", 30),
    ]


def test_gaps_of_a_minority_stay_gaps(calm: Make) -> None:
    markets = panel(calm, markets=8)
    markets[:3] = [dropped(bars, slice(AT, AT + 3)) for bars in markets[:3]]
    assert [f.kind for f in check_panel(markets, SET)] == [K.GAP] * 3


def test_a_market_listed_later_does_not_count_as_silent(calm: Make) -> None:
    markets = [dropped(bars, slice(AT, AT + 3)) for bars in panel(calm, markets=3)]
    markets += [bars.take(slice(AT + 700, None)) for bars in panel(calm, markets=9)[3:]]
    kinds = [f.kind for f in check_panel(markets, SET) if f.kind is not K.SHORT_HISTORY]
    assert kinds == [K.COMMON_OUTAGE]


def test_common_flat_bars_are_reported_beside_each_market(calm: Make) -> None:
    markets = []
    for bars in panel(calm, candles=True):
        assert bars.volume is not None
        columns = {}
        for name in ("open", "high", "low", "close"):
            columns[name] = getattr(bars, name).copy()
            columns[name][AT : AT + 2] = bars.close[AT - 1]
        volume = bars.volume.copy()
        volume[AT : AT + 2] = 0.0
        markets.append(replace(bars, **columns, volume=volume))
    found = check_panel(markets, SET)
    assert [f.kind for f in found] == [K.COMMON_OUTAGE] + [K.FLAT_OUTAGE] * 6
    assert {(f.first_ns, f.last_ns) for f in found} == {
        (markets[0].time_ns[AT], markets[0].time_ns[AT + 1])
    }


def test_a_spike_of_the_whole_market_is_kept(calm: Make) -> None:
    markets = [scaled(bars, slice(AT, AT + 1), 0.7) for bars in panel(calm)]
    kinds = {f.kind for f in check_panel(markets, SET)}
    assert kinds == {K.SUSPICIOUS_MOVE}


def test_a_spike_of_one_market_against_the_others_is_a_spike(calm: Make) -> None:
    markets = [scaled(bars, slice(AT, AT + 1), 0.7) for bars in panel(calm)]
    markets[2] = scaled(panel(calm)[2], slice(AT, AT + 1), 1.5)
    spikes = [f for f in check_panel(markets, SET) if f.kind is K.REVERTING_SPIKE]
    assert [f.market for f in spikes] == ["M2USDT"]


def test_a_market_that_ends_long_before_the_others_is_delisted(calm: Make) -> None:
    markets = panel(calm)
    markets[1] = markets[1].take(slice(0, 3000 - 24 * 31))
    markets[2] = markets[2].take(slice(0, 3000 - 24 * 29))
    found = [f for f in check_panel(markets, SET) if f.kind is K.DELISTING]
    assert [f.market for f in found] == ["M1USDT"]
    assert found[0].known_at_ns - found[0].last_ns == 30 * DAY_NS + HOUR_NS


def test_a_coin_that_takes_over_is_a_migration(calm: Make) -> None:
    markets = panel(calm)
    old = calm(count=3000, market="OLDUSDT", seed=99)
    new = replace(scaled(old, slice(None), 1000.0).take(slice(1824, None)), market="NEWUSDT")
    markets += [old.take(slice(0, 1800)), new]
    found = [f for f in check_panel(markets, SET) if f.kind is K.TOKEN_MIGRATION]
    drift = abs(np.log(old.close[1824] / old.close[1799]))
    assert drift <= SET.migration_tolerance_log, "the walk of this seed must pass the pause"
    assert [(f.market, f.first_ns, f.last_ns) for f in found] == [
        ("NEWUSDT", old.time_ns[1799], old.time_ns[1824])
    ]
    assert "OLDUSDT" in found[0].detail
    assert "1000 times" in found[0].detail


def test_an_empty_panel_and_empty_markets() -> None:
    assert check_panel([], SET) == ()


def test_the_order_of_markets_does_not_matter(calm: Make) -> None:
    markets = [dropped(bars, slice(AT, AT + 3)) for bars in panel(calm)]
    markets[3] = scaled(markets[3], slice(2000, 2001), 2.0)
    assert check_panel(markets, SET) == check_panel(markets[::-1], SET)


def twins(make: Make) -> list[Bars]:
    """A coin, its wrapped form within 0.2 %, and an unrelated third."""
    coin = make(count=9000, market="COIN")
    noise = np.exp(0.002 * np.random.default_rng(3).standard_normal(9000))
    return [coin, replace(coin, market="WCOIN", close=coin.close * noise), make(count=9000, seed=5)]


def test_twins_that_part_are_reported_and_kept(calm: Make) -> None:
    coin, wrapped, other = twins(calm)
    spoiled = scaled(wrapped, slice(6000, 6005), 0.7)
    found = [f for f in check_panel([coin, spoiled, other], SET) if f.kind is K.TWIN_DIVERGENCE]
    assert [(f.market, f.first_ns, f.last_ns, f.known_at_ns, f.bars) for f in found] == [
        ("WCOIN", coin.time_ns[6000], coin.time_ns[6004], coin.time_ns[6000], 5)
    ]
    assert "against COIN" in found[0].detail


def test_a_move_that_twins_share_is_no_divergence(calm: Make) -> None:
    markets = [scaled(bars, slice(6000, None), 0.7) for bars in twins(calm)[:2]]
    assert {f.kind for f in check_panel(markets, SET)} == {K.SUSPICIOUS_MOVE}


def test_coins_of_one_price_by_chance_are_no_twins(calm: Make) -> None:
    markets = [calm(count=9000, market=f"M{n}", seed=n) for n in range(12)]
    assert K.TWIN_DIVERGENCE not in {f.kind for f in check_panel(markets, SET)}
