"""Liquidity of all markets: from bars where there is turnover, of its class otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.finding import Reason
from plimsoll.domain.market import MarketHistory
from plimsoll.errors import DataFormatError, InsufficientDataError
from plimsoll.estimators.liquidity.bars import bar_liquidity
from plimsoll.estimators.liquidity.estimate import (
    LiquidityEstimate,
    LiquidityRows,
    bar_estimates,
    class_estimate,
)
from plimsoll.estimators.nightly.settings import NightlySettings

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarRanges:
    """Highs and lows (T, N) on the history's grid, NaN where a source has none."""

    high: FloatArray
    low: FloatArray


def liquidity_rows(
    history: MarketHistory,
    ranges: BarRanges | None,
    classes: Sequence[str],
    daily_volatility: FloatArray,
    settings: NightlySettings,
    at_ns: int,
) -> LiquidityRows:
    """Return the estimate or the reason of every market.

    Parameters
    ----------
    history : MarketHistory
        Volume in base units; turnover is volume times close, in the quote currency as dollars.
    classes : sequence of N str
    daily_volatility : (N,) float64
        For markets without turnover of their own; NaN where there is none.

    Raises
    ------
    DataFormatError
        Ranges of another shape than the history's.
    """
    rows = slice(-min(len(history), settings.liquidity_days * _per_day(history)), None)
    close = np.where(history.active, history.usable_close(), np.nan)[rows]
    close = np.where(close > 0.0, close, np.nan)
    none = np.full(close.shape, np.nan)
    volume = none if history.volume is None else history.volume[rows]
    turnover = np.where(volume >= 0.0, volume, np.nan) * close
    high, low = (None, None) if ranges is None else _usable(ranges, history.close.shape, rows)
    bars = bar_liquidity(
        history.markets,
        close,
        turnover,
        bars_per_day=float(_per_day(history)),
        high=high,
        low=low,
    )
    found = bar_estimates(bars, settings.notional_usd, at_ns=at_ns)
    return _with_classes(found, history.markets, classes, daily_volatility, settings, at_ns)


def _per_day(history: MarketHistory) -> int:
    return max(1, 86_400_000_000_000 // history.interval_ns)


def _usable(
    ranges: BarRanges, shape: tuple[int, ...], rows: slice
) -> tuple[FloatArray, FloatArray]:
    """Highs and lows; a bar whose high is below its low, or not positive, tells no range."""
    if ranges.high.shape != shape or ranges.low.shape != shape:
        raise DataFormatError(
            f"must have the shape of the history {shape}",
            found=(ranges.high.shape, ranges.low.shape),
            field="ranges",
        )
    high, low = ranges.high[rows], ranges.low[rows]
    good = (low > 0.0) & (high >= low) & np.isfinite(high)
    return np.where(good, high, np.nan), np.where(good, low, np.nan)


def _with_classes(
    found: LiquidityRows,
    markets: Sequence[str],
    classes: Sequence[str],
    daily_volatility: FloatArray,
    settings: NightlySettings,
    at_ns: int,
) -> LiquidityRows:
    """Give markets that have a volatility, but no turnover, the liquidity of their class."""
    estimates, reasons = dict(found.estimates), dict(found.reasons)
    kind = dict(zip(markets, classes, strict=True))
    for j, market in enumerate(markets):
        if market in estimates or not daily_volatility[j] > 0.0:
            continue
        for members in _classes_of(found, kind, market):
            try:
                estimates[market] = class_estimate(
                    market,
                    members,
                    daily_volatility=float(daily_volatility[j]),
                    at_ns=at_ns,
                    notional_usd=settings.notional_usd,
                )
            except InsufficientDataError:
                reasons[market] = Reason.NO_DATA
                continue
            reasons.pop(market, None)
            break
    return LiquidityRows(estimates=estimates, reasons=reasons)


def _classes_of(
    found: LiquidityRows, kind: dict[str, str], market: str
) -> tuple[list[LiquidityEstimate], ...]:
    """Estimates of a market's own class, and of all markets should that be too small."""
    others = [e for m, e in found.estimates.items() if m != market]
    return [e for e in others if kind[e.market] == kind[market]], others
