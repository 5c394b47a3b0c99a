"""Books made by hand for tests of liquidity: a ladder of equal levels, sampled at given mids."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.domain.order_book import (
    BestQuotes,
    BookSamples,
    BookStatus,
    BookTerms,
    OrderBook,
    TradePrints,
)

SECOND_NS = 1_000_000_000
LINEAR = BookTerms()


def ladder(
    mids: ArrayLike = (100.0,),
    *,
    tick: float = 0.1,
    size: ArrayLike = 1.0,
    levels: int = 50,
    terms: BookTerms = LINEAR,
) -> BookSamples:
    """One book a second: the best levels half a tick from mid, then one level a tick."""
    middle = np.asarray(mids, dtype=np.float64)[:, None]
    sizes = np.broadcast_to(np.asarray(size, dtype=np.float64), (middle.shape[0],))
    steps = tick * (np.arange(levels) + 0.5)
    every = np.repeat(sizes[:, None], levels, axis=1)
    return BookSamples(
        market="X",
        terms=terms,
        time_ns=SECOND_NS * np.arange(1, middle.shape[0] + 1),
        status=np.full(middle.shape[0], int(BookStatus.GOOD)),
        bid_price=middle - steps,
        bid_size=every,
        ask_price=middle + steps,
        ask_size=every.copy(),
    )


def book(
    bids: dict[float, float], asks: dict[float, float], terms: BookTerms = LINEAR
) -> OrderBook:
    """A book of sizes by price, best first."""
    return OrderBook(
        market="X",
        at_ns=SECOND_NS,
        bid_price=np.array(list(bids)),
        bid_size=np.array(list(bids.values())),
        ask_price=np.array(list(asks)),
        ask_size=np.array(list(asks.values())),
        terms=terms,
    )


def quotes(bid: ArrayLike, bid_size: ArrayLike, ask: ArrayLike, ask_size: ArrayLike) -> BestQuotes:
    """Best quotes, one a second."""
    columns = [np.array(values, dtype=np.float64) for values in (bid, bid_size, ask, ask_size)]
    return BestQuotes(
        market="X",
        terms=LINEAR,
        time_ns=SECOND_NS * np.arange(1, columns[0].size + 1),
        exchange_ns=np.full(columns[0].size, -1),
        bid_price=columns[0],
        bid_size=columns[1],
        ask_price=columns[2],
        ask_size=columns[3],
    )


def trades(time_ns: ArrayLike, price: ArrayLike, size: ArrayLike, sign: ArrayLike) -> TradePrints:
    """Trades of which the venue stamped nothing."""
    times = np.array(time_ns, dtype=np.int64)
    return TradePrints(
        market="X",
        terms=LINEAR,
        time_ns=times,
        exchange_ns=np.full(times.size, -1),
        price=np.array(price, dtype=np.float64),
        size=np.array(size, dtype=np.float64),
        taker_sign=np.array(sign, dtype=np.float64),
    )
