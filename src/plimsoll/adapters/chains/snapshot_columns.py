"""Snapshots of whole chains in a table: one row per option, one time per snapshot.

Two spellings of the same table are known: that of the collected Parquet files (``ts``,
``expiry``, ``mark_iv``) and that of the raw files they were made of (``timestamp``,
``expiry_datetime``, ``implied_volatility``). Volatilities are fractions in both.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from plimsoll.adapters.chains.format_names import GUIDE, KNOWN_FORMATS
from plimsoll.adapters.chains.rows import INDEX_NAME, RowSource, VolUnit, as_fraction
from plimsoll.adapters.files.bar_rows import ROW
from plimsoll.adapters.files.columns import nearest_column, require_columns
from plimsoll.errors import DataFormatError

_SPELLINGS = {
    "time": ("ts", "timestamp"),
    "name": ("instrument_name",),
    "bid": ("bid_price",),
    "ask": ("ask_price",),
    "mark": ("mark_price",),
    "currency": ("currency",),
    "expiry": ("expiry", "expiry_datetime"),
    "strike": ("strike",),
    "option_type": ("option_type",),
    "future": ("futures_price",),
    "underlying": ("underlying",),
    "underlying_name": ("underlying_name",),
    "index": ("index_price",),
    "mark_vol": ("mark_iv", "implied_volatility"),
    "open_interest": ("open_interest",),
    "volume": ("volume",),
    "quote_time": ("quote_time", "quote_ts"),
}
_NEEDED = ("time", "name", "bid", "ask")


def snapshot_columns(found: Sequence[str], source: str) -> dict[str, str]:
    """Return the columns of a table that are read, by what they hold.

    Raises
    ------
    DataFormatError
        Where time, name, bid or ask is missing, or a column stands there twice.
    """
    columns = {}
    for field, spellings in _SPELLINGS.items():
        present = [name for name in spellings if name in found]
        if present or field in _NEEDED:
            columns[field] = present[0] if present else spellings[0]
    missing = [field for field in _NEEDED if columns[field] not in found]
    if missing:
        raise _no_chain(found, missing, source)
    require_columns(found, list(columns.values()), source)
    return columns


def _no_chain(found: Sequence[str], missing: Sequence[str], source: str) -> DataFormatError:
    needed = ", ".join(" or ".join(_SPELLINGS[field]) for field in _NEEDED)
    shown = ", ".join(name[:40] for name in found[:12]) + (", …" if len(found) > 12 else "")
    without = ", ".join(_SPELLINGS[field][0] for field in missing)
    return DataFormatError(
        f"must be option chains in one of five formats ({KNOWN_FORMATS})",
        found=f"a table of the columns {shown}, without {without}",
        field=source,
        remedy=f"{_renaming(found, missing)}a table needs the columns {needed}; "
        f"{GUIDE} describes each format",
    )


def _renaming(found: Sequence[str], missing: Sequence[str]) -> str:
    """Say which column may be one of those missing under another name; none that is known."""
    known = {spelling for spellings in _SPELLINGS.values() for spelling in spellings}
    unknown = [name for name in found if name not in known]
    for name in (spelling for field in missing for spelling in _SPELLINGS[field]):
        near = nearest_column(name, unknown, 0.8)
        if near is not None:
            return f"rename the column {near!r} to {name!r} if that is what it holds; "
    return ""


def snapshot_rows(raw: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    """Return raw columns as rows of options.

    Parameters
    ----------
    raw : polars DataFrame
        With the number of each row in ``ROW``.
    columns : mapping of str to str
        From `snapshot_columns`.

    Raises
    ------
    DataFormatError
        Times, numbers or rights that are none, with column and row; volatilities in per cent.
    """
    source, column = RowSource(raw=raw), columns.get
    forward, index = _forward_and_index(source, columns)
    return pl.DataFrame(
        {
            ROW: raw[ROW].cast(pl.Int64),
            "at_ns": source.time(columns["time"]),
            "quote_ns": source.time(column("quote_time")),
            "name": source.names(columns["name"]),
            "currency": source.text(column("currency")),
            "expiry_ns": source.time(column("expiry")),
            "strike": source.number(column("strike")),
            "is_call": source.is_call(column("option_type")),
            "bid": source.number(columns["bid"]),
            "ask": source.number(columns["ask"]),
            "mark": source.number(column("mark")),
            "forward": forward,
            "index": index,
            "mark_vol": as_fraction(
                source.number(column("mark_vol")), VolUnit.FRACTION, column("mark_vol") or ""
            ),
            "open_interest": source.number(column("open_interest")),
            "volume": source.number(column("volume")),
        }
    )


def _forward_and_index(source: RowSource, columns: dict[str, str]) -> tuple[pl.Series, pl.Series]:
    """Return futures price and index of each row.

    The underlying is what the venue priced the option from. Named as a future it stands in where
    there is no futures price; named as the index it is the index of the moment of the mark, which
    the column of the index, read separately, is not.
    """
    future, index = source.number(columns.get("future")), source.number(columns.get("index"))
    if "underlying" not in columns or "underlying_name" not in columns:
        return future, index
    underlying = source.number(columns["underlying"])
    named = source.text(columns["underlying_name"])
    is_index = (named == INDEX_NAME).fill_null(False)
    is_future = named.is_not_null() & ~is_index
    return (
        future.zip_with(future.is_not_null() | ~is_future, underlying),
        index.zip_with(~is_index | underlying.is_null(), underlying),
    )
