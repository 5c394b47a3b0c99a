"""Rows of a recording gathered message by message, and laid into columns at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from plimsoll.adapters.books.feed import NO_ID, BookAction, BookStream, MarketFeed
from plimsoll.adapters.books.lines import refused
from plimsoll.domain.order_book import (
    BestQuotes,
    BookFinding,
    BookFindingKind,
    BookTerms,
    TradePrints,
)

Level = tuple[float, float]
Terms = Mapping[str, BookTerms] | BookTerms | None


class MarketRows:
    """Rows of one market."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, int, int, int, int, int]] = []  # ..., rows of levels
        self.lines: list[tuple[Path, int]] = []
        self.levels: list[tuple[int, float, float]] = []
        self.trades: list[tuple[int, int, float, float, float]] = []
        self.quotes: list[tuple[int, int, float, float, float, float]] = []
        self.faults: dict[BookFindingKind, list[int]] = {}


class Collected:
    """What has been read so far, and the place of the message being read."""

    def __init__(self) -> None:
        self.rows: dict[str, MarketRows] = {}
        self.terms: dict[str, BookTerms] = {}
        self.counts = {"books": 0, "trades": 0, "quotes": 0, "other": 0}
        self.snapshot_limit = 0
        self.place = (Path(), 0)
        self.at_ns = 0

    def market(self, name: str) -> MarketRows:
        """Return the rows of a market, fresh ones at its first message."""
        if name not in self.rows:
            self.rows[name] = MarketRows()
        return self.rows[name]

    def book(
        self,
        name: str,
        action: BookAction,
        bids: Iterable[Level],
        asks: Iterable[Level],
        *,
        exchange_ns: int = -1,
        previous_id: int = NO_ID,
        last_id: int = NO_ID,
    ) -> None:
        """Add a message about a book; levels are prices and the sizes that now stand there."""
        rows = self.market(name)
        before = len(rows.levels)
        rows.levels.extend((0, price, size) for price, size in bids)
        rows.levels.extend((1, price, size) for price, size in asks)
        ids = previous_id, last_id, len(rows.levels) - before
        rows.messages.append((self.at_ns, exchange_ns, int(action), *ids))
        rows.lines.append(self.place)

    def trade(
        self, name: str, price: float, size: float, bought: bool, *, exchange_ns: int = -1
    ) -> None:
        """Add a trade whose taker bought or sold."""
        if not (0.0 < price < np.inf and 0.0 < size < np.inf):
            raise refused(*self.place, "a trade must have a positive price and size", (price, size))
        sign = 1.0 if bought else -1.0
        self.market(name).trades.append((self.at_ns, exchange_ns, price, size, sign))

    def quote(
        self, name: str, bid: Level | None, ask: Level | None, *, exchange_ns: int = -1
    ) -> None:
        """Add a best bid and ask; None: that side is empty."""
        nothing = (np.nan, 0.0)
        sides = *(bid or nothing), *(ask or nothing)
        self.market(name).quotes.append((self.at_ns, exchange_ns, *sides))

    def fault(self, name: str, kind: BookFindingKind) -> None:
        """Note a fault of the message being read."""
        self.market(name).faults.setdefault(kind, []).append(self.at_ns)

    def feeds(self, terms: Terms) -> dict[str, MarketFeed]:
        """Lay all markets into columns; a caller's terms stand above those of the recording."""
        return {name: self._feed(name, self._terms(name, terms)) for name in sorted(self.rows)}

    def _terms(self, name: str, given: Terms) -> BookTerms:
        if isinstance(given, BookTerms):
            return given
        own = self.terms.get(name, BookTerms(contract_size=float("nan")))
        return own if given is None else given.get(name, own)

    def _feed(self, name: str, terms: BookTerms) -> MarketFeed:
        rows = self.rows[name]
        told = _columns(rows.trades, 5)
        quoted = _columns(rows.quotes, 6)
        return MarketFeed(
            market=name,
            book=_stream(name, terms, rows, self.snapshot_limit),
            trades=TradePrints(
                market=name,
                terms=terms,
                time_ns=_whole([r[0] for r in rows.trades]),
                exchange_ns=_whole([r[1] for r in rows.trades]),
                price=told[2],
                size=told[3],
                taker_sign=told[4],
            ),
            quotes=BestQuotes(
                market=name,
                terms=terms,
                time_ns=_whole([r[0] for r in rows.quotes]),
                exchange_ns=_whole([r[1] for r in rows.quotes]),
                bid_price=quoted[2],
                bid_size=quoted[3],
                ask_price=quoted[4],
                ask_size=quoted[5],
            ),
            findings=tuple(_finding(name, kind, at) for kind, at in rows.faults.items()),
        )


def _finding(name: str, kind: BookFindingKind, at: list[int]) -> BookFinding:
    return BookFinding(
        kind=kind, market=name, first_ns=min(at), last_ns=max(at), count=len(at), detail="messages"
    )


def _stream(name: str, terms: BookTerms, rows: MarketRows, limit: int) -> BookStream:
    messages = np.array(rows.messages, dtype=np.int64).reshape(-1, 6)
    levels = _columns(rows.levels, 3)
    first_row = np.concatenate([[0], np.cumsum(messages[:, 5])]).astype(np.int64)
    good = (levels[1] > 0.0) & (levels[2] >= 0.0) & np.isfinite(levels[1:]).all(axis=0)
    if not good.all():
        row = int(np.argmin(good))
        message = int(np.searchsorted(first_row, row, side="right")) - 1
        found = f"{levels[2][row]} at {levels[1][row]}"
        raise refused(
            *rows.lines[message], "a level must be positive, its size not negative", found
        )
    return BookStream(
        market=name,
        terms=terms,
        time_ns=messages[:, 0].copy(),
        exchange_ns=messages[:, 1].copy(),
        action=messages[:, 2].copy(),
        previous_id=messages[:, 3].copy(),
        last_id=messages[:, 4].copy(),
        first_row=first_row,
        is_ask=levels[0].astype(np.int64),
        price=levels[1],
        size=levels[2],
        snapshot_limit=limit,
    )


def _columns(rows: Sequence[tuple[float, ...]], width: int) -> np.ndarray[tuple[int, int]]:
    return np.ascontiguousarray(np.array(rows, dtype=np.float64).reshape(-1, width).T)


def _whole(values: list[int]) -> np.ndarray[tuple[int]]:
    return np.array(values, dtype=np.int64)
