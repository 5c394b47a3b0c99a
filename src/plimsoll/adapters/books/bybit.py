"""Bybit v5 ``orderbook.N``: a snapshot, then changes whose ``u`` rises by one.

The daily archives hold no time of receipt; the venue's ``ts`` stands in for it.
"""

from __future__ import annotations

from plimsoll.adapters.books.collecting import Collected, Level
from plimsoll.adapters.books.feed import NO_ID, BookAction
from plimsoll.adapters.books.lines import Message
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookTerms

_MS_NS = 1_000_000


class BybitMessages:
    """Reads messages one after the other."""

    def __call__(self, message: Message, into: Collected) -> str:
        """Add a message; return its kind, a key of the counts."""
        document = message.document
        if not str(document.get("topic", "")).startswith("orderbook."):
            return "other"
        data = document["data"]
        name, update = str(data["s"]), int(data["u"])
        into.terms.setdefault(name, _terms(name))
        snapshot = document["type"] == "snapshot"
        into.book(
            name,
            BookAction.SNAPSHOT if snapshot else BookAction.CHANGE,
            _levels(data["b"]),
            _levels(data["a"]),
            exchange_ns=int(document.get("cts", document["ts"])) * _MS_NS,
            previous_id=NO_ID if snapshot else update - 1,
            last_id=update,
        )
        return "books"


def _levels(rows: list[list[str]]) -> list[Level]:
    return [(float(price), float(size)) for price, size in rows]


def _terms(name: str) -> BookTerms:
    """Linear coins; inverse contracts (``BTCUSD``, ``BTCUSDZ25``) are a dollar each."""
    if name.endswith("USD") or (len(name) > 6 and name[-6:-3] == "USD" and name[-2:].isdigit()):
        return BookTerms(payoff=Payoff.INVERSE, contract_size=1.0)
    return BookTerms()
