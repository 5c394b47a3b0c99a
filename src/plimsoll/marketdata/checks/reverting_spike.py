"""Prints far off that come back at once, as a single venue's or feed's errors do."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings
from plimsoll.marketdata.wording import counted


def reverting_spikes(series: Series, settings: CheckSettings) -> list[Finding]:
    """Find excursions of a few bars that end where they began; known with the bar that is back."""
    found: list[Finding] = []
    returns: set[int] = set()
    for row in np.flatnonzero(np.abs(series.move_scales) >= settings.spike_scales):
        if int(row) not in returns and (back := _back(series, int(row), settings)):
            found.append(_finding(series, int(row), back))
            returns.add(back)
    return found


def _back(series: Series, row: int, settings: CheckSettings) -> int:
    """Row at which the price is back where it was before ``row``; 0 if it is not."""
    base, height = series.log_close[row - 1], series.move[row]
    residual = settings.spike_residual_scales * series.scale[row]
    most = settings.spike_residual_share * abs(height)
    for back in range(row + 1, min(row + 1 + settings.spike_max_bars, len(series))):
        if series.steps[back] > 1 or series.steps[row] > 1:
            return 0
        near = min(most, residual * np.sqrt(back - row + 1))
        if abs(series.log_close[back] - base) <= near:
            return 0 if _traded_there(series, row, back) else back
        if (series.log_close[back] - base) / height < 0.5:
            return 0
    return 0


def _traded_there(series: Series, row: int, back: int) -> bool:
    """Return whether the bar that is back opened at the spike: then trades went on from there."""
    opens = series.bars.open
    if opens is None:
        return False
    distance = abs(np.log(opens[back]) - series.log_close[back - 1])
    return bool(distance < 0.5 * abs(series.move[row]))


def _finding(series: Series, row: int, back: int) -> Finding:
    time_ns, close = series.time_ns, series.bars.close
    return Finding(
        kind=FindingKind.REVERTING_SPIKE,
        market=series.bars.market,
        first_ns=int(time_ns[row]),
        last_ns=int(time_ns[back - 1]),
        known_at_ns=int(time_ns[back]),
        bars=back - row,
        value=float(close[row]),
        expected=float(close[row - 1]),
        detail=f"{np.expm1(series.move[row]):+.1%} and back after {counted(back - row, 'bar')}",
    )
