"""Faults planted at random, into generated and into real series: how many are found.

Oracle: the planter, which knows what it did and shares no code with the detectors. Each plant is
one fault of one kind in half a year of hourly bars; it counts as found if a finding of that kind
overlaps its span. Run with ``-s`` to see the tables of ``docs/data-checks.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import HOUR_NS, Bars, FloatArray, PriceKind
from plimsoll.errors import InsufficientDataError
from plimsoll.marketdata import CheckSettings, check_bars, check_panel
from plimsoll.sandbox.faults import (
    PLANTERS,
    plant,
    plant_common_outage,
    plant_migration,
    plant_twin_divergence,
)
from plimsoll.sandbox.venue import PlantedFault

K = FindingKind
HALF_YEAR_BARS = 4380
YEAR_BARS = 8766
PLANTS = 40
PLANTS_OF_MOVES = 120
LEAST_RECALL = 0.95
MOVES = {
    K.REVERTING_SPIKE,
    K.SUSPICIOUS_MOVE,
    K.UNIT_SLIP,
    K.REDENOMINATION,
    K.REUSED_TICKER,
    K.STALE_RUN,
}
"""Kinds that need a judgement on sizes; the others are matters of fact."""
ABOUT_VOLUME = {K.FLAT_OUTAGE, K.UNTRADED_PRICE}
KINDS = sorted(PLANTERS)
SET = CheckSettings(closed_bars_only=True)
Pool = Sequence[Bars]
Draw = Callable[[np.random.Generator], Bars]


def generated(rng: np.random.Generator, candles: bool, count: int = HALF_YEAR_BARS) -> Bars:
    """GARCH(1,1) with t moves (4 degrees of freedom), 30 % to 150 % a year, on a price grid."""
    target = rng.uniform(0.3, 1.5) / np.sqrt(YEAR_BARS)
    shocks = rng.standard_t(4.0, count) / np.sqrt(2.0)
    moves, variance = np.empty(count), target**2
    for row in range(count):
        moves[row] = np.sqrt(variance) * shocks[row]
        variance = 0.03 * target**2 + 0.07 * moves[row] ** 2 + 0.90 * variance
    price = np.exp(rng.uniform(-3, 8)) * np.exp(np.cumsum(np.clip(moves, -1.0, 1.0)))
    tick = 10.0 ** (np.floor(np.log10(price[0])) - 4)
    close = np.maximum(1.0, np.round(price / tick)) * tick
    bars = Bars(
        market="GEN",
        time_ns=1_600_000_000_000_000_000 // HOUR_NS * HOUR_NS + HOUR_NS * np.arange(count),
        close=close,
        interval_ns=HOUR_NS,
        price_kind=PriceKind.LAST_TRADE,
    )
    return _with_candles(bars, rng) if candles else bars


def _with_candles(bars: Bars, rng: np.random.Generator) -> Bars:
    opened = np.concatenate([bars.close[:1], bars.close[:-1]])
    wick = 1.0 + 0.003 * rng.random(len(bars))
    return replace(
        bars,
        open=opened,
        high=np.maximum(opened, bars.close) * wick,
        low=np.minimum(opened, bars.close) / wick,
        volume=rng.lognormal(5.0, 1.0, len(bars)),
    )


def overlaps(found: Finding, planted: PlantedFault) -> bool:
    same = found.kind is planted.kind and found.market == planted.market
    return same and found.first_ns <= planted.last_ns and planted.first_ns <= found.last_ns


def recall(kind: FindingKind, draw: Draw, seed: int) -> float:
    """Share of planted faults that are found."""
    plants = PLANTS_OF_MOVES if kind in MOVES else PLANTS
    hits: list[bool] = []
    for number in range(plants):
        rng = np.random.default_rng([seed, KINDS.index(kind), number])
        try:
            bars = draw(rng)
            spoiled, planted = plant(kind, bars, rng)
        except InsufficientDataError:
            continue
        settings = replace(SET, closed_bars_only=kind is not K.PARTIAL_LAST_BAR)
        until = int(bars.time_ns[-1]) + HOUR_NS
        found = check_bars(spoiled, settings, until_ns=until)
        hits.append(any(overlaps(f, planted) for f in found))
    assert len(hits) >= 0.6 * plants, "too few places to plant"
    print(f"{kind.value:24s} {sum(hits):4d} of {len(hits):4d}  {np.mean(hits):.3f}")
    return float(np.mean(hits))


@pytest.fixture(scope="module")
def made() -> Pool:
    """Forty generated series, every second one with candles."""
    return [
        generated(np.random.default_rng([10, number]), candles=number % 2 == 0)
        for number in range(40)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_recall_on_generated_series(kind: FindingKind, made: Pool) -> None:
    pool = made[::2] if kind in ABOUT_VOLUME else made

    def draw(rng: np.random.Generator) -> Bars:
        return pool[int(rng.integers(len(pool)))]

    assert recall(kind, draw, seed=11) >= LEAST_RECALL


def _panel(rng: np.random.Generator) -> list[Bars]:
    return [replace(generated(rng, candles=False), market=f"M{n}") for n in range(4)]


def test_recall_of_common_outages_and_migrations() -> None:
    outages, migrations = [], []
    for number in range(40):
        rng = np.random.default_rng([12, number])
        markets = _panel(rng)
        spoiled, planted = plant_common_outage(markets, rng)
        found = check_panel(spoiled, SET)
        outages.append(any(overlaps(f, planted) for f in found))
        assert not [f for f in found if f.kind is K.GAP], "replaced by the common outage"
        pair, planted = plant_migration(markets[0], rng)
        migrations.append(any(overlaps(f, planted) for f in check_panel(pair, SET)))
    print("common_outage", sum(outages), "token_migration", sum(migrations), "of", len(outages))
    assert np.mean(outages) >= LEAST_RECALL
    assert np.mean(migrations) >= LEAST_RECALL


def test_recall_of_twin_divergences() -> None:
    hits = []
    for number in range(20):
        rng = np.random.default_rng([14, number])
        pair, planted = plant_twin_divergence(generated(rng, candles=False, count=9500), rng)
        found = check_panel(pair, SET)
        hits.append(any(overlaps(replace(f, market=planted.market), planted) for f in found))
    print("twin_divergence", sum(hits), "of", len(hits))
    assert np.mean(hits) >= LEAST_RECALL


FALSE_A_YEAR_GENERATED = {K.SUSPICIOUS_MOVE: 0.5, K.REVERTING_SPIKE: 0.07}
"""Most findings per market-year on clean generated series; all other kinds: none at all."""


def test_false_findings_on_generated_series() -> None:
    years, counts = 0.0, Counter[FindingKind]()
    for number in range(60):
        rng = np.random.default_rng([13, number])
        bars = generated(rng, candles=number % 2 == 0, count=YEAR_BARS)
        counts.update(f.kind for f in check_bars(bars, SET))
        years += len(bars) / YEAR_BARS
    rates = {kind: count / years for kind, count in counts.items()}
    print({kind.value: round(rate, 4) for kind, rate in rates.items()})
    assert all(rate <= FALSE_A_YEAR_GENERATED.get(kind, 0.0) for kind, rate in rates.items())


@pytest.fixture(scope="module")
def closes(market_data_dir: Path) -> Pool:
    return _read(market_data_dir / "hourly" / "binance_spot_close_1h_2021_2025.parquet")


@pytest.fixture(scope="module")
def candles(market_data_dir: Path) -> Pool:
    folder = market_data_dir / "hourly"
    names = ("binance_spot_ohlcv_1h", "binance_perp_ohlcv_1h")
    return [bars for name in names for bars in _read(folder / f"{name}.parquet")]


def _read(path: Path) -> list[Bars]:
    frame = pl.read_parquet(path)
    pool = []
    for (symbol,), rows in frame.group_by("symbol", maintain_order=True):
        columns: dict[str, FloatArray] = {
            name: rows[name].to_numpy().copy()
            for name in ("close", "open", "high", "low", "volume")
            if name in rows.columns
        }
        pool.append(
            Bars(
                market=str(symbol),
                time_ns=rows["ts"].dt.timestamp("ns").to_numpy().copy(),
                close=columns["close"],
                open=columns.get("open"),
                high=columns.get("high"),
                low=columns.get("low"),
                volume=columns.get("volume"),
                interval_ns=HOUR_NS,
                price_kind=PriceKind.SPOT_CLOSE,
            )
        )
    return pool


def _window(pool: Pool, rng: np.random.Generator) -> Bars:
    """Half a year of a random market of the pool."""
    long = [bars for bars in pool if len(bars) > HALF_YEAR_BARS]
    bars = long[int(rng.integers(len(long)))]
    begin = int(rng.integers(0, len(bars) - HALF_YEAR_BARS))
    return bars.take(slice(begin, begin + HALF_YEAR_BARS))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ABOUT_VOLUME])
def test_recall_on_real_closes(kind: FindingKind, closes: Pool) -> None:
    assert recall(kind, lambda rng: _window(closes, rng), seed=21) >= LEAST_RECALL


@pytest.mark.parametrize("kind", KINDS)
def test_recall_on_real_candles(kind: FindingKind, candles: Pool) -> None:
    assert recall(kind, lambda rng: _window(candles, rng), seed=22) >= LEAST_RECALL


FALSE_A_YEAR_CLOSES = {
    K.REVERTING_SPIKE: 0.12,
    K.STALE_RUN: 0.02,
    K.UNIT_SLIP: 0.0,
    K.REDENOMINATION: 0.0,
    K.TOKEN_MIGRATION: 0.0,
    K.TWIN_DIVERGENCE: 0.15,
    K.IMPOSSIBLE_PRICE: 0.0,
    K.SUSPICIOUS_MOVE: 1.5,
}
"""Most findings per market-year on real closes, all counted as false but the one reused ticker.

Nobody has proved them false (the twin divergences are of three coins of the euro): they are upper
bounds.
"""
FALSE_A_YEAR_CANDLES = {K.FLAT_OUTAGE: 0.05, K.SUSPICIOUS_MOVE: 2.5}
"""The flat outage counted is one real bar without a trade."""


def _rates(pool: Pool) -> dict[FindingKind, float]:
    years = sum(len(bars) for bars in pool) / YEAR_BARS
    counts = Counter(f.kind for f in check_panel(pool, SET))
    rates = {kind: count / years for kind, count in sorted(counts.items())}
    print(f"{years:.0f} market-years", {k.value: round(rate, 4) for k, rate in rates.items()})
    return rates


def test_false_findings_on_real_closes(closes: Pool) -> None:
    rates = _rates(closes)
    for kind, most in FALSE_A_YEAR_CLOSES.items():
        assert rates.get(kind, 0.0) <= most, kind
    years = sum(len(bars) for bars in closes) / YEAR_BARS
    assert rates[K.REUSED_TICKER] == pytest.approx(1 / years), "the true one and no other"


def test_false_findings_on_real_candles(candles: Pool) -> None:
    spot, perps = candles[:25], candles[25:]
    for pool in (spot, perps):
        rates = _rates(pool)
        for kind in set(rates) - {K.SHORT_HISTORY}:
            assert rates[kind] <= FALSE_A_YEAR_CANDLES.get(kind, 0.0), kind
