"""What a recording holds of one market: messages of its book in columns, trades, best quotes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from plimsoll.domain.order_book import (
    BestQuotes,
    BookFinding,
    BookTerms,
    FloatArray,
    IntArray,
    TradePrints,
)

NO_ID = -1
"""A message without a sequence number."""


class BookAction(IntEnum):
    """What a message does to the book; the replay's own codes."""

    CHANGE = 0
    SNAPSHOT = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookStream:
    """M messages about one book in the order of receipt, and their K levels.

    A message covers the venue's sequence numbers after ``previous_id`` up to ``last_id``; a
    snapshot stands at ``last_id``. `NO_ID` where the venue numbers nothing.

    Parameters
    ----------
    market : str
    terms : BookTerms
    time_ns, exchange_ns : (M,) int64
        Exchange times are -1 where there is none.
    action : (M,) int64
        `BookAction`.
    previous_id, last_id : (M,) int64
    first_row : (M + 1,) int64
        Levels of message ``m`` are rows ``first_row[m]`` to ``first_row[m + 1]``.
    is_ask : (K,) int64
    price, size : (K,) float64
        Size is what stands there afterwards; 0 removes the level.
    snapshot_limit : int
        Levels at which the venue cuts off a side of its snapshots; 0: never.
    """

    market: str
    terms: BookTerms
    time_ns: IntArray
    exchange_ns: IntArray
    action: IntArray
    previous_id: IntArray
    last_id: IntArray
    first_row: IntArray
    is_ask: IntArray
    price: FloatArray
    size: FloatArray
    snapshot_limit: int = 0

    def __len__(self) -> int:
        return int(self.time_ns.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketFeed:
    """One market of a recording.

    Parameters
    ----------
    market : str
        As the venue writes it.
    book : BookStream
    trades : TradePrints
    quotes : BestQuotes
        Of the venue's own best-quote messages; the book's best levels are none.
    findings : tuple of BookFinding
        Found while reading; those of the sequence come with the samples.
    """

    market: str
    book: BookStream
    trades: TradePrints
    quotes: BestQuotes
    findings: tuple[BookFinding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """All markets of a recording, and what its lines were.

    Parameters
    ----------
    feeds : mapping of str to MarketFeed
    lines : int
        That are not empty.
    books, trades, quotes : int
        Messages of each kind; one message may hold several trades.
    other : int
        Messages of another kind (answers to subscriptions, candles, tickers).
    no_message : int
        Lines that hold none: what was sent, connections, settings.
    """

    feeds: Mapping[str, MarketFeed]
    lines: int
    books: int
    trades: int
    quotes: int
    other: int
    no_message: int
