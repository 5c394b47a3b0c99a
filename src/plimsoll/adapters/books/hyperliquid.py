"""Hyperliquid: ``l2Book`` (20 levels a side, each message the whole of them) and ``trades``."""

from __future__ import annotations

from plimsoll.adapters.books.collecting import Collected
from plimsoll.adapters.books.feed import BookAction
from plimsoll.adapters.books.lines import Message
from plimsoll.domain.order_book import BookTerms

SNAPSHOT_LIMIT = 20
_MS_NS = 1_000_000


class HyperliquidMessages:
    """Reads messages one after the other."""

    def __call__(self, message: Message, into: Collected) -> str:
        """Add a message; return its kind, a key of the counts."""
        channel, data = message.document.get("channel"), message.document.get("data")
        if channel == "l2Book":
            into.terms.setdefault(data["coin"], BookTerms())
            into.snapshot_limit = SNAPSHOT_LIMIT
            bids, asks = ([(float(r["px"]), float(r["sz"])) for r in s] for s in data["levels"])
            stamp = int(data["time"]) * _MS_NS
            into.book(data["coin"], BookAction.SNAPSHOT, bids, asks, exchange_ns=stamp)
            return "books"
        if channel == "trades":
            for row in data:
                into.terms.setdefault(row["coin"], BookTerms())
                stamp = int(row["time"]) * _MS_NS
                price, size, bought = float(row["px"]), float(row["sz"]), row["side"] == "B"
                into.trade(row["coin"], price, size, bought, exchange_ns=stamp)
            return "trades"
        return "other"
