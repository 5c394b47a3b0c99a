"""The known faults of four years of hourly spot closes are found, and the true moves kept.

Oracle: the list of faults that came with the data, each confirmed there by hand against a second
source or the venue's own announcements. The detectors are told neither names nor dates.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars, PriceKind
from plimsoll.marketdata import Assembly, CheckSettings, assemble, check_bars, horizon_moves

K = FindingKind


def ns(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


@pytest.fixture(scope="module")
def bars(market_data_dir: Path) -> dict[str, Bars]:
    frame = pl.read_parquet(market_data_dir / "hourly" / "binance_spot_close_1h_2021_2025.parquet")
    return {
        str(symbol): Bars(
            market=str(symbol),
            time_ns=rows["ts"].dt.timestamp("ns").to_numpy().copy(),
            close=rows["close"].to_numpy().copy(),
            interval_ns=HOUR_NS,
            price_kind=PriceKind.SPOT_CLOSE,
        )
        for (symbol,), rows in frame.group_by("symbol", maintain_order=True)
    }


@pytest.fixture(scope="module")
def assembly(bars: dict[str, Bars]) -> Assembly:
    return assemble(bars)


@pytest.fixture(scope="module")
def found(assembly: Assembly) -> tuple[Finding, ...]:
    return assembly.history.findings


def of(found: tuple[Finding, ...], kind: FindingKind, market: str) -> list[Finding]:
    return [f for f in found if f.kind is kind and f.market == market]


def test_the_reused_ticker_is_split(assembly: Assembly, found: tuple[Finding, ...]) -> None:
    reused = [f for f in found if f.kind is K.REUSED_TICKER]
    assert [(f.market, f.first_ns, f.last_ns) for f in reused] == [
        ("LUNAUSDT", ns("2022-05-13T00"), ns("2022-05-31T06"))
    ]
    assert (reused[0].expected, reused[0].value) == (0.00005, 8.5558)
    history = assembly.history
    old, new = history.column("LUNAUSDT@2022-05-13"), history.column("LUNAUSDT")
    end, begin = np.searchsorted(history.time_ns, [reused[0].first_ns, reused[0].last_ns])
    assert not history.active[end + 1 :, old].any()
    assert not history.active[:begin, new].any()
    assert history.active[begin:, new].all()
    assert (history.close[end, old], history.close[begin, new]) == (0.00005, 8.5558)
    move = horizon_moves(history, 24, 24).log_move
    assert np.nanmax(np.abs(move[:, new])) < np.log(20.0), "no move leads from one to the other"


@pytest.mark.parametrize(
    ("market", "first", "last"),
    [
        ("FTTUSDT", "2022-11-15T04", "2023-09-22T08"),
        ("USDCUSDT", "2022-09-26T02", "2023-03-11T14"),
        ("TUSDUSDT", "2022-09-26T02", "2023-03-11T14"),
        ("AEURUSDT", "2023-12-05T18", "2023-12-08T14"),
        ("USUALUSDT", "2024-12-17T08", "2024-12-18T11"),
        ("LUNAUSDT", "2022-05-13T00", "2022-05-31T06"),
    ],
)
def test_long_holes(found: tuple[Finding, ...], market: str, first: str, last: str) -> None:
    span = (ns(first), ns(last))
    assert span in {(f.first_ns, f.last_ns) for f in of(found, K.GAP, market)}
    relisted = span in {(f.first_ns, f.last_ns) for f in of(found, K.RELISTING, market)}
    assert relisted == (span[1] - span[0] > 30 * DAY_NS)
    assert bool(of(found, K.REUSED_TICKER, market)) == (market == "LUNAUSDT")


def test_the_seven_common_outages(found: tuple[Finding, ...]) -> None:
    spans = {
        ("2021-02-11T03", "2021-02-11T05"),
        ("2021-03-06T01", "2021-03-06T03"),
        ("2021-04-20T01", "2021-04-20T04"),
        ("2021-04-25T04", "2021-04-25T08"),
        ("2021-08-13T01", "2021-08-13T06"),
        ("2021-09-29T06", "2021-09-29T09"),
        ("2023-03-24T12", "2023-03-24T14"),
    }
    outages = [f for f in found if f.kind is K.COMMON_OUTAGE]
    assert {(f.first_ns, f.last_ns) for f in outages} == {(ns(a), ns(b)) for a, b in spans}
    assert {f.market for f in outages} == {"*"}
    assert min(f.value for f in outages) >= 106
    assert sum(f.kind is K.GAP for f in found) == 8, "only the holes of single markets are left"


def test_the_stale_series(found: tuple[Finding, ...]) -> None:
    stale = of(found, K.STALE_RUN, "TUSDUSDT")
    assert max(f.bars for f in stale) >= 40
    assert sum(f.bars > 24 for f in stale) == 2
    stable = {"TUSDUSDT", "USDCUSDT", "FDUSDUSDT", "USD1USDT", "XUSDUSDT"}
    assert {f.market for f in found if f.kind is K.STALE_RUN} <= stable


def test_the_last_bar_of_each_series_is_unproven(
    bars: dict[str, Bars], assembly: Assembly, found: tuple[Finding, ...]
) -> None:
    partial = {f.market: f.last_ns for f in found if f.kind is K.PARTIAL_LAST_BAR}
    assert partial == {name: int(one.time_ns[-1]) for name, one in bars.items()}
    usable = assembly.history.usable_close()
    for market, last in partial.items():
        row = np.searchsorted(assembly.history.time_ns, last)
        assert np.isnan(usable[row, assembly.history.column(market)])


TRUE_MOVES = [
    ("VTHOUSDT", "2025-01-21T10", 2.965),
    ("ASRUSDT", "2022-06-08T20", 1.200),
    ("ATMUSDT", "2022-05-25T02", 1.097),
    ("AVAUSDT", "2024-12-12T15", 1.321),
    ("OGUSDT", "2022-06-24T22", 1.044),
    ("ONGUSDT", "2022-02-13T18", 1.070),
    ("CTKUSDT", "2024-05-29T07", 1.029),
    ("SANDUSDT", "2021-01-21T08", 1.002),
    ("TRBUSDT", "2023-12-31T22", -0.608),
    ("ACTUSDT", "2025-04-01T10", -0.511),
    ("OMUSDT", "2025-04-13T18", -0.759),
    ("FTTUSDT", "2022-11-08T18", -0.390),
    ("RVNUSDT", "2025-06-05T07", 0.779),
]


@pytest.mark.parametrize(("market", "at", "simple"), TRUE_MOVES)
def test_true_moves_are_reported_and_kept(
    assembly: Assembly, found: tuple[Finding, ...], market: str, at: str, simple: float
) -> None:
    suspicious = [f for f in of(found, K.SUSPICIOUS_MOVE, market) if f.first_ns == ns(at)]
    assert [f.value for f in suspicious] == [pytest.approx(simple, abs=0.0006)], "3 digits listed"
    assert_usable(assembly, market, ns(at))


def assert_usable(assembly: Assembly, market: str, at_ns: int) -> None:
    history = assembly.history
    row, column = int(np.searchsorted(history.time_ns, at_ns)), history.column(market)
    assert np.isfinite(history.usable_close()[row - 1 : row + 1, column]).all()


def test_juv_and_fun(assembly: Assembly, found: tuple[Finding, ...]) -> None:
    """Listed without an hour: JUV doubled within one; FUN lost 66 % on the first day of data."""
    juv = max(of(found, K.SUSPICIOUS_MOVE, "JUVUSDT"), key=lambda f: f.value)
    assert juv.value > 0.9
    assert_usable(assembly, "JUVUSDT", juv.first_ns)
    fun = min(of(found, K.SUSPICIOUS_MOVE, "FUNUSDT"), key=lambda f: f.value)
    assert fun.value == pytest.approx(-0.66, abs=0.005)
    assert fun.first_ns < ns("2021-01-02")
    assert_usable(assembly, "FUNUSDT", fun.first_ns)


@pytest.mark.parametrize(
    ("market", "first", "last", "drop"),
    [
        ("LUNAUSDT@2022-05-13", "2022-05-09T00", "2022-05-13T00", -13.5),
        ("FTTUSDT", "2022-11-08T00", "2022-11-10T00", -2.0),
        ("OMUSDT", "2025-04-13T16", "2025-04-14T06", -2.0),
        ("BTCUSDT", "2021-05-19T00", "2021-05-20T00", -0.09),
        ("XTZUSDT", "2021-05-19T00", "2021-05-20T00", -0.4),
    ],
)
def test_nothing_of_a_crash_is_masked(
    assembly: Assembly, market: str, first: str, last: str, drop: float
) -> None:
    history = assembly.history
    rows = slice(*np.searchsorted(history.time_ns, [ns(first), ns(last) + 1]))
    close = history.usable_close()[rows, history.column(market)]
    assert np.isfinite(close).all()
    assert np.log(close).min() - np.log(close[0]) < drop


def test_masked_bars_are_few(assembly: Assembly) -> None:
    """Of 4.9 million bars, the default policy masks the last bars, spikes and stale runs only."""
    history = assembly.history
    masked = int((np.isfinite(history.close) & np.isnan(history.usable_close())).sum())
    assert masked < 500


def test_renamed_and_shifted_series_give_the_same_findings(bars: dict[str, Bars]) -> None:
    settings, shift = CheckSettings(), 7 * 365 * DAY_NS + 37 * 60 * 10**9 + 123
    for number, name in enumerate(("LUNAUSDT", "TUSDUSDT", "ASRUSDT", "AEURUSDT", "FTTUSDT")):
        one = bars[name]
        other = Bars(
            market=f"COIN{number}",
            time_ns=one.time_ns - shift,
            close=one.close,
            interval_ns=HOUR_NS,
            price_kind=PriceKind.MARK,
        )
        here = [(f.kind, f.first_ns, f.last_ns, f.known_at_ns) for f in check_bars(one, settings)]
        there = [
            (f.kind, f.first_ns + shift, f.last_ns + shift, f.known_at_ns + shift)
            for f in check_bars(other, settings)
        ]
        assert here == there
        assert len(here) > 1
