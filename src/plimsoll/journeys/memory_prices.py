"""Prices that a caller has in memory: bars or frames, with what their prices are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw

from plimsoll.adapters.files import ColumnMap, TimeUnit, from_frame
from plimsoll.config.sources import PriceSource
from plimsoll.domain.market import Bars, PriceKind
from plimsoll.errors import UsageError
from plimsoll.journeys.market_reading import MarketReading, read_each

SANDBOX = "sandbox"
_FORMS = "pass a pandas, polars or pyarrow frame, or a mapping of market to Bars or frame"


def memory_prices(
    data: Any, source: PriceSource, price_kind: PriceKind | str | None = None
) -> MarketReading:
    """Return the bars of the markets that the venue file lists.

    Parameters
    ----------
    data : frame, or mapping of str to Bars or frame
        Columns of frames are those the venue file names for prices, else ``time``/``ts``,
        ``close``, ``symbol``; a frame of one market needs no symbol.
    source : PriceSource
        What the venue file says about its own prices.
    price_kind : PriceKind or str, optional
        What the prices of frames are; by default what the venue file says. Bars say it themselves.

    Raises
    ------
    UsageError
        Neither bars nor frames, a frame without symbols of several markets, or no word on what
        the prices are.
    DataError
        Not one market can be read.
    """
    kind = _kind(price_kind)
    if not isinstance(data, Mapping):
        symbols = source.wanted
        return MarketReading(bars=_frame_bars(data, source, kind, symbols, "data"))
    foreign = [key for key in data if not isinstance(key, str)]
    if foreign:
        raise UsageError("must map names of markets", found=foreign[:3], field="data")

    def read(symbol: str) -> dict[str, Bars]:
        one = data[symbol]
        if isinstance(one, Bars):
            return {symbol: _of_kind(one, kind)}
        return _frame_bars(one, source, kind, (symbol,), f"data[{symbol!r}]")

    for key, one in data.items():
        if not isinstance(one, Bars):
            _names(one, f"data[{key!r}]")
    wanted = source.wanted or (*source.symbols, *(s for s in data if s not in source.symbols))
    return read_each([symbol for symbol in wanted if symbol in data], read, "data")


def _kind(price_kind: PriceKind | str | None) -> PriceKind | None:
    try:
        return None if price_kind is None else PriceKind(price_kind)
    except ValueError:
        known = [kind.value for kind in PriceKind]
        raise UsageError(f"must be one of {known}", found=price_kind, field="price_kind") from None


def _of_kind(bars: Bars, kind: PriceKind | None) -> Bars:
    if kind is not None and bars.price_kind is not kind:
        raise UsageError(
            f"must be what the bars of {bars.market} say: {bars.price_kind.value}",
            found=kind.value,
            field="price_kind",
            remedy="leave it out",
        )
    return bars


def _frame_bars(
    frame: Any,
    source: PriceSource,
    kind: PriceKind | None,
    symbols: tuple[str, ...] | None,
    field: str,
) -> dict[str, Bars]:
    one = symbols is not None and len(symbols) == 1
    columns = _columns(source, _names(frame, field), one)
    if kind is None and source.format == SANDBOX:
        raise UsageError(
            "must be given: the venue file's own prices are the sandbox's, these are not",
            field="price_kind",
            remedy="pass price_kind='mark' (or index, last_trade, spot_close), or describe the "
            "prices in the venue file",
        )
    return from_frame(
        frame,
        columns=columns,
        price_kind=kind or source.price_kind,
        market=symbols[0] if symbols is not None and len(symbols) == 1 else "",
        interval_ns=source.interval_ns,
        symbols=symbols,
        since=source.since_ns,
        until=source.until_ns,
    )


def _columns(source: PriceSource, names: list[str], single: bool) -> ColumnMap:
    named = dict(source.columns or {"time": "ts" if "ts" in names else "time", "symbol": "symbol"})
    if named.get("symbol") not in names:
        if not single:
            raise UsageError(
                f"must have the column {named.get('symbol', 'symbol')!r} to tell markets apart",
                found=names[:20],
                field="data",
                remedy="name it in the venue file, or pass a mapping of market to frame",
            )
        named.pop("symbol", None)
    unit = TimeUnit(source.time_unit) if source.columns and source.time_unit else None
    return ColumnMap(**named, time_unit=unit)


def _names(frame: Any, field: str) -> list[str]:
    """Names of the columns; the levels of a pandas index count as columns."""
    try:
        names = nw.from_native(frame).collect_schema().names()
    except TypeError:
        raise UsageError(
            "must be a frame", found=type(frame).__name__, field=field, remedy=_FORMS
        ) from None
    index = getattr(getattr(frame, "index", None), "names", ())
    return [*names, *(name for name in index if isinstance(name, str))]
