"""Prices of all markets as they were known, and who is a listing, young or established, when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.errors import ParameterError
from plimsoll.estimators.horizon.price_record import Boundaries, boundaries

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeLimits:
    """Ages in days at which a market counts as what.

    Parameters
    ----------
    donor_from : float
        A listing gives its moves to the pool of listings from this age ...
    young_until : float
        ... until this one, when it stops being young.
    established_from : float
        From this age a market teaches how volatility follows from its past.
    truncated_from : float
        The same, counted from the start of the history, for markets that were there already.
    """

    donor_from: float = 15.0
    young_until: float = 90.0
    established_from: float = 120.0
    truncated_from: float = 60.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.donor_from < self.young_until <= self.established_from:
            raise ParameterError(
                "must rise: 0 <= donor_from < young_until <= established_from",
                found=(self.donor_from, self.young_until, self.established_from),
                field="ages",
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListingPanel:
    """Log prices and roles.

    Parameters
    ----------
    markets : tuple of N str
    days : Boundaries
    log_price : (T, N) float64
        NaN without a print that was usable at the first midnight that could see it. What is found
        out about a bar later changes nothing: forecasts are not revised.
    age_days : (D, N) float64
        Since the first print; negative or NaN before it.
    listed : (D, N) bool
        As far as was known at each midnight.
    is_listing : (N,) bool
        Came to the market within the history: its first days were seen.
    donor, young, established : (D, N) bool
        Roles by age, see :class:`AgeLimits`.
    """

    markets: tuple[str, ...]
    days: Boundaries
    log_price: FloatArray
    age_days: FloatArray
    listed: BoolArray
    is_listing: BoolArray
    donor: BoolArray
    young: BoolArray
    established: BoolArray

    @property
    def returns(self) -> FloatArray:
        """(T, N) log returns of neighbouring bars; NaN over a hole, and at the first bar."""
        moves = np.full_like(self.log_price, np.nan)
        moves[1:] = np.diff(self.log_price, axis=0)
        return moves


def listing_panel(history: MarketHistory, ages: AgeLimits) -> ListingPanel:
    """Return the panel of ``history``; bars must divide a day."""
    days = boundaries(history)
    log_price = _as_known(history, days)
    printed = np.isfinite(log_price)
    first = np.argmax(printed, axis=0)
    born_ns = np.where(printed.any(axis=0), history.time_ns[first], np.iinfo(np.int64).max)
    age = (days.time_ns[:, None].astype(float) - born_ns[None, :].astype(float)) / DAY_NS
    is_listing = (born_ns > history.time_ns[0] + DAY_NS) & printed.any(axis=0)
    return ListingPanel(
        markets=history.markets,
        days=days,
        log_price=log_price,
        age_days=age,
        listed=history.listed_as_known(np.maximum(days.bars - 1, 0), days.time_ns) & (age > 0.0),
        is_listing=is_listing,
        donor=is_listing & (age >= ages.donor_from) & (age < ages.young_until),
        young=is_listing & (age > 0.0) & (age < ages.young_until),
        established=np.where(is_listing, age > ages.established_from, age > ages.truncated_from),
    )


def _as_known(history: MarketHistory, days: Boundaries) -> FloatArray:
    """(T, N) log prices without bars condemned by the first midnight that saw them."""
    rows = np.searchsorted(days.bars, np.arange(len(history)), side="right")
    seen_ns = np.full(len(history), np.iinfo(np.int64).max - 1)
    inside = rows < len(days)
    seen_ns[inside] = days.time_ns[rows[inside]]
    close = history.close
    usable = np.isfinite(close) & (close > 0.0) & history.active
    usable &= history.mask_from_ns > seen_ns[:, None]
    log_price = np.full(close.shape, np.nan)
    np.log(close, out=log_price, where=usable)
    return log_price
