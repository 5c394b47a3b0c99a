"""Prices and funding of a venue: from its files, its sandbox, or frames in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from plimsoll.adapters.files import (
    ColumnMap,
    FundingColumns,
    TimeUnit,
    read_bars,
    read_funding,
)
from plimsoll.config.convert import funding_source, further_paths, price_source
from plimsoll.config.loader import VenueFile
from plimsoll.config.sources import PriceSource
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import HOUR_NS, Bars, FloatArray, IntArray, PriceKind
from plimsoll.errors import DataFormatError, InsufficientDataError, UsageError
from plimsoll.journeys.market_reading import MarketReading, read_each

if TYPE_CHECKING:
    from plimsoll.sandbox import SandboxVenue

MANY_BARS = 100
Payments = Mapping[str, tuple[IntArray, FloatArray]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceData:
    """Bars and payments of a venue's markets.

    Parameters
    ----------
    bars : mapping of str to Bars
    payments : mapping of str to (times, rates), or None
        Funding by market; None where the venue names no source.
    sandbox : SandboxVenue or None
        Where the prices were generated.
    refused : mapping of str to Reason
        Markets whose data could not be read.
    notes : tuple of str
        What was wrong with them.
    """

    bars: Mapping[str, Bars]
    payments: Payments | None = None
    sandbox: SandboxVenue | None = None
    refused: Mapping[str, Reason] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def price_kind(self) -> PriceKind | None:
        """What the prices are, as the bars say it; None without bars."""
        return next((one.price_kind for one in self.bars.values()), None)


def read_prices(
    venue: VenueFile, data: Any = None, price_kind: PriceKind | str | None = None
) -> PriceData:
    """Return the bars and, where the venue names a source, the funding payments by market.

    Parameters
    ----------
    venue : VenueFile
    data : frame or mapping, optional
        In place of what the venue file names, as in `memory_prices`.
    price_kind : PriceKind or str, optional
        What the prices in ``data`` are.

    Raises
    ------
    UsageError, DataError
    """
    if data is None and price_kind is not None:
        raise UsageError(
            "must be left out without data",
            found=str(price_kind),
            field="price_kind",
            remedy="say in the venue file what its prices are",
        )
    source = price_source(venue)
    if data is None and source.format == "sandbox":
        from plimsoll.sandbox import generate

        sandbox = generate(venue.config.seed)
        payments = {
            market: (paid.time_ns, paid.rate)
            for market, paid in sandbox.funding.items()
            if market in source.symbols
        }
        return PriceData(bars=_wanted(sandbox.bars, source), payments=payments, sandbox=sandbox)
    if data is None:
        read = _file_bars(source)
    else:
        read = _memory_bars(data, source, price_kind)
    for one in read.bars.values():
        _check_interval(one)
    return PriceData(
        bars=read.bars, payments=_payments(venue), refused=read.refused, notes=read.notes
    )


def further_bars(
    venue: VenueFile,
    symbols: Sequence[str],
    prices: PriceData,
    data: Any = None,
) -> dict[str, Bars]:
    """Return bars of symbols that are no markets, from where the venue's prices are.

    Those that are there already are not read again; one that cannot be found is left out.
    """
    if prices.sandbox is not None:
        return {name: prices.sandbox.bars[name] for name in symbols if name in prices.sandbox.bars}
    found = {name: prices.bars[name] for name in symbols if name in prices.bars}
    wanted = tuple(name for name in symbols if name not in found)
    if not wanted:
        return found
    source = replace(price_source(venue), symbols=wanted, lend=())
    if source.market_paths or (source.path is None and data is None):
        paths = further_paths(venue, wanted)
        source = replace(source, market_paths=paths)
    try:
        read = _file_bars(source) if data is None else _memory_bars(data, source, prices.price_kind)
    except InsufficientDataError:
        return found
    return found | {name: bars for name, bars in read.bars.items() if name in wanted}


def _memory_bars(
    data: Any, source: PriceSource, price_kind: PriceKind | str | None
) -> MarketReading:
    from plimsoll.journeys.memory_prices import memory_prices

    with suppress(InsufficientDataError):
        read = memory_prices(data, source, price_kind)
        if read.bars or read.refused:
            return read
    raise InsufficientDataError(
        "must hold bars of a market that the venue file lists",
        found=f"none of {', '.join(source.symbols[:5])}",
        field="data",
        remedy="name the symbols under markets as the prices name them",
    )


def _check_interval(bars: Bars) -> None:
    """Refuse bars that lie farther apart than the interval the venue file states."""
    if len(bars) < MANY_BARS:
        return
    steps = np.diff(np.sort(bars.time_ns))
    usual = int(np.median(steps[steps > 0])) if (steps > 0).any() else bars.interval_ns
    if usual > bars.interval_ns:
        raise DataFormatError(
            "must lie as far apart as data.prices.interval says",
            found=f"{usual / HOUR_NS:g} h against {bars.interval_ns / HOUR_NS:g} h",
            field=bars.market,
            remedy="correct data.prices.interval",
        )


def _wanted(bars: Mapping[str, Bars], source: PriceSource) -> dict[str, Bars]:
    """Bars of the markets the venue file lists, and of those that lend."""
    wanted = source.wanted or tuple(bars)
    return {symbol: bars[symbol] for symbol in wanted if symbol in bars}


def _file_bars(source: PriceSource) -> MarketReading:
    columns = None if source.columns is None else _column_map(source)
    options: dict[str, Any] = {
        "price_kind": source.price_kind,
        "columns": columns,
        "interval_ns": source.interval_ns,
        "since": source.since_ns,
        "until": source.until_ns,
    }
    if source.path is not None:
        shared = read_bars(source.path, source.format, symbols=source.wanted, **options)
        return MarketReading(bars=shared)

    def read(symbol: str) -> dict[str, Bars]:
        path = source.market_paths[symbol]
        return read_bars(path, source.format, market=symbol, symbols=(symbol,), **options)

    return read_each(source.wanted or source.symbols, read, "data.prices.path")


def _column_map(source: PriceSource) -> ColumnMap:
    unit = None if source.time_unit is None else TimeUnit(source.time_unit)
    return ColumnMap(**dict(source.columns or {}), time_unit=unit)


def _payments(venue: VenueFile) -> Payments | None:
    source = funding_source(venue)
    if source is None:
        return None
    found = read_funding(
        source.path,
        source.format,
        columns=FundingColumns(
            unit=source.unit,
            time_unit=None if source.time_unit is None else TimeUnit(source.time_unit),
            **source.columns,
        ),
        symbols=tuple(market.symbol for market in venue.config.markets),
    )
    return {market: (rates.time_ns, rates.rate) for market, rates in found.items()}
