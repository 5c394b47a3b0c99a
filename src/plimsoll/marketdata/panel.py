"""All checks of many markets together: what only the others show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plimsoll.domain.finding import Finding
from plimsoll.domain.market import Bars
from plimsoll.marketdata.checking import checked, explained, in_order
from plimsoll.marketdata.cross_checks.common_move import without_common_moves
from plimsoll.marketdata.cross_checks.common_outage import common_outages
from plimsoll.marketdata.cross_checks.token_migration import token_migrations
from plimsoll.marketdata.cross_checks.twin_divergence import twin_divergences
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings


def check_panel(
    bars: Iterable[Bars], settings: CheckSettings | None = None, *, until_ns: int | None = None
) -> tuple[Finding, ...]:
    """Return all findings on markets of one venue, in order of time.

    Beyond `check_bars` on each: gaps common to many markets become one COMMON_OUTAGE, whose market
    is ``"*"`` (flat outages common to many get one in addition, since their bars have to be
    judged); a move that the whole market makes is no spike; a market that ends before the others
    do is delisted; a coin that takes over where another ends is a migration; two markets
    that kept one price and part are a twin divergence.

    Parameters
    ----------
    bars : iterable of Bars
    settings : CheckSettings, optional
    until_ns : int, optional
        Time to which the data reach; the close of the last bar of all by default. Bars that close
        later are not looked at.
    """
    settings = settings or CheckSettings()
    markets = tuple(bars)
    if until_ns is None:
        ends = [int(b.time_ns.max()) + b.interval_ns for b in markets if len(b)]
        until_ns = max(ends, default=0)
    series: list[Series] = []
    found: list[Finding] = []
    for one in markets:
        ordered, own = checked(one, settings, until_ns)
        series.append(ordered)
        found += own
    return in_order(_compared(series, found, settings, until_ns))


def _compared(
    series: Sequence[Series], found: list[Finding], settings: CheckSettings, until_ns: int
) -> list[Finding]:
    found = without_common_moves(series, found, settings)
    found = common_outages(series, found, settings, until_ns)
    found = explained(found) + token_migrations(series, found, settings)
    return found + twin_divergences(series, settings)
