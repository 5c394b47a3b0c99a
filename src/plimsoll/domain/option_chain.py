"""Option chains: every quote of a venue's options on one pair at one instant, in columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.errors import DataFormatError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class ChainFindingKind(StrEnum):
    """What is wrong, or merely suspicious, about a chain, an expiry or a quote."""

    BROKEN_SNAPSHOT = "broken_snapshot"
    UNSYNCHRONISED_INDEX = "unsynchronised_index"
    FORWARD_DRIFT = "forward_drift"
    MISSING_FORWARD = "missing_forward"
    STALE_MARK = "stale_mark"
    ONE_SIDED_QUOTE = "one_sided_quote"
    CROSSED_QUOTE = "crossed_quote"
    DUPLICATED_STRIKE = "duplicated_strike"
    IMPOSSIBLE_PRICE = "impossible_price"
    OFF_TICK_PRICE = "off_tick_price"
    PARITY_VIOLATION = "parity_violation"
    WILD_QUOTE = "wild_quote"
    SHORT_EXPIRY = "short_expiry"
    THIN_SMILE = "thin_smile"
    UNREADABLE_NAME = "unreadable_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFinding:
    """One finding on a chain.

    Parameters
    ----------
    kind : ChainFindingKind
    subject : str
        The chain (``BTC``), an expiry (``BTC 2026-01-16``) or an option's name.
    rows : int
        Quotes concerned.
    value, expected : float
        What was found and what would have been usual; unit by kind, NaN where it does not apply.
    detail : str
        One sentence for people.
    """

    kind: ChainFindingKind
    subject: str
    rows: int = 1
    value: float = float("nan")
    expected: float = float("nan")
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptionChain:
    """N options on one pair at one instant, as the venue showed them; nothing is cleaned.

    Parameters
    ----------
    at_ns : int
        UTC, ns. The time of the snapshot; quotes may have been taken minutes apart.
    pair : Pair
    settle : str
    payoff : Payoff
        INVERSE: prices in coin (``pair.base``). LINEAR: in the quote currency.
    source : str
        Where it was read: file or venue.
    names : tuple of N str
        The venue's names; rows are told apart by them, so a name may stand twice in a bad chain.
    expiry_ns : (N,) int64
    strike : (N,) float64
        In quote currency.
    is_call : (N,) bool
    bid, ask, mark : (N,) float64
        Prices in the settlement currency; NaN where the venue showed none.
    forward : (N,) float64
        Price of the future (or the venue's synthetic forward) of the expiry, seen with the row;
        quote currency, NaN where missing.
    index : (N,) float64
        Spot index seen with the row; NaN where missing.
    mark_vol : (N,) float64
        The venue's own implied volatility of its mark, annual, as a fraction; NaN where missing.
    open_interest, volume : (N,) float64
        In base coin; NaN where missing.
    quote_ns : (N,) int64 or None
        When each quote was taken, UTC, ns; None where the source does not tell.

    Raises
    ------
    DataFormatError
        For columns of different length.
    """

    at_ns: int
    pair: Pair
    settle: str
    payoff: Payoff
    source: str
    names: tuple[str, ...]
    expiry_ns: IntArray
    strike: FloatArray
    is_call: BoolArray
    bid: FloatArray
    ask: FloatArray
    mark: FloatArray
    forward: FloatArray
    index: FloatArray
    mark_vol: FloatArray
    open_interest: FloatArray
    volume: FloatArray
    quote_ns: IntArray | None = None

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            column: NDArray[Any] | None = getattr(self, name)
            if column is None:
                continue
            if column.shape != (len(self.names),):
                raise DataFormatError(
                    f"must have one entry per option, {len(self.names)}",
                    found=column.shape,
                    field=name,
                )
            column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def expiries_ns(self) -> tuple[int, ...]:
        """Expiries of the chain, rising."""
        return tuple(int(expiry) for expiry in np.unique(self.expiry_ns))


_COLUMNS = (
    "expiry_ns",
    "strike",
    "is_call",
    "bid",
    "ask",
    "mark",
    "forward",
    "index",
    "mark_vol",
    "open_interest",
    "volume",
    "quote_ns",
)
