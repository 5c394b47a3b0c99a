"""What a delivery as a whole shows: its last bar is unproven, or it is too short.

Both are statements about the data set, not about a moment of the market: cut the set elsewhere
and they are about another bar.
"""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS, Bars
from plimsoll.marketdata.settings import CheckSettings
from plimsoll.marketdata.wording import counted


def partial_last_bar(bars: Bars, settings: CheckSettings) -> list[Finding]:
    """Report the last bar as unproven: only a later bar of the series proves that it had closed.

    Series that end at the download hold a bar that was still open. Prices alone cannot show it,
    and other markets' later bars do not either, since markets are downloaded one after another
    (unless they are so much later that the market counts as delisted).
    """
    if settings.closed_bars_only or not len(bars):
        return []
    last = int(bars.time_ns.max())
    return [
        Finding(
            kind=FindingKind.PARTIAL_LAST_BAR,
            market=bars.market,
            first_ns=last,
            last_ns=last,
            known_at_ns=last,
            bars=1,
            detail="no later bar proves that the last one had closed when it was delivered",
        )
    ]


def short_history(
    bars: Bars, settings: CheckSettings, begin_ns: int | None = None
) -> list[Finding]:
    """Report a series with fewer bars than ``short_history_days`` hold, from ``begin_ns`` on."""
    time_ns = np.unique(
        bars.time_ns if begin_ns is None else bars.time_ns[bars.time_ns >= begin_ns]
    )
    count = int(time_ns.size)
    if count >= settings.short_history_days * DAY_NS / bars.interval_ns:
        return []
    last = int(time_ns[-1]) if count else 0
    return [
        Finding(
            kind=FindingKind.SHORT_HISTORY,
            market=bars.market,
            first_ns=int(time_ns[0]) if count else 0,
            last_ns=last,
            known_at_ns=last,
            bars=count,
            value=count * bars.interval_ns / DAY_NS,
            expected=settings.short_history_days,
            detail=f"{counted(count, 'bar')}: less than {settings.short_history_days:g} days",
        )
    ]
