"""Funding laid over a history, and how much of the history it covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.market import DAY_NS, IntArray, MarketHistory
from plimsoll.journeys.prices import Payments
from plimsoll.marketdata.assembly import Assembly
from plimsoll.marketdata.funding import with_funding

NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundedHistory:
    """A history with funding.

    Parameters
    ----------
    history : MarketHistory
    markets : int
        Markets with at least one payment.
    notes : tuple of str
        What is covered, in words.
    """

    history: MarketHistory
    markets: int = 0
    notes: tuple[str, ...] = ()


def funded_history(assembly: Assembly, payments: Payments | None, until_ns: int) -> FundedHistory:
    """Return what was known before ``until_ns``, with its funding and the share it covers."""
    history = assembly.history.before(until_ns)
    if payments is None:
        return FundedHistory(history=history)
    by_column = {
        market: payments[symbol]
        for market in history.markets
        if (symbol := assembly.sources.get(market, market)) in payments
    }
    days = {
        market: _days(history, column, by_column[market][0][np.isfinite(by_column[market][1])])
        for column, market in enumerate(history.markets)
        if market in by_column
    }
    covered = {market: pair for market, pair in days.items() if pair[0]}
    return FundedHistory(
        history=with_funding(history, by_column),
        markets=len(covered),
        notes=tuple(_notes(history.markets, covered)),
    )


def _days(history: MarketHistory, column: int, times: IntArray) -> tuple[int, int]:
    """Number of the market's listed days with a payment, and of its listed days."""
    listed = np.unique(history.time_ns[history.active[:, column]] // DAY_NS)
    paid = np.unique(times // DAY_NS)
    return int(np.isin(listed, paid).sum()), int(listed.size)


def _notes(markets: tuple[str, ...], covered: dict[str, tuple[int, int]]) -> list[str]:
    paid, listed = (sum(pair[n] for pair in covered.values()) for n in (0, 1))
    text = f"Funding for {len(covered)} of {len(markets)} markets"
    if covered:
        text += f"; on {paid / listed:.1%} of their days"
        least = min(covered, key=lambda market: covered[market][0] / covered[market][1])
        share = covered[least][0] / covered[least][1]
        text += f" (fewest: {least}, {share:.1%})" if share < 1.0 else ""
    missing = [market for market in markets if market not in covered]
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    lacking = [f"No funding data for: {', '.join(missing[:NAMED])}{more}."] if missing else []
    return [f"{text}. Elsewhere losses are of the price alone.", *lacking]
