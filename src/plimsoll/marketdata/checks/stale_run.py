"""Closes that stand still for longer than this market's closes do."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import BoolArray, FloatArray
from plimsoll.marketdata.runs import runs
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings
from plimsoll.marketdata.wording import counted


def stale_runs(series: Series, settings: CheckSettings) -> list[Finding]:
    """Find runs of unchanged closes too long to be chance, given the share of them before.

    Where the source has highs and lows, a bar is unchanged only if it did not move within itself
    either. The run's first price is a print; the repetitions are what is stale.
    """
    still = _still(series)
    starts, stops = runs(still)
    lengths = stops - starts + 1
    if not (lengths >= settings.stale_min_bars).any():
        return []
    limits = _limits(still, settings)[starts].astype(np.int64)
    stale = np.flatnonzero(lengths >= limits)
    return [_finding(series, int(starts[k]), int(stops[k]), int(limits[k])) for k in stale]


def _finding(series: Series, start: int, stop: int, limit: int) -> Finding:
    time_ns, bars = series.time_ns, stop - start + 1
    return Finding(
        kind=FindingKind.STALE_RUN,
        market=series.bars.market,
        first_ns=int(time_ns[start]),
        last_ns=int(time_ns[stop]),
        known_at_ns=int(time_ns[start + limit - 1]),
        bars=bars,
        value=float(series.bars.close[start]),
        expected=float(limit),
        detail=f"{counted(bars, 'repetition')} of a close; fewer than {limit} are usual",
    )


def _still(series: Series) -> BoolArray:
    still: BoolArray = (series.move == 0) & (series.steps == 1)
    bars = series.bars
    if bars.high is not None and bars.low is not None:
        still &= bars.high == bars.low
    if bars.volume is not None:
        still &= bars.volume != 0
    return still


def _limits(still: BoolArray, settings: CheckSettings) -> FloatArray:
    """Length at which a run starting here is stale, from the share of repeats before it."""
    counted = np.concatenate([[0.0], np.cumsum(still)])
    here = np.arange(still.size)
    begin = np.maximum(0, here - settings.scale_window_bars)
    share = (counted[here] - counted[begin] + 1.0) / (here - begin + 2.0)
    length = np.ceil(np.log(settings.stale_probability) / np.log(np.minimum(share, 0.999)))
    limits: FloatArray = np.clip(length, settings.stale_min_bars, settings.stale_max_bars)
    return limits
