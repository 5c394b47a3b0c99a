"""dYdX v3: ``v3_orderbook`` (each level carries an offset) and ``v3_trades``.

Several writers send changes, and they may arrive out of order: a level keeps the change of the
highest offset. Orders cross for moments before they are matched; crossed books are findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from plimsoll.adapters.books.collecting import Collected, Level
from plimsoll.adapters.books.feed import BookAction
from plimsoll.adapters.books.lines import Message
from plimsoll.domain.order_book import BookTerms


class DydxMessages:
    """Reads messages one after the other; keeps the offset of every level."""

    def __init__(self) -> None:
        self.offsets: dict[tuple[str, bool, float], int] = {}

    def __call__(self, message: Message, into: Collected) -> str:
        """Add a message; return its kind, a key of the counts."""
        document = message.document
        channel, kind = document.get("channel"), document.get("type")
        if channel == "v3_orderbook" and kind in ("subscribed", "channel_data"):
            self._book(document["id"], kind == "subscribed", document["contents"], into)
            return "books"
        if channel == "v3_trades" and kind == "channel_data":  # the first repeats the past
            name = document["id"]
            into.terms.setdefault(name, BookTerms())
            for row in document["contents"]["trades"]:
                price, size, bought = float(row["price"]), float(row["size"]), row["side"] == "BUY"
                into.trade(name, price, size, bought, exchange_ns=_time_ns(row["createdAt"]))
            return "trades"
        return "other"

    def _book(self, name: str, whole: bool, contents: dict[str, Any], into: Collected) -> None:
        into.terms.setdefault(name, BookTerms())
        sides = []
        for is_ask, rows in ((False, contents["bids"]), (True, contents["asks"])):
            told = _whole(rows) if whole else _changed(rows, int(contents["offset"]))
            sides.append(self._newest(name, is_ask, told))
        into.book(name, BookAction.SNAPSHOT if whole else BookAction.CHANGE, *sides)

    def _newest(
        self, name: str, is_ask: bool, rows: Iterable[tuple[float, float, int]]
    ) -> list[Level]:
        kept = []
        for price, size, offset in rows:
            key = name, is_ask, price
            if offset >= self.offsets.get(key, -1):
                self.offsets[key] = offset
                kept.append((price, size))
        return kept


def _whole(rows: list[dict[str, str]]) -> list[tuple[float, float, int]]:
    return [(float(r["price"]), float(r["size"]), int(r["offset"])) for r in rows]


def _changed(rows: list[list[str]], offset: int) -> list[tuple[float, float, int]]:
    return [(float(price), float(size), offset) for price, size in rows]


def _time_ns(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6) * 1000
