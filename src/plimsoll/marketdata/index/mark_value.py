"""What a mark is made from, and what is published."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.marketdata.index.reasons import InputStatus, MarkReason, MarkStatus

NAN = math.nan
_TOO_LARGE = 1e150


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkInputs:
    """Everything a mark may use, as known at one time.

    Parameters
    ----------
    at_ns : int
    index : float
        `IndexValue.live_price`: NaN where the index is frozen, so that no frozen price is taken
        for one of now.
    perps : float
        Median of other venues' perpetuals, best the `live_price` of an index over them.
    bid, ask, last : float
        Of the market itself; NaN where there is none.
    book_ns, last_ns : int or None
        When book and last trade were of; None: of ``at_ns``.
    funding_rate : float
        Next payment of a long, a fraction of notional; NaN: unknown.
    next_funding_ns : int or None
    """

    at_ns: int
    index: float = NAN
    perps: float = NAN
    bid: float = NAN
    ask: float = NAN
    last: float = NAN
    book_ns: int | None = None
    last_ns: int | None = None
    funding_rate: float = 0.0
    next_funding_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMarket:
    """The market's own book and last trade, as far as they are fresh and possible.

    Parameters
    ----------
    mid, last : float
        NaN where the book is stale, crossed or one-sided; where the last trade is stale.
    price : float
        Median of bid, ask and last; the mid where there is no last; NaN without a book.
    """

    mid: float
    last: float
    price: float


def own_market(inputs: MarkInputs, max_age_ns: int) -> OwnMarket:
    """Return what the market says of itself; a last trade without a book is only a last trade."""
    book_age = 0 if inputs.book_ns is None else inputs.at_ns - inputs.book_ns
    last_age = 0 if inputs.last_ns is None else inputs.at_ns - inputs.last_ns
    crossed = not inputs.bid < inputs.ask
    sound = is_price(inputs.bid) and is_price(inputs.ask) and not crossed
    sound = sound and 0 <= book_age <= max_age_ns
    traded = is_price(inputs.last) and 0 <= last_age <= max_age_ns
    last = inputs.last if traded else NAN
    if not sound:
        return OwnMarket(mid=NAN, last=last, price=NAN)
    mid = 0.5 * inputs.bid + 0.5 * inputs.ask
    return OwnMarket(mid=mid, last=last, price=median((inputs.bid, inputs.ask, last), or_else=mid))


def is_price(value: float) -> bool:
    """Whether a number can be a price: one whose sums overflow would spoil a mean for good."""
    return 0.0 < value < _TOO_LARGE


def median(values: Sequence[float], or_else: float) -> float:
    """Return the median, or another number where one of the values is missing."""
    if any(math.isnan(value) for value in values):
        return or_else
    return middle(values)


def middle(values: Sequence[float]) -> float:
    """Return the median of at least one number.

    >>> middle([3.0, 1.0, 2.0]), middle([1.0, 2.0])
    (2.0, 1.5)
    """
    order = sorted(values)
    half = len(order) // 2
    return order[half] if len(order) % 2 else 0.5 * order[half - 1] + 0.5 * order[half]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkInput:
    """One of the prices a mark is the median of.

    Parameters
    ----------
    name : str
    price : float
    status : InputStatus
    is_outside : bool
        Whether it holds a price from outside the market that is marked.
    """

    name: str
    price: float
    status: InputStatus
    is_outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkValue:
    """One published mark.

    Parameters
    ----------
    at_ns : int
    price : float
        Frozen: the last good one. NaN where there never was one.
    status : MarkStatus
    reason : MarkReason
    age_ns : int
        Since the last good mark; 0 when live, -1 where there never was one.
    inputs : tuple of MarkInput
    """

    at_ns: int
    price: float
    status: MarkStatus
    reason: MarkReason
    age_ns: int
    inputs: tuple[MarkInput, ...]

    def input(self, name: str) -> MarkInput:
        """Return one input by name."""
        return next(one for one in self.inputs if one.name == name)
