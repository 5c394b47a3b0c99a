"""Quotes that correct a surface, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.option_chain import BoolArray, FloatArray, IntArray
from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError


class UpdateStatus(IntEnum):
    """What became of a quote (closed enumeration)."""

    USED = 0
    SURPRISING = 1  # more than ``gate`` standard deviations from the surface or the other quotes
    UNKNOWN_EXPIRY = 2  # no smile of that expiry: fit the chain anew
    EXPIRED = 3
    HELD_BACK = 4  # no surface free of arbitrage was found that takes all of its correction


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamedQuotes:
    """N implied volatilities seen at one time.

    Parameters
    ----------
    at_ns : int
    expiry_ns : (N,) int64
    log_moneyness : (N,) float64
        k = ln(strike / forward), with the forward of the quote's own time.
    volatility, standard_error : (N,) float64
        Mid, and how far it may be from the smile (the half-spread is a fair value); annual,
        positive and finite. Errors count as independent: whoever streams the same unchanged quote
        time and again must widen them, or the surface grows too sure of it.

    Raises
    ------
    UsageError
        For columns of different length, and for values outside their range, with the row.
    """

    at_ns: int
    expiry_ns: IntArray
    log_moneyness: FloatArray
    volatility: FloatArray
    standard_error: FloatArray

    def __post_init__(self) -> None:
        for name in ("log_moneyness", "volatility", "standard_error"):
            column = getattr(self, name)
            if column.shape != self.expiry_ns.shape:
                raise UsageError(
                    f"must have one entry per quote, {self.expiry_ns.shape}",
                    found=column.shape,
                    field=name,
                )
            good = np.isfinite(column) & ((column > 0.0) | (name == "log_moneyness"))
            if not bool(np.all(good)):
                row = int(np.flatnonzero(~good)[0])
                raise UsageError(
                    "must be finite, volatilities and errors positive",
                    found=float(column[row]),
                    field=name,
                    row=row,
                    remedy="leave quotes without an implied volatility out",
                )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceUpdate:
    """A surface corrected by quotes.

    Parameters
    ----------
    surface : VolSurface
        At the time of the quotes; free of arbitrage if the surface before was.
    status : (N,) int8
        `UpdateStatus` by quote.
    surprise : (N,) float64
        Quote minus expectation, in standard deviations of that difference; NaN where the surface
        expected nothing. The expectation is that of the surface before, but for a quote left out
        because the others contradict it, it is theirs.
    shares : (n,) float64
        Part of the correction that was taken, by smile of ``surface``: 1, or less where no
        surface free of arbitrage was found that takes all of it. The quotes of such an expiry
        have the status ``HELD_BACK``, and its smile is not believed more than before.
    """

    surface: VolSurface
    status: NDArray[np.int8]
    surprise: FloatArray
    shares: FloatArray

    @property
    def used(self) -> BoolArray:
        """(N,) quotes that corrected the surface."""
        used: BoolArray = self.status == UpdateStatus.USED
        return used

    @property
    def share(self) -> float:
        """Least part of a smile's correction that was taken."""
        return float(self.shares.min())
