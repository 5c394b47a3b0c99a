"""Prices of a coin to be listed, and of its peers, together on one grid."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plimsoll.adapters.files import ColumnMap, FileFormat, TimeUnit
from plimsoll.config.loader import VenueFile
from plimsoll.domain.choice import chosen
from plimsoll.domain.market import DAY_NS, Bars, PriceKind
from plimsoll.errors import DataFormatError, UsageError
from plimsoll.journeys.bar_clock import check_bar_clock
from plimsoll.journeys.estimate_inputs import (
    MarketColumns,
    kept_markets,
    market_bars,
    symbol_column,
)
from plimsoll.journeys.estimate_price_files import price_format
from plimsoll.journeys.prices import read_prices

ALL_PEERS = "all"
_SUFFIXES = {".parquet", ".pq", ".csv", ".json", ".gz", ".zip"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinColumns:
    """How the file of a coin is read; as for `plimsoll.estimate`."""

    format: FileFormat | str | None = None
    time: str = "ts"
    close: str = "close"
    volume: str = "volume"
    symbol: str | None = None
    time_unit: TimeUnit | str | None = None
    price_kind: PriceKind | str | None = None


def coin_bars(prices: Any, market: str | None, columns: CoinColumns, kind: PriceKind) -> Bars:
    """Return the bars of the coin.

    Raises
    ------
    DataError, DataFormatError, UsageError
        Among them a file of several markets without the name of one.
    """
    if isinstance(prices, Bars):
        return prices if market in (None, prices.market) else replace(prices, market=str(market))
    form = None if columns.format is None else chosen(FileFormat, columns.format, "format")
    symbol = columns.symbol
    if isinstance(prices, str | os.PathLike):
        form = form or price_format(prices)
        symbol = symbol or symbol_column(prices, form)
    elif symbol is None and "symbol" in getattr(prices, "columns", ()):
        symbol = "symbol"
    unit = None if columns.time_unit is None else chosen(TimeUnit, columns.time_unit, "time_unit")
    named = MarketColumns(
        columns=ColumnMap(time=columns.time, close=columns.close, symbol=symbol, time_unit=unit),
        optional={"volume": columns.volume},
    )
    own = market or _file_name(prices)
    found = market_bars(prices, named, kind, form, own)
    name = market if market in found else None
    if len(found) == 1 and name is None:
        (name,) = found
    if name is None:
        raise UsageError(
            "must name one of the markets of the file",
            found=market or f"{len(found)} markets: {', '.join(sorted(found)[:5])}",
            field="market",
        )
    bars = found[name]
    check_bar_clock([bars], columns.time)
    return replace(bars, market=market or name or own)


def _file_name(prices: Any) -> str:
    """Name of the file without what tells its format."""
    if not isinstance(prices, str | os.PathLike):
        return "NEW"
    path = Path(prices)
    while path.suffix.lower() in _SUFFIXES:
        path = path.with_suffix("")
    return path.name


def peer_bars(
    venue: VenueFile, market: str, peers: Sequence[str] | None, data: Any
) -> tuple[dict[str, Bars], tuple[str, ...]]:
    """Return the bars of the peers, and what is to be told of them.

    Parameters
    ----------
    peers : sequence of str, optional
        Names; ``("all",)`` for every market of the venue's prices; by default the markets that
        the venue file names.

    Raises
    ------
    UsageError
        A peer that the prices do not hold.
    DataError
    """
    read = read_prices(_lending(venue, peers), data)
    found = {name: bars for name, bars in read.bars.items() if name != market}
    notes = list(read.notes)
    if market in read.bars:
        notes.append(f"The venue's prices of {market} were left aside for those given.")
    if peers and tuple(peers) == (ALL_PEERS,):
        found, pegged = kept_markets(found, None)
        if pegged:
            names = ", ".join(pegged)
            notes.append(f"Held to a currency or another coin, so no peers: {names}.")
    elif peers:
        foreign = [name for name in peers if name not in found]
        if foreign:
            raise UsageError(
                "must be other markets of the venue's prices",
                found=", ".join(foreign[:5]),
                field="peers",
            )
        found = {name: found[name] for name in peers}
    if not found:
        raise UsageError(
            "must name markets with prices: they are the coin's peers",
            found="none",
            field="peers",
            remedy="name markets in the venue file, or --peers all",
        )
    return found, tuple(notes)


def _lending(venue: VenueFile, peers: Sequence[str] | None) -> VenueFile:
    """The venue file with further markets of its prices."""
    if not peers:
        return venue
    own = {entry.symbol for entry in venue.config.markets}
    more: Any = "all" if tuple(peers) == (ALL_PEERS,) else tuple(p for p in peers if p not in own)
    section = venue.config.data.model_copy(update={"lend": more})
    return replace(venue, config=venue.config.model_copy(update={"data": section}))


def together(
    coin: Bars, peers: Mapping[str, Bars], as_of_ns: int
) -> tuple[dict[str, Bars], tuple[str, ...]]:
    """Return all bars under one kind of price, and notes where the coin's kind is another.

    Raises
    ------
    DataFormatError
        Bars of another length.
    """
    first = next(iter(peers.values()))
    if coin.interval_ns != first.interval_ns:
        raise DataFormatError(
            "must be bars as long as the peers'",
            found=f"{coin.interval_ns / 3.6e12:g} h against {first.interval_ns / 3.6e12:g} h",
            field=coin.market,
            remedy="resample them to the bars of the venue's prices",
        )
    notes = []
    if coin.price_kind is not first.price_kind:
        notes.append(f"Prices of {coin.market} are {coin.price_kind.label}.")
        coin = replace(coin, price_kind=first.price_kind)
    last = max(int(one.time_ns.max()) + one.interval_ns for one in peers.values() if len(one))
    if last < as_of_ns:
        notes.append(
            f"The peers' prices end {(as_of_ns - last) / DAY_NS:.1f} days before the listing."
        )
    return {**peers, coin.market: coin}, tuple(notes)
