"""Realised variance over windows of calendar time, from prices however spaced.

    RV(s, e) = sum of squared log returns between the prices at s and at e / (e - s) in years,

annual on 365 days, about a mean of zero. "The price at s" is the last one not after s. Hourly or
5-minute bars, daily closes and irregular snapshots are one case: the spacing is the data's. Finer
prices give a sharper estimate until the bounce between bid and ask biases it upwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError, UsageError
from plimsoll.maths.variance_clock import DAY_NS, YEAR_NS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PricePath:
    """Prices of one thing, in time order.

    Parameters
    ----------
    time_ns : (n,) int64
        UTC, rising. When each price was known: the CLOSE time of a bar, not its open time.
    price : (n,) float64
        Positive.

    Raises
    ------
    DataFormatError
    """

    time_ns: IntArray
    price: FloatArray

    def __post_init__(self) -> None:
        if self.time_ns.size < 2 or self.price.shape != self.time_ns.shape:
            raise DataFormatError(
                "must be at least two prices with their times",
                found=(self.time_ns.shape, self.price.shape),
                field="price",
            )
        if not bool(np.all(np.diff(self.time_ns) > 0)):
            raise DataFormatError("must rise", found="times that do not", field="time_ns")
        if not bool(np.all((self.price > 0.0) & (self.price < np.inf))):
            raise DataFormatError("must be positive and finite", found="others", field="price")
        self.time_ns.setflags(write=False)
        self.price.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RealisedVariance:
    """Realised variance of n windows.

    Parameters
    ----------
    start_ns, end_ns : (n,) int64
        As asked.
    variance : (n,) float64
        Annual; NaN where the window is not covered (``covered`` False).
    returns : (n,) int64
        Log returns summed.
    covered : (n,) bool
        Prices stand at both ends and no hole inside is longer than allowed.
    """

    start_ns: IntArray
    end_ns: IntArray
    variance: FloatArray
    returns: IntArray
    covered: NDArray[np.bool_]

    @property
    def vol(self) -> FloatArray:
        """(n,) annual volatility, as a fraction."""
        vol: FloatArray = np.sqrt(self.variance)
        return vol


def realised_variance(
    path: PricePath, start_ns: IntArray, end_ns: IntArray, *, longest_gap_ns: int
) -> RealisedVariance:
    """Annual realised variance of each window [start, end].

    Parameters
    ----------
    path : PricePath
    start_ns, end_ns : (n,) int64
        Windows, each of positive length; they may overlap.
    longest_gap_ns : int
        Longest time without a price that a window may hold, ends included: 1.5 bars tolerate no
        missing bar. A window with a longer hole is not covered, and has no number.

    Raises
    ------
    UsageError
        For windows without length, or a gap that is not positive.
    """
    if start_ns.shape != end_ns.shape or not bool(np.all(end_ns > start_ns)):
        raise UsageError("must end after its start", found="a window that does not", field="end_ns")
    if longest_gap_ns <= 0:
        raise UsageError("must be positive", found=longest_gap_ns, field="longest_gap_ns")
    first = np.searchsorted(path.time_ns, start_ns, side="right") - 1
    last = np.searchsorted(path.time_ns, end_ns, side="right") - 1
    inside = np.maximum(first, 0)
    squares = np.concatenate(([0.0], np.cumsum(np.diff(np.log(path.price)) ** 2)))
    holes = np.concatenate(([0], np.cumsum(np.diff(path.time_ns) > longest_gap_ns)))
    covered = (first >= 0) & (last > inside)
    covered &= start_ns - path.time_ns[inside] <= longest_gap_ns
    covered &= end_ns - path.time_ns[np.maximum(last, 0)] <= longest_gap_ns
    covered &= holes[np.maximum(last, 0)] == holes[inside]
    elapsed = (path.time_ns[np.maximum(last, 0)] - path.time_ns[inside]) / YEAR_NS
    summed = squares[np.maximum(last, 0)] - squares[inside]
    variance = np.where(covered, summed / np.where(covered, elapsed, 1.0), np.nan)
    return RealisedVariance(
        start_ns=start_ns,
        end_ns=end_ns,
        variance=variance,
        returns=np.where(covered, last - inside, 0),
        covered=covered,
    )


def trailing_variance(
    path: PricePath, at_ns: IntArray, horizon_days: float, *, longest_gap_ns: int
) -> RealisedVariance:
    """Realised variance of the ``horizon_days`` before each time: known at that time."""
    span = round(horizon_days * DAY_NS)
    return realised_variance(path, at_ns - span, at_ns, longest_gap_ns=longest_gap_ns)


def following_variance(
    path: PricePath, at_ns: IntArray, horizon_days: float, *, longest_gap_ns: int
) -> RealisedVariance:
    """Realised variance of the ``horizon_days`` after each time: what implied was a price of.

    Known only at the end of each window; never an input of anything decided at ``at_ns``.
    """
    span = round(horizon_days * DAY_NS)
    return realised_variance(path, at_ns, at_ns + span, longest_gap_ns=longest_gap_ns)
