"""Binance: depth changes, REST snapshots, best quotes and trades of USD-M, COIN-M and spot.

Changes of futures name the last id before them (``pu``); those of spot follow on where ``U`` is
one above the last ``u``. A snapshot stands at ``lastUpdateId`` and holds 1,000 levels a side at
most (asked with that limit): of what lies beyond its last level nobody knows all.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from plimsoll.adapters.books.collecting import Collected, Level
from plimsoll.adapters.books.feed import BookAction
from plimsoll.adapters.books.lines import Message
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookTerms
from plimsoll.errors import DataFormatError

SNAPSHOT_LIMIT = 1000
COIN_M_DOLLARS = {"BTCUSD": 100.0}
COIN_M_DOLLARS_ELSE = 10.0
"""Dollars a contract of COIN-M, from its contract specifications: 100 for BTC, 10 for the rest."""

_MS_NS = 1_000_000


class BinanceMessages:
    """Reads messages one after the other."""

    def __init__(self) -> None:
        self.seen: dict[str, None] = {}

    def __call__(self, message: Message, into: Collected) -> str:
        """Add a message; return its kind, a key of the counts."""
        document = message.document
        if "lastUpdateId" in document:
            return self._snapshot(message, into)
        data = document.get("data")
        kind = data.get("e") if isinstance(data, dict) else None
        if kind is None and isinstance(data, dict) and "@bookTicker" in document["stream"]:
            kind = "bookTicker"  # of spot, which does not say so itself
        if kind not in ("depthUpdate", "bookTicker", "trade", "aggTrade"):
            return "other"
        name = self._known(data, into)
        if kind == "depthUpdate":
            return _change(name, data, into)
        if kind == "bookTicker":
            return _quote(name, data, into)
        if data.get("X", "MARKET") != "MARKET":  # insurance fund and ADL: no taker
            return "other"
        price, size, bought = float(data["p"]), float(data["q"]), not data["m"]
        into.trade(name, price, size, bought, exchange_ns=int(data["T"]) * _MS_NS)
        return "trades"

    def _known(self, data: dict[str, Any], into: Collected) -> str:
        name = str(data["s"])
        if name not in self.seen:
            self.seen[name] = None
            into.terms.setdefault(name, _terms(data.get("ps")))
        return name

    def _snapshot(self, message: Message, into: Collected) -> str:
        data = message.document
        asked = parse_qs(urlsplit(message.url).query).get("symbol", [None])[0]
        name = data.get("symbol") or asked or self._only(message)
        into.terms.setdefault(name, _terms(data.get("pair")))
        into.snapshot_limit = SNAPSHOT_LIMIT
        last = int(data["lastUpdateId"])
        stamp = int(data["E"]) * _MS_NS if "E" in data else -1
        sides = _levels(data["bids"]), _levels(data["asks"])
        into.book(name, BookAction.SNAPSHOT, *sides, exchange_ns=stamp, last_id=last)
        return "books"

    def _only(self, message: Message) -> str:
        if len(self.seen) != 1:
            raise DataFormatError(
                "a snapshot without a symbol must stand among messages of one market",
                found=sorted(self.seen),
                field=f"{message.path}, line {message.line}",
                remedy="record one market a file, or the address that the snapshot came from",
            )
        return next(iter(self.seen))


def _terms(pair: str | None) -> BookTerms:
    """Linear coins, but COIN-M names its pair."""
    if pair is None:
        return BookTerms()
    size = COIN_M_DOLLARS.get(pair, COIN_M_DOLLARS_ELSE)
    return BookTerms(payoff=Payoff.INVERSE, contract_size=size)


def _levels(rows: list[list[str]]) -> list[Level]:
    return [(float(price), float(size)) for price, size in rows]


def _change(name: str, data: dict[str, Any], into: Collected) -> str:
    into.book(
        name,
        BookAction.CHANGE,
        _levels(data["b"]),
        _levels(data["a"]),
        exchange_ns=int(data.get("T", data["E"])) * _MS_NS,
        previous_id=int(data["pu"]) if "pu" in data else int(data["U"]) - 1,
        last_id=int(data["u"]),
    )
    return "books"


def _quote(name: str, data: dict[str, Any], into: Collected) -> str:
    bid, ask = (float(data["b"]), float(data["B"])), (float(data["a"]), float(data["A"]))
    stamp = int(data["T"]) * _MS_NS if "T" in data else -1
    sides = (bid if bid[1] > 0.0 else None, ask if ask[1] > 0.0 else None)
    into.quote(name, *sides, exchange_ns=stamp)
    return "quotes"
