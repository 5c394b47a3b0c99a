"""Bars that come twice, out of order, or off the clock."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import Bars, IntArray
from plimsoll.marketdata.runs import runs
from plimsoll.marketdata.series import conflicting, phase_ns, repeated, time_order
from plimsoll.marketdata.settings import CheckSettings


def duplicate_bars(bars: Bars, _settings: CheckSettings) -> list[Finding]:
    """Find times delivered more than once: with the same prices, or with others."""
    order = time_order(bars)
    time_ns = bars.time_ns[order]
    again = repeated(time_ns)
    if not again.any():
        return []
    clash = conflicting(bars, order)
    starts, stops = runs(again)
    return [
        _duplicate(bars, order[a - 1 : b + 1], bool(clash[a]))
        for a, b in zip(starts, stops, strict=True)
    ]


def _duplicate(bars: Bars, rows: IntArray, clash: bool) -> Finding:
    at, prices = int(bars.time_ns[rows[0]]), bars.close[rows]
    return Finding(
        kind=FindingKind.CONFLICTING_DUPLICATE if clash else FindingKind.DUPLICATE_BAR,
        market=bars.market,
        first_ns=at,
        last_ns=at,
        known_at_ns=at,
        bars=int(rows.size),
        value=float(prices[-1]),
        expected=float(prices[0]),
        detail=f"delivered {rows.size} times, " + ("with other values" if clash else "all alike"),
    )


def unordered_bars(bars: Bars, _settings: CheckSettings) -> list[Finding]:
    """Find bars that were delivered after a later one; known with the first such later bar."""
    order = time_order(bars)
    if bool(np.all(np.diff(order) > 0)):
        return []
    sooner = _next_delivered_sooner(order)
    blocks = np.flatnonzero(np.diff(sooner, prepend=-2) != 0)
    ends = np.append(blocks[1:], sooner.size) - 1
    time_ns = bars.time_ns[order]
    return [
        Finding(
            kind=FindingKind.UNORDERED_BAR,
            market=bars.market,
            first_ns=int(time_ns[a]),
            last_ns=int(time_ns[b]),
            known_at_ns=int(time_ns[sooner[a]]),
            bars=int(b - a + 1),
            detail="delivered after a later bar; put in order",
        )
        for a, b in zip(blocks, ends, strict=True)
        if sooner[a] >= 0
    ]


def _next_delivered_sooner(order: IntArray) -> IntArray:
    """For each place in time, the next later place that was delivered sooner; -1 if none."""
    answer = np.full(order.size, -1, dtype=np.int64)
    waiting: list[int] = []
    delivered = order.tolist()
    for place, row in enumerate(delivered):
        while waiting and delivered[waiting[-1]] > row:
            answer[waiting.pop()] = place
        waiting.append(place)
    return answer


def off_grid_times(bars: Bars, _settings: CheckSettings) -> list[Finding]:
    """Find bars that do not open where this source's bars open."""
    offset = (bars.time_ns - phase_ns(bars)) % bars.interval_ns
    return [
        Finding(
            kind=FindingKind.OFF_GRID_TIME,
            market=bars.market,
            first_ns=int(bars.time_ns[row]),
            last_ns=int(bars.time_ns[row]),
            known_at_ns=int(bars.time_ns[row]),
            bars=1,
            value=float(offset[row]) / 1e9,
            expected=0.0,
            detail=f"opens {offset[row] / 1e9:g} s off the grid",
        )
        for row in np.flatnonzero(offset)
    ]
