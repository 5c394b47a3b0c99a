"""What it costs to move an index: push one venue's price by walking its book.

The pusher takes every level that stands in the way. What it spent is the money tied up; its loss is
against the mid before the push, as if it all came back to where it was (it keeps what it bought).
That is a lower bound of the effort where others refill the book, an upper one of the loss where
they follow. Positions that profit from the index are not looked at here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.order_book import BookStatus, OrderBook
from plimsoll.errors import ParameterError, UsageError

FloatArray = NDArray[np.float64]


class IndexRule(StrEnum):
    """How sources make an index."""

    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePush:
    """Moving one venue's mid.

    Parameters
    ----------
    reached : bool
        Whether the visible book lets the mid get there; if not, the rest is what it holds.
    taken : float
        Quote currency at mid of the levels taken.
    loss : float
        Quote currency paid above (or got below) mid for them.
    shift : float
        Of the mid, signed: at least what was asked, as a level is taken whole; NaN where the
        side is empty afterwards.
    """

    reached: bool
    taken: float
    loss: float
    shift: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPush:
    """Moving an index by pushing one of its venues."""

    venue: str
    push: PricePush
    index_before: float
    index_after: float

    @property
    def index_shift(self) -> float:
        """Relative move of the index, signed."""
        return self.index_after / self.index_before - 1.0


def push_mid(book: OrderBook, shift: float) -> PricePush:
    """Return what it takes to move a book's mid by ``shift``, the other side staying where it is.

    Parameters
    ----------
    book : OrderBook
    shift : float
        Fraction, up (buys the asks) or down (sells into the bids), not 0, above -1. The best level
        of the side that is taken has to move by twice that.

    Raises
    ------
    UsageError
        A book without a mid.
    ParameterError
    """
    if book.status is not BookStatus.GOOD:
        raise UsageError("must have a mid", found=book.status.name.lower(), field=book.market)
    if not (np.isfinite(shift) and shift != 0.0 and shift > -1.0):
        raise ParameterError("must not be 0, and above -1", found=shift, field="shift")
    up, mid = shift > 0.0, book.mid
    price, size = (book.ask_price, book.ask_size) if up else (book.bid_price, book.bid_size)
    other = float(book.bid_price[0] if up else book.ask_price[0])
    target = 2.0 * mid * (1.0 + shift) - other
    # Prices are decimals: a level at the target but for rounding does not stand in the way.
    short = (price - target) * np.sign(shift) < -1e-12 * mid
    count = int(np.count_nonzero(short))
    base = book.terms.base(size[:count], price[:count])
    reached = count < price.size
    after = 0.5 * (float(price[count]) + other) if reached else float("nan")
    return PricePush(
        reached=reached,
        taken=float(base.sum() * mid),
        loss=float(base @ np.abs(price[:count] - mid)),
        shift=after / mid - 1.0,
    )


def index_push(
    books: Mapping[str, OrderBook],
    weights: Mapping[str, float],
    *,
    venue: str,
    shift: float,
    rule: IndexRule | str = IndexRule.MEDIAN,
) -> IndexPush:
    """Return what pushing one venue costs, and what it does to the index.

    Parameters
    ----------
    books : mapping of str to OrderBook
        By venue, quoted in one currency.
    weights : mapping of str to float
        Of the same venues, positive; they need not sum to 1.
    venue : str
    shift : float
        Of that venue's mid. Where its book is too thin, the index is told the price asked for:
        with the side empty the next trade prints wherever the pusher likes.
    rule : IndexRule

    Raises
    ------
    UsageError, ParameterError
    """
    if set(books) != set(weights) or venue not in books:
        raise UsageError(
            "books and weights must be of the same venues, the pushed one among them",
            found=(sorted(books), sorted(weights), venue),
            field="weights",
        )
    names = sorted(books)
    weight = np.array([weights[name] for name in names])
    if not (np.isfinite(weight).all() and np.all(weight > 0.0)):
        raise ParameterError("must be positive", found=dict(weights), field="weights")
    push = push_mid(books[venue], shift)
    before = np.array([books[name].mid for name in names])
    if np.isnan(before).any():
        raise UsageError("every book must have a mid", found=before.tolist(), field="books")
    moved = push.shift if push.reached else shift
    after = np.where([name == venue for name in names], before * (1.0 + moved), before)
    chosen = IndexRule(rule)
    return IndexPush(
        venue=venue,
        push=push,
        index_before=index_price(before, weight, chosen),
        index_after=index_price(after, weight, chosen),
    )


def index_price(prices: FloatArray, weights: FloatArray, rule: IndexRule) -> float:
    """Return the weighted mean, or the weighted median: the mean of both where the weights tie.

    >>> index_price(np.array([1.0, 2.0, 9.0]), np.ones(3), IndexRule.MEDIAN)
    2.0
    """
    if rule is IndexRule.MEAN:
        return float(np.average(prices, weights=weights))
    order = np.argsort(prices, kind="stable")
    reached = np.cumsum(weights[order])
    half = 0.5 * reached[-1]
    place = int(np.searchsorted(reached, half * (1.0 - 1e-12)))
    if abs(reached[place] - half) <= 1e-12 * half:
        return 0.5 * float(prices[order[place]] + prices[order[place + 1]])
    return float(prices[order[place]])
