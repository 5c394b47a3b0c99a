"""Deribit ``book.*.raw`` (changes chained by ``prev_change_id``), ``trades`` and ``ticker``.

Amounts of inverse perpetuals and futures are dollars, of options and linear contracts base coins.
"""

from __future__ import annotations

from typing import Any

from plimsoll.adapters.books.collecting import Collected, Level
from plimsoll.adapters.books.feed import NO_ID, BookAction
from plimsoll.adapters.books.lines import Message
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookTerms

_MS_NS = 1_000_000


class DeribitMessages:
    """Reads messages one after the other."""

    def __call__(self, message: Message, into: Collected) -> str:
        """Add a message; return its kind, a key of the counts."""
        params = message.document.get("params")
        if not isinstance(params, dict) or "data" not in params:
            return "other"
        channel, data = str(params["channel"]).split(".", 1)[0], params["data"]
        if channel == "book":
            _book(data, into)
            return "books"
        if channel == "trades":
            for row in data:
                name, stamp = row["instrument_name"], int(row["timestamp"]) * _MS_NS
                into.terms.setdefault(name, terms_of(name))
                price, size = float(row["price"]), float(row["amount"])
                into.trade(name, price, size, row["direction"] == "buy", exchange_ns=stamp)
            return "trades"
        if channel in ("ticker", "quote"):
            name = data["instrument_name"]
            into.terms.setdefault(name, terms_of(name))
            stamp = int(data["timestamp"]) * _MS_NS
            into.quote(name, _side(data, "bid"), _side(data, "ask"), exchange_ns=stamp)
            return "quotes"
        return "other"


def terms_of(name: str) -> BookTerms:
    """Return what amounts count, as Deribit's names tell.

    >>> terms_of("BTC-PERPETUAL").payoff.value, terms_of("BTC-24SEP21-8000-P").payoff.value
    ('inverse', 'linear')
    """
    is_option = name.count("-") == 3
    if is_option or "_" in name.split("-")[0]:
        return BookTerms()
    return BookTerms(payoff=Payoff.INVERSE, contract_size=1.0)


def _book(data: dict[str, Any], into: Collected) -> None:
    name, snapshot = data["instrument_name"], data["type"] == "snapshot"
    into.terms.setdefault(name, terms_of(name))
    into.book(
        name,
        BookAction.SNAPSHOT if snapshot else BookAction.CHANGE,
        _levels(data["bids"]),
        _levels(data["asks"]),
        exchange_ns=int(data["timestamp"]) * _MS_NS,
        previous_id=NO_ID if snapshot else int(data["prev_change_id"]),
        last_id=int(data["change_id"]),
    )


def _levels(rows: list[tuple[str, float, float]]) -> list[Level]:
    return [(float(price), 0.0 if what == "delete" else float(size)) for what, price, size in rows]


def _side(data: dict[str, Any], side: str) -> Level | None:
    price, size = data.get(f"best_{side}_price"), data.get(f"best_{side}_amount")
    return (float(price), float(size)) if price and size else None
