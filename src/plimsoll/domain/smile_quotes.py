"""A chain made ready for fitting: each quote with its implied volatilities, or why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.option_chain import BoolArray, ChainFinding, FloatArray, OptionChain
from plimsoll.errors import DataFormatError


class QuoteStatus(IntEnum):
    """Whether a quote can be fitted, and if not, why (closed enumeration)."""

    USABLE = 0
    IN_THE_MONEY = 1  # usable for parity, not fitted: its time value drowns in the forward
    NO_QUOTE = 2
    NO_BID = 3
    NO_ASK = 4
    CROSSED = 5
    NEGATIVE_PRICE = 6
    BELOW_INTRINSIC = 7
    ABOVE_BOUND = 8
    DUPLICATED = 9
    NO_FORWARD = 10
    EXPIRED = 11
    INVALID_TERMS = 12  # strike or expiry that is none


class ForwardSource(StrEnum):
    """Where the forward of an expiry comes from, best first."""

    ROW = "row"  # each row's own futures price
    EXPIRY = "expiry"  # median of the other rows of the expiry
    PARITY = "parity"  # put-call parity of the expiry's two-sided pairs
    INDEX = "index"  # the spot index: no carry
    NONE = "none"


class TickSource(StrEnum):
    """Where the price ticks of a chain come from."""

    GIVEN = "given"
    DERIBIT = "deribit"  # the venue's rule for coin-settled options
    INFERRED = "inferred"  # from the prices themselves; none where they are too few


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirySummary:
    """What is known of one expiry before any fit.

    Parameters
    ----------
    expiry_ns : int
    tau_years : float
        ACT/365 to the second; zero or negative once expired.
    forward : float
        Median over the rows; NaN where there is none.
    forward_source : ForwardSource
    forward_range_bps : float
        Largest minus smallest forward of the rows.
    parity_forward, parity_error : float
        Forward of put-call parity and its standard error, quote currency; NaN without pairs.
    quotes, usable : int
        Rows, and usable out-of-the-money two-sided ones.
    """

    expiry_ns: int
    tau_years: float
    forward: float
    forward_source: ForwardSource
    forward_range_bps: float
    parity_forward: float
    parity_error: float
    quotes: int
    usable: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmileQuotes:
    """The N quotes of a chain on the scale of volatility.

    Parameters
    ----------
    chain : OptionChain
        As read; rows correspond.
    status : (N,) int8
        `QuoteStatus` by row.
    forward : (N,) float64
        The forward used for the row, quote currency.
    tau_years : (N,) float64
        ACT/365.
    log_moneyness : (N,) float64
        k = ln(strike / forward).
    bid_vol, ask_vol, mid_vol : (N,) float64
        Implied volatility of bid, ask and of the mean of both prices; annual. NaN exactly where
        the price has none (see ``status``).
    vol_per_tick : (N,) float64
        Volatility one price tick is worth at the mid; NaN where there is no mid.
    tick : (N,) float64
        Price tick at the bid and at the ask alike: the smaller of both.
    forward_delta : (N,) float64
        Forward delta of the row's right, N(d1) or N(d1) - 1, at the venue's mark volatility
        where it has one, else at the mid's: it selects quotes and must not depend on a fit.
    expiries : mapping of int to ExpirySummary
        By expiry_ns, rising.
    findings : tuple of ChainFinding
    tick_source : TickSource
    """

    chain: OptionChain
    status: NDArray[np.int8]
    forward: FloatArray
    tau_years: FloatArray
    log_moneyness: FloatArray
    bid_vol: FloatArray
    ask_vol: FloatArray
    mid_vol: FloatArray
    vol_per_tick: FloatArray
    tick: FloatArray
    forward_delta: FloatArray
    expiries: Mapping[int, ExpirySummary]
    findings: tuple[ChainFinding, ...] = ()
    tick_source: TickSource = TickSource.GIVEN

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            column: NDArray[Any] = getattr(self, name)
            if column.shape != (len(self.chain),):
                raise DataFormatError(
                    f"must have one entry per option, {len(self.chain)}",
                    found=column.shape,
                    field=name,
                )
            column.setflags(write=False)

    @property
    def usable(self) -> BoolArray:
        """(N,) two-sided out-of-the-money quotes with both volatilities."""
        usable: BoolArray = self.status == QuoteStatus.USABLE
        return usable


_COLUMNS = (
    "status",
    "forward",
    "tau_years",
    "log_moneyness",
    "bid_vol",
    "ask_vol",
    "mid_vol",
    "vol_per_tick",
    "tick",
    "forward_delta",
)
