"""Minute bars as mark paths, and the cost of closing that was known before each bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.files import ColumnMap, read_bars
from plimsoll.domain.market import DAY_NS, Bars, PriceKind
from plimsoll.validation.replay.markets import MarkPaths

FloatArray = NDArray[np.float64]

FIVE_MINUTE_MARKETS = tuple(
    f"{coin}USDT" for coin in ("BTC", "ETH", "SOL", "DOGE", "OP", "PIPPIN", "NAORIS", "WLFI")
)
MINUTE_MARKETS = ("BTCUSDT", "ETHUSDT")
HALF_SPREAD = 0.0002
TURNOVER_DAYS = 7
_LEAST_TURNOVER_USD = 1e5
_COLUMNS = ColumnMap(time="ts", close="close", open="open", high="high", low="low", volume="volume")


def five_minute_bars(folder: Path, markets: Sequence[str] = FIVE_MINUTE_MARKETS) -> dict[str, Bars]:
    """Five-minute bars of the perpetuals."""
    return _bars(folder / "minute" / "binance_perp_{symbol}_5m.parquet", markets)


def minute_bars_2022(folder: Path) -> dict[str, Bars]:
    """One-minute bars of BTC and ETH in 2022."""
    return _bars(folder / "minute" / "binance_{symbol}_1m_2022.parquet", MINUTE_MARKETS)


def _bars(pattern: Path, markets: Sequence[str]) -> dict[str, Bars]:
    found: dict[str, Bars] = {}
    for name in markets:
        path = str(pattern).replace("{symbol}", name)
        found |= read_bars(
            path, "parquet", price_kind=PriceKind.LAST_TRADE, columns=_COLUMNS, market=name
        )
    return found


def mark_paths(
    bars: Mapping[str, Bars],
    *,
    extremes: bool = False,
    since_ns: int | None = None,
    until_ns: int | None = None,
    impact: float = 1.0,
    depth: float = 1.0,
) -> MarkPaths:
    """Align bars on one grid; costs use volatility and turnover of the time before each bar.

    Parameters
    ----------
    bars : mapping of str to Bars
    extremes : bool
        With the bars' lows and highs, else on closes alone.
    since_ns, until_ns : int, optional
        Part of the grid that is returned; what lies before still tells volatility and turnover.
    impact : float
        Y of the square-root law.
    depth : float
        Share of the usual turnover that is there, for stressed costs.
    """
    names, every = tuple(bars), list(bars.values())
    step = every[0].interval_ns
    first = min(int(one.time_ns.min()) for one in every)
    last = max(int(one.time_ns.max()) for one in every)
    grid = first + step * np.arange((last - first) // step + 1, dtype=np.int64)
    close, low, high, turnover = (_aligned(every, grid, step, name) for name in _NAMES)
    k = impact_path(close, turnover, DAY_NS // step, impact) / np.sqrt(depth)
    low_row = 0 if since_ns is None else int(np.searchsorted(grid, since_ns))
    high_row = grid.size if until_ns is None else int(np.searchsorted(grid, until_ns))
    rows = slice(low_row, high_row)
    return MarkPaths(
        markets=names,
        time_ns=grid[rows],
        close=close[rows],
        low=low[rows] if extremes else None,
        high=high[rows] if extremes else None,
        half_spread=np.full_like(close[rows], HALF_SPREAD),
        impact=k[rows],
    )


_NAMES = ("close", "low", "high", "turnover")


def _aligned(every: Sequence[Bars], grid: NDArray[np.int64], step: int, name: str) -> FloatArray:
    out = np.full((grid.size, len(every)), np.nan)
    for column, one in enumerate(every):
        rows = (one.time_ns - grid[0]) // step
        if name == "turnover":
            volume = np.zeros(len(one)) if one.volume is None else one.volume
            out[rows, column] = volume * one.close
        else:
            values = getattr(one, name)
            out[rows, column] = one.close if values is None else values
    return out


def impact_path(
    close: FloatArray, turnover: FloatArray, bars_per_day: int, impact: float
) -> FloatArray:
    """(T, M) ``Y sigma_d / sqrt(V_d)`` from the day, and the week of turnover, before each bar.

    The first day of a market takes its figures from the first bars that it has, at least a
    quarter of a day of them: before that the highest of the markets that have one, for nothing
    is known of the new one.
    """
    moves = np.diff(np.log(close), axis=0, prepend=np.nan)
    variance = _trailing(moves**2, bars_per_day) * bars_per_day
    volume = _trailing(turnover, TURNOVER_DAYS * bars_per_day) * bars_per_day
    k = impact * np.sqrt(variance / np.maximum(volume, _LEAST_TURNOVER_USD))
    known = np.isfinite(k)
    worst = np.max(np.where(known, k, 0.0), axis=1, keepdims=True)
    return np.where(known, k, np.where(worst > 0.0, worst, np.nanmax(k)))


def _trailing(values: FloatArray, bars: int) -> FloatArray:
    """(T, M) mean over up to ``bars`` bars before each; NaN for fewer than a quarter of a day."""
    held = np.isfinite(values)
    sums = np.cumsum(np.where(held, values, 0.0), axis=0)
    counts = np.cumsum(held, axis=0)
    zero = np.zeros((1, values.shape[1]))
    sums, counts = np.concatenate([zero, sums]), np.concatenate([zero, counts])
    at = np.arange(values.shape[0])
    since = np.maximum(0, at - bars)
    count = counts[at] - counts[since]
    least = min(bars, 72)
    return np.where(count >= least, (sums[at] - sums[since]) / np.maximum(count, 1.0), np.nan)
