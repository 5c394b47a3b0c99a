"""Prices of the crash study: hourly closes that a set of the eve is calibrated on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.files import ColumnMap, read_bars
from plimsoll.domain.market import DAY_NS, Bars, PriceKind
from plimsoll.journeys.backtest_solvent_margins import hourly_bars_2025

FloatArray = NDArray[np.float64]

EARLIER = "hourly/binance_spot_close_1h_2021_2025.parquet"
NO_COINS = ("USD1USDT", "PAXGUSDT")
"""Pairs that move unlike coins: they lend nothing."""
OPEN_INTEREST_DAYS = 0.25
"""Open interest, in days of the turnover of the thirty days before: stated, not observed."""


def eve_bars(folder: Path) -> dict[str, Bars]:
    """Hourly closes of the contracts and of further coins, from 2021 on where there are any.

    The later file goes before the earlier one, whose last bar was not closed yet.
    """
    late = {name: b for name, b in hourly_bars_2025(folder).items() if name not in NO_COINS}
    early = read_bars(
        str(folder / EARLIER),
        "parquet",
        price_kind=PriceKind.SPOT_CLOSE,
        columns=ColumnMap(time="ts", close="close", symbol="symbol"),
        symbols=tuple(late),
    )
    return {name: _joined(early.get(name), bars) for name, bars in late.items()}


def _joined(early: Bars | None, late: Bars) -> Bars:
    """One record of both: of each file what it alone holds, then the later file."""
    if early is None:
        return late
    rows = early.time_ns < late.time_ns[0]
    return replace(
        late,
        time_ns=np.concatenate([early.time_ns[rows], late.time_ns]),
        close=np.concatenate([early.close[rows], late.close]),
        open=None,
        high=None,
        low=None,
        volume=None,
    )


def turnover_before(bars: Bars, at_ns: int) -> float:
    """Mean daily turnover of up to thirty days before, in dollars."""
    rows = (bars.time_ns >= at_ns - 30 * DAY_NS) & (bars.time_ns < at_ns)
    volume = np.zeros(len(bars)) if bars.volume is None else bars.volume
    days = max(1.0, float(rows.sum()) * bars.interval_ns / DAY_NS)
    return float(np.sum(volume[rows] * bars.close[rows])) / days
