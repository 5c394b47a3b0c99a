"""One market's prices as they were known, and the day boundaries at which margins are set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS, NEVER_MASKED, MarketHistory
from plimsoll.errors import DataFormatError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boundaries:
    """Instants (00:00 UTC) at which a margin is set from what is known then.

    Parameters
    ----------
    time_ns : (D,) int64
    bars : (D,) int64
        Number of bars available at each.
    bars_per_day : int
    """

    time_ns: IntArray
    bars: IntArray
    bars_per_day: int

    def __len__(self) -> int:
        return int(self.time_ns.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceRecord:
    """Logarithm of one market's price, funding compounded in, with the time of each mask.

    Parameters
    ----------
    market : str
    log_price : (T,) float64
        Log close less the funding a long has paid so far; NaN without a usable print.
    mask_from_ns : (T,) int64
        From when a bar was known to be bad.
    available_ns : (T,) int64
        From when a bar was known at all.
    interval_ns : int
    """

    market: str
    log_price: FloatArray
    mask_from_ns: IntArray
    available_ns: IntArray
    interval_ns: int

    @property
    def final(self) -> FloatArray:
        """(T,) log prices without any bar that was condemned sooner or later."""
        return np.where(self.mask_from_ns < NEVER_MASKED, np.nan, self.log_price)

    def late_masks(self, boundary_ns: IntArray) -> tuple[IntArray, IntArray]:
        """Bars trusted on arrival and condemned later, and the boundary that first knew it."""
        later = (self.mask_from_ns < NEVER_MASKED) & (self.mask_from_ns > self.available_ns)
        late = np.flatnonzero(later).astype(np.int64)
        condemned = np.searchsorted(boundary_ns, self.mask_from_ns[late], side="left")
        return late, condemned.astype(np.int64)


def boundaries(history: MarketHistory) -> Boundaries:
    """Return the midnights (UTC) at which at least one bar of ``history`` is known.

    Raises
    ------
    DataFormatError
        Where bars are longer than a day or do not divide it.
    """
    if DAY_NS % history.interval_ns:
        raise DataFormatError(
            "must divide 24 hours",
            found=f"{history.interval_ns / 3.6e12} h",
            field="interval",
            remedy="resample the bars to 1, 5 or 15 minutes, 1, 2, 4, 6, 8, 12 or 24 hours",
        )
    available = history.available_ns
    if available.size == 0:
        raise DataFormatError("must hold at least one bar", found=0, field="history")
    first = -(-int(available[0]) // DAY_NS) * DAY_NS
    # Counted in integers: np.arange takes its length from a float, which loses the last day.
    days = max(0, (int(available[-1]) - first) // DAY_NS + 1)
    times = first + DAY_NS * np.arange(days, dtype=np.int64)
    return Boundaries(
        time_ns=times,
        bars=np.searchsorted(available, times, side="right").astype(np.int64),
        bars_per_day=DAY_NS // history.interval_ns,
    )


def price_record(history: MarketHistory, market: str) -> PriceRecord:
    """Return one market's record. Prices that have no logarithm count as no print."""
    column = history.column(market)
    close = history.close[:, column]
    usable = np.isfinite(close) & (close > 0.0) & history.active[:, column]
    log_price = np.full(close.size, np.nan)
    np.log(close, out=log_price, where=usable)
    if history.funding is not None:
        log_price -= np.cumsum(np.nan_to_num(history.funding[:, column]))
    return PriceRecord(
        market=market,
        log_price=log_price,
        # A copy, so that kernels meet one kind of array however many markets there are.
        mask_from_ns=history.mask_from_ns[:, column].copy(),
        available_ns=history.available_ns,
        interval_ns=history.interval_ns,
    )
