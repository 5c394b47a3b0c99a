"""Prices that cannot be: missing, zero, negative, infinite, or a high below a low."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import Bars
from plimsoll.marketdata.runs import runs
from plimsoll.marketdata.series import possible_prices, time_order
from plimsoll.marketdata.settings import CheckSettings


def impossible_prices(bars: Bars, _settings: CheckSettings) -> list[Finding]:
    """Find runs of bars with an impossible price."""
    order = time_order(bars)
    starts, stops = runs(~possible_prices(bars)[order])
    time_ns, close = bars.time_ns[order], bars.close[order]
    return [
        Finding(
            kind=FindingKind.IMPOSSIBLE_PRICE,
            market=bars.market,
            first_ns=int(time_ns[a]),
            last_ns=int(time_ns[b]),
            known_at_ns=int(time_ns[a]),
            bars=int(b - a + 1),
            value=float(close[a]),
            detail=_reason(bars, int(order[a])),
        )
        for a, b in zip(starts, stops, strict=True)
    ]


def _reason(bars: Bars, row: int) -> str:
    prices = {"open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close}
    for name, column in prices.items():
        if column is None:
            continue
        if np.isnan(column[row]):
            return f"no {name} (missing or NaN)"
        if np.isinf(column[row]) or column[row] <= 0:
            return f"the {name} is {column[row]:g}"
    return "open, high, low and close contradict each other"
