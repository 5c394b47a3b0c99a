"""What uncovered losses would take from the stated fund on its worst days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.appetite.stated import StatedFund
from plimsoll.calibration.venue_frontier.record import DailyCounts

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WORST_SHARE = 0.01
"""Of the days: their mean is the expected shortfall that the fund is held against."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundExposure:
    """Open interest that the fund stands behind.

    Parameters
    ----------
    available_usd : float
    interest_usd : (N,) float64
        Of one side of each market; 0 where none is stated.
    """

    available_usd: float
    interest_usd: FloatArray

    def draws(self, lived: DailyCounts) -> FloatArray:
        """(D,) dollars, each day's worst start beyond its margin, both sides, all markets.

        As though every position stood at its maintenance margin and was opened at the worst start
        of the day: more than a fund would have paid.
        """
        return np.asarray(lived.worst.sum(axis=2) @ self.interest_usd)


def fund_exposure(
    stated: StatedFund, markets: tuple[str, ...], class_of: Mapping[str, str]
) -> FundExposure:
    """Return the open interest of every market: its own, or its class's."""
    by_name = stated.open_interest_usd
    interest = [by_name.get(m, by_name.get(class_of.get(m, ""), 0.0)) for m in markets]
    return FundExposure(available_usd=stated.available_usd, interest_usd=np.array(interest))


def worst_days_mean(draws: FloatArray, days: BoolArray) -> float:
    """Mean of the worst hundredth of some days, of one at least; NaN of none."""
    found = np.sort(draws[days])
    count = max(1, round(WORST_SHARE * found.size))
    return float(found[-count:].mean()) if found.size else float("nan")
