"""Holes in a series, short and long, and the delisting and relisting that long ones are."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS, Bars
from plimsoll.marketdata.series import Series, phase_ns
from plimsoll.marketdata.settings import CheckSettings
from plimsoll.marketdata.wording import counted


def gaps(bars: Bars, _settings: CheckSettings) -> list[Finding]:
    """Find missing bars; a gap's extent is known with the first bar after it."""
    on_grid = (bars.time_ns - phase_ns(bars)) % bars.interval_ns == 0
    time_ns = np.unique(bars.time_ns[on_grid])
    missing = np.diff(time_ns) // bars.interval_ns - 1
    return [
        Finding(
            kind=FindingKind.GAP,
            market=bars.market,
            first_ns=int(time_ns[before]),
            last_ns=int(time_ns[before + 1]),
            known_at_ns=int(time_ns[before + 1]),
            bars=int(missing[before]),
            detail=f"{counted(int(missing[before]), 'bar')} missing",
        )
        for before in np.flatnonzero(missing)
    ]


def absences(series: Series, settings: CheckSettings) -> list[Finding]:
    """Find delistings followed by a relisting: absences of ``relisting_min_gap_days`` or more."""
    longest = settings.relisting_min_gap_days * DAY_NS / series.bars.interval_ns
    found: list[Finding] = []
    for after in np.flatnonzero(series.steps > longest):
        first, last = int(series.time_ns[after - 1]), int(series.time_ns[after])
        found.append(delisting(series, first, settings))
        found.append(
            Finding(
                kind=FindingKind.RELISTING,
                market=series.bars.market,
                first_ns=first,
                last_ns=last,
                known_at_ns=last,
                bars=round(series.steps[after]) - 1,
                value=float(np.expm1(series.move[after])),
                detail=f"back after {(last - first) / DAY_NS:.1f} days",
            )
        )
    return found


def final_absence(series: Series, settings: CheckSettings, until_ns: int) -> list[Finding]:
    """Find a delisting for good, given that data reach to ``until_ns``."""
    if not len(series):
        return []
    last = int(series.time_ns[-1])
    absent_ns = until_ns - series.bars.interval_ns - last
    if absent_ns <= settings.relisting_min_gap_days * DAY_NS:
        return []
    return [delisting(series, last, settings)]


def delisting(series: Series, last_ns: int, settings: CheckSettings) -> Finding:
    """Return the finding of an end at ``last_ns``, known once the absence is long enough."""
    interval = series.bars.interval_ns
    bars = int(settings.relisting_min_gap_days * DAY_NS / interval) + 1
    return Finding(
        kind=FindingKind.DELISTING,
        market=series.bars.market,
        first_ns=last_ns,
        last_ns=last_ns,
        known_at_ns=last_ns + bars * interval,
        bars=1,
        detail=f"no bar for more than {settings.relisting_min_gap_days:g} days after this one",
    )
