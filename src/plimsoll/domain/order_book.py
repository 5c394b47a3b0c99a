"""Order books, trades and best quotes as columns: prices as quoted, sizes as the venue counts them.

Sizes are in the venue's own unit; `BookTerms` says what one is worth: base coins (linear: one
contract is ``contract_size`` coins) or quote currency (inverse: one contract is ``contract_size``
of quote, 100 dollars on COIN-M's BTC). Notional is in the quote currency; in dollars it is that
times the price of the quote currency. Times are UTC ns: ``at_ns`` is when a message was received
(known), ``exchange_ns`` what the venue stamped; only the first may decide what was known when.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Payoff
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class BookFindingKind(StrEnum):
    """What is wrong with a recording of books."""

    SEQUENCE_GAP = "sequence_gap"
    """Messages are lost: from here to the next snapshot there is no book."""
    BEFORE_SNAPSHOT = "before_snapshot"
    """Changes that no snapshot stands under: they cannot be placed."""
    UNPLACEABLE_SNAPSHOT = "unplaceable_snapshot"
    """No change follows on from the snapshot without a hole."""
    UNKNOWN_LEVEL = "unknown_level"
    """Changes of a level that was never announced."""
    CHECKSUM = "checksum"
    """The venue's checksum is not that of the book built from its messages."""
    CROSSED_BOOK = "crossed_book"
    """Best bid at or above best ask."""
    STALE_BOOK = "stale_book"
    """No message for longer than allowed."""
    MISSING_BOOK = "missing_book"
    """No book is known at that time: before the first snapshot, or behind a gap."""
    ONE_SIDED_BOOK = "one_sided_book"
    """A side without a level."""
    UNORDERED_TIME = "unordered_time"
    """Received before the message that stands before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFinding:
    """One finding on one market's books.

    Parameters
    ----------
    kind : BookFindingKind
    market : str
    first_ns, last_ns : int
        First and last time concerned, inclusive, UTC ns.
    count : int
        Messages, or samples, concerned.
    detail : str
        One sentence for people.
    """

    kind: BookFindingKind
    market: str
    first_ns: int
    last_ns: int
    count: int
    detail: str = ""


class BookStatus(IntEnum):
    """What a sampled book is; only `GOOD` ones have a mid."""

    GOOD = 0
    MISSING = 1
    STALE = 2
    CROSSED = 3
    ONE_SIDED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BookTerms:
    """What a unit of size is worth.

    Parameters
    ----------
    payoff : Payoff
        Linear (spot too) or inverse; a quanto's contracts are worth no amount of coin.
    contract_size : float
        Base coins (linear) or quote units (inverse) per unit of size; NaN: nobody said.

    Raises
    ------
    UsageError
        For a size that is not positive.

    Examples
    --------
    >>> coin = BookTerms(payoff=Payoff.INVERSE, contract_size=100.0)
    >>> float(coin.base(30.0, 60_000.0)), float(coin.notional(30.0, 60_000.0))
    (0.05, 3000.0)
    """

    payoff: Payoff = Payoff.LINEAR
    contract_size: float = 1.0

    def __post_init__(self) -> None:
        if self.contract_size <= 0.0 or np.isinf(self.contract_size):
            raise UsageError(
                "must be positive, or NaN where unknown",
                found=self.contract_size,
                field="contract_size",
            )

    @property
    def is_known(self) -> bool:
        """Whether sizes can be turned into coins and money."""
        return self.payoff is not Payoff.QUANTO and not np.isnan(self.contract_size)

    @property
    def is_inverse(self) -> bool:
        """Whether sizes count quote currency; refuses where nobody knows what they count."""
        if not self.is_known:
            raise UsageError(
                "sizes must be worth a known amount of coin or quote currency",
                found=f"{self.payoff.value}, contract size {self.contract_size}",
                field="terms",
                remedy="give BookTerms with the venue's contract size; a quanto has none",
            )
        return self.payoff is Payoff.INVERSE

    def base(self, size: FloatArray | float, price: FloatArray | float) -> FloatArray:
        """Base coins of sizes at prices."""
        worth = np.asarray(size, dtype=np.float64) * self.contract_size
        return np.asarray(worth / price if self.is_inverse else worth)

    def notional(self, size: FloatArray | float, price: FloatArray | float) -> FloatArray:
        """Quote currency of sizes at prices."""
        worth = np.asarray(size, dtype=np.float64) * self.contract_size
        return np.asarray(worth if self.is_inverse else worth * price)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderBook:
    """One market's book at one instant; best levels first.

    Parameters
    ----------
    market : str
    at_ns : int
    bid_price, bid_size : (B,) float64
        Prices strictly falling, sizes positive, in the venue's unit; B may be 0.
    ask_price, ask_size : (A,) float64
        Prices strictly rising.
    terms : BookTerms

    Raises
    ------
    UsageError
        For levels that are not positive, not finite or not in order. A crossed book is no error:
        it is what the venue sent, and ``is_crossed`` says so.
    """

    market: str
    at_ns: int
    bid_price: FloatArray
    bid_size: FloatArray
    ask_price: FloatArray
    ask_size: FloatArray
    terms: BookTerms = BookTerms()

    def __post_init__(self) -> None:
        for side, sign in (("bid", -1.0), ("ask", 1.0)):
            price = np.array(getattr(self, f"{side}_price"), dtype=np.float64)
            size = np.array(getattr(self, f"{side}_size"), dtype=np.float64)
            _check_levels(side, price, size, sign)
            for name, array in ((f"{side}_price", price), (f"{side}_size", size)):
                array.setflags(write=False)
                object.__setattr__(self, name, array)

    @property
    def status(self) -> BookStatus:
        """Good, one-sided or crossed (locked counts as crossed)."""
        if not (self.bid_price.size and self.ask_price.size):
            return BookStatus.ONE_SIDED
        crossed = self.bid_price[0] >= self.ask_price[0]
        return BookStatus.CROSSED if crossed else BookStatus.GOOD

    @property
    def mid(self) -> float:
        """Mean of best bid and ask; NaN unless the book is good."""
        if self.status is not BookStatus.GOOD:
            return float("nan")
        return 0.5 * float(self.bid_price[0] + self.ask_price[0])

    def bid_notional(self) -> FloatArray:
        """(B,) quote currency at each bid."""
        return self.terms.notional(self.bid_size, self.bid_price)

    def ask_notional(self) -> FloatArray:
        """(A,) quote currency at each ask."""
        return self.terms.notional(self.ask_size, self.ask_price)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookSamples:
    """Books of one market at T times, L levels a side.

    Parameters
    ----------
    market : str
    terms : BookTerms
    time_ns : (T,) int64
        Rising.
    status : (T,) int64
        `BookStatus`; other than good and one-sided books have no levels.
    bid_price, bid_size, ask_price, ask_size : (T, L) float64
        Best first; NaN prices and zero sizes where there is no level.
    findings : tuple of BookFinding
    """

    market: str
    terms: BookTerms
    time_ns: IntArray
    status: IntArray
    bid_price: FloatArray
    bid_size: FloatArray
    ask_price: FloatArray
    ask_size: FloatArray
    findings: tuple[BookFinding, ...] = ()

    def __len__(self) -> int:
        return int(self.time_ns.size)

    @property
    def mid(self) -> FloatArray:
        """(T,) mids; NaN where there is no good book."""
        middle = 0.5 * (self.bid_price[:, 0] + self.ask_price[:, 0])
        return np.where(self.status == BookStatus.GOOD, middle, np.nan)

    def book(self, row: int) -> OrderBook:
        """Return one sample as a book; a missing one has no levels."""
        bids, asks = np.isfinite(self.bid_price[row]), np.isfinite(self.ask_price[row])
        return OrderBook(
            market=self.market,
            at_ns=int(self.time_ns[row]),
            bid_price=self.bid_price[row, bids],
            bid_size=self.bid_size[row, bids],
            ask_price=self.ask_price[row, asks],
            ask_size=self.ask_size[row, asks],
            terms=self.terms,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradePrints:
    """Trades of one market in order of receipt, N of them.

    Parameters
    ----------
    market : str
    terms : BookTerms
    time_ns, exchange_ns : (N,) int64
    price, size : (N,) float64
    taker_sign : (N,) float64
        +1 where the taker bought, -1 where it sold.
    """

    market: str
    terms: BookTerms
    time_ns: IntArray
    exchange_ns: IntArray
    price: FloatArray
    size: FloatArray
    taker_sign: FloatArray

    def __len__(self) -> int:
        return int(self.time_ns.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BestQuotes:
    """Best bid and ask of one market at N changes, in order of receipt.

    Parameters
    ----------
    market : str
    terms : BookTerms
    time_ns, exchange_ns : (N,) int64
        -1 where the venue stamps nothing.
    bid_price, bid_size, ask_price, ask_size : (N,) float64
        A side that is empty has price NaN and size 0.
    """

    market: str
    terms: BookTerms
    time_ns: IntArray
    exchange_ns: IntArray
    bid_price: FloatArray
    bid_size: FloatArray
    ask_price: FloatArray
    ask_size: FloatArray

    def __len__(self) -> int:
        return int(self.time_ns.size)


def _check_levels(side: str, price: FloatArray, size: FloatArray, sign: float) -> None:
    if price.ndim != 1 or price.shape != size.shape:
        raise UsageError(
            "prices and sizes must be vectors of one length",
            found=f"shapes {price.shape} and {size.shape}",
            field=side,
        )
    good = np.isfinite(price) & np.isfinite(size) & (price > 0.0) & (size > 0.0)
    if not good.all():
        row = int(np.argmin(good))
        found = f"{size[row]} at {price[row]}"
        raise UsageError("levels must be positive and finite", found=found, field=side, row=row)
    if price.size > 1 and not (np.diff(price) * sign > 0.0).all():
        order = "rise" if sign > 0.0 else "fall"
        raise UsageError(f"prices must strictly {order}, best first", field=side)
