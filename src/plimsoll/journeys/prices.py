"""Prices and funding of a venue: from its files, its sandbox, or frames in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plimsoll.adapters.files import (
    ColumnMap,
    FundingColumns,
    TimeUnit,
    from_frame,
    read_bars,
    read_funding,
)
from plimsoll.config.convert import funding_source, price_source
from plimsoll.config.loader import VenueFile
from plimsoll.config.sources import PriceSource
from plimsoll.domain.market import Bars, FloatArray, IntArray
from plimsoll.errors import UsageError
from plimsoll.sandbox import SandboxVenue, generate

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
    """

    bars: Mapping[str, Bars]
    payments: Payments | None = None
    sandbox: SandboxVenue | None = None


def read_prices(venue: VenueFile, data: Any = None) -> PriceData:
    """Return the bars and, where the venue names a source, the funding payments by market.

    Parameters
    ----------
    data : None, mapping of str to Bars, or frame
        None reads what the venue file names. A pandas, polars or pyarrow frame takes its place;
        its columns are those the venue file names for prices, else ``time``/``ts``, ``close``,
        ``symbol``.
    """
    source = price_source(venue)
    if data is None and source.format == "sandbox":
        sandbox = generate(venue.config.seed)
        payments = {market: (paid.time_ns, paid.rate) for market, paid in sandbox.funding.items()}
        return PriceData(bars=_wanted(sandbox.bars, source), payments=payments, sandbox=sandbox)
    bars = _file_bars(source) if data is None else _memory_bars(data, source)
    return PriceData(bars=bars, payments=_payments(venue))


def _wanted(bars: Mapping[str, Bars], source: PriceSource) -> dict[str, Bars]:
    """Bars of the markets the venue file lists."""
    return {symbol: bars[symbol] for symbol in source.symbols if symbol in bars}


def _file_bars(source: PriceSource) -> dict[str, Bars]:
    columns = None if source.columns is None else _column_map(source)
    options: dict[str, Any] = {
        "price_kind": source.price_kind,
        "columns": columns,
        "interval_ns": source.interval_ns,
        "since": source.since_ns,
        "until": source.until_ns,
    }
    if source.path is not None:
        return read_bars(source.path, source.format, symbols=source.symbols, **options)
    bars: dict[str, Bars] = {}
    for symbol, path in source.market_paths.items():
        bars |= read_bars(path, source.format, market=symbol, **options)
    return bars


def _column_map(source: PriceSource) -> ColumnMap:
    unit = None if source.time_unit is None else TimeUnit(source.time_unit)
    return ColumnMap(**dict(source.columns or {}), time_unit=unit)


def _memory_bars(data: Any, source: PriceSource) -> dict[str, Bars]:
    if isinstance(data, Mapping):
        foreign = [key for key, value in data.items() if not isinstance(value, Bars)]
        if foreign:
            raise UsageError("must map markets to Bars", found=foreign[:3], field="data")
        return _wanted(data, source)
    names = list(data.columns)
    columns = (
        _column_map(source)
        if source.columns
        else ColumnMap(time="ts" if "ts" in names else "time", close="close", symbol="symbol")
    )
    return from_frame(
        data,
        columns=columns,
        price_kind=source.price_kind,
        interval_ns=source.interval_ns,
        symbols=source.symbols,
        since=source.since_ns,
        until=source.until_ns,
    )


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
