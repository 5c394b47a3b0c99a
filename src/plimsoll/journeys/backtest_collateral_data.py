"""Prices of the collateral study: coins and pegged assets, hourly and daily."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.files import ColumnMap, FileFormat, read_bars
from plimsoll.calibration.collateral.pegged import PegKind
from plimsoll.calibration.collateral.walk_forward import PeggedPrice
from plimsoll.domain.market import HOUR_NS, Bars, MarketHistory, PriceKind
from plimsoll.errors import DataError
from plimsoll.marketdata.assembly import assemble

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HOURLY = "hourly/binance_spot_close_1h_2021_2025.parquet"
DAILY = "daily/yahoo_usd_1d.parquet"

COINS = (
    "AAVE", "ADA", "ALGO", "ANKR", "AVAX", "AXS", "BAT", "BTC", "CHR", "COMP", "DOGE", "DOT",
    "EGLD", "ENJ", "ETH", "FIL", "GRT", "HBAR", "ICX", "IOTA", "KNC", "KSM", "LRC", "MANA", "MKR",
    "NEO", "ONT", "QTUM", "ROSE", "RVN", "SAND", "SKL", "SNX", "SOL", "STORJ", "STX", "SUSHI",
    "THETA", "TRX", "VET", "XTZ", "ZEN", "ZRX",
)  # fmt: skip
"""Coins a venue may take that trade from the first hour of the file; named, not chosen."""
OTHERS = ("EUR", "PAXG")
HOURLY_PEGS: Mapping[str, tuple[PegKind, str]] = {
    "USDC": (PegKind.RESERVES, ""),
    "TUSD": (PegKind.RESERVES, ""),
    "FDUSD": (PegKind.RESERVES, ""),
    "AEUR": (PegKind.RESERVES, "EUR"),
    "EURI": (PegKind.RESERVES, "EUR"),
    "WBTC": (PegKind.WRAPPED, "BTC"),
    "BNSOL": (PegKind.STAKED, "SOL"),
}
"""Kind of peg, and what the asset is held to; nothing: the dollar."""
DAILY_PEGS: Mapping[str, tuple[PegKind, str]] = {
    "USDT": (PegKind.RESERVES, ""),
    "USDC": (PegKind.RESERVES, ""),
    "STETH": (PegKind.STAKED, "ETH"),
    "WEETH": (PegKind.STAKED, "ETH"),
}
_DRIFTING = ("BNSOL", "WEETH")
"""Worth more of their coin each day: their peg is the median of the last month."""
_MEDIAN_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeggedPrices:
    """Pegged assets of one file, on one grid; ``available_ns`` is when each bar was known."""

    prices: tuple[PeggedPrice, ...]
    available_ns: IntArray
    interval_hours: float


def coin_history(data: Path) -> MarketHistory:
    """Return the checked hourly history of coins, euro and gold."""
    names = [f"{asset}USDT" for asset in (*COINS, *OTHERS)]
    return assemble(_bars(data / HOURLY, names, PriceKind.SPOT_CLOSE)).history


def hourly_pegs(data: Path) -> PeggedPrices:
    """Return the pegged assets of the hourly file, unchecked: a broken peg is no fault."""
    bases = {base for _, base in HOURLY_PEGS.values() if base}
    names = [f"{asset}USDT" for asset in (*HOURLY_PEGS, *bases)]
    bars = _bars(data / HOURLY, names, PriceKind.SPOT_CLOSE)
    return _pegged({n.removesuffix("USDT"): b for n, b in bars.items()}, HOURLY_PEGS)


def daily_pegs(data: Path) -> PeggedPrices:
    """Return the pegged assets of the daily file."""
    bases = {base for _, base in DAILY_PEGS.values() if base}
    bars = _bars(data / DAILY, [*DAILY_PEGS, *bases], PriceKind.LAST_TRADE)
    return _pegged(bars, DAILY_PEGS)


def perpetual_and_spot(data: Path, coin: str) -> tuple[Bars, Bars]:
    """Return 5-minute bars of a perpetual and of its spot pair."""
    return (
        _one(data / f"minute/binance_perp_{coin}USDT_5m.parquet", coin),
        _one(data / f"minute/binance_spot_{coin}USDT_5m.parquet", coin),
    )


def deribit_marks(data: Path) -> tuple[Mapping[str, Bars], Mapping[str, Bars]]:
    """Return marks of dated futures and of perpetuals at the snapshots, by instrument."""
    dated = read_bars(
        data / "options/deribit_dated_futures_marks.parquet",
        FileFormat.PARQUET,
        price_kind=PriceKind.MARK,
        columns=ColumnMap(close="term_mark_price_final", symbol="futures_instrument_name"),
        interval_ns=HOUR_NS,
    )
    perpetual = read_bars(
        data / "options/deribit_perp_marks_at_snapshots.parquet",
        FileFormat.PARQUET,
        price_kind=PriceKind.LAST_TRADE,
        columns=ColumnMap(close="candle_price_used", symbol="instrument_name"),
        interval_ns=HOUR_NS,
    )
    return dated, perpetual


def _bars(path: Path, names: Sequence[str], kind: PriceKind) -> dict[str, Bars]:
    if not path.is_file():
        raise DataError(
            "must be there",
            found="no file",
            field=str(path),
            remedy="give the folder of market data: --data, or the variable PLIMSOLL_DATA",
        )
    return read_bars(
        path,
        FileFormat.PARQUET,
        price_kind=kind,
        columns=ColumnMap(symbol="symbol"),
        symbols=list(dict.fromkeys(names)),
    )


def _one(path: Path, market: str) -> Bars:
    return read_bars(
        path,
        FileFormat.PARQUET,
        price_kind=PriceKind.LAST_TRADE,
        columns=ColumnMap(),
        market=market,
    )[market]


def _pegged(bars: Mapping[str, Bars], pegs: Mapping[str, tuple[PegKind, str]]) -> PeggedPrices:
    interval = next(iter(bars.values())).interval_ns
    first = min(int(b.time_ns[0]) for b in bars.values())
    last = max(int(b.time_ns[-1]) for b in bars.values())
    grid = np.arange(first, last + interval, interval, dtype=np.int64)
    logs = {name: _on_grid(one, grid) for name, one in bars.items()}
    per_day = round(24 * HOUR_NS / interval)
    prices = []
    for asset, (kind, base) in pegs.items():
        ratio = logs[asset] - logs[base] if base else logs[asset]
        if asset in _DRIFTING:
            ratio = ratio - _trailing_median(ratio, _MEDIAN_DAYS * per_day)
        prices.append(PeggedPrice(asset=asset, kind=kind, log_ratio=ratio))
    return PeggedPrices(
        prices=tuple(prices),
        available_ns=grid + interval,
        interval_hours=interval / HOUR_NS,
    )


def _on_grid(bars: Bars, grid: IntArray) -> FloatArray:
    out = np.full(grid.size, np.nan)
    rows = np.searchsorted(grid, bars.time_ns)
    out[rows] = np.log(np.where(bars.close > 0.0, bars.close, np.nan))
    return out


def _trailing_median(values: FloatArray, window: int) -> FloatArray:
    """Median of the window before each row, refreshed once a 24th of it; NaN without any."""
    out, median = np.full(values.size, np.nan), np.nan
    for row in range(1, values.size):
        if row % max(1, window // 24) == 1 or np.isnan(median):
            past = values[max(0, row - window) : row]
            past = past[np.isfinite(past)]
            median = float(np.median(past)) if past.size else np.nan
        out[row] = median
    return out
