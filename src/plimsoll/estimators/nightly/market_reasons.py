"""Why a market has no number, and what to know of one that has."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.finding import Reason
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]


class MarketFlag(StrEnum):
    """What to know of a market's numbers."""

    YOUNG = "young"
    STILL = "still"
    HOLES = "holes"
    NO_RECENT_PRINT = "no_recent_print"


_HOLES_FROM = 0.02
_RECENT_HOURS = 6


def listing_reasons(
    panel: ReturnsPanel, first_bar: int, longest_hole_hours: float
) -> tuple[Reason | None, ...]:
    """Reasons that no model can help: not listed, no data, a price that never moved lately."""
    return tuple(
        _reason(panel, j, first_bar, longest_hole_hours) for j in range(len(panel.markets))
    )


def _reason(panel: ReturnsPanel, column: int, first: int, longest_hole: float) -> Reason | None:
    price = panel.price[column]
    there = np.flatnonzero(np.isfinite(price))
    if not there.size:
        return Reason.NO_DATA
    if not panel.listed[-1, column]:
        return Reason.DELISTED
    if price.size - 1 - there[-1] > longest_hole * panel.bars_per_day / 24.0:
        return Reason.NO_DATA
    recent = price[max(first - 1, 0) :]
    recent = recent[np.isfinite(recent)]
    if np.ptp(recent) == 0.0:
        return Reason.TOO_SHORT_HISTORY if recent.size < 2 else Reason.CONSTANT_PRICE
    return None


def market_flags(
    panel: ReturnsPanel, column: int, first: int, *, young: bool, still_share: float
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
    }
    return tuple(flag for flag, holds in found.items() if holds)
