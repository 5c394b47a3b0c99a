"""Bars without a trade: outages filled with flat bars, and prices that move without trades."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import BoolArray, PriceKind
from plimsoll.marketdata.runs import runs
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings

_NOT_TRADED = frozenset({PriceKind.MARK, PriceKind.INDEX})


def flat_outages(series: Series, _settings: CheckSettings) -> list[Finding]:
    """Find zero-volume bars whose price stands still, in a market that traded before."""
    silent = _silent(series)
    detail = "no trade and no price change: filled in by the source"
    return _findings(series, silent & _flat(series), FindingKind.FLAT_OUTAGE, detail)


def untraded_prices(series: Series, _settings: CheckSettings) -> list[Finding]:
    """Find zero-volume bars whose price moves all the same, in a market that traded before."""
    silent = _silent(series)
    detail = "the price changed although nothing was traded"
    return _findings(series, silent & ~_flat(series), FindingKind.UNTRADED_PRICE, detail)


def _silent(series: Series) -> BoolArray:
    volume = series.bars.volume
    if volume is None or series.bars.price_kind in _NOT_TRADED:
        return np.zeros(len(series), dtype=bool)
    traded_before: BoolArray = np.logical_or.accumulate(volume > 0)
    silent: BoolArray = (volume == 0) & traded_before
    return silent


def _flat(series: Series) -> BoolArray:
    bars = series.bars
    flat: BoolArray = series.move == 0
    if bars.high is not None and bars.low is not None:
        flat = bars.high == bars.low
    return flat


def _findings(series: Series, silent: BoolArray, kind: FindingKind, detail: str) -> list[Finding]:
    starts, stops = runs(silent)
    time_ns = series.time_ns
    return [
        Finding(
            kind=kind,
            market=series.bars.market,
            first_ns=int(time_ns[a]),
            last_ns=int(time_ns[b]),
            known_at_ns=int(time_ns[a]),
            bars=int(b - a + 1),
            value=0.0,
            detail=detail,
        )
        for a, b in zip(starts, stops, strict=True)
    ]
