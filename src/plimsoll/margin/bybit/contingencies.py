"""Bybit's contingencies: what stress losses of netted books do not see.

Published are what each multiplies; how times and hedged amounts are averaged where there are more
than two expiries is not, and is read here as stated at each function.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.grids.cash_sensitivities import CashSensitivities
from plimsoll.margin.units.cell_sums import CellSums

FloatArray = NDArray[np.float64]

_DAYS_A_YEAR = 365.0


class ShortOptionNetting(StrEnum):
    """Within what bought options offset sold ones before the rest is charged."""

    SERIES = "series"  # one option contract: a box or a spread is charged for what it has sold
    RIGHT = "right"  # all calls, and all puts, of the underlying


def net_short_options(
    sums: CellSums, cash: CashSensitivities, netting: ShortOptionNetting, rate: FloatArray
) -> FloatArray:
    """(C,) rate on the notional of options sold net."""
    if netting is ShortOptionNetting.SERIES:
        return sums.net_short_by_cell(cash.option_notional) * rate
    calls = np.maximum(-sums.by_cell(cash.call_notional), 0.0)
    puts = np.maximum(-sums.by_cell(cash.put_notional), 0.0)
    return (calls + puts) * rate


def delta_spread(
    hedged: FloatArray, days: FloatArray, rate_annual: FloatArray, cap: FloatArray
) -> FloatArray:
    """(C,) hedged delta times years between the expiries and an annual basis, at most at a cap.

    Without the cap, 60 % a year would ask more of a spread over four months than of its two legs.
    """
    return hedged * np.minimum(days / _DAYS_A_YEAR * rate_annual, cap)


def hedged_across_expiries(
    sums: CellSums, column: FloatArray, days: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the amount (C,) that expiries hedge of one another, and the days (C,) between them.

    An amount is the smaller of what the long and the short expiries hold; the days are between
    the two sides' means, each weighted by its amounts.

    Parameters
    ----------
    column : (N + 1,) float64
        Of one contract.
    days : (K,) float64
        Of each group.
    """
    held = sums.over_groups(column, days)
    hedged = np.minimum(held.long, held.short)
    both = hedged > 0.0
    apart = np.abs(
        held.long_weighted / np.where(both, held.long, 1.0)
        - held.short_weighted / np.where(both, held.short, 1.0)
    )
    return hedged, np.where(both, apart, 0.0)


def hedged_across_legs(
    sums: CellSums, delta: FloatArray, leg_of_row: NDArray[np.int64], legs: int
) -> FloatArray:
    """(C,) cash delta that currencies hedge of one another."""
    long, short = np.zeros(sums.cells), np.zeros(sums.cells)
    for amount in sums.by_class(delta, leg_of_row, legs).T:
        long, short = long + np.maximum(amount, 0.0), short + np.maximum(-amount, 0.0)
    return np.minimum(long, short)
