"""Recent returns of one market, as the studies of it take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS, HOUR_NS, MarketHistory
from plimsoll.domain.table import iso_minute
from plimsoll.errors import PlimsollError
from plimsoll.estimators.nightly.estimate import NightlyEstimate

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_BARS = 20_000
"""Bars at most that models are fitted to: half a year of 5 minutes, two years of hours."""
LEAST_BARS = 250


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecentReturns:
    """What is known of one market's bars, at most `MOST_BARS` of the night's recent days.

    Parameters
    ----------
    market : str
    interval_ns : int
    open_ns : (n,) int64
        Open time of the bar that each return ends with.
    returns : (n,) float64
        Log returns of a bar; NaN where this bar or the one before it did not print.
    residuals : (m,) float64
        Finite ones over the volatility that the night forecast before them.
    reason : Reason or None
        Why the studies have no number.
    """

    market: str
    interval_ns: int
    open_ns: IntArray
    returns: FloatArray
    residuals: FloatArray
    reason: Reason | None

    @property
    def known(self) -> FloatArray:
        """(k,) the returns there are, holes left out."""
        return self.returns[np.isfinite(self.returns)]

    @property
    def known_ns(self) -> IntArray:
        """(k,) when the bar of each began."""
        return self.open_ns[np.isfinite(self.returns)]

    @property
    def bars_per_day(self) -> float:
        """Bars in 24 hours."""
        return DAY_NS / self.interval_ns

    @property
    def bar(self) -> str:
        """Length of a bar in words.

        Examples
        --------
        ``1 h``, ``5 min``.
        """
        minutes = self.interval_ns // (HOUR_NS // 60)
        return f"{minutes // 60:g} h" if minutes % 60 == 0 else f"{minutes:g} min"

    @property
    def span(self) -> str:
        """How many returns, and of which days, in words."""
        if not self.known.size:
            return "no return"
        first, last = (iso_minute(int(t))[:10] for t in (self.known_ns[0], self.known_ns[-1]))
        return f"{self.known.size:,} returns of {self.bar}, {first} to {last} (UTC)"


def recent_returns(history: MarketHistory, found: NightlyEstimate, market: str) -> RecentReturns:
    """Cut one market's returns and residuals from a night.

    Raises
    ------
    UsageError
        For a market that is not among them.
    """
    column = found.column(market)
    days = int(found.settings.recent_days * DAY_NS // history.interval_ns)
    rows = slice(-1 - min(days, MOST_BARS), None)
    close = history.usable_close()[rows, history.column(market)]
    with np.errstate(invalid="ignore", divide="ignore"):
        returns = np.diff(np.log(close))
    returns = np.where(np.isfinite(returns), returns, np.nan)
    residuals = found.residuals[:, column]
    reason = found.reasons[column]
    known = returns[np.isfinite(returns)]
    if reason is None and known.size < LEAST_BARS:
        reason = Reason.TOO_SHORT_HISTORY
    elif reason is None and not known.any():
        reason = Reason.CONSTANT_PRICE
    return RecentReturns(
        market=market,
        interval_ns=history.interval_ns,
        open_ns=history.time_ns[rows][1:],
        returns=returns,
        residuals=residuals[np.isfinite(residuals)][-MOST_BARS:],
        reason=reason,
    )


def failure(what: str, error: PlimsollError) -> str:
    """One sentence on a fit that gave no number, for the notes of its table."""
    return f"{what}: no number; {error}"
