"""One market's bars in order, once each, with a possible price: what the price checks look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.market import Bars, BoolArray, FloatArray, IntArray
from plimsoll.errors import DataFormatError
from plimsoll.marketdata.scale import trailing_scales
from plimsoll.marketdata.settings import CheckSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Bars in order of time, without duplicates, off-grid times and impossible prices.

    Parameters
    ----------
    bars : Bars
        The bars left over, in order.
    log_close : (n,) float64
    steps : (n,) float64
        Bars from the one before to this one: 1 unless there is a hole; NaN for the first.
    move : (n,) float64
        Log move from the bar before; NaN for the first.
    slow_scale, scale : (n,) float64
        See `plimsoll.marketdata.scale.trailing_scales`.
    """

    bars: Bars
    log_close: FloatArray
    steps: FloatArray
    move: FloatArray
    slow_scale: FloatArray
    scale: FloatArray

    @property
    def time_ns(self) -> IntArray:
        """(n,) open times."""
        return self.bars.time_ns

    @property
    def move_scales(self) -> FloatArray:
        """(n,) moves in scales, grown by the root of the bars they took."""
        return self.move / (self.scale * np.sqrt(self.steps))

    def __len__(self) -> int:
        return len(self.bars)


def ordered_series(bars: Bars, settings: CheckSettings) -> Series:
    """Return the usable bars of ``bars`` in order, with their moves and scales."""
    order = time_order(bars)
    time_ns = bars.time_ns[order]
    usable = possible_prices(bars)[order] & ~conflicting(bars, order)
    usable &= ~repeated(time_ns) & (time_ns % bars.interval_ns == phase_ns(bars))
    return _series(bars.take(order[usable]), settings)


def _series(bars: Bars, settings: CheckSettings) -> Series:
    log_close = np.log(bars.close)
    first = np.full(min(1, len(bars)), np.nan)
    move = np.concatenate([first, np.diff(log_close)])
    steps = np.concatenate([first, np.diff(bars.time_ns) / bars.interval_ns])
    slow, scale = trailing_scales(move / np.sqrt(steps), settings)
    return Series(
        bars=bars, log_close=log_close, steps=steps, move=move, slow_scale=slow, scale=scale
    )


def time_order(bars: Bars) -> IntArray:
    """Return the rows of ``bars`` in order of time; equal times in order of delivery."""
    if bars.interval_ns <= 0:
        raise DataFormatError(
            "must be positive", found=bars.interval_ns, field=f"{bars.market}.interval_ns"
        )
    if len(bars) > 1 and not bool(np.all(np.diff(bars.time_ns) > 0)):
        return np.argsort(bars.time_ns, kind="stable")
    return np.arange(len(bars))


def repeated(time_ns: IntArray) -> BoolArray:
    """Return which of the ordered times repeat the one before."""
    again = np.zeros(time_ns.size, dtype=bool)
    again[1:] = time_ns[1:] == time_ns[:-1]
    return again


def conflicting(bars: Bars, order: IntArray) -> BoolArray:
    """Return which of the ordered bars share their time with a bar of other prices."""
    again = repeated(bars.time_ns[order])
    clash = np.zeros(len(bars), dtype=bool)
    if not again.any():
        return clash
    group = np.cumsum(~again) - 1
    for column in (bars.open, bars.high, bars.low, bars.close, bars.volume):
        if column is not None:
            first = column[order][~again][group]
            here = column[order]
            clash |= ~((here == first) | (np.isnan(here) & np.isnan(first)))
    clashes: BoolArray = np.bincount(group, weights=clash)[group] > 0
    return clashes


def possible_prices(bars: Bars) -> BoolArray:
    """Return which bars have finite positive prices with low <= open, close <= high."""
    good = np.isfinite(bars.close) & (bars.close > 0)
    for column in (bars.open, bars.high, bars.low):
        if column is not None:
            good &= np.isfinite(column) & (column > 0)
    inner = [column for column in (bars.open, bars.close) if column is not None]
    for column in inner:
        if bars.high is not None:
            good &= bars.high >= column
        if bars.low is not None:
            good &= bars.low <= column
    return good


_NEGATIVE_SHARE = 0.1
"""Faulty prices are zero, missing or far off; negative ones in numbers are returns or a spread."""


def holds_no_prices(bars: Bars) -> bool:
    """Return whether the closes are something else: most are impossible, or a tenth negative.

    Of the closes that are there: a missing one (NaN) says nothing about the others.

    >>> returns = np.array([0.01, 0.02, -0.01, 0.02])
    >>> from plimsoll.domain.market import HOUR_NS
    >>> times = HOUR_NS * np.arange(4)
    >>> holds_no_prices(
    ...     Bars(market="X", time_ns=times, close=returns, interval_ns=HOUR_NS, price_kind="mark")
    ... )
    True
    """
    close = bars.close[~np.isnan(bars.close)]
    if not close.size:
        return False
    impossible = np.isinf(close) | (close <= 0.0)
    negative = float((close < 0.0).mean())
    return bool(impossible.mean() > 0.5) or negative > _NEGATIVE_SHARE


def phase_ns(bars: Bars) -> int:
    """Return where on the clock the bars open: the commonest remainder of their times."""
    if not len(bars):
        return 0
    values, counts = np.unique(bars.time_ns % bars.interval_ns, return_counts=True)
    return int(values[np.argmax(counts)])
