"""Gate futures: ``futures.order_book_update`` (``U`` to ``u``), best quotes, trades, sizes.

Changes stand on a REST snapshot with the same ``id``; without one they cannot be placed.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from plimsoll.adapters.books.collecting import Collected, Level
from plimsoll.adapters.books.feed import BookAction
from plimsoll.adapters.books.lines import Message
from plimsoll.domain.order_book import BookTerms

_MS_NS = 1_000_000


class GateMessages:
    """Reads messages one after the other."""

    def __call__(self, message: Message, into: Collected) -> str:
        """Add a message; return its kind, a key of the counts."""
        document = message.document
        if isinstance(document, list):
            for row in document:
                into.terms[row["name"]] = BookTerms(contract_size=float(row["quanto_multiplier"]))
            return "other"
        if "order_book" in message.url:
            name = parse_qs(urlsplit(message.url).query)["contract"][0]
            sides = _levels(document["bids"]), _levels(document["asks"])
            into.book(name, BookAction.SNAPSHOT, *sides, last_id=int(document["id"]))
            return "books"
        if document.get("event") != "update":
            return "other"
        channel, data = document.get("channel"), document["result"]
        if channel == "futures.order_book_update":
            into.book(
                data["s"],
                BookAction.CHANGE,
                _levels(data["b"]),
                _levels(data["a"]),
                exchange_ns=int(data["t"]) * _MS_NS,
                previous_id=int(data["U"]) - 1,
                last_id=int(data["u"]),
            )
            return "books"
        if channel == "futures.book_ticker":
            best = _side(data, "b", "B"), _side(data, "a", "A")
            into.quote(data["s"], *best, exchange_ns=int(data["t"]) * _MS_NS)
            return "quotes"
        if channel == "futures.trades":
            for row in data:
                size, stamp = float(row["size"]), int(row["create_time_ms"]) * _MS_NS
                price, bought = float(row["price"]), size > 0.0
                into.trade(row["contract"], price, abs(size), bought, exchange_ns=stamp)
            return "trades"
        return "other"


def _levels(rows: list[dict[str, Any]]) -> list[Level]:
    return [(float(row["p"]), float(row["s"])) for row in rows]


def _side(data: dict[str, Any], price: str, size: str) -> Level | None:
    return (float(data[price]), float(data[size])) if data[price] and data[size] else None
