"""OKX ``books`` (400 levels, with a checksum), ``trades``, ``tickers``, and contract sizes.

The checksum is the CRC-32, signed, of the best 25 levels' own text, bid and ask by turns: each book
is compared with it, and what differs is a finding.
"""

from __future__ import annotations

import heapq
import zlib
from typing import Any

from plimsoll.adapters.books.collecting import Collected, Level
from plimsoll.adapters.books.feed import BookAction
from plimsoll.adapters.books.lines import Message
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookFindingKind, BookTerms

_MS_NS = 1_000_000
_CHECKED_LEVELS = 25
Texts = dict[str, str]


class OkxMessages:
    """Reads messages one after the other; keeps each book's text for its checksum."""

    def __init__(self) -> None:
        self.texts: dict[str, tuple[Texts, Texts]] = {}
        self.checked = 0

    def __call__(self, message: Message, into: Collected) -> str:
        """Add a message; return its kind, a key of the counts."""
        document = message.document
        argument, data = document.get("arg"), document.get("data")
        if argument is None or data is None:
            for row in data or ():
                into.terms[row["instId"]] = _terms(row)
            return "other"
        channel, name = str(argument["channel"]), str(argument["instId"])
        if name.count("-") == 1:  # spot
            into.terms.setdefault(name, BookTerms())
        for row in data:
            if channel == "books":
                self._book(name, document["action"] == "snapshot", row, into)
            elif channel == "trades":
                stamp, bought = int(row["ts"]) * _MS_NS, row["side"] == "buy"
                into.trade(name, float(row["px"]), float(row["sz"]), bought, exchange_ns=stamp)
            elif channel == "tickers":
                stamp = int(row["ts"]) * _MS_NS
                into.quote(name, _side(row, "bid"), _side(row, "ask"), exchange_ns=stamp)
        return {"books": "books", "trades": "trades", "tickers": "quotes"}.get(channel, "other")

    def _book(self, name: str, whole: bool, row: dict[str, Any], into: Collected) -> None:
        if whole or name not in self.texts:
            self.texts[name] = ({}, {})
        for kept, levels in zip(self.texts[name], (row["bids"], row["asks"]), strict=True):
            for price, size, *_ in levels:
                kept[price] = size
                if float(size) == 0.0:
                    del kept[price]
        action = BookAction.SNAPSHOT if whole else BookAction.CHANGE
        sides = _levels(row["bids"]), _levels(row["asks"])
        into.book(name, action, *sides, exchange_ns=int(row["ts"]) * _MS_NS)
        if row.get("checksum"):
            self.checked += 1
            if checksum(*self.texts[name]) != int(row["checksum"]):
                into.fault(name, BookFindingKind.CHECKSUM)


def checksum(bids: Texts, asks: Texts) -> int:
    """Return OKX's checksum of a book: texts of sizes by texts of prices.

    >>> checksum({"3366.1": "7", "3366": "6"}, {"3366.8": "9", "3368": "8"})
    -1881014294
    """
    best = heapq.nlargest(_CHECKED_LEVELS, bids, key=float)
    lowest = heapq.nsmallest(_CHECKED_LEVELS, asks, key=float)
    parts = []
    for place in range(max(len(best), len(lowest))):
        for prices, sizes in ((best, bids), (lowest, asks)):
            if place < len(prices):
                parts.append(f"{prices[place]}:{sizes[prices[place]]}")
    unsigned = zlib.crc32(":".join(parts).encode())
    return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned


def _levels(rows: list[list[str]]) -> list[Level]:
    return [(float(row[0]), float(row[1])) for row in rows]


def _side(row: dict[str, Any], side: str) -> Level | None:
    price, size = row[f"{side}Px"], row[f"{side}Sz"]
    return (float(price), float(size)) if price and size and float(size) > 0.0 else None


def _terms(row: dict[str, Any]) -> BookTerms:
    """Contract size of an instrument; options count coins and their price is in coin."""
    if row["instType"] == "SPOT":
        return BookTerms()
    payoff = Payoff.INVERSE if row["ctType"] == "inverse" else Payoff.LINEAR
    size = float(row["ctVal"]) * float(row["ctMult"] or 1.0)
    return BookTerms(payoff=payoff, contract_size=size)
