"""BitMEX: ``orderBookL2`` by level id, ``quote``, ``trade``, and contract sizes of ``instrument``.

Changes and deletions name the level's id only; its price is that of the message that announced it.
Nothing is numbered, so a lost message shows only where it was to announce a level.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from plimsoll.adapters.books.collecting import Collected, Level
from plimsoll.adapters.books.feed import BookAction
from plimsoll.adapters.books.lines import Message
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookFindingKind, BookTerms

_SMALLEST = {"XBt": 1e8, "USDt": 1e6}
"""Smallest units of a settlement currency in one coin of it."""


class BitmexMessages:
    """Reads messages one after the other; keeps the price of every level id."""

    def __init__(self) -> None:
        self.prices: dict[tuple[str, int], float] = {}

    def __call__(self, message: Message, into: Collected) -> str:
        """Add a message; return its kind, a key of the counts."""
        document = message.document
        if isinstance(document, list):
            for row in document:
                into.terms[row["symbol"]] = _terms(row)
            return "other"
        table, action = document.get("table"), document.get("action")
        if table == "orderBookL2":
            self._book(document, action == "partial", into)
            return "books"
        if table == "quote":
            for row in document["data"]:
                sides = _side(row, "bid"), _side(row, "ask")
                into.quote(row["symbol"], *sides, exchange_ns=_time_ns(row["timestamp"]))
            return "quotes"
        if table == "trade" and action == "insert":  # a partial repeats what was before
            for row in document["data"]:
                stamp, bought = _time_ns(row["timestamp"]), row["side"] == "Buy"
                price, size = float(row["price"]), float(row["size"])
                into.trade(row["symbol"], price, size, bought, exchange_ns=stamp)
            return "trades"
        return "other"

    def _book(self, document: dict[str, Any], whole: bool, into: Collected) -> None:
        levels: dict[str, tuple[list[Level], list[Level]]] = {}
        for row in document["data"]:
            name, key = row["symbol"], (row["symbol"], int(row["id"]))
            if "price" in row:
                self.prices[key] = float(row["price"])
            price = self.prices.get(key)
            if price is None:
                into.fault(name, BookFindingKind.UNKNOWN_LEVEL)
                continue
            sides = levels.setdefault(name, ([], []))
            size = 0.0 if document["action"] == "delete" else float(row["size"])
            sides[row["side"] == "Sell"].append((price, size))
        for name, (bids, asks) in levels.items():
            into.book(name, BookAction.SNAPSHOT if whole else BookAction.CHANGE, bids, asks)


def _side(row: dict[str, Any], side: str) -> Level | None:
    price, size = row.get(f"{side}Price"), row.get(f"{side}Size")
    return None if price is None or not size else (float(price), float(size))


def _terms(row: dict[str, Any]) -> BookTerms:
    """Contract size from the multiplier, which counts smallest units of the settlement currency."""
    unit = _SMALLEST.get(row.get("settlCurrency") or "")
    if row["isQuanto"] or unit is None:
        payoff = Payoff.QUANTO if row["isQuanto"] else Payoff.LINEAR
        return BookTerms(payoff=payoff, contract_size=float("nan"))
    payoff = Payoff.INVERSE if row["isInverse"] else Payoff.LINEAR
    return BookTerms(payoff=payoff, contract_size=abs(float(row["multiplier"])) / unit)


def _time_ns(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6) * 1000
