"""Why a market has no number, and what to know of one that has."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.finding import Reason
from plimsoll.domain.market import MarketHistory
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]


class MarketFlag(StrEnum):
    """What to know of a market's numbers."""

    YOUNG = "young"
    STILL = "still"
    HOLES = "holes"
    NO_RECENT_PRINT = "no_recent_print"
    CLOSED_HOURS = "closed_hours"
    WIDE_ERROR = "wide_error"


_HOLES_FROM = 0.02
_RECENT_HOURS = 6


def listing_reasons(
    panel: ReturnsPanel, history: MarketHistory, first_bar: int, longest_hole_hours: float
) -> tuple[Reason | None, ...]:
    """Reasons that no model can help: not listed, no data, a price that never moved lately.

    A price that stands still is masked by the checks after a while; that it printed all the time
    is seen in ``history``, the one that ``panel`` was made of.
    """
    longest = longest_hole_hours * panel.bars_per_day / 24.0
    found = []
    for j in range(len(panel.markets)):
        reason = _reason(panel, j, first_bar, longest)
        if reason is Reason.NO_DATA and _stands_still(panel, history, j, longest):
            reason = Reason.CONSTANT_PRICE
        found.append(reason)
    return tuple(found)


def _stands_still(panel: ReturnsPanel, history: MarketHistory, column: int, longest: float) -> bool:
    """It prints to the end, the same price ever since the last print that was trusted."""
    there = np.flatnonzero(np.isfinite(panel.price[column]))
    start = int(there[-1]) if there.size else 0
    close = np.where(history.active[start:, column], history.close[start:, column], np.nan)
    printed = np.flatnonzero(np.isfinite(close) & (close > 0.0))
    if printed.size < 2 or close.size - 1 - printed[-1] > longest:
        return False
    return bool(np.ptp(close[printed]) == 0.0)


def _reason(panel: ReturnsPanel, column: int, first: int, longest_hole: float) -> Reason | None:
    price = panel.price[column]
    there = np.flatnonzero(np.isfinite(price))
    if not there.size:
        return Reason.NO_DATA
    if not panel.listed[-1, column]:
        return Reason.DELISTED
    if price.size - 1 - there[-1] > longest_hole:
        return Reason.NO_DATA
    recent = price[max(first - 1, 0) :]
    recent = recent[np.isfinite(recent)]
    if np.ptp(recent) == 0.0:
        return Reason.TOO_SHORT_HISTORY if recent.size < 2 else Reason.CONSTANT_PRICE
    return None


def market_flags(
    panel: ReturnsPanel,
    column: int,
    first: int,
    *,
    young: bool,
    closed_hours: bool,
    wide_error: bool,
    still_share: float,
) -> tuple[MarketFlag, ...]:
    """Flags of a market that has a number."""
    price = panel.price[column]
    there = np.flatnonzero(np.isfinite(price))
    recent = price[max(first - 1, int(there[0])) :]
    moves = np.diff(recent)
    known = np.isfinite(moves)
    found = {
        MarketFlag.YOUNG: young,
        MarketFlag.STILL: bool(known.any() and (moves[known] == 0.0).mean() >= still_share),
        MarketFlag.HOLES: bool((~np.isfinite(recent)).mean() > _HOLES_FROM),
        MarketFlag.NO_RECENT_PRINT: bool(
            price.size - 1 - there[-1] > _RECENT_HOURS * panel.bars_per_day / 24.0
        ),
        MarketFlag.CLOSED_HOURS: closed_hours,
        MarketFlag.WIDE_ERROR: wide_error,
    }
    return tuple(flag for flag, holds in found.items() if holds)
