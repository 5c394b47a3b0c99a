"""ccxt's unified option chain: ``{symbol: structure}`` of ``fetch_option_chain``, or a list.

Many venues give no time with it (``timestamp`` None): the caller names it. What Deribit sends
beyond the unified fields is still in ``info`` and is read from there: its mark volatility in per
cent, its time, and whether the underlying is the index. Elsewhere ``impliedVolatility`` is a
fraction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from plimsoll.adapters.chains.json_values import json_number, json_time_ns
from plimsoll.adapters.chains.rows import INDEX_NAME, ROW_SCHEMA, VolUnit, as_fraction
from plimsoll.adapters.files.bar_rows import ROW
from plimsoll.adapters.files.time_units import TimeUnit
from plimsoll.errors import DataFormatError

_FIELDS = {
    "bid": "bidPrice",
    "ask": "askPrice",
    "mark": "markPrice",
    "open_interest": "openInterest",
    "volume": "baseVolume",
}


def ccxt_structures(document: Any) -> list[Mapping[str, Any]] | None:
    """Return the structures of a chain, or None where the document is no such chain."""
    items = list(document.values()) if isinstance(document, Mapping) else document
    if not isinstance(items, Sequence) or isinstance(items, str) or not items:
        return None
    if not all(isinstance(item, Mapping) and "bidPrice" in item for item in items):
        return None
    return list(items)


def ccxt_rows(
    structures: Sequence[Mapping[str, Any]], at_ns: int | None, source: str
) -> pl.DataFrame:
    """Return a chain as rows of options of one time.

    Parameters
    ----------
    structures : sequence of mapping
    at_ns : int or None
        Time of the chain; None: the latest ``timestamp`` in it.

    Raises
    ------
    DataFormatError
        No time, a symbol, number or time that is none, with its row.
    """
    quoted = _quote_times(structures, source)
    when = at_ns if at_ns is not None else _latest(quoted, source)
    data: dict[str, list[Any]] = {name: [None] * len(structures) for name in ROW_SCHEMA}
    data[ROW], data["at_ns"] = list(range(len(structures))), [when] * len(structures)
    data["name"] = [_symbol(item, row, source) for row, item in enumerate(structures)]
    for name, key in _FIELDS.items():
        data[name] = [_number(item, key, row, source) for row, item in enumerate(structures)]
    underlying = [
        _number(item, "underlyingPrice", row, source) for row, item in enumerate(structures)
    ]
    from_index = [_info(item).get("underlying_index") == INDEX_NAME for item in structures]
    data["forward"] = [
        None if index else price for index, price in zip(from_index, underlying, strict=True)
    ]
    data["index"] = [
        price if index else None for index, price in zip(from_index, underlying, strict=True)
    ]
    data["quote_ns"] = quoted
    frame = pl.DataFrame(data, schema=ROW_SCHEMA, strict=False)
    return frame.with_columns(_vols(structures, source).alias("mark_vol"))


def _vols(structures: Sequence[Mapping[str, Any]], source: str) -> pl.Series:
    """Return mark volatilities as fractions: the unified field, else Deribit's own."""
    rows = list(enumerate(structures))
    told = [_number(item, "impliedVolatility", row, source) for row, item in rows]
    unified = pl.Series(told, dtype=pl.Float64)
    if unified.null_count() < len(unified):
        return as_fraction(unified, VolUnit.FRACTION, f"{source}: impliedVolatility")
    raw = [_number(_info(item), "mark_iv", row, source) for row, item in rows]
    own = pl.Series(raw, dtype=pl.Float64)
    return as_fraction(own, VolUnit.PER_CENT, f"{source}: info.mark_iv")


def _info(item: Mapping[str, Any]) -> Mapping[str, Any]:
    info = item.get("info")
    return info if isinstance(info, Mapping) else {}


def _symbol(item: Mapping[str, Any], row: int, source: str) -> str:
    symbol = item.get("symbol")
    if not isinstance(symbol, str) or not symbol:
        raise DataFormatError(
            "must name an option", found=symbol, field=f"{source}: symbol", row=row
        )
    return symbol


def _number(item: Mapping[str, Any], key: str, row: int, source: str) -> float | None:
    return json_number(item.get(key), f"{source}: {key}", row)


def _quote_times(structures: Sequence[Mapping[str, Any]], source: str) -> list[int | None]:
    return [_quote_ns(item, row, source) for row, item in enumerate(structures)]


def _quote_ns(item: Mapping[str, Any], row: int, source: str) -> int | None:
    """Return the unified time, else Deribit's own; what other venues call so is left alone."""
    stamp = item.get("timestamp")
    if stamp is None:
        own = _info(item).get("creation_timestamp")
        stamp = own if isinstance(own, int) else None
    if stamp is None:
        return None
    return json_time_ns(stamp, TimeUnit.MILLISECONDS, f"{source}: timestamp", row)


def _latest(quoted: Sequence[int | None], source: str) -> int:
    told = [stamp for stamp in quoted if stamp is not None]
    if not told:
        raise DataFormatError(
            "must tell the time of the chain",
            found="no timestamp in any option",
            field=source,
            remedy="name the time with at",
        )
    return max(told)
