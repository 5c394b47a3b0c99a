"""Losses of each day as they were known when they came to be counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.published import DailyLosses
from plimsoll.calibration.scored import ScoredLosses, by_day, scored_losses
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, HOUR_NS, NEVER_MASKED, MarketHistory
from plimsoll.errors import InsufficientDataError
from plimsoll.validation.walk_forward import WAIT_HOURS

IntArray = NDArray[np.int64]


def known_losses(
    history: MarketHistory, scored: ScoredLosses, payoffs: list[Payoff], set_ns: IntArray
) -> DailyLosses:
    """Arrange losses by day, those of bars condemned later as they looked at the time.

    Whoever publishes day by day tests coverage with losses from bars that are still trusted. Only
    the few days on which that matters are measured again, on ``history.before(t)``.

    Parameters
    ----------
    set_ns : (D,) int64
        Days on which a margin is set; a day's losses are counted ``lag_days`` rows later.
    """
    final = by_day(scored, set_ns)
    loss = final.loss.copy()
    for column, row in sorted(_days_seen_otherwise(history, scored, set_ns, final.lag_days)):
        one = history.only(history.markets[column]).before(int(set_ns[row + final.lag_days]))
        hours = scored.horizon_hours[column : column + 1]
        loss[row, :, column] = np.nan
        try:
            again = scored_losses(one, hours, [payoffs[column]], int(set_ns[row]))
        except InsufficientDataError:
            continue
        loss[row, :, column] = by_day(again, set_ns[row : row + 1]).loss[0, :, 0]
    return replace(final, loss=loss)


def _days_seen_otherwise(
    history: MarketHistory, scored: ScoredLosses, set_ns: IntArray, lag_days: int
) -> set[tuple[int, int]]:
    """Columns and rows of days whose losses rested, when counted, on bars condemned since."""
    mask, available = history.mask_from_ns, history.available_ns
    late = (mask < NEVER_MASKED) & (mask > available[:, None])
    found: set[tuple[int, int]] = set()
    for bar, column in np.argwhere(late):
        reach = (int(scored.horizon_hours[column]) + WAIT_HOURS) * HOUR_NS
        first = int(np.searchsorted(set_ns, available[bar] - reach, side="right")) - 1
        last = int(np.searchsorted(set_ns, available[bar], side="right")) - 1
        for row in range(max(first, 0), min(last, set_ns.size - 1 - lag_days) + 1):
            counted = set_ns[row + lag_days]
            if mask[bar, column] > counted and set_ns[row] + DAY_NS > scored.start_ns[0]:
                found.add((int(column), row))
    return found
