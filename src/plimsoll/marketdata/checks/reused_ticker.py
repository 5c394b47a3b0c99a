"""Another coin under the same name: a break in time and in price."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.marketdata.checks.unit_change import redenomination_factor
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings


def reused_tickers(series: Series, settings: CheckSettings) -> list[Finding]:
    """Find holes after which the price is where no path of this market would have led.

    The price must be far from the last one and from the level of the bars before, so that a
    squeeze that ended while the market was closed does not count.
    """
    longest = settings.reuse_min_gap_hours * HOUR_NS / series.bars.interval_ns
    rows = np.flatnonzero((series.steps >= longest) & (series.steps > 1))
    return [_finding(series, int(row)) for row in rows if _is_other(series, int(row), settings)]


def _is_other(series: Series, row: int, settings: CheckSettings) -> bool:
    before = series.log_close[max(0, row - settings.level_bars) : row]
    distance = min(abs(series.move[row]), abs(series.log_close[row] - float(np.median(before))))
    grown = settings.reuse_scales * series.slow_scale[row] * np.sqrt(series.steps[row])
    far = distance >= np.fmax(np.log(settings.reuse_min_factor), grown)
    halt = series.steps[row] * series.bars.interval_ns
    short = halt <= settings.redenomination_max_halt_days * DAY_NS
    return bool(far) and not (short and redenomination_factor(series, row, settings))


def _finding(series: Series, row: int) -> Finding:
    time_ns, close = series.time_ns, series.bars.close
    days = (time_ns[row] - time_ns[row - 1]) / DAY_NS
    return Finding(
        kind=FindingKind.REUSED_TICKER,
        market=series.bars.market,
        first_ns=int(time_ns[row - 1]),
        last_ns=int(time_ns[row]),
        known_at_ns=int(time_ns[row]),
        bars=round(series.steps[row]) - 1,
        value=float(close[row]),
        expected=float(close[row - 1]),
        detail=f"{close[row - 1]:g} before and {close[row]:g} after {days:.1f} days without a bar",
    )
