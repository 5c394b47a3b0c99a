"""The known faults of the candle files (days, hours, minutes) are found, true moves are kept.

Oracle: the list of faults that came with the data; counts of zero-volume bars and of missing
prices are taken again from the raw columns here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars, FloatArray, PriceKind
from plimsoll.marketdata import assemble, check_bars, check_panel

K = FindingKind
MINUTE_NS = HOUR_NS // 60
Load = Callable[..., dict[str, Bars]]


def ns(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


def spans(found: tuple[Finding, ...], kind: FindingKind, market: str) -> set[tuple[int, int]]:
    return {(f.first_ns, f.last_ns) for f in found if f.kind is kind and f.market == market}


def moves(found: tuple[Finding, ...], market: str) -> dict[int, float]:
    return {
        f.first_ns: f.value for f in found if f.kind is K.SUSPICIOUS_MOVE and f.market == market
    }


@pytest.fixture(scope="module")
def load(market_data_dir: Path) -> Load:
    def read(
        name: str, interval_ns: int, kind: PriceKind = PriceKind.LAST_TRADE, market: str = "M"
    ) -> dict[str, Bars]:
        frame = pl.read_parquet(market_data_dir / f"{name}.parquet")
        keys = [key for key in ("market", "symbol") if key in frame.columns]
        if not keys:
            return {market: _bars(market, frame, interval_ns, kind)}
        return {
            (label := "/".join(map(str, key))): _bars(label, rows, interval_ns, kind)
            for key, rows in frame.group_by(keys, maintain_order=True)
        }

    return read


def _bars(market: str, rows: pl.DataFrame, interval_ns: int, kind: PriceKind) -> Bars:
    def column(name: str) -> FloatArray | None:
        if name not in rows.columns:
            return None
        return rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()

    close = column("close")
    assert close is not None
    return Bars(
        market=market,
        time_ns=rows["ts"].dt.timestamp("ns").to_numpy().copy(),
        close=close,
        open=column("open"),
        high=column("high"),
        low=column("low"),
        volume=column("volume"),
        interval_ns=interval_ns,
        price_kind=kind,
    )


PERPS = ("BTC", "ETH", "SOL", "DOGE", "OP", "PIPPIN", "NAORIS", "WLFI")


@pytest.fixture(scope="module")
def perps(load: Load) -> dict[str, Bars]:
    name = "minute/binance_perp_{}USDT_5m"
    return {m: load(name.format(m), 5 * MINUTE_NS, market=m)[m] for m in PERPS}


@pytest.fixture(scope="module")
def perp_findings(perps: dict[str, Bars]) -> tuple[Finding, ...]:
    return check_panel(perps.values())


def test_outages_filled_with_flat_bars(
    perps: dict[str, Bars], perp_findings: tuple[Finding, ...]
) -> None:
    january = (ns("2025-01-29T01:25"), ns("2025-01-29T01:30"))
    august = (ns("2025-08-29T06:20"), ns("2025-08-29T06:30"))
    for market, bars in perps.items():
        expected = {span for span in (january, august) if span[0] > bars.time_ns[0]}
        assert spans(perp_findings, K.FLAT_OUTAGE, market) == expected
    assert spans(perp_findings, K.COMMON_OUTAGE, "*") == {january, august}


def test_the_crash_of_october_is_kept(
    perps: dict[str, Bars], perp_findings: tuple[Finding, ...]
) -> None:
    pippin = moves(perp_findings, "PIPPIN")
    assert pippin[ns("2025-10-10T21:20")] == pytest.approx(-0.681, abs=0.0006)
    assert pippin[ns("2025-10-10T21:25")] == pytest.approx(1.485, abs=0.006)
    worst = {"BTC": -0.078, "SOL": -0.198, "DOGE": -0.439, "OP": -0.505}
    for market, simple in worst.items():
        assert moves(perp_findings, market)[ns("2025-10-10T21:15")] == pytest.approx(
            simple, abs=0.0006
        )
    history = assemble(perps).history
    rows = slice(*np.searchsorted(history.time_ns, [ns("2025-10-10T20"), ns("2025-10-11T02")]))
    assert np.isfinite(history.usable_close()[rows]).all()
    assert not [f for f in perp_findings if f.kind in (K.REVERTING_SPIKE, K.UNIT_SLIP)]


@pytest.mark.parametrize(
    ("name", "interval_ns", "silent"),
    [
        ("minute/binance_spot_USD1USDT_5m", 5 * MINUTE_NS, 852),
        ("minute/binance_perp_XAGUSDT_1m", MINUTE_NS, 291),
    ],
)
def test_every_zero_volume_bar(load: Load, name: str, interval_ns: int, silent: int) -> None:
    (bars,) = load(name, interval_ns).values()
    found = check_bars(bars)
    assert bars.volume is not None
    assert int((bars.volume == 0).sum()) == silent
    kinds = (K.FLAT_OUTAGE, K.UNTRADED_PRICE)
    assert sum(f.bars for f in found if f.kind in kinds) == silent


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_minutes_of_2022(load: Load, coin: str) -> None:
    """Two outages of 29 and 35 minutes, on no list: counted here from the raw volumes."""
    bars = load(f"minute/binance_{coin}USDT_1m_2022", MINUTE_NS)["M"]
    found = check_bars(bars)
    assert bars.volume is not None
    silent = bars.time_ns[bars.volume == 0]
    flat = sorted(spans(found, K.FLAT_OUTAGE, "M"))
    assert [(b - a) // MINUTE_NS + 1 for a, b in flat] == [29, 35]
    assert {int(t) for a, b in flat for t in range(a, b + 1, MINUTE_NS)} == set(silent.tolist())
    assert {f.kind for f in found} == {K.FLAT_OUTAGE, K.SUSPICIOUS_MOVE, K.PARTIAL_LAST_BAR}


def test_months_delivered_in_disorder(load: Load) -> None:
    markets = load("minute/binance_perp_alts_1m_crises", MINUTE_NS)
    found = check_panel(markets.values())
    disorder = [f for f in found if f.kind is K.UNORDERED_BAR]
    assert [(f.market, f.bars) for f in disorder] == [("FILUSDT", 30 * 24 * 60)]
    holes = {f.market: 0 for f in found if f.kind is K.GAP}
    for f in found:
        if f.kind is K.GAP:
            holes[f.market] += 1
    assert holes == {"FILUSDT": 3, "AVAXUSDT": 1}, "months left out on purpose"
    assert not [f for f in found if f.kind in (K.REUSED_TICKER, K.REDENOMINATION)]


def test_mark_bars_are_not_an_outage(load: Load) -> None:
    markets = load("hourly/binance_perp_mark_ohlcv_1h", HOUR_NS, PriceKind.MARK)
    assert all(bars.volume is not None and not bars.volume.any() for bars in markets.values())
    kinds = {f.kind for f in check_panel(markets.values())}
    assert kinds == {K.SUSPICIOUS_MOVE, K.SHORT_HISTORY, K.PARTIAL_LAST_BAR}


@pytest.mark.parametrize("name", ["hourly/binance_spot_ohlcv_1h", "hourly/binance_perp_ohlcv_1h"])
def test_hourly_candles(load: Load, name: str) -> None:
    markets = load(name, HOUR_NS)
    found = check_panel(markets.values())
    kinds = {f.kind for f in found}
    assert kinds <= {K.SUSPICIOUS_MOVE, K.SHORT_HISTORY, K.PARTIAL_LAST_BAR, K.FLAT_OUTAGE}
    assert sum(f.kind is K.FLAT_OUTAGE for f in found) <= 1
    ends = {f.market: f.last_ns for f in found if f.kind is K.PARTIAL_LAST_BAR}
    assert ends == {name: int(bars.time_ns[-1]) for name, bars in markets.items()}
    if "OMUSDT" in markets:
        assert moves(found, "OMUSDT")[ns("2025-04-13T18")] == pytest.approx(-0.759, abs=6e-4)


def test_daily_candles(load: Load) -> None:
    found = check_panel(load("daily/binance_usdt_1d", DAY_NS).values())
    listed = {
        ("spot/AWEUSDT", "2026-02-19"): -0.34,
        ("spot/OMUSDT", "2025-04-13"): -0.839,
        ("perp/PIPPINUSDT", "2025-10-10"): -0.507,
    }
    for (market, day), simple in listed.items():
        assert moves(found, market)[ns(day)] == pytest.approx(simple, abs=0.005)
    kinds = {f.kind for f in found}
    assert kinds == {K.SUSPICIOUS_MOVE, K.SHORT_HISTORY, K.PARTIAL_LAST_BAR}


def test_series_that_end_at_different_times_are_not_delisted(load: Load) -> None:
    """Their ends spread over three weeks because they were fetched one after another."""
    markets = load("daily/binance_usdt_1d", DAY_NS)
    ends = [int(bars.time_ns[-1]) for bars in markets.values()]
    assert max(ends) - min(ends) > 14 * DAY_NS
    assert assemble(markets).history.active[-1].all()


@pytest.fixture(scope="module")
def yahoo(load: Load) -> dict[str, Bars]:
    return load("daily/yahoo_usd_1d", DAY_NS)


def test_aggregated_days(yahoo: dict[str, Bars]) -> None:
    found = check_panel(yahoo.values())
    assert spans(found, K.GAP, "AVAX") == {(ns("2020-07-14"), ns("2020-09-22"))}
    assert spans(found, K.GAP, "WETH") == {(ns("2018-08-21"), ns("2018-08-23"))}
    assert sum(f.kind is K.GAP for f in found) == 2
    for market, bars in yahoo.items():
        assert bars.volume is not None
        silent = int((bars.volume == 0).sum())
        kinds = (K.FLAT_OUTAGE, K.UNTRADED_PRICE)
        assert sum(f.bars for f in found if f.kind in kinds and f.market == market) == silent
    impossible = [(f.market, f.bars, f.detail) for f in found if f.kind is K.IMPOSSIBLE_PRICE]
    assert impossible == [("WETH", 2, "the low is 0")], "on no list, but plain in the file"


def test_wrapped_coins_that_lag_their_coin(yahoo: dict[str, Bars]) -> None:
    """Listed: WETH and ETH closes differ by 48 %, 35 % and 34 % (lower against higher, or back)."""
    found = check_panel(yahoo.values())
    apart = {
        (f.market, f.first_ns): f.value / f.expected - 1
        for f in found
        if f.kind is K.TWIN_DIVERGENCE
    }
    assert apart["WETH", ns("2019-02-05")] == pytest.approx(-0.35, abs=0.006)
    assert apart["WETH", ns("2019-06-24")] == pytest.approx(-0.34, abs=0.006)
    assert moves(found, "WETH")[ns("2019-10-25")] > 0.7, "by then they were no twins any more"
    coins = ("BTC", "WBTC", "BTCB", "ETH", "WETH", "STETH", "TRX", "WTRX", "USDT", "USDC")
    assert {market for market, _ in apart} <= set(coins), "no other pair has one price"


def test_missing_stablecoin_prices(load: Load) -> None:
    (bars,) = load("daily/usdt_usd_1d", DAY_NS, PriceKind.INDEX).values()
    found = check_bars(bars)
    missing = [f for f in found if f.kind is K.IMPOSSIBLE_PRICE]
    assert sum(f.bars for f in missing) == int(np.isnan(bars.close).sum()) == 143
    assert {f.kind for f in found} == {K.IMPOSSIBLE_PRICE, K.PARTIAL_LAST_BAR}
