"""Tardis CSV: book snapshots, incremental L2, quotes and trades; times µs, receipt known."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from plimsoll.adapters.books.collecting import Collected, Level
from plimsoll.adapters.books.feed import BookAction
from plimsoll.adapters.books.lines import refused
from plimsoll.adapters.files.csv_layout import open_bytes
from plimsoll.adapters.files.sources import reading
from plimsoll.adapters.files.time_units import TimeUnit, plausible_ns
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookTerms

Row = Mapping[str, str]

_STARTS = ("exchange", "symbol", "timestamp", "local_timestamp")
DOLLARS = {
    "bitmex": {"XBTUSD": 1.0},
    "deribit": {"BTC-PERPETUAL": 1.0, "ETH-PERPETUAL": 1.0},
    "huobi-dm-swap": {"BTC-USD": 100.0},
}
"""Dollars a unit of amount of inverse contracts, from the venues' contract specifications."""
COINS = ("binance-futures", "binance", "bybit-spot", "coinbase", "kraken")
"""Exchanges whose amounts are base coins."""


def is_tardis(first_line: str) -> bool:
    """Return whether a first line is the header of one of Tardis's tables."""
    return tuple(first_line.strip().split(",")[:4]) == _STARTS


def read_tardis(path: Path, into: Collected) -> int:
    """Add a file; return its lines below the header.

    Raises
    ------
    DataFormatError
        A table of another kind, a missing column, a value that cannot be read, with the line.
    """
    with reading(path), open_bytes(path) as stream:
        text = stream.read().decode("utf-8").splitlines()
    names = text[0].split(",")
    add = _reader(path, names)
    state = _Pending()
    for line, cells in enumerate(csv.reader(text[1:]), start=2):
        if len(cells) != len(names):
            raise refused(path, line, f"must have {len(names)} cells", len(cells))
        row = dict(zip(names, cells, strict=True))
        try:
            at_ns = plausible_ns(int(row["local_timestamp"]), TimeUnit.MICROSECONDS, "")
            state.flush_unless(row, at_ns, into)
            into.place, into.at_ns = (path, line), at_ns
            into.terms.setdefault(row["symbol"], _terms(row))
            into.counts[add(row, into, state)] += 1
        except (ValueError, KeyError) as error:
            raise refused(path, line, "must be a row of its table", str(error)) from None
    state.flush(into)
    return len(text) - 1


class _Pending:
    """Rows of incremental L2 that arrived together make one message."""

    def __init__(self) -> None:
        self.key: tuple[str, int, bool] | None = None
        self.stamp = -1
        self.sides: tuple[list[Level], list[Level]] = ([], [])

    def flush_unless(self, row: Row, at_ns: int, into: Collected) -> None:
        if self.key is not None and self.key != (row["symbol"], at_ns, _is_snapshot(row)):
            self.flush(into)

    def flush(self, into: Collected) -> None:
        if self.key is None:
            return
        name, into.at_ns, whole = self.key
        action = BookAction.SNAPSHOT if whole else BookAction.CHANGE
        into.book(name, action, *self.sides, exchange_ns=self.stamp)
        self.key, self.sides = None, ([], [])


def _is_snapshot(row: Row) -> bool:
    return row["is_snapshot"] == "true"


def _incremental(row: Row, into: Collected, state: _Pending) -> str:
    state.key = (row["symbol"], into.at_ns, _is_snapshot(row))
    state.stamp = int(row["timestamp"]) * 1000
    state.sides[row["side"] == "ask"].append((float(row["price"]), float(row["amount"])))
    return "books"


def _snapshot(row: Row, into: Collected, state: _Pending) -> str:
    del state
    into.snapshot_limit = max(into.snapshot_limit, sum(n.startswith("asks[") for n in row) // 2)
    sides = []
    for side in ("bids", "asks"):
        depth = sum(name.startswith(f"{side}[") for name in row) // 2
        cells = [(row[f"{side}[{i}].price"], row[f"{side}[{i}].amount"]) for i in range(depth)]
        sides.append([(float(price), float(size)) for price, size in cells if price])
    into.book(row["symbol"], BookAction.SNAPSHOT, *sides, exchange_ns=int(row["timestamp"]) * 1000)
    return "books"


def _quote(row: Row, into: Collected, state: _Pending) -> str:
    del state
    bid, ask = (
        (float(row[f"{side}_price"]), float(row[f"{side}_amount"]))
        if row[f"{side}_price"]
        else None
        for side in ("bid", "ask")
    )
    into.quote(row["symbol"], bid, ask, exchange_ns=int(row["timestamp"]) * 1000)
    return "quotes"


def _trade(row: Row, into: Collected, state: _Pending) -> str:
    del state
    if row["side"] not in ("buy", "sell"):  # the venue did not say who took
        return "other"
    stamp = int(row["timestamp"]) * 1000
    price, size = float(row["price"]), float(row["amount"])
    into.trade(row["symbol"], price, size, row["side"] == "buy", exchange_ns=stamp)
    return "trades"


_READERS: tuple[tuple[str, Callable[[Row, Collected, _Pending], str]], ...] = (
    ("is_snapshot", _incremental),
    ("asks[0].price", _snapshot),
    ("bid_price", _quote),
    ("price", _trade),
)


def _reader(path: Path, names: Sequence[str]) -> Callable[[Row, Collected, _Pending], str]:
    for column, read in _READERS:
        if column in names:
            return read
    kinds = ", ".join(column for column, _ in _READERS)
    raise refused(path, 1, f"must be a table of Tardis with a column of {kinds}", list(names))


def _terms(row: Row) -> BookTerms:
    dollars = DOLLARS.get(row["exchange"], {}).get(row["symbol"])
    if dollars is not None:
        return BookTerms(payoff=Payoff.INVERSE, contract_size=dollars)
    known = row["exchange"] in COINS
    return BookTerms(contract_size=1.0 if known else float("nan"))
