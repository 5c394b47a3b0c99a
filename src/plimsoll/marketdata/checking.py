"""All checks of one market."""

from __future__ import annotations

from collections.abc import Iterable

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import Bars
from plimsoll.marketdata.checks import BAR_CHECKS, SERIES_CHECKS, partial_last_bar, short_history
from plimsoll.marketdata.checks.gap import final_absence
from plimsoll.marketdata.series import Series, ordered_series
from plimsoll.marketdata.settings import CheckSettings

_EXPLAIN_A_RETURN = frozenset({FindingKind.REVERTING_SPIKE, FindingKind.UNIT_SLIP})
_BEGIN_ANEW = frozenset({FindingKind.REUSED_TICKER, FindingKind.REDENOMINATION})
_EXPLAIN_A_BREAK = frozenset({FindingKind.REUSED_TICKER})


def check_bars(
    bars: Bars, settings: CheckSettings | None = None, *, until_ns: int | None = None
) -> tuple[Finding, ...]:
    """Return all findings on one market, in order of time.

    Parameters
    ----------
    bars : Bars
        As delivered: in any order, with any fault.
    settings : CheckSettings, optional
    until_ns : int, optional
        Time to which data would reach if the market still traded; with it, an early end is a
        delisting. Bars that close later are not looked at.

    Returns
    -------
    tuple of Finding
        Each with ``known_at_ns``, the open time of the bar that shows it: on data cut at any time
        t, the findings known before t are the same (runs still open at t reach to t). Excepted
        are partial last bar and short history, which are about the delivery.

    Examples
    --------
    >>> import numpy as np
    >>> from plimsoll.domain.market import HOUR_NS, PriceKind
    >>> hours = np.array([0, 1, 2, 5, 6])
    >>> bars = Bars(market="AUSDT", time_ns=hours * HOUR_NS, close=np.ones(5),
    ...             interval_ns=HOUR_NS, price_kind=PriceKind.MARK)
    >>> [(f.kind.value, f.bars) for f in check_bars(bars)]
    [('short_history', 5), ('gap', 2), ('partial_last_bar', 1)]
    """
    settings = settings or CheckSettings()
    _, found = checked(bars, settings, until_ns)
    return in_order(explained(found))


def checked(
    bars: Bars, settings: CheckSettings, until_ns: int | None
) -> tuple[Series, list[Finding]]:
    """Return the ordered series and the findings on it, before any is explained by another."""
    if until_ns is not None:
        whole, bars = bars, closed_by(bars, until_ns)
    proven = until_ns is not None and len(bars) < len(whole)
    series = ordered_series(bars, settings)
    found = [finding for check in BAR_CHECKS for finding in check(bars, settings)]
    for check in SERIES_CHECKS:
        found += check(series, settings)
    ended = [] if until_ns is None else final_absence(series, settings, until_ns)
    found += ended
    if not proven and not ended:
        found += partial_last_bar(bars, settings)
    breaks = [f.last_ns for f in found if f.kind in _BEGIN_ANEW]
    found += short_history(bars, settings, max(breaks, default=None))
    return series, found


def closed_by(bars: Bars, until_ns: int) -> Bars:
    """Return the bars that had closed by ``until_ns``."""
    closed = bars.time_ns + bars.interval_ns <= until_ns
    return bars if bool(closed.all()) else bars.take(closed)


def explained(findings: Iterable[Finding]) -> list[Finding]:
    """Drop what another finding, known as soon, says better.

    A slip of a few bars is also a spike; the way back from a spike or slip, and the first price
    of another coin, are also large moves.
    """
    found = list(findings)
    slips = {(f.market, f.first_ns) for f in found if f.kind is FindingKind.UNIT_SLIP}
    moved = {(f.market, f.known_at_ns) for f in found if f.kind in _EXPLAIN_A_RETURN}
    moved |= {(f.market, f.last_ns) for f in found if f.kind in _EXPLAIN_A_BREAK}

    def is_explained(f: Finding) -> bool:
        if f.kind is FindingKind.REVERTING_SPIKE:
            return (f.market, f.first_ns) in slips
        return f.kind is FindingKind.SUSPICIOUS_MOVE and (f.market, f.first_ns) in moved

    return [f for f in found if not is_explained(f)]


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings in order of first bar, market and kind."""
    return tuple(sorted(findings, key=lambda f: (f.first_ns, f.market, f.kind.value)))
